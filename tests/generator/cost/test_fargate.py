"""Fargate's sizes, step by step, and the price of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.cost.fargate import (
    COMBINATIONS,
    OVERHEAD_BYTES,
    ContainerRequest,
    FargateSize,
    PodGroup,
    PodRequests,
    billed_size,
)
from generator.cost.pricing import money, price_pods
from generator.errors import ConfigError, Reason
from generator.objects.manifest import Manifest
from generator.objects.pods import COMPUTE_LABEL, pod_spec
from generator.validate.pod_policy import requests_of
from generator.values.quantities import GIB, MIB
from hub.views.preview import entry_price
from worlds.builders import COMPONENTS, environment, preview, render

STEPS = [(cpu, gb) for cpu, sizes in COMBINATIONS.items() for gb in sizes]


def pod(*containers: tuple[int, int], init: tuple[tuple[int, int], ...] = ()) -> PodRequests:
    """(millicores, MiB) of each container."""
    return PodRequests(
        tuple(ContainerRequest(m, mib * MIB) for m, mib in containers),
        tuple(ContainerRequest(m, mib * MIB) for m, mib in init),
    )


def test_the_table_has_every_combination_of_the_guide() -> None:
    assert {cpu: (sizes[0], sizes[-1], len(sizes)) for cpu, sizes in COMBINATIONS.items()} == {
        Decimal("0.25"): (Decimal("0.5"), 2, 3),
        Decimal("0.5"): (1, 4, 4),
        Decimal(1): (2, 8, 7),
        Decimal(2): (4, 16, 13),
        Decimal(4): (8, 30, 23),
        Decimal(8): (16, 60, 12),
        Decimal(16): (32, 120, 12),
    }


@pytest.mark.parametrize(("cpu", "gb"), STEPS, ids=[f"{cpu} vCPU {gb} GB" for cpu, gb in STEPS])
def test_each_step_is_filled_to_its_brim_and_spills_over(cpu: Decimal, gb: Decimal) -> None:
    brim = PodRequests((ContainerRequest(int(cpu * 1000), int(gb * GIB) - OVERHEAD_BYTES),))
    assert billed_size(brim) == FargateSize(cpu, gb)
    over = PodRequests((ContainerRequest(int(cpu * 1000), int(gb * GIB) - OVERHEAD_BYTES + 1),))
    later = [step for step in STEPS if step[0] >= cpu and step[1] > gb]
    if later:
        assert billed_size(over) == FargateSize(*later[0])
    else:
        with pytest.raises(ConfigError):
            billed_size(over)


@pytest.mark.parametrize(
    ("requests", "vcpu", "gb"),
    [
        pytest.param(pod((0, 0)), "0.25", "0.5", id="nothing asked for is the smallest"),
        pytest.param(pod((250, 256)), "0.25", "0.5", id="256 MiB fits the half GB"),
        pytest.param(pod((250, 257)), "0.25", "1", id="257 MiB does not"),
        pytest.param(pod((250, 512)), "0.25", "1", id="512 MiB is billed 1 GB"),
        pytest.param(pod((1000, 8192)), "2", "9", id="1 vCPU and 8 GB is billed 2 vCPU and 9 GB"),
        pytest.param(pod((251, 128)), "0.5", "1", id="251 millicores is half a vCPU"),
        pytest.param(pod((250, 1024), (250, 769)), "0.5", "3", id="containers are added up"),
        pytest.param(pod((250, 256), init=((1000, 128),)), "1", "2", id="a larger init container decides the CPU"),
        pytest.param(
            pod((250, 256), init=((100, 1024),)), "0.25", "2", id="a larger init container decides the memory"
        ),
        pytest.param(
            pod((250, 256), init=((250, 128), (250, 128))), "0.25", "0.5", id="init containers are not added up"
        ),
        pytest.param(pod((8000, 60 * 1024)), "16", "64", id="memory can push the CPU up"),
    ],
)
def test_surprising_sizes(requests: PodRequests, vcpu: str, gb: str) -> None:
    assert billed_size(requests) == FargateSize(Decimal(vcpu), Decimal(gb))


@pytest.mark.parametrize("requests", [pod((16001, 1)), pod((250, 120 * 1024))], ids=["too much CPU", "too much memory"])
def test_what_fits_no_size_is_refused_with_what_is_allowed(requests: PodRequests) -> None:
    with pytest.raises(ConfigError, match="16 vCPU and 120 GB") as caught:
        billed_size(requests)
    assert caught.value.reason is Reason.OVER_LIMIT


AMOUNT = st.tuples(st.integers(0, 16_000), st.integers(0, 119 * 1024))


@given(AMOUNT, AMOUNT)
def test_sizes_are_of_the_table_large_enough_and_grow_with_what_is_asked(
    a: tuple[int, int], b: tuple[int, int]
) -> None:
    small = pod((min(a[0], b[0]), min(a[1], b[1])))
    large = pod((max(a[0], b[0]), max(a[1], b[1])))
    one, other = billed_size(small), billed_size(large)
    assert (one.vcpu, one.gb) in STEPS
    assert one.vcpu * 1000 >= small.millicores
    assert not small.memory_bytes or one.gb * GIB >= small.memory_bytes + OVERHEAD_BYTES
    assert (one.vcpu, one.gb) <= (other.vcpu, other.gb)


def pods_of(manifests: Iterable[Manifest]) -> list[PodGroup]:
    """The pods that manifests make."""
    pods = [pod for manifest in manifests if (pod := pod_spec(manifest)) is not None]
    return [
        PodGroup(one.manifest.identity.name, one.replicas, requests_of(one), one.labels.get(COMPUTE_LABEL, ""))
        for one in pods
    ]


def test_a_sidecar_counts_with_the_containers_and_a_plain_init_container_does_not() -> None:
    def container(mib: int, **fields: str) -> dict[str, object]:
        return {"name": "c", "resources": {"requests": {"cpu": "100m", "memory": f"{mib}Mi"}}, **fields}

    spec = {
        "containers": [container(100)],
        "initContainers": [container(200, restartPolicy="Always"), container(50)],
    }
    template = {"metadata": {"labels": {"rtb.hub/compute": "fargate"}}, "spec": spec}
    manifest = Manifest(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "x"},
            "spec": {"replicas": 3, "template": template},
        },
        "f",
    )
    (group,) = pods_of([manifest])
    assert (group.name, group.replicas, group.compute) == ("x", 3, "fargate")
    assert (group.requests.memory_bytes, group.requests.millicores) == (300 * MIB, 200)


@pytest.mark.parametrize("blueprint", COMPONENTS)
def test_the_price_of_an_entry_is_that_of_its_manifests(blueprint: str) -> None:
    env = environment()
    entry = preview(env, blueprint=blueprint, settings=(("web.replicas", "2"), ("web.memory", "300Mi")))
    rendered = price_pods(pods_of(render(entry, env).manifests), env.spec.pricing, timedelta(hours=24))
    assert entry_price(entry, env).per_hour == rendered.per_hour
    assert entry_price(entry, env).total == rendered.total


@pytest.mark.parametrize(
    ("requests", "per_hour", "per_day"),
    [
        (pod((250, 256)), Decimal("0.014195"), Decimal("0.34068")),
        (pod((250, 512)), Decimal("0.01675"), Decimal("0.402")),
    ],
    ids=["a quarter vCPU and half a GB in Seoul", "a quarter vCPU and a GB in Seoul"],
)
def test_prices_are_list_price_times_size(requests: PodRequests, per_hour: Decimal, per_day: Decimal) -> None:
    price = price_pods([PodGroup("a", 1, requests, "fargate")], environment().spec.pricing, timedelta(hours=24))
    assert (price.per_hour, price.total, price.currency) == (per_hour, per_day, "USD")


def test_spot_has_no_price_of_its_own() -> None:
    price = price_pods([PodGroup("a", 1, pod((250, 256)), "spot")], environment().spec.pricing, timedelta(hours=1))
    assert (price.per_hour, price.total) == (None, None)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("0.014195", "USD", "$0.0142"),
        ("0.5", "USD", "$0.5000"),
        ("1.358", "USD", "$1.36"),
        ("0.00001", "USD", "$<0.0001"),
        ("0", "USD", "$0.0000"),
        ("12", "KRW", "12.00 KRW"),
    ],
)
def test_money_for_people(amount: str, currency: str, shown: str) -> None:
    assert money(Decimal(amount), currency) == shown
