"""Environments and what is taken of them, who waits, what awaits a review, and what ends when."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from generator.cost.pricing import fixed_prices, fixed_sum
from generator.errors import ConfigError, Fault, Reason
from generator.values.formats import check_time, format_time, parse_time
from hub.services.api.approvals import approvals_of, awaiting
from hub.services.api.context import Api, ApiOf, CallerOf, Data, or_none
from hub.services.api.limits import StrictRoute
from hub.services.api.permitted import may_start
from hub.services.api.reads import Filter, about, state_of, told
from hub.services.api.rights import Caller
from hub.services.api.shapes import places as shapes
from hub.services.api.shapes import previews as preview_shapes
from hub.services.api.shapes.base import tells
from hub.services.api.snapshot import Snapshot, Wanted
from hub.services.api.spend import Spend
from hub.services.api.told import freeze_told
from hub.store import freezes, operations
from hub.store.freezes import EVERYWHERE, Freeze
from hub.views.listing.rows import Listed
from hub.views.plans import limits_data
from hub.views.preview import office_hours_line
from hub.views.queue import describe_place
from reconcilers.state.environment import EnvironmentState

router = APIRouter(prefix="/api/v1", route_class=StrictRoute)
_RECENT = timedelta(days=1)
_LONGEST = timedelta(days=92)
_MARK = re.compile(r"[0-9TZ:-]{20} [A-Z][A-Z0-9]{1,20} [0-9]{12} [a-z][a-z0-9-]{0,39}")
#: How far clocks of people are from UTC, in minutes: what a day is to them.
Offset = Annotated[int, Query(alias="offsetMinutes", ge=-14 * 60, le=14 * 60, description="of the reader's clock")]


@router.get("/summary", responses=tells(preview_shapes.Summary), response_model=None)
def summary(api: ApiOf, caller: CallerOf) -> Data:
    """How many there are of what, what is the caller's own, and where they may start."""
    snapshot = api.snapshot
    view, mine = snapshot.view(Wanted()), snapshot.view(Wanted(requester=caller.name))
    asked = or_none(lambda: _asked(api, caller))
    waiting = [one for one in snapshot.queue if one.queued.spec.lease.requested_by == caller.name]
    return {
        "total": len(view.rows),
        "facets": view.facets,
        "waiting": len(snapshot.queue),
        "approvals": sum(len(awaiting(state)) for state in snapshot.states.values()),
        "mine": {
            "total": len(mine.rows),
            "expiringSoon": mine.facets["phase"].get("expiring soon", 0),
            "waiting": len(waiting),
            "openOperations": asked[0] if asked else None,
            "failedOperations": asked[1] if asked else None,
        },
        "freezes": _freezes(api),
        "may": {"start": {name: may_start(snapshot, caller, name) for name in sorted(snapshot.states)}},
        **about(snapshot),
    }


def _asked(api: Api, caller: Caller) -> tuple[int, int]:
    """How many operations of the caller have not ended, and how many of the last day failed."""
    database = api.jobs.database
    with database.read() as connection:
        since = database.now(connection) - _RECENT
        failed = operations.failed_of(connection, caller.id, since=since)
        return operations.open_of(connection, caller.id), failed


def _holding(api: Api) -> list[Freeze] | None:
    def read() -> list[Freeze]:
        database = api.jobs.database
        with database.read() as connection:
            return freezes.holding(connection, now=database.now(connection))

    return or_none(read)


def _freezes(api: Api) -> list[Data] | None:
    found = _holding(api)
    return None if found is None else [freeze_told(one) for one in found]


@router.get("/environments", responses=tells(shapes.Environments), response_model=None)
def environments(api: ApiOf) -> Data:
    """The environments: their policy, how much of each limit is taken, what that costs, and freezes."""
    snapshot, holding = api.snapshot, _holding(api)
    now = api.clock()
    spends = snapshot.spends
    return {
        "environments": [
            _environment(state, spends.get(name, Spend()), holding, now) for name, state in snapshot.states.items()
        ],
        **about(snapshot),
    }


def _environment(state: EnvironmentState, spend: Spend, holding: list[Freeze] | None, now: datetime) -> Data:
    environment, spec = state.environment, state.environment.spec
    fixed = fixed_sum(fixed_prices(spec.pricing, spec.exposure.shards))
    here = [one for one in holding or () if one.scope in {environment.name, EVERYWHERE}]
    return {
        "name": environment.name, "account": spec.account, "region": spec.region, "gated": spec.gated,
        "domain": spec.domain, "branch": spec.branch, "forge": _forge(state), "previews": len(state.entries),
        "waiting": len(state.queued), "awaiting": len(awaiting(state)), "limit": spec.limits.previews,
        "lease": {
            "ttl": spec.lease.ttl, "cap": spec.lease.cap, "warnBefore": spec.lease.warn_before,
            "officeHours": office_hours_line(environment) if spec.office_hours else None,
        },
        "compute": {"default": spec.compute.default, "allowed": list(spec.compute.allowed)},
        "room": limits_data(state, state.usage),
        "spend": {
            "currency": spec.pricing.currency, "perHour": str(spend.per_hour), "soFar": str(spend.so_far(now)),
            "toCome": str(spend.to_come(now)), "fixedPerHour": str(fixed), "asOf": spec.pricing.as_of,
        },
        "freezes": None if holding is None else [freeze_told(one) for one in here],
    }  # fmt: skip


