"""What was delivered to the listener: kept before it is acknowledged, once for each delivery of a source.

States: `processed` (a job was made of it), `ignored` (nothing follows from it; `reason` says why) and `failed` (it was
signed, and cannot be read; `reason` says where). Bodies are deleted before their rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, or_, select, update

from hub.store.database import Database
from hub.store.tables import DELIVERIES

#: Whence deliveries come: the last part of the path that they are sent to; `ecr` by a queue that is read.
Source = Literal["github", "jira", "jira-automation", "slack", "ecr"]
DeliveryState = Literal["processed", "ignored", "failed"]
#: So long a body is kept, and so long the row that says that it came.
BODY_KEPT: Final = timedelta(days=14)
ROW_KEPT: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as it is kept. `delivery_id` is the sender's. `body` None: deleted. `job_id`: the newest job of it."""

    id: str
    created_at: datetime
    source: Source
    delivery_id: str
    event: str
    headers: Mapping[str, str]
    verified_by: str
    state: DeliveryState
    reason: str | None = None
    job_id: str | None = None
    body: bytes | None = None


_COLUMNS = tuple(DELIVERIES.c[one.name] for one in fields(DeliveryRow))
_WITHOUT_BODY = tuple(one for one in _COLUMNS if one.name != "body")


def _row(found: Row[Any]) -> DeliveryRow:
    return DeliveryRow(**found._mapping)


def add(connection: Connection, database: Database, row: DeliveryRow) -> bool:
    """Keep one. False: this delivery of this source is kept already, and nothing is changed."""
    added = database.insert(DELIVERIES).values(asdict(row))
    added = added.on_conflict_do_nothing(index_elements=["source", "delivery_id"])
    return connection.execute(added.returning(DELIVERIES.c.id)).first() is not None


def get(connection: Connection, name: str) -> DeliveryRow | None:
    """One, by our id or by its sender's; the newest where several sources have that."""
    named = or_(DELIVERIES.c.id == name, DELIVERIES.c.delivery_id == name)
    found = connection.execute(select(*_COLUMNS).where(named).order_by(DELIVERIES.c.id.desc()).limit(1)).first()
    return _row(found) if found else None


def known(connection: Connection, source: Source, names: Collection[str]) -> set[str]:
    """Those of these ids of a sender's whose deliveries are kept."""
    kept = select(DELIVERIES.c.delivery_id).where(DELIVERIES.c.source == source, DELIVERIES.c.delivery_id.in_(names))
    return set(connection.execute(kept).scalars())


def listed(
    connection: Connection,
    *,
    source: str | None = None,
    state: DeliveryState | None = None,
    below: str | None = None,
    limit: int = 50,
) -> list[DeliveryRow]:
    """Deliveries without their bodies, the newest first; those whose id is below `below`, since ids sort by time."""
    wanted = select(*_WITHOUT_BODY).order_by(DELIVERIES.c.id.desc()).limit(limit)
    if source is not None:
        wanted = wanted.where(DELIVERIES.c.source == source)
    if state is not None:
        wanted = wanted.where(DELIVERIES.c.state == state)
    if below is not None:
        wanted = wanted.where(DELIVERIES.c.id < below)
    return [_row(one) for one in connection.execute(wanted)]


def note(connection: Connection, row_id: str, state: DeliveryState, reason: str | None, job_id: str | None) -> None:
    """Note what became of one that was read again."""
    values = {"state": state, "reason": reason, "job_id": job_id}
    connection.execute(update(DELIVERIES).where(DELIVERIES.c.id == row_id).values(values))
