"""Jobs on their way to Redis: leased to a relay, sent, and found again when Redis has lost them.

A relay leases what may run (`lease`), commits, adds wake-ups to Redis, and notes that (`sent`); `token` is the id of
the wake-up. Whichever step it dies in, the lease runs out and another relay sends the job again: one too many
wakes nobody.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, or_, select, update

from hub.store import jobs
from hub.store.database import Database
from hub.store.jobs import Claim, JobRow
from hub.store.tables import JOBS


def lease(connection: Connection, database: Database, *, lease: timedelta, limit: int, now: datetime) -> list[JobRow]:
    """Jobs that may run and that nobody sends or sent, for the caller to send within `lease`."""
    is_free = or_(JOBS.c.lease_until.is_(None), JOBS.c.lease_until <= now)
    among = or_(and_(JOBS.c.state.in_(("pending", "waiting")), is_free), JOBS.c.state == "active")
    found = jobs.runnable(connection, database, Claim("", lease, limit), now=now, among=among)
    leased = [replace(one, token=_wake(one), lease_until=now + lease) for one in found]
    for one in leased:
        # One that a worker died on is pending again: its lease is over.
        state = "waiting" if one.state == "waiting" else "pending"
        values = {"state": state, "token": one.token, "lease_until": one.lease_until}
        connection.execute(update(JOBS).where(JOBS.c.id == one.id).values(values))
    return leased


def _wake(row: JobRow) -> str:
    """The id of a wake-up: the job's, and another each further time, since BullMQ leaves out an id that it has."""
    return row.id if row.token is None and not row.attempts else f"{row.id}.{secrets.token_hex(4)}"


def came(connection: Connection, job_id: str, token: str) -> None:
    """Note the id by which a new job of somebody else's came: BullMQ keeps it, and so no wake-up may have it."""
    connection.execute(update(JOBS).where(JOBS.c.id == job_id).values(token=token))


def sent(connection: Connection, leased: Sequence[JobRow], *, look: datetime) -> None:
    """Note that they are in Redis, to be looked for there at `look` unless somebody has begun them by then."""
    for one in leased:
        mine = and_(JOBS.c.id == one.id, JOBS.c.token == one.token, JOBS.c.state.in_(("pending", "waiting", "sent")))
        connection.execute(update(JOBS).where(mine).values(state="sent", lease_until=look))


def unsent(connection: Connection, wakes: Mapping[str, str]) -> None:
    """Have jobs (id → wake-up's id) sent again when they may run: what was to wake a worker for them is used up."""
    for job_id, token in wakes.items():
        mine = and_(JOBS.c.id == job_id, JOBS.c.token == token, JOBS.c.state.in_(("pending", "waiting", "sent")))
        connection.execute(update(JOBS).where(mine).values(state="pending", lease_until=None))


def overdue(connection: Connection, *, limit: int, now: datetime) -> list[JobRow]:
    """Jobs that were sent and that nobody has begun by the time they were to be looked for."""
    late = and_(JOBS.c.state == "sent", JOBS.c.lease_until <= now)
    names = connection.execute(select(JOBS.c.id).where(late).order_by(JOBS.c.seq).limit(limit)).scalars().all()
    return [row for name in names if (row := jobs.get(connection, name)) is not None]
