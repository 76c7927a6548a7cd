"""Service tokens: shown once, kept as a hash. Each has scopes, environments and an end."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, and_, or_, select, update

from hub.store.tables import SERVICE_TOKENS

SCOPES: Final = ("preview:read", "preview:write", "preview:request-prd", "jira:event")
#: How a secret begins, and how much of it tells people which it is.
BEGINS: Final = "rtbh_"
SHOWN: Final = 11
#: `last_used_at` is noted this often, so that reading writes little.
_NOTED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret. `environments` empty: all of them. `prefix`: what its secret begins with."""

    id: str
    created_at: datetime
    name: str
    prefix: str
    scopes: tuple[str, ...]
    environments: tuple[str, ...]
    created_by: str
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


_COLUMNS = tuple(SERVICE_TOKENS.c[one.name] for one in fields(Token))


def hashed(secret: str) -> str:
    """What is kept of a secret: it is random, so that a plain hash does."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret() -> str:
    """A token to be shown once."""
    return BEGINS + secrets.token_urlsafe(32)


def add(connection: Connection, token: Token, secret: str) -> None:
    """Keep one."""
    kept = {one.name: getattr(token, one.name) for one in fields(Token)}
    connection.execute(SERVICE_TOKENS.insert().values(**kept, hash=hashed(secret)))


def find(connection: Connection, secret: str, *, now: datetime) -> Token | None:
    """The token of a secret, if it holds."""
    holds = and_(SERVICE_TOKENS.c.expires_at > now, SERVICE_TOKENS.c.revoked_at.is_(None))
    found = connection.execute(select(*_COLUMNS).where(SERVICE_TOKENS.c.hash == hashed(secret), holds)).first()
    return _token(found) if found else None


def note_use(connection: Connection, token_id: str, *, now: datetime) -> None:
    """Note that it was used, unless that was noted a moment ago."""
    long_ago = or_(SERVICE_TOKENS.c.last_used_at.is_(None), SERVICE_TOKENS.c.last_used_at < now - _NOTED_EVERY)
    connection.execute(update(SERVICE_TOKENS).where(SERVICE_TOKENS.c.id == token_id, long_ago).values(last_used_at=now))


def listed(connection: Connection) -> list[Token]:
    """All of them, the newest first."""
    return [_token(one) for one in connection.execute(select(*_COLUMNS).order_by(SERVICE_TOKENS.c.id.desc()))]


def revoke(connection: Connection, token_id: str, *, now: datetime) -> bool:
    """End one. False: there is none of this id that holds."""
    mine = and_(SERVICE_TOKENS.c.id == token_id, SERVICE_TOKENS.c.revoked_at.is_(None))
    revoked = update(SERVICE_TOKENS).where(mine).values(revoked_at=now).returning(SERVICE_TOKENS.c.id)
    return connection.execute(revoked).first() is not None


def _token(row: Row[Any]) -> Token:
    found = dict(row._mapping)
    return Token(**{**found, "scopes": tuple(found["scopes"]), "environments": tuple(found["environments"])})
