"""Whether there is room for a preview, and on which load-balancer shard. Counts what entries ask for; trims nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from generator.entry import Component, Compute, Preview
from generator.environment import Environment
from generator.errors import Fault, Reason, Stalled
from generator.fargate import billed_size
from generator.request import pod_requests


def target_groups(components: Mapping[str, Component]) -> int:
    """Target groups the preview takes of its shard: one for each exposed component."""
    return sum(1 for component in components.values() if component.path is not None)


def fargate_vcpu(components: Mapping[str, Component], compute: Compute) -> Decimal:
    """Billed vCPUs the preview takes of the region's Fargate quota; none on spot."""
    if compute != "fargate":
        return Decimal(0)
    return sum((billed_size(pod_requests(c)).vcpu * c.replicas for c in components.values()), Decimal(0))


def check_room(
    components: Mapping[str, Component],
    compute: Compute,
    others: Sequence[Preview],
    environment: Environment,
    *,
    count: int,
) -> None:
    """Raise `Stalled` (CapacityExhausted) with the numbers when one preview more does not fit beside `others`.

    `count` is the number of other previews, unreadable entries included.
    """
    limits, name = environment.spec.limits, environment.name
    faults = []
    if count >= limits.previews:
        remedy = "stop one ('rtb-hub list --sort ends' shows which end first), or raise limits.previews"
        faults.append(
            Fault(f"{name} has {count} of {limits.previews} previews", field="limits.previews", remedy=remedy)
        )
    used = sum((fargate_vcpu(p.spec.components, p.spec.compute) for p in others), Decimal(0))
    asked, quota = fargate_vcpu(components, compute), environment.spec.fargate.quota_vcpu
    if asked and used + asked > quota:
        message = f"{name} uses {used} of {quota} Fargate vCPUs and {asked} more are asked for"
        remedy = "stop one, use '--compute spot' where allowed, or have quota L-3032A538 raised, then fargate.quotaVcpu"
        faults.append(Fault(message, field="fargate.quotaVcpu", remedy=remedy))
    if faults:
        raise Stalled(Reason.CAPACITY_EXHAUSTED, faults)


def choose_shard(components: Mapping[str, Component], others: Sequence[Preview], environment: Environment) -> str:
    """The shard with the most room, the first of equals. Raises `Stalled` (CapacityExhausted) when none has enough."""
    policy = environment.spec.exposure
    used = {f"{policy.group}-{n}": 0 for n in range(policy.shards)}
    for preview in others:
        if preview.spec.shard in used:
            used[preview.spec.shard] += target_groups(preview.spec.components)
    shard = min(used, key=lambda name: used[name])
    asked = target_groups(components)
    if used[shard] + asked > policy.target_groups_per_shard:
        counts = ", ".join(f"{name}: {count}" for name, count in used.items())
        message = f"no shard has room for {asked} target groups of {policy.target_groups_per_shard} ({counts})"
        raise Stalled(Reason.CAPACITY_EXHAUSTED, message, remedy="stop a preview, or raise exposure.shards")
    return shard
