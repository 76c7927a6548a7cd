"""Start or wait: a start that finds no room waits in line when that was asked for, or when it waits already."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from generator.errors import ConfigError, Fault, Reason, Remedy, RemedyKind, Stalled
from generator.model.entry import Preview
from generator.model.queued import QueuedPreview, queued_of
from generator.values.formats import format_time
from generator.values.naming import queue_file, queue_folder
from reconcilers.capacity.capacity import EMPTY
from reconcilers.lifecycle.queue_order import Place, queue_order_of
from reconcilers.lifecycle.start import Starter, StartOutcome, StartRequest, check_room, draft_of, file_text
from reconcilers.plan import FileChange, Plan
from reconcilers.state.environment import EnvironmentState, target
from reconcilers.state.planned import after


@dataclass(frozen=True, slots=True)
class QueueOutcome:
    """What waiting would do: the request as it stands in line, its place, and how many wait. The plan may be empty."""

    change: Literal["queued", "updated in line", "waits already"]
    queued: QueuedPreview
    place: Place
    length: int
    plan: Plan
    withdraw: None = None


def plan_start(
    asked: StartRequest, state: EnvironmentState, *, starter: Starter, now: datetime
) -> StartOutcome | QueueOutcome:
    """Plan one start; a place in line when there is no room for it and it may wait.

    Raises what `Starter.plan` raises. `Stalled` (CapacityExhausted) with `queue` means that waiting would not help.
    """
    environment = state.environment
    if asked.queue and environment.spec.gated:
        message = f"{environment.name} has no queue: it changes by pull request, one after the other"
        remedy = Remedy(RemedyKind.START_WITHOUT_QUEUE)
        raise ConfigError(Reason.INVALID_VALUE, Fault(message, field="--queue", remedy=remedy))
    waits = state.in_queue(asked.key)
    wants = asked.queue is not False or waits is not None
    may_wait = wants and state.entry(asked.key) is None and not environment.spec.gated
    try:
        return starter.plan(asked, state, now=now)
    except Stalled as err:
        if not may_wait or err.reason is not Reason.CAPACITY_EXHAUSTED:
            raise
    return _queued(asked, state, waits.queued if waits else None, starter, now)


def _queued(
    asked: StartRequest, state: EnvironmentState, before: QueuedPreview | None, starter: Starter, now: datetime
) -> QueueOutcome:
    since = before.spec.lease.requested_at if before is not None else format_time(now)
    queued = queued_of(_draft(asked, before, state, starter, now), since)
    plan = _plan(asked, queued, state, is_new=before is None, is_same=queued == before)
    line = queue_order_of(after(state, plan))
    place = line.place(asked.key)
    if place is None:
        raise AssertionError(f"{asked.key} is not in the line it was put in")
    change: Literal["queued", "updated in line", "waits already"] = "queued"
    if before is not None:
        change = "waits already" if plan.is_converged else "updated in line"
    return QueueOutcome(change, queued, place, len(line.places), plan)


def _draft(
    asked: StartRequest, before: QueuedPreview | None, state: EnvironmentState, starter: Starter, now: datetime
) -> Preview:
    """The entry it would be, checked as if it started now. Raises `Stalled` when there can never be room for it."""
    environment = state.environment
    try:
        draft = draft_of(asked, environment, state.library, before, room=EMPTY, now=now)
        check_room(starter.rendered(draft, environment, state.library)[0], EMPTY, environment)
    except Stalled as err:
        remedy = "waiting does not help: ask for less, or have the limit raised"
        told = [
            replace(fault, message=f"with nothing else there, {fault.message}", remedy=remedy) for fault in err.faults
        ]
        raise Stalled(err.reason, told) from err
    return draft


def _plan(asked: StartRequest, queued: QueuedPreview, state: EnvironmentState, *, is_new: bool, is_same: bool) -> Plan:
    name, key = state.environment.name, asked.key
    what = f"{key} is queued in {name}" if is_new else f"{key} keeps its place in the queue of {name}"
    text = file_text(queued, "queued-preview", queue_folder(name))
    branch, base, expected = target(key, state)
    return Plan(
        branch=branch,
        base=base,
        expected=expected,
        subject=f"Queue {key} in {name}" if is_new else f"Update {key} in the queue of {name}",
        changes=() if is_same else (FileChange(queue_file(name, key), text.encode(), what),),
        trailers=(
            ("Preview", f"{name}/{key.name}"),
            ("Action", "queue"),
            ("Requested-By", asked.requested_by),
        ),
    )
