"""The pods that a rendering makes, where templates add to what the components say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from generator.model.entry import Preview, RenderedPods
from generator.objects.manifest import Manifest
from generator.objects.requests import Pods, pods_of
from generator.values.quantities import memory_bytes, millicores


def pods_beyond(preview: Preview, manifests: Sequence[Manifest]) -> list[RenderedPods] | None:
    """All pods of `manifests`, sorted by name; None when they are those that the components of `preview` ask for."""
    spec = preview.spec
    found = sorted((pods.name, pods.replicas, *pods.asked.at_once, pods.compute) for pods in pods_of(manifests))
    expected = [(c.replicas, millicores(c.cpu), memory_bytes(c.memory), spec.compute) for c in spec.components.values()]
    if sorted(one[1:] for one in found) == sorted(expected):
        return None
    return _listed(found)


def pods_saved(awake: Sequence[Manifest], asleep: Sequence[Manifest]) -> list[RenderedPods]:
    """The pods of `awake` that `asleep`, the same objects while the preview sleeps, do not make; sorted by name."""
    left = Counter(pods_of(asleep))
    return _listed(sorted((one.name, one.replicas, *one.asked.at_once, one.compute) for one in _less(awake, left)))


def _less(manifests: Sequence[Manifest], left: Counter[Pods]) -> Iterator[Pods]:
    for one in pods_of(manifests):
        if left[one]:
            left[one] -= 1
        else:
            yield one


def _listed(found: Sequence[tuple[str, int, int, int, str]]) -> list[RenderedPods]:
    return [
        RenderedPods(name=name, replicas=replicas, millicores=cpu, memory_bytes=memory, compute=compute)
        for name, replicas, cpu, memory, compute in found
    ]
