"""Dry runs: what an action, or up to twenty together, would do. Nothing is written, and a refusal is an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from generator.errors import ConfigError, Fault, HubError, Reason, Transient
from generator.values.formats import Duration, EnvironmentName, Time
from generator.values.naming import IssueKey
from hub.actions import extend, revive, sleep, start, stop
from hub.actions.images import resolve_now
from hub.actions.stop import StopRequest
from hub.queue.payloads import Issue, Said, StartBody, Why
from hub.services.api.context import Api, ApiOf, CallerOf, Data
from hub.services.api.limits import StrictRoute, in_turn
from hub.services.api.permitted import must_be_allowed, owner_of, right_to
from hub.services.api.reads import state_of
from hub.services.api.rights import Caller
from hub.services.api.shapes import plans as shapes
from hub.services.api.shapes.base import tells
from hub.services.api.snapshot import Snapshot
from hub.services.api.told import fault_told
from hub.store import freezes
from hub.views.plans import plan_data
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.dry_run import Planned, plan
from reconcilers.lifecycle.extend import ExtendRequest
from reconcilers.lifecycle.revive import ReviveRequest
from reconcilers.lifecycle.sleep import SleepRequest
from reconcilers.state.environment import EnvironmentState

router = APIRouter(prefix="/api/v1", route_class=StrictRoute)


class StartItem(StartBody):
    """A start, with the fields of its body."""

    action: Literal["start"]


class StopItem(Said):
    """A stop."""

    action: Literal["stop"]
    environment: EnvironmentName
    issue: Issue
    reason: Why = ""


class ExtendItem(Said):
    """More time. `ifEnds`: the end that was seen; without it, the one that there is."""

    action: Literal["extend"]
    environment: EnvironmentName
    issue: Issue
    by: Duration
    if_ends: Time | None = None
    reason: Why = ""


class ReviveItem(Said):
    """A revival. `ttl` null: as long as before."""

    action: Literal["revive"]
    environment: EnvironmentName
    issue: Issue
    ttl: Duration | None = None


class SleepItem(Said):
    """Putting it to sleep, or waking it."""

    action: Literal["sleep", "wake"]
    environment: EnvironmentName
    issue: Issue
    reason: Why = ""


Item = Annotated[StartItem | StopItem | ExtendItem | ReviveItem | SleepItem, Field(discriminator="action")]


class PlansBody(Said):
    """What is to be planned, in this order; each preview once."""

    items: Annotated[list[Item], Field(min_length=1, max_length=20)]


@router.post("/previews/plan", responses=tells(shapes.Plan), response_model=None)
def plan_start(body: StartBody, api: ApiOf, caller: CallerOf) -> Data:
    """What a start with this body would do: objects, price, room, and what would be refused."""
    return _told(api, caller, [_item(body)])[0]


@router.post("/plans", responses=tells(shapes.Plans), response_model=None)
def plan_all(body: PlansBody, api: ApiOf, caller: CallerOf) -> Data:
    """What up to twenty actions would do, each on what those before it leave. To do them, ask for each."""
    places = [(one.environment, one.issue) for one in body.items]
    for number, place in enumerate(places):
        if place in places[:number]:
            fault = Fault(
                f"{place[1]} in {place[0]} stands twice", field=f"items.{number}", allowed="each preview once"
            )
            raise ConfigError(Reason.INVALID_VALUE, fault)
    plans = _told(api, caller, body.items)
    return {"plans": plans, "refused": sum(1 for one in plans if one["refused"])}


def planned_start(api: Api, caller: Caller, body: StartBody) -> Planned:
    """The plan of a start at once. Raises what the caller has no right to, and what keeps it from being planned."""
    (found,) = _planned(api, caller, [_item(body, queue=False)], api.clock())
    if found.error is not None:
        raise found.error
    return found


def _item(body: StartBody, **instead: Any) -> StartItem:
    said = {name: getattr(body, name) for name in type(body).model_fields}
    return StartItem(action="start", **{**said, **instead})


def _told(api: Api, caller: Caller, items: Sequence[Any]) -> list[Data]:
    now = api.clock()
    return [
        plan_data(one, now=now) | ({} if one.error is None else {"refused": _refused(one.error)})
        for one in _planned(api, caller, items, now)
    ]


def _refused(error: HubError) -> Data:
    return {"reason": error.reason.value, "faults": [fault_told(fault) for fault in error.faults]}


def _planned(api: Api, caller: Caller, items: Sequence[Any], now: datetime) -> list[Planned]:
    snapshot = api.snapshot
    submissions = [_refusing(_submission(api, caller, one), api, caller, snapshot, one) for one in items]
    busy = Transient(Reason.NOT_IN_TIME, "many plans are asked for at this moment", remedy="ask again")
    with in_turn(api.planning, busy):
        return plan(submissions, lambda name: state_of(snapshot, name), now=now)


def _submission(api: Api, caller: Caller, item: Any) -> Submission[Any]:
    key, who = IssueKey.parse(item.issue), caller.name
    match item:
        case StartItem():
            return _start(api, item, who)
        case StopItem():
            return stop.submission(StopRequest(key, who, item.reason), item.environment)
        case ExtendItem():
            asked = ExtendRequest(key, who, item.by, item.reason, item.if_ends)
            return extend.submission(asked, item.environment, api.starter)
        case ReviveItem():
            asked_back = ReviveRequest(key, who, item.ttl)
            return revive.submission_with(asked_back, item.environment, store=api.repository.store, starter=api.starter)
        case SleepItem():
            asked_sleep = SleepRequest(key, who, item.action == "sleep", item.reason)
            return sleep.submission(asked_sleep, item.environment, api.starter)
    raise AssertionError(f"nothing plans {item}")


def _start(api: Api, item: StartItem, who: str) -> Submission[Any]:
    """A start with the digests of what its tags name, which are looked up when it is planned."""

    def planned(state: EnvironmentState, now: datetime) -> Any:
        named = item.model_copy(update={"images": dict(resolve_now(item.images, api.images))})
        return start.submission(named.asked(who), item.environment, api.starter).plan(state, now)

    return Submission(item.environment, IssueKey.parse(item.issue), planned, "start")


def _refusing(one: Submission[Any], api: Api, caller: Caller, snapshot: Snapshot, item: Any) -> Submission[Any]:
    """The same, refused where its route would refuse it: no right to it, or a freeze."""

    def planned(state: EnvironmentState, now: datetime) -> Any:
        owner = None if item.action == "start" else owner_of(snapshot, one.environment, one.key)
        must_be_allowed(snapshot, caller, right_to(item.action), one.environment, one.key, owner)
        if item.action in {"start", "revive"}:
            database = api.jobs.database
            with database.read() as connection:
                freezes.refuse(connection, one.environment, now=database.now(connection))
        return one.plan(state, now)

    return Submission(one.environment, one.key, planned, item.action)
