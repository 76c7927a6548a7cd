"""What the components of one preview take of what previews share."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from generator.cost.fargate import ContainerRequest, PodRequests, billed_size
from generator.model.entry import Component, Compute, Preview
from generator.render.request import pod_requests


def target_groups(components: Mapping[str, Component]) -> int:
    """Target groups the preview takes of its shard: one for each exposed component."""
    return sum(1 for component in components.values() if component.path is not None)


def fargate_vcpu(components: Mapping[str, Component], compute: Compute) -> Decimal:
    """Billed vCPUs the preview takes of the region's Fargate quota; none on spot."""
    if compute != "fargate":
        return Decimal(0)
    return sum((billed_size(pod_requests(c)).vcpu * c.replicas for c in components.values()), Decimal(0))


def entry_vcpu(preview: Preview) -> Decimal:
    """Billed vCPUs that the entry's preview takes: of the pods that were rendered, where these are others."""
    spec = preview.spec
    if spec.rendered is None or spec.rendered.pods is None:
        return fargate_vcpu(spec.components, spec.compute)
    requests = (
        (PodRequests((ContainerRequest(pods.millicores, pods.memory_bytes),)), pods.replicas)
        for pods in spec.rendered.pods
        if pods.compute == "fargate"
    )
    return sum((billed_size(request).vcpu * replicas for request, replicas in requests), Decimal(0))
