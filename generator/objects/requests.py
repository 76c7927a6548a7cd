"""What pods ask for: CPU and memory of their containers, and how many of them a manifest makes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Any

from generator.objects.manifest import Manifest
from generator.objects.pods import COMPUTE_LABEL, PodSpec, at, pod_spec
from generator.values.quantities import quantity_of

#: Millicores and bytes of one container.
Amounts = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Asked:
    """What one pod's containers ask for; sidecars (init containers that go on) are among the ordinary ones.

    An init container's amounts are those that the pod needs while it runs: its own, and of sidecars before it
    (Kubernetes, "Sidecar Containers", resource sharing within containers).
    """

    containers: tuple[Amounts, ...]
    init_containers: tuple[Amounts, ...]

    @property
    def at_once(self) -> Amounts:
        """Millicores and bytes that the pod needs at once: of all containers, or of the largest init container."""
        sums = tuple(sum(one[i] for one in self.containers) for i in (0, 1))
        most = [max([sums[i], *(one[i] for one in self.init_containers)]) for i in (0, 1)]
        return most[0], most[1]


@dataclass(frozen=True, slots=True)
class Pods:
    """Equal pods of one object: its name, how many run at once, what each asks for, where (`fargate`, `spot`, …)."""

    name: str
    replicas: int
    asked: Asked
    compute: str


def asked_of(pod: PodSpec) -> Asked:
    """What the pod's containers ask for; what cannot be read counts as 0, and validation tells it.

    Resources of the pod as a whole go before those of its containers (KEP-2837).
    """
    whole = (amount_of(pod.spec, "cpu"), amount_of(pod.spec, "memory"))
    amounts = [(_amount(one.data, "cpu"), _amount(one.data, "memory")) for one in pod.containers()]
    needed = running([one.is_init for one in pod.containers()], amounts)
    asked = Asked(*needed)
    if whole == (None, None):
        return asked
    cpu, memory = asked.at_once
    return Asked(((cpu if whole[0] is None else whole[0], memory if whole[1] is None else whole[1]),), ())


def running(is_init: Sequence[bool], amounts: Sequence[Amounts]) -> tuple[tuple[Amounts, ...], tuple[Amounts, ...]]:
    """Amounts of the containers of a pod that run on, and what it needs while each plain init container runs.

    In their order, init containers first: while one of those runs, so do the sidecars before it.
    """
    beside = [one for is_plain, one in zip(is_init, amounts, strict=True) if not is_plain]
    init: list[Amounts] = []
    before = (0, 0)
    for is_plain, (cpu, memory) in zip(is_init, amounts, strict=True):
        if is_plain:
            init.append((before[0] + cpu, before[1] + memory))
        else:
            before = (before[0] + cpu, before[1] + memory)
    return tuple(beside), tuple(init)


def pods_of(manifests: Iterable[Manifest]) -> Iterator[Pods]:
    """The pods that `manifests` make when all run, Jobs and CronJobs among them. A DaemonSet's go by nodes: none."""
    for manifest in manifests:
        pod = pod_spec(manifest)
        if pod is not None and manifest.kind not in ("DaemonSet", "PodTemplate") and pod.replicas > 0:
            compute = pod.labels.get(COMPUTE_LABEL)
            yield Pods(manifest.identity.name, pod.replicas, asked_of(pod), compute if isinstance(compute, str) else "")


def quantity_or_none(value: Any) -> Decimal | None:
    """The quantity in `value`; None when it is none, which the API server's rules tell."""
    try:
        return quantity_of(value)
    except ValueError:
        return None


def _amount(holder: Any, name: str) -> int:
    return amount_of(holder, name) or 0


def amount_of(holder: Any, name: str) -> int | None:
    """What `holder` asks for, in millicores or bytes: its limit where it says no request, as Kubernetes does."""
    value = at(holder, "resources", "requests", name)
    found = quantity_or_none(at(holder, "resources", "limits", name) if value is None else value)
    return None if found is None else max(0, ceil(found * 1000 if name == "cpu" else found))
