"""What operators and admins do: freezes, jobs, and the audit log."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlalchemy import Connection

from generator.errors import ConfigError, Fault, Reason
from generator.values.formats import Duration
from generator.values.quantities import duration
from hub.queue.payloads import Said, Why
from hub.services.api.context import Api, ApiOf, CallerOf, Data, audit_entry
from hub.services.api.limits import StrictRoute
from hub.services.api.reads import state_of
from hub.services.api.rights import Caller
from hub.services.api.shapes import operations as shapes
from hub.services.api.shapes.base import tells
from hub.services.api.told import audit_told, freeze_told, job_told
from hub.store import audit, freezes
from hub.store.freezes import EVERYWHERE, Freeze
from hub.store.ids import new_id
from hub.store.jobs import State

router = APIRouter(route_class=StrictRoute)
_LONGEST_FREEZE = timedelta(days=31)
Limit = Annotated[int, Query(ge=1, le=200)]
After = Annotated[str, Query(max_length=100)]


class FreezeBody(Said):
    """`scope`: an environment's name, or `*`. `lasts` such as `12h`, at most 31 days."""

    scope: Annotated[str, Field(pattern=r"^(\*|[a-z][a-z0-9-]{0,39})$")]
    reason: Annotated[Why, Field(min_length=1)]
    lasts: Duration


@router.get("/api/v1/freezes", responses=tells(shapes.Freezes), response_model=None)
def list_freezes(api: ApiOf) -> Data:
    """The freezes that hold now."""
    database = api.jobs.database
    with database.read() as connection:
        found = freezes.holding(connection, now=database.now(connection))
    return {"freezes": [freeze_told(one) for one in found]}


@router.post("/api/v1/freezes", status_code=201, responses=tells(shapes.Freeze, 201), response_model=None)
def begin_freeze(body: FreezeBody, request: Request, api: ApiOf, caller: CallerOf) -> Data:
    """Have nothing start in an environment, or anywhere, for a while. What runs goes on, and ends when it is due."""
    if body.scope != EVERYWHERE:
        state_of(api.snapshot, body.scope)
    lasts = duration(body.lasts)
    if lasts > _LONGEST_FREEZE:
        fault = Fault(f"{body.lasts} is too long", field="lasts", allowed="at most 31 days (744h)")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    database = api.jobs.database
    with database.write() as connection:
        now = database.now(connection)
        made = Freeze(new_id("freeze"), now, body.scope, body.reason, caller.name, now + lasts)
        freezes.add(connection, made)
        _audit(connection, request, api, caller, ("freeze", f"{body.scope} {made.id}"))
    return freeze_told(made)


@router.delete("/api/v1/freezes/{freeze_id}", status_code=204, response_model=None)
def lift_freeze(freeze_id: str, request: Request, api: ApiOf, caller: CallerOf) -> None:
    """End a freeze early."""
    database = api.jobs.database
    with database.write() as connection:
        if not freezes.lift(connection, freeze_id, by=caller.name, now=database.now(connection)):
            raise ConfigError(Reason.NOT_FOUND, f"there is no freeze {freeze_id[:80]!r} that holds")
        _audit(connection, request, api, caller, ("lift", freeze_id))


@router.get("/api/v1/jobs", responses=tells(shapes.Jobs), response_model=None)
def list_jobs(
    api: ApiOf,
    state: State | None = None,
    after: Annotated[int | None, Query(ge=0, le=2**63 - 1)] = None,
    limit: Limit = 50,
) -> Data:
    """Jobs, the newest first, and how many there are of what; `state=dead` are those that need a person."""
    rows = api.jobs.listed(state=state, below=after, limit=limit)
    counts = [{"queue": queue, "state": one, "count": n} for (queue, one), n in sorted(api.jobs.counts().items())]
    return {
        "jobs": [job_told(one) for one in rows],
        "counts": counts,
        "next": rows[-1].seq if len(rows) == limit else None,
    }


@router.get("/api/v1/jobs/{job_id}", responses=tells(shapes.OneJob), response_model=None)
def one_job(job_id: str, api: ApiOf) -> Data:
    """One job, and what it came to."""
    found = api.jobs.get(job_id)
    if found is None:
        raise ConfigError(Reason.NOT_FOUND, f"there is no job {job_id[:80]!r}")
    return {**job_told(found), "result": dict(found.result) if found.result is not None else None}


@router.post("/api/v1/jobs/{job_id}/retry", status_code=202, responses=tells(shapes.Job, 202), response_model=None)
def retry_job(job_id: str, request: Request, api: ApiOf, caller: CallerOf) -> Data:
    """Have a dead job run again."""
    if not api.jobs.retry(job_id):
        raise ConfigError(Reason.NOT_FOUND, f"there is no dead job {job_id[:80]!r}")
    api.access.note(request, caller, ("retry", job_id))
    found = api.jobs.get(job_id)
    return job_told(found) if found else {}


@router.get("/api/v1/audit", responses=tells(shapes.Audit), response_model=None)
def list_audit(
    api: ApiOf, who: Annotated[str, Query(max_length=200)] = "", action: Annotated[str, Query(max_length=200)] = "",
    outcome: Literal["", "allowed", "refused"] = "", after: After = "", limit: Limit = 50,
) -> Data:  # fmt: skip
    """Who did what, refusals among it, the newest first: of somebody, of an action, with an outcome, or all."""
    with api.jobs.database.read() as connection:
        rows = audit.listed(connection, audit.Which(who, action, outcome, after), limit=limit)
    return {"entries": [audit_told(one) for one in rows], "next": rows[-1].id if len(rows) == limit else None}


def _audit(connection: Connection, request: Request, api: Api, caller: Caller, about: tuple[str, str]) -> None:
    entry = audit_entry(request, caller, about)
    audit.add(connection, entry, now=api.jobs.database.now(connection))
