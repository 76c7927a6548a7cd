"""Freezes: while one holds, nothing starts in its scope. What runs goes on, and ends when it is due."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select, update

from generator.errors import Fault, Reason, Stalled
from generator.values.formats import format_time
from hub.store.tables import FREEZES

#: The scope of all environments.
EVERYWHERE = "*"


@dataclass(frozen=True, slots=True)
class Freeze:
    """One freeze. `scope`: an environment's name, or `*`."""

    id: str
    created_at: datetime
    scope: str
    reason: str
    by: str
    until: datetime


_COLUMNS = tuple(FREEZES.c[one.name] for one in fields(Freeze))


def _freeze(row: Row[Any]) -> Freeze:
    return Freeze(**row._mapping)


def add(connection: Connection, freeze: Freeze) -> None:
    """Begin one."""
    connection.execute(FREEZES.insert().values(asdict(freeze)))


def holding(connection: Connection, environment: str | None = None, *, now: datetime) -> list[Freeze]:
    """Those that hold now, the one that ends last first; of one environment, or all."""
    holds = and_(FREEZES.c.until > now, FREEZES.c.lifted_at.is_(None))
    wanted = select(*_COLUMNS).where(holds).order_by(FREEZES.c.until.desc(), FREEZES.c.id)
    if environment is not None:
        wanted = wanted.where(or_(FREEZES.c.scope == environment, FREEZES.c.scope == EVERYWHERE))
    return [_freeze(one) for one in connection.execute(wanted)]


def lift(connection: Connection, freeze_id: str, *, by: str, now: datetime) -> bool:
    """End one early. False: there is none of this id that holds."""
    mine = and_(FREEZES.c.id == freeze_id, FREEZES.c.until > now, FREEZES.c.lifted_at.is_(None))
    lifted = update(FREEZES).where(mine).values(lifted_at=now, lifted_by=by).returning(FREEZES.c.id)
    return connection.execute(lifted).first() is not None


def refuse(connection: Connection, environment: str, *, now: datetime) -> None:
    """Raise `Stalled` (Frozen) when nothing may start in an environment now."""
    found = holding(connection, environment, now=now)
    if found:
        one = found[0]
        where = "everywhere" if one.scope == EVERYWHERE else f"in {one.scope}"
        message = f"nothing starts {where} until {format_time(one.until)}: {one.reason} ({one.by})"
        remedy = f"ask again then, or have an operator lift the freeze {one.id}"
        raise Stalled(Reason.FROZEN, Fault(message, field="environment", remedy=remedy))
