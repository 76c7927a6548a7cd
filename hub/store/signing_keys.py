"""Keys that access tokens are signed by: kept encrypted, each from a time on, until the next one's time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from hub.store.tables import SIGNING_KEYS


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key: its `id` is the `kid` of tokens, `public` a JWK, `private` encrypted."""

    id: str
    created_at: datetime
    algorithm: str
    public: dict[str, Any]
    private: bytes
    active_at: datetime


_COLUMNS = tuple(SIGNING_KEYS.c[one.name] for one in fields(SigningKey))


def listed(connection: Connection) -> list[SigningKey]:
    """All of them, by the time from which they sign."""
    wanted = select(*_COLUMNS).order_by(SIGNING_KEYS.c.active_at, SIGNING_KEYS.c.id)
    return [SigningKey(**one._mapping) for one in connection.execute(wanted)]


def add(connection: Connection, key: SigningKey) -> None:
    """Keep one."""
    connection.execute(SIGNING_KEYS.insert().values({one.name: getattr(key, one.name) for one in fields(SigningKey)}))


def remove(connection: Connection, ids: Sequence[str]) -> None:
    """Forget some: what they signed is no longer believed."""
    connection.execute(delete(SIGNING_KEYS).where(SIGNING_KEYS.c.id.in_(ids)))


def put_private(connection: Connection, key_id: str, private: bytes) -> None:
    """Keep a key encrypted anew."""
    connection.execute(update(SIGNING_KEYS).where(SIGNING_KEYS.c.id == key_id).values(private=private))
