"""The pods that a rendering makes, where templates add to what the components say."""

from __future__ import annotations

from collections.abc import Sequence

from generator.model.entry import Preview, RenderedPods
from generator.objects.manifest import Manifest
from generator.objects.requests import pods_of
from generator.values.quantities import memory_bytes, millicores


def pods_beyond(preview: Preview, manifests: Sequence[Manifest]) -> list[RenderedPods] | None:
    """All pods of `manifests`, sorted by name; None when they are those that the components of `preview` ask for."""
    spec = preview.spec
    found = sorted((pods.name, pods.replicas, *pods.asked.at_once, pods.compute) for pods in pods_of(manifests))
    expected = [(c.replicas, millicores(c.cpu), memory_bytes(c.memory), spec.compute) for c in spec.components.values()]
    if sorted(one[1:] for one in found) == sorted(expected):
        return None
    return [
        RenderedPods(name=name, replicas=replicas, millicores=cpu, memory_bytes=memory, compute=compute)
        for name, replicas, cpu, memory, compute in found
    ]
