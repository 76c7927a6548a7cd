"""What was delivered to the listener: for operators, who look and have it read again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from hub.actions.inbox import inbox
from hub.services.api.context import ApiOf, CallerOf, Data
from hub.services.api.limits import StrictRoute
from hub.services.api.shapes import operations as shapes
from hub.services.api.shapes.base import tells
from hub.services.api.told import moment
from hub.store import deliveries
from hub.store.deliveries import DeliveryRow, DeliveryState, Source

router = APIRouter(prefix="/api/v1", route_class=StrictRoute)
Name = Annotated[str, Path(max_length=200, description="its id, or its sender's id of it")]


@router.get("/deliveries", responses=tells(shapes.Deliveries), response_model=None)
def list_deliveries(
    api: ApiOf, source: Source | None = None, state: DeliveryState | None = None,
    after: Annotated[str, Query(max_length=100, description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Data:  # fmt: skip
    """Deliveries, the newest first, without what they said."""
    with api.jobs.database.read() as connection:
        rows = deliveries.listed(connection, source=source, state=state, below=after or None, limit=limit)
    return {"deliveries": [_told(one) for one in rows], "next": rows[-1].id if len(rows) == limit else None}


@router.get("/deliveries/{delivery_id}", responses=tells(shapes.OneDelivery), response_model=None)
def one_delivery(delivery_id: Name, api: ApiOf) -> Data:
    """One delivery, with what it said while that is kept."""
    found = inbox.find(api.jobs, delivery_id)
    job = api.jobs.get(found.job_id) if found.job_id else None
    return {
        **_told(found), "verifiedBy": found.verified_by, "headers": dict(found.headers),
        "jobState": job.state if job else None,
        "body": None if found.body is None else found.body.decode("utf-8", "backslashreplace"),
    }  # fmt: skip


@router.post(
    "/deliveries/{delivery_id}/replay", status_code=202, responses=tells(shapes.Replayed, 202), response_model=None
)
def replay_delivery(delivery_id: Name, request: Request, api: ApiOf, caller: CallerOf) -> Data:
    """Read a delivery again, and put its jobs anew."""
    kept = inbox.replay(api.jobs, delivery_id)
    api.access.note(request, caller, ("replay", kept.id), kept.error)
    if kept.error is not None:
        raise kept.error
    return {"id": kept.id, "state": kept.state, "jobs": list(kept.jobs), "reason": kept.reason}


def _told(row: DeliveryRow) -> Data:
    return {
        "id": row.id, "at": moment(row.created_at), "source": row.source, "delivery": row.delivery_id,
        "event": row.event, "state": row.state, "reason": row.reason, "job": row.job_id,
    }  # fmt: skip
