"""How far each sender was looked through for what did not come by itself.

`state` is the look's own; `good_at` is when one came to its end, by the database's clock. A look that fails changes
neither, so that the next one begins where this one did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from hub.store.database import Database
from hub.store.tables import CATCH_UPS


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """As it is kept of one sender. `good_at` None: no look came to its end yet."""

    state: Mapping[str, Any] = field(default_factory=dict)
    good_at: datetime | None = None


def get(connection: Connection, sender: str) -> CaughtUp:
    """What is kept of a sender (`github/4242`, `jira`)."""
    found = connection.execute(
        select(CATCH_UPS.c.state, CATCH_UPS.c.good_at).where(CATCH_UPS.c.id == sender)
    ).one_or_none()
    return CaughtUp(found.state, found.good_at) if found else CaughtUp()


def keep(connection: Connection, database: Database, sender: str, kept: CaughtUp) -> None:
    """Keep it, in place of what is kept."""
    values = {"state": dict(kept.state), "good_at": kept.good_at}
    row = {"id": sender, "created_at": database.now(connection), **values}
    insert = database.insert(CATCH_UPS).values(row)
    connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=values))


def last_good(connection: Connection) -> Mapping[str, datetime]:
    """When the last look at each kind of sender (`github`, `jira`) came to its end."""
    found: dict[str, datetime] = {}
    rows = connection.execute(select(CATCH_UPS.c.id, func.max(CATCH_UPS.c.good_at)).group_by(CATCH_UPS.c.id))
    for sender, at in rows:
        kind = sender.partition("/")[0]
        if at is not None:
            found[kind] = max(at, found.get(kind, at))
    return found
