"""Sleep: where policy says so, previews sleep while the office is closed, and wake when it opens; and once idle.

Only who was awake when the office closed is put to sleep: who starts or wakes one at night wants it then. Only what
was put to sleep for the night is woken by this; what was idle wakes when somebody wants it. The plan depends on
entries, policy, time and who is idle (`idle`), and is empty once carried out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Final

from generator.errors import HubError, Moved, Reason, Transient, declared
from generator.values.formats import format_time
from generator.values.office_hours import OfficeTime
from reconcilers.lifecycle.sleep import SleepRequest, Why, changed_sleep
from reconcilers.lifecycle.start import Starter
from reconcilers.plan import Plan, combined
from reconcilers.results import Action, ReconcileResult, SetAside
from reconcilers.scheduled.idle import Idle
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.planned import after

NAME = "sleep"
REQUESTED_BY = "rtb-hub (reconciler)"
_BY_HOURS: Final[Why] = "office-hours"
#: Where nothing tells who is idle.
NOBODY: Final = Idle()


@dataclass(slots=True)
class _Found:
    """What a pass has come to so far; `state` is what the plans before will leave."""

    state: EnvironmentState
    plans: list[Plan] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    aside: list[SetAside] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Change:
    """What is done to one: it sleeps, until `until` where that is known and since no request came for `idle_since`."""

    record: EntryRecord
    asleep: bool
    why: Why
    words: str
    until: datetime | None = None
    idle_since: datetime | None = None


def plan_sleeping(state: EnvironmentState, *, starter: Starter, now: datetime, idle: Idle = NOBODY) -> ReconcileResult:
    """Who is put to sleep or woken in an environment at `now` (aware), `sleep.perRun` at most.

    `idle`: whom nobody uses. Nothing is put to sleep that cannot be read or rendered: it is skipped and goes on. What
    has no room to wake is reported, and tried again by each run.

    Raises `Transient` when a file that is listed is not read.
    """
    environment, spec = state.environment.name, state.environment.spec
    hours = spec.office_hours.office_time() if spec.office_hours and spec.sleep.outside_office_hours else None
    if spec.gated:
        return ReconcileResult(NAME, environment)
    due = [one for one in (idle.next_look,) if one is not None]
    if hours is not None:
        opens, closes = hours.opens_after(now), hours.closes_after(now)
        due.append(min(opens, closes))
    found = _Found(state, actions=list(idle.told))
    changes = list(_by_hours(state, hours, now))
    changed = {one.record.name for one in changes}
    for change in chain(changes, (one for one in _by_idleness(state, idle) if one.record.name not in changed)):
        if len(found.plans) == spec.sleep.per_run:
            break
        _change(change, found, starter, now)
    plan = combined(found.plans, f"{_subject(found.actions)} in {environment}") if found.plans else None
    return ReconcileResult(
        NAME, environment, tuple(found.actions), tuple(found.aside), plan, next_due=min(due, default=None)
    )


def _subject(actions: Iterable[Action]) -> str:
    kinds = [action.kind for action in actions]
    sleep, wake = kinds.count("sleep"), kinds.count("wake")
    said = [f"put {sleep} previews to sleep"] * bool(sleep) + [f"wake {wake} previews"] * bool(wake)
    return " and ".join(said).capitalize()


def _by_hours(state: EnvironmentState, hours: OfficeTime | None, now: datetime) -> Iterator[_Change]:
    if hours is not None and hours.opens_after(now) < hours.closes_after(now):
        opens = hours.opens_after(now)
        words = f"the office is closed until {format_time(opens)}"
        for record in _sleepy(state, hours.closed_before(now), now):
            yield _Change(record, True, _BY_HOURS, words, opens)
    else:
        for record in _sleeping(state, now):
            yield _Change(record, False, _BY_HOURS, "the office is open")


def _by_idleness(state: EnvironmentState, idle: Idle) -> Iterator[_Change]:
    if idle.since is None:
        return
    for name in idle.names:
        record = state.by_name[name]
        yield _Change(record, True, "idle", f"no request since {format_time(idle.since)}", idle_since=idle.since)


def _sleepy(state: EnvironmentState, closed: datetime, now: datetime) -> Iterator[EntryRecord]:
    """Those that were awake when the office closed, and have been since."""
    for record in state.entries:
        facts = record.facts
        if facts is not None and not facts.sleeps and facts.runs_at(now) and facts.awake_since <= closed:
            yield record


def _sleeping(state: EnvironmentState, now: datetime) -> Iterator[EntryRecord]:
    """Those that sleep because the office was closed; also where policy no longer says that they do."""
    for record in state.entries:
        facts = record.facts
        if facts is not None and facts.sleeps == _BY_HOURS and facts.runs_at(now):
            yield record


def _change(change: _Change, found: _Found, starter: Starter, now: datetime) -> None:
    """Do it to what the plans before will leave."""
    record = change.record
    where = f"{found.state.environment.name}/{record.name}"
    try:
        preview = record.preview
        if preview is None:
            return
        asked = SleepRequest(
            preview.key, REQUESTED_BY, change.asleep, change.words, change.why, change.until, change.idle_since
        )
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
    found.actions.append(Action("sleep" if change.asleep else "wake", where, change.words))
    found.state = after(found.state, plan)
