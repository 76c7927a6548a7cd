"""What is deleted once it was kept for long enough, in bounded transactions. What is open is never.

Bodies of deliveries go before their rows. The audit log is only added to: nobody but the schema's owner may delete from
it, and a function of the owner's deletes what is older than a year, and nothing else (PostgreSQL).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Table,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    text,
    update,
)

from hub.store.database import Database
from hub.store.deliveries import BODY_KEPT, ROW_KEPT
from hub.store.jobs import OPEN
from hub.store.tables import AUDIT, DELIVERIES, JOBS, OPERATIONS, PRUNE_AUDIT

#: Jobs and operations since they ended, audit rows since they were added.
HISTORY_KEPT: Final = timedelta(days=365)
#: Rows of one transaction, and transactions of one turn for each kind.
BATCH, MOST_BATCHES = 500, 200
_TURN = 7_015_003


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    table: Table
    is_old: Callable[[datetime], ColumnElement[bool]]


def _is_kept(job: FromClause, now: datetime) -> ColumnElement[bool]:
    return or_(job.c.state.in_(OPEN), job.c.ended_at.is_(None), job.c.ended_at > now - HISTORY_KEPT)


def _old_job(now: datetime) -> ColumnElement[bool]:
    """One that ended, and does not tell more of another that is kept."""
    parent = JOBS.alias("parent")
    tells = exists().where(parent.c.id == JOBS.c.parent, _is_kept(parent, now))
    return and_(~_is_kept(JOBS, now), ~tells)


def _old_operation(now: datetime) -> ColumnElement[bool]:
    """One whose job is old, or gone."""
    is_kept = exists().where(JOBS.c.id == OPERATIONS.c.job_id, _is_kept(JOBS, now))
    return and_(OPERATIONS.c.created_at <= now - HISTORY_KEPT, ~is_kept)


def _old_body(now: datetime) -> ColumnElement[bool]:
    """One whose row stays."""
    at = DELIVERIES.c.created_at
    return and_(at <= now - BODY_KEPT, at > now - ROW_KEPT, DELIVERIES.c.body.is_not(None))


_BODIES = _Kind("bodies", DELIVERIES, _old_body)
_AUDIT = _Kind("audit", AUDIT, lambda now: AUDIT.c.created_at <= now - HISTORY_KEPT)
#: In this order: an operation goes before its job.
_KINDS: Final = (
    _Kind("deliveries", DELIVERIES, lambda now: DELIVERIES.c.created_at <= now - ROW_KEPT),
    _BODIES,
    _Kind("operations", OPERATIONS, _old_operation),
    _Kind("jobs", JOBS, _old_job),
    _AUDIT,
)


def due(connection: Connection, *, now: datetime) -> Mapping[str, int]:
    """How many rows of each kind `prune` would delete (`bodies`: empty) at `now`."""
    counts: dict[str, int] = {}
    for kind in _KINDS:
        many = select(func.count()).select_from(kind.table).where(kind.is_old(now))
        counts[kind.name] = int(connection.execute(many).scalar_one())
    return counts


def prune(database: Database) -> Mapping[str, int] | None:
    """Delete what is old, a batch at a time; how many rows of each kind. None: another process is at it.

    What is left over for its number is deleted the next time. Raises `Transient` (DatabaseUnreachable).
    """
    done = dict.fromkeys((kind.name for kind in _KINDS), 0)
    for kind in _KINDS:
        for _ in range(MOST_BATCHES):
            with database.write() as connection:
                if not database.try_turn(connection, _TURN):
                    return None
                count = _prune_batch(connection, database, kind)
            done[kind.name] += count
            if count < BATCH:
                break
    return done


def _prune_batch(connection: Connection, database: Database, kind: _Kind) -> int:
    if kind is _AUDIT and not database.is_sqlite:
        return int(connection.execute(text(f"SELECT {PRUNE_AUDIT}(:most)"), {"most": BATCH}).scalar_one())
    id_of = kind.table.c.id
    some = select(id_of).where(kind.is_old(database.now(connection))).limit(BATCH)
    act: Any = delete(kind.table) if kind is not _BODIES else update(DELIVERIES).values(body=None)
    return len(connection.execute(act.where(id_of.in_(some)).returning(id_of)).all())
