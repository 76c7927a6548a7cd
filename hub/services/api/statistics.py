"""What happened day by day: starts, stops, what it cost, how long it took. By Git's history, and by operations.

What a commit says never changes, so what was read of one is kept. Days are those of the reader's clock.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from statistics import median, quantiles
from typing import Annotated, Any

from fastapi import APIRouter, Query

from generator.values.naming import previews_folder
from hub.actions.spent import PLACES, Gone, Ran, ran_of, read_gone, removed_entries
from hub.services.api.context import Api, ApiOf, Data, or_none
from hub.services.api.limits import StrictRoute
from hub.services.api.places import Offset
from hub.services.api.reads import Filter, about, state_of
from hub.services.api.shapes import places as shapes
from hub.services.api.shapes.base import tells
from hub.services.api.snapshot import Snapshot
from hub.store import operations
from hub.store.operations import Ended
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.history import events_of

router = APIRouter(prefix="/api/v1", route_class=StrictRoute)
#: Commits, removals and operations that are looked at; what is beyond them is said to be left out.
_COMMITS, _REMOVALS, _OPERATIONS = 50_000, 5_000, 50_000
_COUNTED = {"start": "starts", "stop": "stops", "expire": "stops", "extend": "extensions", "revive": "revivals"}
_DAY = timedelta(days=1)


@dataclass
class _Days:
    """Sums by day of the reader's clock."""

    first: date
    offset: timedelta
    counts: defaultdict[str, Counter[date]] = field(default_factory=lambda: defaultdict(Counter))
    spend: defaultdict[date, defaultdict[str, Decimal]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Decimal))
    )
    took: defaultdict[date, list[float]] = field(default_factory=lambda: defaultdict(list))

    def day(self, at: datetime) -> date:
        return (at.astimezone(UTC) + self.offset).date()

    def begin(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=UTC) - self.offset

    def ran(self, one: Ran, now: datetime) -> None:
        """Add what it cost on each of the days that it ran."""
        begin, end = max(one.begin, self.begin(self.first)), min(one.end or now, now)
        while begin < end:
            day = self.day(begin)
            until = min(end, self.begin(day) + _DAY)
            self.spend[day][one.currency] += one.cost(begin, until)
            begin = until


@router.get("/statistics", responses=tells(shapes.Statistics), response_model=None)
def statistics(
    api: ApiOf, days: Annotated[int, Query(ge=1, le=92, description="today among them")] = 30,
    env: Filter = "", offset: Offset = 0,
) -> Data:  # fmt: skip
    """What happened on each of the last days, in one environment or in all."""
    snapshot, now = api.snapshot, api.clock()
    states = [state_of(snapshot, env)] if env else list(snapshot.states.values())
    shift = timedelta(minutes=offset)
    today = (now.astimezone(UTC) + shift).date()
    found = _Days(today - (days - 1) * _DAY, shift)
    since = found.begin(found.first)
    is_partial = _add_git(api, found, snapshot, states, since, now)
    ended = or_none(lambda: _ended(api, since))
    is_partial = _add_operations(found, ended, {state.environment.name for state in states}) or is_partial
    told = [_told(found, found.first + number * _DAY) for number in range(days)]
    return {"days": told, "isPartial": is_partial, **about(snapshot)}


def _add_git(
    api: Api, found: _Days, snapshot: Snapshot, states: Sequence[EnvironmentState], since: datetime, now: datetime
) -> bool:
    """Add what commits tell; whether there are more than are looked at."""
    names, left, commits = {state.environment.name for state in states}, _REMOVALS, 0
    for one in snapshot.rows:
        ran = ran_of(one.outline, one.row, None)
        if ran is not None and one.row.environment in names and not one.is_request:
            found.ran(ran, now)
    with api.past.lock:
        for state in states:
            log = api.repository.store.log(state.snapshot, below=previews_folder(state.environment.name), since=since)
            gone: list[Gone] = []
            for commit in islice(log, _COMMITS + 1 - commits):
                commits += 1
                events = list(events_of(commit, state.environment.name, None))
                for event in events:
                    if event.action in _COUNTED:
                        found.counts[_COUNTED[event.action]][found.day(event.at)] += 1
                removed = removed_entries(events, state.environment.name)
                gone += [(commit, path) for _, path in removed[: max(0, left)]]
                left -= len(removed)
            for ran in _were(api, state, gone):
                found.ran(ran, now)
    return commits > _COMMITS or left < 0


def _were(api: Api, state: EnvironmentState, gone: Sequence[Gone]) -> Iterator[Ran]:
    """What entries were until the commits that removed them, those that are not known yet read at once."""
    known, store = api.past.known, api.repository.store
    if len(known) > 4 * _REMOVALS:
        known.clear()
    unknown = [(commit, path) for commit, path in gone if (commit.commit, str(path)) not in known]
    for (commit, path), ran in read_gone(store, state, unknown).items():
        known[commit.commit, str(path)] = ran
    for commit, path in gone:
        ran = known[commit.commit, str(path)]
        if ran is not None:
            yield ran


def _ended(api: Api, since: datetime) -> list[Ended]:
    with api.jobs.database.read() as connection:
        return operations.ended_of(connection, since=since, limit=_OPERATIONS + 1)


def _add_operations(found: _Days, ended: Sequence[Ended] | None, environments: set[str]) -> bool:
    """Add what operations tell; whether there are more than are looked at, or nobody knows."""
    for one in (ended or ())[:_OPERATIONS]:
        if one.key.partition("/")[0] not in environments or one.ended_at is None:
            continue
        day = found.day(one.created_at)
        if one.state == "dead":
            found.counts["failures"][day] += 1
        elif one.kind == "preview.start":
            found.took[day].append((one.ended_at - one.created_at).total_seconds())
    return ended is None or len(ended) > _OPERATIONS


def _told(found: _Days, day: date) -> dict[str, Any]:
    counted = {name: found.counts[name][day] for name in ("starts", "stops", "extensions", "revivals", "failures")}
    spend = {currency: str(amount.quantize(PLACES)) for currency, amount in sorted(found.spend[day].items())}
    took = _spread(found.took[day])
    return {"day": day.isoformat(), **counted, "spend": spend, "timeToCommit": took, "timeToUrl": None}


def _spread(seconds: Sequence[float]) -> dict[str, Any] | None:
    if not seconds:
        return None
    p95 = quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
    return {"median": round(median(seconds), 3), "p95": round(p95, 3), "count": len(seconds)}
