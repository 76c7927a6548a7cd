"""Sleep: where policy says so, previews sleep while the office is closed, and wake when it opens.

Only who was awake when the office closed is put to sleep: who starts or wakes one at night wants it then. Only what
this put to sleep is woken by it. The plan depends on entries, policy and time alone, and is empty once carried out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from generator.errors import HubError, Moved, Reason, Transient, declared
from generator.values.formats import format_time
from reconcilers.capacity.facts import Facts
from reconcilers.lifecycle.sleep import SleepRequest, changed_sleep
from reconcilers.lifecycle.start import Starter
from reconcilers.plan import Plan, combined
from reconcilers.results import Action, ReconcileResult, SetAside
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.planned import after

NAME = "sleep"
REQUESTED_BY = "rtb-hub (reconciler)"
_BY_HOURS: Final = "office-hours"


@dataclass(slots=True)
class _Found:
    """What a pass has come to so far; `state` is what the plans before will leave."""

    state: EnvironmentState
    plans: list[Plan] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    aside: list[SetAside] = field(default_factory=list)


def plan_sleeping(state: EnvironmentState, *, starter: Starter, now: datetime) -> ReconcileResult:
    """Who is put to sleep or woken in an environment at `now` (aware), `sleep.perRun` at most.

    Nothing is put to sleep that cannot be read or rendered: it is skipped and goes on. What has no room to wake is
    reported, and tried again by each run. Raises `Transient` when a file that is listed is not read.
    """
    environment, spec = state.environment.name, state.environment.spec
    hours = spec.office_hours.office_time() if spec.office_hours and spec.sleep.outside_office_hours else None
    if spec.gated:
        return ReconcileResult(NAME, environment)
    records, until, due = _sleeping(state, now), None, None
    if hours is not None:
        opens, closes = hours.opens_after(now), hours.closes_after(now)
        due = min(opens, closes)
        if opens < closes:
            records, until = _sleepy(state, hours.closed_before(now), now), opens
    found = _Found(state)
    for record in records:
        if len(found.plans) == spec.sleep.per_run:
            break
        _change(record, found, starter, now, until)
    count = len(found.plans)
    what = f"Put {count} previews to sleep" if until else f"Wake {count} previews"
    plan = combined(found.plans, f"{what} in {environment}") if found.plans else None
    return ReconcileResult(NAME, environment, tuple(found.actions), tuple(found.aside), plan, next_due=due)


def _sleepy(state: EnvironmentState, closed: datetime, now: datetime) -> Iterator[EntryRecord]:
    """Those that were awake when the office closed, and have been since."""
    for record in state.entries:
        facts = record.facts
        if facts is not None and not facts.sleeps and _runs(facts, now) and facts.awake_since <= closed:
            yield record


def _sleeping(state: EnvironmentState, now: datetime) -> Iterator[EntryRecord]:
    """Those that sleep because the office was closed; also where policy no longer says that they do."""
    for record in state.entries:
        if record.facts is not None and record.facts.sleeps == _BY_HOURS and _runs(record.facts, now):
            yield record


def _runs(facts: Facts, now: datetime) -> bool:
    """Whether its lease has begun and goes on: what is over is left to its removal."""
    return facts.expires_at is not None and facts.expires_at > now


def _change(record: EntryRecord, found: _Found, starter: Starter, now: datetime, until: datetime | None) -> None:
    """Put one to sleep until `until`, or (None) wake it."""
    where = f"{found.state.environment.name}/{record.name}"
    why = f"the office is closed until {format_time(until)}" if until else "the office is open"
    try:
        preview = record.preview
        if preview is None:
            return
        asked = SleepRequest(preview.key, REQUESTED_BY, until is not None, why, _BY_HOURS, until)
        _, plan = changed_sleep(preview, asked, found.state, starter=starter, now=now)
    except (Transient, Moved):
        raise  # a partial read changes nothing
    except HubError as err:
        if err.reason is Reason.CAPACITY_EXHAUSTED:
            found.actions.append(Action("report", where, f"has no room to wake: {err.words}"))
        else:
            found.aside.append(SetAside(where, record.path, err.faults))
        return
    except Exception as err:  # noqa: BLE001 - the border of an entry
        faults = declared(f"{record.name} can neither sleep nor wake", err).faults
        found.aside.append(SetAside(where, record.path, faults))
        return
    found.plans.append(plan)
    found.actions.append(Action("sleep" if until else "wake", where, why))
    found.state = after(found.state, plan)