def _forge(state: EnvironmentState) -> Data | None:
    forge = state.environment.spec.forge
    if forge is None:
        return None
    url = forge.url
    if forge.kind == "github":
        api = forge.url or "https://api.github.com"
        host = "https://github.com" if api.rstrip("/") == "https://api.github.com" else api.partition("/api/")[0]
        url = f"{host}/{forge.repository}"
    return {"kind": forge.kind, "url": url}


@router.get("/queue", responses=tells(shapes.Queue), response_model=None)
def queue(api: ApiOf) -> Data:
    """Who waits for room, by environment, in order; and what awaits a review."""
    snapshot = api.snapshot
    places = [describe_place(one) for one in snapshot.queue]
    approvals = [one for state in snapshot.states.values() for one in approvals_of(api, state)]
    return {"queue": places, "approvals": approvals, **about(snapshot)}


@router.get("/calendar", responses=tells(shapes.Calendar), response_model=None)
def calendar(
    request: Request, api: ApiOf, caller: CallerOf,
    begin: Annotated[str, Query(alias="from", max_length=40, description="RFC 3339; now, if left out")] = "",
    to: Annotated[str, Query(max_length=40, description="RFC 3339; 14 days later, if left out")] = "",
    env: Filter = "", requester: Annotated[str, Query(max_length=200, description="a name, or 'me'")] = "",
    offset: Offset = 0, after: Annotated[str, Query(max_length=100)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:  # fmt: skip
    """What ends when, the first first; and how many end on each day."""
    snapshot = api.snapshot
    if env:
        state_of(snapshot, env)
    first, last = _span(begin, to, api.clock())
    wanted = Wanted(env=env, requester=caller.name if requester == "me" else requester)
    ends = ending(snapshot, wanted, first, last)
    if after and not _MARK.fullmatch(after):
        raise ConfigError(Reason.INVALID_VALUE, Fault("this is no place of the calendar", field="after"))

    def tell() -> Data:
        place = bisect_right(ends, after, key=_mark) if after else 0
        page, more = ends[place : place + limit], place + limit < len(ends)
        return {
            "from": format_time(first), "to": format_time(last), "total": len(ends),
            "days": [{"day": day, "count": count} for day, count in sorted(_days(ends, offset).items())],
            "events": [_end(one) for one in page], "next": _mark(page[-1]) if more and page else None,
        }  # fmt: skip

    return told(request, snapshot, tell, by=(first, last, wanted.requester))


def _span(begin: str, to: str, now: datetime) -> tuple[datetime, datetime]:
    """From when to when. Raises `ConfigError` (InvalidValue)."""
    first = _time("from", begin) if begin else now.replace(microsecond=0)
    last = _time("to", to) if to else first + timedelta(days=14)
    if not first < last or last - first > _LONGEST:
        fault = Fault("this is no span of time", field="to", allowed=f"after `from`, by {_LONGEST.days} days at most")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    return first, last


def _time(field: str, text: str) -> datetime:
    try:
        return parse_time(check_time(text))
    except ValueError as err:
        raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, field=field)) from err


def ending(snapshot: Snapshot, wanted: Wanted, first: datetime, last: datetime) -> Sequence[Listed]:
    """The previews that end from `first` on and before `last` (aware), in order."""
    rows = snapshot.view(wanted, "ends").rows
    begin, end = (bisect_left(rows, format_time(at), key=_ends) for at in (first, last))
    return rows[begin:end]


def _ends(listed: Listed) -> str:
    return listed.row.ends or "9999"


def _mark(listed: Listed) -> str:
    """Where a row stands in the calendar: it stays there when other rows go."""
    return f"{listed.row.ends} {listed.key.project} {listed.key.number:012d} {listed.row.environment}"


def _days(ends: Sequence[Listed], offset: int) -> Counter[str]:
    """How many end on each day of the reader's clock. Thousands end in a few minutes, which are told apart by text."""
    days: Counter[str] = Counter()
    for minute, count in Counter(one.row.ends[:16] for one in ends).items():
        days[(datetime.fromisoformat(minute) + timedelta(minutes=offset)).date().isoformat()] += count
    return days


def _end(listed: Listed) -> dict[str, Any]:
    row = listed.row
    return {
        "at": row.ends, "issue": row.key, "environment": row.environment, "requestedBy": row.owner, "url": row.url,
        "currency": row.price.currency, "perHour": None if row.price.per_hour is None else str(row.price.per_hour),
    }  # fmt: skip
