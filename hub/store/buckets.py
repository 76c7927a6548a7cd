"""Token buckets that all processes share: one row each, taken from by one statement."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, case, literal

from generator.errors import ConfigError, Fault, Reason
from hub.store.database import Database
from hub.store.tables import BUCKETS


def take(connection: Connection, database: Database, name: str, *, most: int, within: timedelta) -> None:
    """Take one of `most`, which come back evenly `within` a time. Raises `ConfigError` (TooManyRequests).

    By the database's clock; one that goes back gives nothing, and takes nothing away. `name` says whose, of what.
    """
    moment = database.now(connection)
    now, rate = literal(moment.timestamp()), most / within.total_seconds()
    passed = case((now > BUCKETS.c.at, now - BUCKETS.c.at), else_=0.0)
    later = case((now > BUCKETS.c.at, now), else_=BUCKETS.c.at)
    refilled = BUCKETS.c.left + passed * rate
    left = case((refilled > float(most), float(most)), else_=refilled)
    row = {"id": name, "created_at": moment, "left": most - 1.0, "at": moment.timestamp(), "got": True}
    insert = database.insert(BUCKETS).values(row)
    changed = {"left": case((left >= 1.0, left - 1.0), else_=left), "at": later, "got": left >= 1.0}
    taken = insert.on_conflict_do_update(index_elements=["id"], set_=changed).returning(BUCKETS.c.got)
    if not connection.execute(taken).scalar_one():
        often = f"more than {most} in {within.total_seconds():g} s"
        raise ConfigError(Reason.TOO_MANY_REQUESTS, Fault(often, remedy="wait a moment and ask again"))
