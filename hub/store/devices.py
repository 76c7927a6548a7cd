"""Command lines that wait to be let in (RFC 8628). The code that a person types is short, so it holds ten minutes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, delete, func, select, update

from hub.store.ids import new_id
from hub.store.sessions import hashed
from hub.store.tables import DEVICES

LASTS, INTERVAL = timedelta(minutes=10), timedelta(seconds=5)
BEGINS: Final = "rtbd_"
#: RFC 8628, section 6.1: consonants alone, so that no words come up. 20^8 codes.
_SIGNS = "BCDFGHJKLMNPQRSTVWXZ"
#: More that wait at once are refused: guessing a code that holds stays hopeless.
_MOST = 1000
State = Literal["pending", "allowed", "refused"]


@dataclass(frozen=True, slots=True)
class Device:
    """One that waits. `client`: what it says of itself. `session_id`: the session it was let in with."""

    id: str
    created_at: datetime
    user_code: str
    client: str
    address: str
    state: State
    session_id: str | None
    polled_at: datetime | None
    expires_at: datetime


_COLUMNS = tuple(DEVICES.c[one.name] for one in fields(Device))


def add(connection: Connection, client: str, address: str, *, now: datetime) -> tuple[Device, str] | None:
    """One more, and the secret that it asks by; None: too many wait already. Those whose time is over are deleted."""
    connection.execute(delete(DEVICES).where(DEVICES.c.expires_at <= now))
    if connection.execute(select(func.count()).select_from(DEVICES)).scalar_one() >= _MOST:
        return None
    code = "".join(secrets.choice(_SIGNS) for _ in range(8))
    made = Device(new_id("device"), now, f"{code[:4]}-{code[4:]}", client, address, "pending", None, None, now + LASTS)
    secret = BEGINS + secrets.token_urlsafe(32)
    values = {one.name: getattr(made, one.name) for one in fields(Device)}
    connection.execute(DEVICES.insert().values({**values, "hash": hashed(secret)}))
    return made, secret


def of_code(connection: Connection, user_code: str, *, now: datetime) -> Device | None:
    """The one that waits with this code, however it is typed."""
    typed = "".join(sign for sign in user_code.upper() if sign in _SIGNS)
    code = f"{typed[:4]}-{typed[4:]}"
    waits = (DEVICES.c.user_code == code, DEVICES.c.state == "pending", DEVICES.c.expires_at > now)
    found = connection.execute(select(*_COLUMNS).where(*waits)).first()
    return _device(found) if found else None


def of_id(connection: Connection, device_id: str, *, now: datetime) -> Device | None:
    """The one that waits with this id."""
    waits = (DEVICES.c.id == device_id, DEVICES.c.state == "pending", DEVICES.c.expires_at > now)
    found = connection.execute(select(*_COLUMNS).where(*waits)).first()
    return _device(found) if found else None


def of_secret(connection: Connection, secret: str, *, now: datetime) -> Device | None:
    """The one that asks, held until the transaction ends."""
    asks = (DEVICES.c.hash == hashed(secret), DEVICES.c.expires_at > now)
    found = connection.execute(select(*_COLUMNS).where(*asks).with_for_update()).first()
    return _device(found) if found else None


def decide(connection: Connection, device_id: str, state: State, session_id: str | None = None) -> bool:
    """Let one in, or refuse it. False: it waits no more."""
    waits = (DEVICES.c.id == device_id, DEVICES.c.state == "pending")
    decided = update(DEVICES).where(*waits).values(state=state, session_id=session_id).returning(DEVICES.c.id)
    return connection.execute(decided).first() is not None


def note_poll(connection: Connection, device_id: str, *, now: datetime) -> None:
    """Note that it asked."""
    connection.execute(update(DEVICES).where(DEVICES.c.id == device_id).values(polled_at=now))


def remove(connection: Connection, device_id: str) -> None:
    """It was told, and asks no more."""
    connection.execute(delete(DEVICES).where(DEVICES.c.id == device_id))


def _device(row: Row[Any]) -> Device:
    return Device(**row._mapping)
