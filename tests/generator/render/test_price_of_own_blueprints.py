"""Price, Fargate's quota and the namespace's count what a blueprint of a team's own renders to, whatever it declares."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.model.entry import Preview
from generator.render.asked import Request
from generator.render.render import PreviewRenderer
from generator.validate.policy import PolicySettings
from generator.values.naming import IssueKey
from hub.views.preview import entry_price
from reconcilers.capacity.shares import entry_vcpu
from reconcilers.lifecycle.start import Starter, StartRequest, draft_of
from worlds.acting import VALIDATOR
from worlds.builders import NOW, environment, image
from worlds.own_blueprints import with_own

MIB = 1024**2
_SPEC = environment().as_tree()["spec"]
ENV = environment(
    limits={**_SPEC["limits"], "cpu": "200", "memory": "400Gi", "storage": "900Gi"},
    fargate={**_SPEC["fargate"], "quotaVcpu": 1000},
)
#: Fargate's combinations: vCPU → GB, as its guide has them.
SIZES = [
    (vcpu, gb)
    for vcpu, sizes in (
        ("0.25", ("0.5", "1", "2")), ("0.5", range(1, 5)), ("1", range(2, 9)), ("2", range(4, 17)),
        ("4", range(8, 31)), ("8", range(16, 61, 4)), ("16", range(32, 121, 8)),
    )
    for gb in sizes
]  # fmt: skip
AMOUNTS = st.fixed_dictionaries(
    {"cpu": st.integers(50, 1500).map(lambda n: f"{n}m"), "memory": st.integers(32, 3000).map(lambda n: f"{n}Mi")}
)
BESIDE = st.dictionaries(st.sampled_from(["one", "two", "three"]), AMOUNTS, max_size=3)
COMPONENT = st.builds(
    lambda role, more, amounts, init, sidecars, replicas: {
        "summary": "s",
        **amounts,
        **role,
        **({"replicas": replicas} if role.keys() & {"port"} or role.get("role") == "worker" else {}),
        "init": {f"i-{name}": one for name, one in init.items()},
        "sidecars": {f"s-{name}": one for name, one in sidecars.items()},
        **({"needs": ["db"]} if more else {}),
    },
    st.sampled_from(
        [
            {"port": 80, "path": "/"}, {"role": "worker"}, {"role": "job"}, {"role": "job", "when": "before"},
            {"role": "job", "when": "after"}, {"role": "scheduled", "schedule": "0 3 * * *"}, {"use": "valkey"},
        ]
    ),
    st.booleans(), AMOUNTS, BESIDE, BESIDE, st.integers(1, 4),
)  # fmt: skip
BLUEPRINTS = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), COMPONENT, min_size=1, max_size=4)


def rendered(components: dict[str, Any]) -> tuple[Preview, str]:
    components = {name: one | ({"path": f"/{name}"} if "path" in one else {}) for name, one in components.items()}
    spec = {"summary": "s", "components": components | {"db": {"use": "postgresql"}}}
    tree = {"metadata": {"name": "own"}, "spec": spec}
    library = with_own({"own": yaml.safe_dump(tree)})
    starter = Starter(lambda *_: None, "test")
    images = {name: image("x") for name in spec["components"]}  # type: ignore[attr-defined]
    asked = StartRequest(IssueKey("RTB", 1), "alice", Request(images=images), "own")
    preview, rendering = starter.rendered(draft_of(asked, ENV, library, now=NOW), ENV, library)
    policy = PolicySettings.for_preview(preview, ENV)
    assert VALIDATOR.validate(rendering.manifests, kubernetes=[ENV.spec.cluster.kubernetes], settings=policy) == ()
    assert PreviewRenderer(library).render(preview, ENV).text == rendering.text
    return preview, rendering.text


def pods(text: str) -> list[tuple[int, int, int]]:
    """How many pods each object of the text makes, with millicores and bytes of one, counted moment by moment."""
    found = []
    for one in yaml.load_all(text, yaml.CSafeLoader):
        spec = one.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" not in spec or "containers" not in spec["template"].get("spec", {}):
            continue
        pod = spec["template"]["spec"]
        running: list[dict[str, Any]] = []
        moments = []
        for container in pod.get("initContainers", []):
            moments.append([*running, container])
            running += [container] if container.get("restartPolicy") == "Always" else []
        moments.append([*running, *pod["containers"]])
        asked = [[each["resources"]["requests"] for each in moment] for moment in moments]
        cpu = max(sum(int(each["cpu"].removesuffix("m")) for each in moment) for moment in asked)
        memory = max(sum(int(each["memory"].removesuffix("Mi")) for each in moment) for moment in asked)
        found.append((spec.get("replicas", 1), cpu, memory * MIB))
    return found


def billed(cpu: int, memory: int) -> tuple[Decimal, Decimal]:
    """The least of Fargate's sizes that has room for a pod and the 256 MiB that it adds."""
    fits = (
        (Decimal(vcpu), Decimal(gb))
        for vcpu, gb in SIZES
        if Decimal(vcpu) * 1000 >= cpu and Decimal(gb) * 1024 * MIB >= memory + 256 * MIB
    )
    return next(fits)


def test_every_pod_with_all_its_containers_is_priced_and_counted(request: pytest.FixtureRequest) -> None:
    """Twenty at random, and 5,000 in `make hostile`: none fails to render, to be validated, priced or counted."""

    inputs = int(request.config.getoption("--inputs"))

    @settings(max_examples=inputs // 2 if inputs > 300 else 20, database=None)
    @given(BLUEPRINTS)
    def each(components: dict[str, Any]) -> None:
        is_as_rendered(components)

    each()


def is_as_rendered(components: dict[str, Any]) -> None:
    preview, text = rendered(components)
    found = pods(text)
    sizes = [(count, *billed(cpu, memory)) for count, cpu, memory in found]
    assert entry_vcpu(preview) == sum(count * vcpu for count, vcpu, _ in sizes)
    rates = ENV.spec.pricing
    hour = sum(count * (vcpu * Decimal(rates.vcpu_hour) + gb * Decimal(rates.gb_hour)) for count, vcpu, gb in sizes)
    assert entry_price(preview, ENV).per_hour == hour
    stamp = preview.spec.rendered
    assert stamp is not None
    if stamp.pods is not None:
        assert sum(one.replicas for one in stamp.pods) == sum(count for count, _, _ in found)
