"""Plans for machines: what would change, what it would cost, and what room it finds. Bounded, and says what is cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from generator.errors import HubError
from generator.model.entry import Preview
from generator.objects.diff import ABSENT, ObjectChange
from generator.values.formats import format_time
from hub.views.preview import describe
from reconcilers.capacity.capacity import Need, freest_shard, need_of, need_of_entry
from reconcilers.capacity.usage import Usage
from reconcilers.leases import cap_of
from reconcilers.lifecycle.dry_run import Planned
from reconcilers.lifecycle.extend import ExtendOutcome
from reconcilers.lifecycle.start_or_wait import QueueOutcome
from reconcilers.lifecycle.stop import StopOutcome
from reconcilers.state.environment import EnvironmentState

#: Of one plan: objects, fields of each, and characters of each value.
MOST_OBJECTS, MOST_FIELDS, MOST_TEXT = 200, 100, 2000


def differences_data(changes: Sequence[ObjectChange]) -> dict[str, Any]:
    """What differs, object by object, and how many more do."""
    counted = Counter(change.kind for change in changes)
    return {
        "objects": [_object(change) for change in changes[:MOST_OBJECTS]],
        "counts": {kind: counted[kind] for kind in ("added", "changed", "removed")},
        "objectsLeftOut": max(0, len(changes) - MOST_OBJECTS),
    }


def _object(change: ObjectChange) -> dict[str, Any]:
    identity = change.identity
    return {
        "change": change.kind, "object": str(identity), "kind": identity.kind, "namespace": identity.namespace,
        "name": identity.name,
        "fields": [
            {"field": one.field}
            | ({} if one.before is ABSENT else {"before": _shortened(one.before)})
            | ({} if one.after is ABSENT else {"after": _shortened(one.after)})
            for one in change.fields[:MOST_FIELDS]
        ],
        "fieldsLeftOut": max(0, len(change.fields) - MOST_FIELDS),
    }  # fmt: skip


def _shortened(value: Any) -> Any:
    """The value; a long one as the beginning of its text."""
    if isinstance(value, str):
        return value if len(value) <= MOST_TEXT else f"{value[:MOST_TEXT]}…"
    return value if len(text := repr(value)) <= MOST_TEXT else f"{text[:MOST_TEXT]}…"


def plan_data(planned: Planned, *, now: datetime) -> dict[str, Any]:
    """One plan. `refused` is left to who words errors: it is null, and `change` too where there is one."""
    asked, outcome, state = planned.submission, planned.outcome, planned.state
    preview: Preview | None = getattr(outcome, "preview", None)
    gated = state is not None and state.environment.spec.gated
    told: dict[str, Any] = {
        "action": asked.operation, "environment": asked.environment, "issue": str(asked.key), "gated": gated,
        "change": getattr(outcome, "change", None), "refused": None, "branch": _branch(outcome),
        "preview": None, "endsBefore": _ends(planned.before), "ends": None, "latestEnd": None,
        "price": {"before": None, "after": None}, "room": [], "place": None,
        "unread": planned.unread.words if planned.unread else None, **differences_data(planned.changes),
    }  # fmt: skip
    if state is None:
        return told
    if planned.before is not None:
        told["price"]["before"] = describe(planned.before, state.environment, now=now)["price"]
    if isinstance(outcome, StopOutcome):
        return told
    if preview is not None:
        shown = describe(preview, state.environment, now=now)
        told |= {
            "preview": {**shown, "isRequest": gated, "removalRequested": False, "designChange": None},
            "ends": preview.spec.lease.expires_at, "latestEnd": _cap(preview, state),
        }  # fmt: skip
        told["price"]["after"] = shown["price"]
    if isinstance(outcome, QueueOutcome):
        why = [fault.message for fault in outcome.place.held]
        told["place"] = {"position": outcome.place.position, "of": outcome.length, "why": why}
        spec = outcome.queued.spec
        told["room"] = room_data(need_of(spec.lease.requested_by, spec.components, spec.compute), None, planned)
    elif preview is not None and not isinstance(outcome, ExtendOutcome):
        told["room"] = room_data(need_of_entry(preview), preview.spec.shard, planned)
    return told


def _branch(outcome: Any) -> str | None:
    if outcome is None or outcome.plan is None or outcome.plan.is_converged:
        return None
    return str(outcome.plan.branch)


def _ends(preview: Preview | None) -> str | None:
    return preview.spec.lease.expires_at if preview else None


def _cap(preview: Preview, state: EnvironmentState) -> str | None:
    lease = preview.spec.lease
    if state.environment.spec.gated and lease.activated_at is None:
        return None
    with suppress(HubError):  # office hours that the environment has no more
        return format_time(cap_of(lease, state.environment))
    return None


def room_data(need: Need, shard: str | None, planned: Planned) -> list[dict[str, Any]]:
    """Each limit that a preview comes near to: what others take of it, and what it asks for.

    `shard` None: it has none yet, and the one with the most room is told of.
    """
    state = planned.state
    if state is None:
        return []
    limits, spec = state.environment.spec.limits, state.environment.spec
    others = state.usage.minus(state.share(planned.submission.key.name))
    told = [_limit("previews", None, others.previews, 1, limits.previews)]
    if limits.previews_per_owner is not None:
        own = others.owners.get(need.owner, 0)
        told.append(_limit("previewsPerOwner", need.owner, own, 1, limits.previews_per_owner))
    told.append(_limit("fargateVcpu", None, float(others.vcpu), float(need.vcpu), spec.fargate.quota_vcpu))
    groups, shard = spec.exposure.target_groups_per_shard, shard or freest_shard(others, state.environment)
    told.append(_limit("targetGroups", shard, others.shards.get(shard, 0), need.target_groups, groups))
    return told


def _limit(what: str, where: str | None, used: float, asked: float, limit: float) -> dict[str, Any]:
    return {"what": what, "where": where, "used": used, "asked": asked, "limit": limit}


def limits_data(state: EnvironmentState, usage: Usage) -> list[dict[str, Any]]:
    """Each limit of an environment, and what is taken of it; shards by name."""
    spec = state.environment.spec
    shards = [f"{spec.exposure.group}-{number}" for number in range(spec.exposure.shards)]
    groups = spec.exposure.target_groups_per_shard
    rows: list[tuple[str, str | None, float, float]] = [
        ("previews", None, usage.previews, spec.limits.previews),
        ("fargateVcpu", None, float(usage.vcpu), spec.fargate.quota_vcpu),
        *(("targetGroups", shard, usage.shards.get(shard, 0), groups) for shard in shards),
    ]
    return [{"what": what, "where": where, "used": used, "limit": limit} for what, where, used, limit in rows]
