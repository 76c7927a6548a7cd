"""Whether there is room for a preview, and on which load-balancer shard. Counts what entries ask for; trims nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from generator.errors import About, Fault, Reason, Remedy, RemedyKind, Stalled
from generator.model.entry import Component, Compute, Preview
from generator.model.environment import Environment
from reconcilers.capacity.shares import entry_vcpu, fargate_vcpu, target_groups
from reconcilers.capacity.usage import NOTHING, Usage

#: The field of the one limit that only keeps back the person who asks.
OWN_LIMIT = "limits.previewsPerOwner"


@dataclass(frozen=True, slots=True)
class Need:
    """What one preview asks for."""

    owner: str
    target_groups: int
    vcpu: Decimal

    def on(self, shard: str) -> Usage:
        """What it takes there."""
        return Usage(1, self.vcpu, {shard: self.target_groups}, {self.owner: 1})


@dataclass(frozen=True, slots=True)
class Room:
    """What a preview finds: what `others` take, and what those ahead of it in line will take first.

    `line` says why those ahead cannot start yet. Nobody may then take more room past them.
    """

    others: Usage = NOTHING
    ahead: Usage = NOTHING
    line: Fault | None = None


EMPTY = Room()


def need_of(owner: str, components: Mapping[str, Component], compute: Compute) -> Need:
    """What a preview of these components asks for."""
    return Need(owner, target_groups(components), fargate_vcpu(components, compute))


def need_of_entry(preview: Preview) -> Need:
    """What the preview of an entry takes, by the pods that were rendered for it."""
    spec = preview.spec
    return Need(spec.lease.requested_by, target_groups(spec.components), entry_vcpu(preview))


def find_shard(need: Need, room: Room, environment: Environment, *, before: str = "") -> str:
    """The shard for one preview more: `before` if it has room, else the one with the most, the first of equals.

    Raises `Stalled` (CapacityExhausted) with the numbers of everything that is short.
    """
    others = room.others.plus(room.ahead)
    faults = (*((room.line,) if room.line else ()), *room_faults(need, others, environment))
    if faults:
        raise Stalled(Reason.CAPACITY_EXHAUSTED, faults)
    fits = others.shards.get(before, 0) + need.target_groups <= environment.spec.exposure.target_groups_per_shard
    return before if before in _shards(environment) and fits else freest_shard(others, environment)


def freest_shard(others: Usage, environment: Environment) -> str:
    """The shard with the most room, the first of equals."""
    return min(_shards(environment), key=lambda shard: others.shards.get(shard, 0))


def room_faults(need: Need, others: Usage, environment: Environment) -> tuple[Fault, ...]:
    """Why one preview more does not fit beside `others`, with the numbers; empty when it does."""
    limits, name = environment.spec.limits, environment.name
    own, most = others.owners.get(need.owner, 0), limits.previews_per_owner
    faults = []
    if others.previews >= limits.previews:
        message = f"{name} has {others.previews} of {limits.previews} previews"
        faults.append(Fault(message, field="limits.previews", remedy=_room(RemedyKind.STOP_FIRST_TO_END, environment)))
    if most is not None and own >= most:
        message = f"{need.owner} has {own} of {most} previews in {name}"
        faults.append(Fault(message, field=OWN_LIMIT, remedy=_room(RemedyKind.STOP_OWN, environment)))
    if fault := _vcpu_fault(need, others, environment):
        faults.append(fault)
    room, shard = environment.spec.exposure.target_groups_per_shard, freest_shard(others, environment)
    if need.target_groups and others.shards.get(shard, 0) + need.target_groups > room:
        counts = ", ".join(f"{one}: {others.shards.get(one, 0)}" for one in _shards(environment))
        message = f"no shard has capacity for {need.target_groups} target groups of {room} ({counts})"
        faults.append(Fault(message, remedy=_room(RemedyKind.RAISE_SHARDS, environment)))
    return tuple(faults)


def shard_faults(need: Need, shard: str, others: Usage, environment: Environment) -> tuple[Fault, ...]:
    """Why a new preview may not be on `shard`: it is none of the environment's, or has no room."""
    known, limit = _shards(environment), environment.spec.exposure.target_groups_per_shard
    if shard not in known:
        return (Fault(f"{shard} is none of {', '.join(known)}", remedy="ask for it anew"),)
    used = others.shards.get(shard, 0)
    if used + need.target_groups <= limit:
        return ()
    message = (
        f"{shard} has {used} of {limit} target groups in use by others, and {need.target_groups} more are asked for"
    )
    return (Fault(message, remedy=Remedy(RemedyKind.RAISE_SHARDS)),)


def keep_shard(need: Need, before: Preview, room: Room, environment: Environment) -> str:
    """The shard `before` is on: another one would give the preview another load balancer, and its name a new address.

    Raises `Stalled` (CapacityExhausted) when there is no room for what is added. An update that adds nothing is never
    refused, so that one can be made when limits were lowered.
    """
    had = need_of_entry(before)
    grows = need.vcpu > had.vcpu, need.target_groups > had.target_groups
    others = room.others.plus(room.ahead)
    faults = [
        room.line if any(grows) else None,
        _vcpu_fault(need, others, environment) if grows[0] else None,
        _shard_fault(need, need.target_groups - had.target_groups, before, others, environment) if grows[1] else None,
    ]
    if found := [fault for fault in faults if fault]:
        raise Stalled(Reason.CAPACITY_EXHAUSTED, found)
    return before.spec.shard


def _shard_fault(need: Need, more: int, before: Preview, others: Usage, environment: Environment) -> Fault | None:
    shard, limit = before.spec.shard, environment.spec.exposure.target_groups_per_shard
    anew, used = f"stop {before.spec.issue} and start it anew on another shard", others.shards.get(shard, 0)
    if shard not in (known := _shards(environment)):
        message = f"{shard} is none of {', '.join(known)}, and {before.spec.issue} asks for {more} target groups more"
        return Fault(message, remedy=f"{anew}, or raise exposure.shards")
    if used + need.target_groups <= limit:
        return None
    message = (
        f"{shard} has {used} of {limit} target groups in use by others,"
        f" and {before.spec.issue} asks for {need.target_groups}, {more} more"
    )
    return Fault(message, remedy=f"stop another preview there, or {anew}")


def _vcpu_fault(need: Need, others: Usage, environment: Environment) -> Fault | None:
    quota = environment.spec.fargate.quota_vcpu
    if not need.vcpu or others.vcpu + need.vcpu <= quota:
        return None
    message = f"{environment.name} uses {others.vcpu} of {quota} Fargate vCPUs and {need.vcpu} more are asked for"
    return Fault(message, field="fargate.quotaVcpu", remedy=_room(RemedyKind.USE_SPOT, environment))


def _room(kind: RemedyKind, environment: Environment) -> Remedy:
    return Remedy(kind, About(may_wait=not environment.spec.gated))


def _shards(environment: Environment) -> tuple[str, ...]:
    policy = environment.spec.exposure
    return tuple(f"{policy.group}-{n}" for n in range(policy.shards))
