"""The audit log: who did what, refusals among it. Rows are only added."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from hub.store.ids import new_id
from hub.store.tables import AUDIT


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody did or tried. `outcome`: `allowed`, or `refused` for `reason`. `object`: such as `int/RTB-123`."""

    who: str
    via: str
    action: str
    object: str
    outcome: str
    reason: str | None = None
    request_id: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """An entry as it is kept."""

    id: str
    created_at: datetime
    entry: Entry


_NAMES = tuple(one.name for one in fields(Entry))


def add(connection: Connection, entry: Entry, *, now: datetime) -> None:
    """Add one."""
    values: dict[str, Any] = {name: getattr(entry, name) for name in _NAMES}
    connection.execute(AUDIT.insert().values(id=new_id("audit"), created_at=now, **values))


@dataclass(frozen=True, slots=True)
class Which:
    """Whose entries, of which action and outcome; empty: all. Those whose id is below `below`: ids sort by time."""

    who: str = ""
    action: str = ""
    outcome: str = ""
    below: str = ""


def listed(connection: Connection, which: Which = Which(), *, limit: int = 50) -> list[KeptEntry]:
    """Entries, the newest first."""
    wanted = select(AUDIT).order_by(AUDIT.c.id.desc()).limit(limit)
    for name in ("who", "action", "outcome"):
        if text := getattr(which, name):
            wanted = wanted.where(AUDIT.c[name] == text)
    if which.below:
        wanted = wanted.where(AUDIT.c.id < which.below)
    return [_kept(one) for one in connection.execute(wanted)]


def _kept(row: Row[Any]) -> KeptEntry:
    found = row._mapping
    return KeptEntry(found["id"], found["created_at"], Entry(**{name: found[name] for name in _NAMES}))
