"""What people and CI ask for: start, extend, stop, revive, sleep and wake, and what became of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Header, Query
from fastapi.responses import JSONResponse, Response

from generator.errors import ConfigError, Fault, Reason
from generator.values.formats import Duration, Time, check_time
from generator.values.naming import IssueKey
from hub.queue.payloads import Said, StartBody, Why
from hub.services.api.context import ApiOf, CallerOf, Data
from hub.services.api.keeping import Asked
from hub.services.api.limits import StrictRoute
from hub.services.api.operating import Call, CallOf, answered, ended, wait_seconds, wants_whole
from hub.services.api.permitted import must_be_allowed, waiting_owner
from hub.services.api.reads import Env, Key, found
from hub.services.api.shapes import operations as shapes
from hub.services.api.shapes.base import tells
from hub.services.api.told import operation_told
from hub.store import operations
from hub.views.listing.rows import Listed

router = APIRouter(prefix="/api/v1", route_class=StrictRoute)
#: What a change answers: that it is asked for, or after a wait that it is done.
DONE = {**tells(shapes.Operation, 202), **tells(shapes.Operation)}


class ExtendBody(Said):
    """`ifEnds`: the end that was seen, as If-Match has it; without either, the one that the service sees."""

    by: Duration
    if_ends: Time | None = None
    reason: Why = ""


class StopBody(Said):
    """Why, for the history."""

    reason: Why = ""


class ReviveBody(Said):
    """`ttl` null: as long as before."""

    ttl: Duration | None = None


@router.post("/previews", status_code=202, responses=DONE, response_model=None)
async def start(body: StartBody, call: CallOf) -> Response:
    """Start a preview or update it; where there is no room it waits, unless `queue` is false."""
    _may_change(call, body.environment, IssueKey.parse(body.issue), None)
    said = body.model_dump(mode="json", by_alias=True, exclude_none=True)
    return await answered(call, Asked("preview.start", body.environment, body.issue, said))


@router.post("/previews/{env}/{key}/extend", status_code=202, responses=DONE, response_model=None)
async def extend(
    env: Env, key: Key, body: ExtendBody, call: CallOf,
    if_match: Annotated[str | None, Header(max_length=100)] = None,
) -> Response:  # fmt: skip
    """Give it more time, once for the end that was seen (If-Match)."""
    listed = _changeable(call, env, key)
    ends = _seen(if_match) or body.if_ends or listed.row.ends
    if not ends:
        raise ConfigError(Reason.INVALID_VALUE, f"{key} in {env} has no end yet: its time begins with the merge")
    said = {"by": body.by, "ifEnds": ends, "reason": body.reason}
    return await answered(call, Asked("preview.extend", env, listed.row.key, said))


@router.post("/previews/{env}/{key}/stop", status_code=202, responses=DONE, response_model=None)
async def stop(env: Env, key: Key, call: CallOf, body: Annotated[StopBody | None, Body()] = None) -> Response:
    """Remove it, ask for its removal, or take back what was asked for."""
    issue = IssueKey.parse(key)
    owner = waiting_owner(call.api.snapshot, env, issue)
    if owner is None:
        _changeable(call, env, key)
    else:
        _may_change(call, env, issue, owner)
    return await answered(call, Asked("preview.stop", env, str(issue), {"reason": body.reason if body else ""}))


@router.post("/previews/{env}/{key}/revive", status_code=202, responses=DONE, response_model=None)
async def revive(env: Env, key: Key, call: CallOf, body: Annotated[ReviveBody | None, Body()] = None) -> Response:
    """Bring it back within seven days of its removal; it is the reviver's then. One that is there must be one's own."""
    issue = IssueKey.parse(key)
    listed = call.api.snapshot.by_place.get((env, str(issue)))
    _may_change(call, env, issue, listed.row.owner if listed else None)
    said = {"ttl": body.ttl} if body and body.ttl else {}
    return await answered(call, Asked("preview.revive", env, str(issue), said))


class SleepBody(Said):
    """Why, for the history."""

    reason: Why = ""


@router.post("/previews/{env}/{key}/sleep", status_code=202, responses=DONE, response_model=None)
async def sleep(env: Env, key: Key, call: CallOf, body: Annotated[SleepBody | None, Body()] = None) -> Response:
    """Have none of its pods run but those that keep data, until it is woken."""
    return await _slept("preview.sleep", env, key, call, body)


@router.post("/previews/{env}/{key}/wake", status_code=202, responses=DONE, response_model=None)
async def wake(env: Env, key: Key, call: CallOf, body: Annotated[SleepBody | None, Body()] = None) -> Response:
    """Have its pods run again. Who may look at it may wake it: whoever comes by needs it."""
    return await _slept("preview.wake", env, key, call, body)


async def _slept(kind: str, env: str, key: str, call: Call, body: SleepBody | None) -> Response:
    listed = _changeable(call, env, key)
    return await answered(call, Asked(kind, env, listed.row.key, {"reason": body.reason if body else ""}))


@router.get("/operations", responses=tells(shapes.Operations), response_model=None)
def listed_operations(
    api: ApiOf, caller: CallerOf, env: Annotated[str, Query(max_length=40)] = "",
    issue: Annotated[str, Query(max_length=40)] = "", after: Annotated[str, Query(max_length=100)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Data:  # fmt: skip
    """Operations, the newest first; of one preview by `env` and `issue`. A service sees its own."""
    key = f"{env}/{IssueKey.parse(issue)}" if env and issue else None
    own = caller.id if caller.kind == "service" else None
    with api.jobs.database.read() as connection:
        rows = operations.listed(connection, operations.Which(key, own, after or None), limit=limit)
    return {"operations": [operation_told(one) for one in rows], "next": rows[-1].id if len(rows) == limit else None}


@router.get("/operations/{operation_id}", responses=tells(shapes.Operation), response_model=None)
async def operation(
    operation_id: str, api: ApiOf, caller: CallerOf, prefer: Annotated[str | None, Header(max_length=200)] = None
) -> Response:
    """One operation; a service sees its own. `Prefer: wait=N` waits for its end."""
    one = await ended(api, operation_id, wait_seconds(prefer))
    if one is None or (caller.kind == "service" and one.principal != caller.id):
        raise ConfigError(Reason.NOT_FOUND, f"there is no operation {operation_id[:80]!r}")
    return JSONResponse(operation_told(one, is_whole=wants_whole(prefer)))


def _changeable(call: Call, env: str, key: str) -> Listed:
    """A preview that this caller may change. Raises `ConfigError` (PreviewNotFound, NotAllowed, …)."""
    listed = found(call.api.snapshot, env, key)
    _may_change(call, env, listed.key, listed.row.owner)
    return listed


def _may_change(call: Call, env: str, issue: IssueKey, owner: str | None) -> None:
    try:
        must_be_allowed(call.api.snapshot, call.caller, call.right, env, issue, owner)
    except ConfigError as err:
        if err.reason is Reason.NOT_ALLOWED:
            call.api.access.note(call.request, call.caller, (call.request.url.path[:200], f"{env}/{issue}"), err)
        raise


def _seen(if_match: str | None) -> str | None:
    if not if_match or if_match == "*":
        return None
    try:
        return check_time(if_match.strip('"'))
    except ValueError as err:
        raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, field="If-Match")) from err
