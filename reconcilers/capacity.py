"""Whether there is room for a preview, and on which load-balancer shard. Counts what entries ask for; trims nothing.

Of a preview that is live and has an update awaiting approval there are two entries. It counts once, by the larger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from generator.entry import Component, Compute, Preview
from generator.environment import Environment
from generator.errors import Fault, Reason, Stalled
from generator.fargate import billed_size
from generator.request import pod_requests

if TYPE_CHECKING:
    from reconcilers.facts import Facts


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
    others: Sequence[Facts],
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
    used = _vcpus(others)
    asked, quota = fargate_vcpu(components, compute), environment.spec.fargate.quota_vcpu
    if asked and used + asked > quota:
        message = f"{name} uses {used} of {quota} Fargate vCPUs and {asked} more are asked for"
        remedy = "stop one, use '--compute spot' where allowed, or have quota L-3032A538 raised, then fargate.quotaVcpu"
        faults.append(Fault(message, field="fargate.quotaVcpu", remedy=remedy))
    if faults:
        raise Stalled(Reason.CAPACITY_EXHAUSTED, faults)


def choose_shard(components: Mapping[str, Component], others: Sequence[Facts], environment: Environment) -> str:
    """The shard with the most room, the first of equals. Raises `Stalled` (CapacityExhausted) when none has enough."""
    taken = _in_use(others)
    used = {shard: taken.get(shard, 0) for shard in _shards(environment)}
    shard = min(used, key=lambda name: used[name])
    asked, room = target_groups(components), environment.spec.exposure.target_groups_per_shard
    if used[shard] + asked > room:
        counts = ", ".join(f"{name}: {count}" for name, count in used.items())
        message = f"no shard has room for {asked} target groups of {room} ({counts})"
        raise Stalled(Reason.CAPACITY_EXHAUSTED, message, remedy="stop a preview, or raise exposure.shards")
    return shard


def check_shard(
    components: Mapping[str, Component], shard: str, others: Sequence[Facts], environment: Environment
) -> None:
    """Raise `Stalled` (CapacityExhausted) when a new preview may not be on `shard`: none of ours, or no room."""
    known, room = _shards(environment), environment.spec.exposure.target_groups_per_shard
    asked, used = target_groups(components), _in_use(others).get(shard, 0)
    if shard not in known:
        raise Stalled(Reason.CAPACITY_EXHAUSTED, f"{shard} is none of {', '.join(known)}", remedy="ask for it anew")
    if used + asked > room:
        message = f"{shard} has {used} of {room} target groups in use by others, and {asked} more are asked for"
        raise Stalled(Reason.CAPACITY_EXHAUSTED, message, remedy="stop a preview, or raise exposure.shards")


def keep_shard(
    components: Mapping[str, Component], before: Preview, others: Sequence[Facts], environment: Environment
) -> str:
    """The shard `before` is on: another one would give the preview another load balancer, and its name a new address.

    Raises `Stalled` (CapacityExhausted) when it has no room for the target groups that are added. An update that adds
    none is never refused, so that one can be made when limits were lowered.
    """
    shard, room = before.spec.shard, environment.spec.exposure.target_groups_per_shard
    asked, used = target_groups(components), _in_use(others).get(shard, 0)
    more = asked - target_groups(before.spec.components)
    if more <= 0:
        return shard
    anew = f"stop {before.spec.issue} and start it anew on another shard"
    if shard not in (known := _shards(environment)):
        message = f"{shard} is none of {', '.join(known)}, and {before.spec.issue} asks for {more} target groups more"
        raise Stalled(Reason.CAPACITY_EXHAUSTED, message, remedy=f"{anew}, or raise exposure.shards")
    if used + asked > room:
        message = (
            f"{shard} has {used} of {room} target groups in use by others,"
            f" and {before.spec.issue} asks for {asked}, {more} more"
        )
        raise Stalled(Reason.CAPACITY_EXHAUSTED, message, remedy=f"stop another preview there, or {anew}")
    return shard


def regain_shard(
    components: Mapping[str, Component], before: str, others: Sequence[Facts], environment: Environment
) -> str:
    """The shard it was on `before` while there is room, so that its name keeps its address; else what is chosen anew.

    Raises `Stalled` (CapacityExhausted) when no shard has enough.
    """
    room = environment.spec.exposure.target_groups_per_shard - _in_use(others).get(before, 0)
    if before in _shards(environment) and target_groups(components) <= room:
        return before
    return choose_shard(components, others, environment)


def _shards(environment: Environment) -> tuple[str, ...]:
    policy = environment.spec.exposure
    return tuple(f"{policy.group}-{n}" for n in range(policy.shards))


def _in_use(others: Sequence[Facts]) -> dict[str, int]:
    """Target groups that `others` take, by shard."""
    largest: dict[tuple[str, str], int] = {}
    for one in others:
        largest[one.shard, one.name] = max(largest.get((one.shard, one.name), 0), one.target_groups)
    used: dict[str, int] = {}
    for (shard, _), groups in largest.items():
        used[shard] = used.get(shard, 0) + groups
    return used


def _vcpus(others: Sequence[Facts]) -> Decimal:
    """Billed vCPUs that `others` take."""
    largest: dict[str, Decimal] = {}
    for one in others:
        largest[one.name] = max(largest.get(one.name, one.vcpu), one.vcpu)
    return sum(largest.values(), Decimal(0))
