"""Operations: what people and CI asked for, each one job, whose state and result are the operation's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, select

from hub.store.database import Database
from hub.store.jobs import OPEN, State
from hub.store.tables import JOBS, OPERATIONS


@dataclass(frozen=True, slots=True)
class NewOperation:
    """What is asked for. `id` is its job's too. `principal`: whose idempotency keys its `idempotency_key` is among."""

    id: str
    kind: str
    key: str
    request: Mapping[str, Any]
    requested_by: str
    via: str
    principal: str
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with what became of its job, and of the job that followed (a pull request)."""

    id: str
    kind: str
    key: str
    request: Mapping[str, Any]
    requested_by: str
    via: str
    principal: str
    created_at: datetime
    state: State
    ended_at: datetime | None
    result: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    attempts: int
    review: Mapping[str, Any] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it has not ended yet."""
        return self.state in OPEN


def add(connection: Connection, database: Database, asked: NewOperation, *, now: datetime) -> str | None:
    """Add one. None: added; else the id of the one that has this principal's idempotency key already."""
    row = {
        "id": asked.id, "created_at": now, "kind": asked.kind, "key": asked.key, "request": dict(asked.request),
        "requested_by": asked.requested_by, "via": asked.via, "principal": asked.principal,
        "idempotency_key": asked.idempotency_key, "job_id": asked.id,
    }  # fmt: skip
    added = database.insert(OPERATIONS).values(row).on_conflict_do_nothing().returning(OPERATIONS.c.id)
    if connection.execute(added).first() is not None:
        return None
    known = named(connection, asked.principal, asked.idempotency_key or "")
    if known is None:
        raise AssertionError(f"{asked.id} is there already")
    return known


def named(connection: Connection, principal: str, idempotency_key: str) -> str | None:
    """The id of the operation that has this principal's idempotency key; None: none has."""
    known = and_(OPERATIONS.c.principal == principal, OPERATIONS.c.idempotency_key == idempotency_key)
    found: str | None = connection.execute(select(OPERATIONS.c.id).where(known)).scalar()
    return found


_REVIEW = JOBS.alias("review")
_OWN = ("id", "kind", "key", "request", "requested_by", "via", "principal", "created_at")
_OF_JOB = ("state", "ended_at", "result", "error", "attempts")
_WANTED: Select[Any] = (
    select(
        *(OPERATIONS.c[name] for name in _OWN), *(JOBS.c[name] for name in _OF_JOB), _REVIEW.c.result.label("review")
    )
    .join(JOBS, JOBS.c.id == OPERATIONS.c.job_id)
    .outerjoin(_REVIEW, and_(_REVIEW.c.parent == JOBS.c.id, _REVIEW.c.name == "request.review"))
)


def get(connection: Connection, operation_id: str) -> Operation | None:
    """One operation."""
    found = connection.execute(_WANTED.where(OPERATIONS.c.id == operation_id)).first()
    return _operation(found) if found else None


@dataclass(frozen=True, slots=True)
class Which:
    """Of one preview (`int/RTB-123`), of one principal, those whose id is below `below`; None: all."""

    key: str | None = None
    principal: str | None = None
    below: str | None = None


def listed(connection: Connection, which: Which, *, limit: int = 50) -> list[Operation]:
    """Operations, the newest first."""
    wanted = _WANTED.order_by(OPERATIONS.c.id.desc()).limit(limit)
    if which.key is not None:
        wanted = wanted.where(OPERATIONS.c.key == which.key)
    if which.principal is not None:
        wanted = wanted.where(OPERATIONS.c.principal == which.principal)
    if which.below is not None:
        wanted = wanted.where(OPERATIONS.c.id < which.below)
    return [_operation(one) for one in connection.execute(wanted)]


def ended_since(connection: Connection, since: datetime, *, begun: datetime) -> list[Operation]:
    """Operations that ended at `since` or later, of those asked for since `begun`, in the order they ended."""
    recent = and_(JOBS.c.created_at >= begun, JOBS.c.ended_at >= since)
    return [_operation(one) for one in connection.execute(_WANTED.where(recent).order_by(JOBS.c.ended_at, JOBS.c.seq))]


@dataclass(frozen=True, slots=True)
class Ended:
    """An operation that ended, in short."""

    kind: str
    key: str
    created_at: datetime
    state: State
    ended_at: datetime | None


def ended_of(connection: Connection, *, since: datetime, limit: int) -> list[Ended]:
    """Operations that were asked for since then and were done, or failed; the newest first."""
    columns = OPERATIONS.c.kind, OPERATIONS.c.key, OPERATIONS.c.created_at, JOBS.c.state, JOBS.c.ended_at
    wanted = select(*columns).join(JOBS, JOBS.c.id == OPERATIONS.c.job_id)
    wanted = wanted.where(OPERATIONS.c.created_at >= since, JOBS.c.state.in_(("done", "dead")))
    rows = connection.execute(wanted.order_by(OPERATIONS.c.id.desc()).limit(limit))
    return [Ended(**row._mapping) for row in rows]


def open_of(connection: Connection, principal: str) -> int:
    """How many operations of a principal have not ended."""
    many = select(func.count()).select_from(OPERATIONS).join(JOBS, JOBS.c.id == OPERATIONS.c.job_id)
    return int(connection.execute(many.where(OPERATIONS.c.principal == principal, JOBS.c.state.in_(OPEN))).scalar_one())


def failed_of(connection: Connection, principal: str, *, since: datetime) -> int:
    """How many operations of a principal failed, of those asked for since then."""
    many = select(func.count()).select_from(OPERATIONS).join(JOBS, JOBS.c.id == OPERATIONS.c.job_id)
    failed = and_(OPERATIONS.c.principal == principal, OPERATIONS.c.created_at >= since, JOBS.c.state == "dead")
    return int(connection.execute(many.where(failed)).scalar_one())


def _operation(row: Row[Any]) -> Operation:
    return Operation(**row._mapping)
