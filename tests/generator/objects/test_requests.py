"""Every pod of every object is counted, with all that its containers ask for."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from generator.model.entry import Preview
from generator.objects.manifest import Manifest
from generator.objects.requests import pods_of
from generator.render.pods import pods_beyond
from reconcilers.capacity.shares import entry_vcpu, fargate_vcpu
from worlds.builders import preview

MIB = 1024**2
CONTAINERS = st.lists(
    st.tuples(st.integers(1, 2000), st.integers(1, 4096), st.sampled_from(["requests", "limits"]), st.booleans()),
    min_size=1,
    max_size=4,
)
KINDS = ("Deployment", "StatefulSet", "ReplicaSet", "Job", "CronJob", "Pod")
WORKLOADS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 5), CONTAINERS, CONTAINERS), max_size=6)


def container(drawn: tuple[int, int, str, bool], *, init: bool) -> dict[str, Any]:
    cpu, memory, which, sidecar = drawn
    made: dict[str, Any] = {"name": "c", "resources": {which: {"cpu": f"{cpu}m", "memory": f"{memory}Mi"}}}
    return made | ({"restartPolicy": "Always"} if init and sidecar else {})


def manifest(number: int, kind: str, count: int, containers: Any, init: Any) -> Manifest:
    """An object of `kind` that runs `count` pods at once."""
    spec = {
        "containers": [container(one, init=False) for one in containers],
        "initContainers": [container(one, init=True) for one in init],
    }
    template = {"metadata": {"labels": {"rtb.hub/compute": "fargate"}}, "spec": spec}
    group = {"Pod": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}.get(kind, "apps/v1")
    inner: dict[str, Any] = {"template": template}
    if kind == "Pod":
        body: dict[str, Any] = {"spec": spec}
    elif kind == "CronJob":
        body = {"spec": {"jobTemplate": {"spec": inner | {"parallelism": count}}}}
    else:
        body = {"spec": inner | {"parallelism" if kind == "Job" else "replicas": count}}
    labels = {"metadata": {"name": f"o{number}", "labels": {"rtb.hub/compute": "fargate"}}}
    return Manifest({"apiVersion": group, "kind": kind, **labels, **body}, "f")


def wanted(containers: Any, init: Any) -> tuple[int, int]:
    """Millicores and bytes of one pod, counted another way."""
    runs = [*containers, *(one for one in init if one[3])]
    # What runs while the pod is up, and at each moment of its start: one init container, and the sidecars before it.
    moments = [runs] + [[one, *(o for o in init[:at] if o[3])] for at, one in enumerate(init) if not one[3]]
    cpu, memory = (max(sum(one[which] for one in moment) for moment in moments) for which in (0, 1))
    return cpu, memory * MIB


@given(WORKLOADS)
def test_every_pod_counts_once_with_all_its_containers(drawn: list[tuple[str, int, Any, Any]]) -> None:
    manifests = [manifest(number, *one) for number, one in enumerate(drawn)]
    found = {pods.name: (pods.replicas, pods.asked.at_once) for pods in pods_of(manifests)}
    expected = {
        f"o{number}": (1 if kind == "Pod" else count, wanted(containers, init))
        for number, (kind, count, containers, init) in enumerate(drawn)
        if kind == "Pod" or count
    }
    assert found == expected


def entry(manifests: list[Manifest]) -> Preview:
    made = preview(blueprint="web")
    digest = "sha256:" + "0" * 64
    stamp = {"generator": "1", "digest": digest, "inputs": digest, "pods": pods_beyond(made, manifests)}
    tree = made.model_dump(by_alias=True)
    return Preview.model_validate({**tree, "spec": {**tree["spec"], "rendered": stamp}})


@given(st.integers(0, 5), st.integers(1, 4000), st.integers(1, 8192))
def test_the_quota_counts_what_is_rendered(count: int, cpu: int, memory: int) -> None:
    made = preview(blueprint="web")
    web = manifest(0, "Deployment", 1, [(250, 256, "requests", False)], [])
    worker = manifest(1, "Deployment", count, [(cpu, memory, "requests", False)], [])
    alone = fargate_vcpu(made.spec.components, "fargate")
    vcpu = entry_vcpu(entry([web, worker]))
    assert (vcpu > alone) == (count > 0)
    assert vcpu * 1000 >= 250 + count * cpu
    assert entry([web]).spec.rendered.pods is None  # type: ignore[union-attr]
