"""Sessions and their refresh tokens. Each token is used once, and makes the next; a stolen one ends them all.

Of a token that was used within `GRACE` the same next one is made again: two tabs that refresh at once, or an answer
that was lost, come to one token. It is made of the token itself, so that a copy of the database gives nobody one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, delete, select, update

from hub.store.ids import new_id
from hub.store.tables import REFRESH_TOKENS, SESSIONS

BEGINS: Final = "rtbr_"
SLIDES, MOST, GRACE = timedelta(hours=12), timedelta(days=7), timedelta(seconds=10)
#: Of one person: who signs in once more ends the oldest.
_AT_ONCE = 50
#: Ended sessions are shown to nobody, and kept so that a stolen token is known as one.
_KEPT = timedelta(days=8)
Kind = Literal["browser", "device"]
EndReason = Literal["logout", "ended", "reuse", "declined", "stale", "crowded", "removed"]


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a session begins with. `via`: the provider, `subject` its account there, `grant` encrypted."""

    principal_id: str
    kind: Kind
    via: str
    subject: str
    roles: tuple[str, ...]
    grant: bytes | None = None
    user_agent: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it is kept."""

    id: str
    created_at: datetime
    principal_id: str
    kind: Kind
    via: str
    subject: str
    roles: tuple[str, ...]
    roles_at: datetime
    grant: bytes | None
    asking_until: datetime | None
    last_used_at: datetime
    expires_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    user_agent: str
    address: str

    def is_open(self, now: datetime) -> bool:
        """Whether it can go on."""
        return self.ended_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Presented:
    """A refresh token that somebody showed, and its session."""

    session: Session
    secret: str
    salt: bytes
    used_at: datetime | None

    def was_used(self, now: datetime) -> bool:
        """Whether it was used, and not just now."""
        return self.used_at is not None and now - self.used_at > GRACE


_COLUMNS = tuple(SESSIONS.c[one.name] for one in fields(Session))
_OF_ROLES: Final = ("via", "subject", "roles", "roles_at", "ended_at", "end_reason", "expires_at")


def hashed(secret: str) -> str:
    """What is kept of a token: it is random, so that a plain hash does."""
    return hashlib.sha256(secret.encode()).hexdigest()


def begin(connection: Connection, given: Beginning, *, now: datetime) -> tuple[Session, str]:
    """Begin a session with a new id; it, and its first refresh token."""
    values = {name: getattr(given, name) for name in given.__slots__}
    made = Session(
        id=new_id("session"), created_at=now, roles_at=now, asking_until=None, last_used_at=now,
        expires_at=now + SLIDES, ends_at=now + MOST, ended_at=None, end_reason=None, **values,
    )  # fmt: skip
    _crowded(connection, given.principal_id, now=now)
    kept = {one.name: getattr(made, one.name) for one in fields(Session)}
    connection.execute(SESSIONS.insert().values({**kept, "roles": list(made.roles)}))
    secret = BEGINS + secrets.token_urlsafe(32)
    _keep(connection, made.id, secret, now=now)
    return made, secret


def renewed(connection: Connection, session: Session, *, now: datetime) -> str:
    """A first refresh token of a session in place of the one it began with, which nobody was told."""
    connection.execute(delete(REFRESH_TOKENS).where(REFRESH_TOKENS.c.session_id == session.id))
    secret = BEGINS + secrets.token_urlsafe(32)
    _keep(connection, session.id, secret, now=now)
    return secret


def presented(connection: Connection, secret: str) -> Presented | None:
    """The session of a refresh token, its row held until the transaction ends; None: no token of ours."""
    if not secret.startswith(BEGINS) or len(secret) > 100:
        return None
    token = connection.execute(select(REFRESH_TOKENS).where(REFRESH_TOKENS.c.hash == hashed(secret))).first()
    if token is None:
        return None
    wanted = select(*_COLUMNS).where(SESSIONS.c.id == token.session_id).with_for_update()
    session = _session(connection.execute(wanted).one())
    again = connection.execute(select(REFRESH_TOKENS).where(REFRESH_TOKENS.c.hash == hashed(secret))).one()
    return Presented(session, secret, again.salt, again.used_at)


def rotate(connection: Connection, shown: Presented, *, now: datetime) -> tuple[str, datetime]:
    """The token that comes after one, which counts as used from now on; and when the session expires."""
    made = hmac.new(shown.salt, shown.secret.encode(), hashlib.sha256).digest()
    following = BEGINS + urlsafe_b64encode(made).rstrip(b"=").decode()
    if shown.used_at is None:
        mine = REFRESH_TOKENS.c.hash == hashed(shown.secret)
        connection.execute(update(REFRESH_TOKENS).where(mine).values(used_at=now))
    there = select(REFRESH_TOKENS.c.hash).where(REFRESH_TOKENS.c.hash == hashed(following))
    if connection.execute(there).first() is None:
        _keep(connection, shown.session.id, following, now=now)
    expires = min(now + SLIDES, shown.session.ends_at)
    put(connection, shown.session.id, {"expires_at": expires, "last_used_at": now})
    return following, expires


def put(connection: Connection, session_id: str, values: Mapping[str, Any]) -> None:
    """Change columns of a session."""
    connection.execute(update(SESSIONS).where(SESSIONS.c.id == session_id).values(**values))


def find(connection: Connection, session_id: str) -> Session | None:
    """One session."""
    found = connection.execute(select(*_COLUMNS).where(SESSIONS.c.id == session_id)).first()
    return _session(found) if found else None


def until(connection: Connection, session_id: str) -> tuple[datetime, datetime] | None:
    """When a session expires unless it is refreshed, and when it ends whatever happens."""
    wanted = select(SESSIONS.c.expires_at, SESSIONS.c.ends_at).where(SESSIONS.c.id == session_id)
    found = connection.execute(wanted).first()
    return (found.expires_at, found.ends_at) if found else None


def listed(connection: Connection, principal_id: str, *, now: datetime) -> list[Session]:
    """The open sessions of a person, the newest first."""
    theirs = (SESSIONS.c.principal_id == principal_id, SESSIONS.c.ended_at.is_(None), SESSIONS.c.expires_at > now)
    wanted = select(*_COLUMNS).where(*theirs).order_by(SESSIONS.c.id.desc())
    return [_session(one) for one in connection.execute(wanted)]


def live_roles(connection: Connection, principal_id: str, *, now: datetime) -> tuple[str, ...] | None:
    """The roles of a person who has an open session, as they were read last; None: they are signed in nowhere.

    A session that lasts still may have been read before another of the same account. What was read for that one counts,
    whether or not it has ended since; one that the provider declined since leaves nothing of what was read before.
    """
    wanted = select(*(SESSIONS.c[name] for name in _OF_ROLES)).where(SESSIONS.c.principal_id == principal_id)
    found = connection.execute(wanted.order_by(SESSIONS.c.roles_at.desc())).all()
    newest: dict[tuple[str, str], tuple[str, ...]] = {}
    declined: dict[tuple[str, str], datetime] = {}
    for one in found:
        account = one.via, one.subject
        newest.setdefault(account, tuple(str(role) for role in one.roles))
        if one.end_reason == "declined":
            declined[account] = max(one.ended_at, declined.get(account, one.ended_at))
    for one in found:
        account = one.via, one.subject
        is_declined = account in declined and one.roles_at <= declined[account]
        if one.ended_at is None and one.expires_at > now and not is_declined:
            return newest[account]
    return None


def end(
    connection: Connection, principal_id: str, reason: EndReason, *, now: datetime, session_id: str | None = None
) -> list[str]:
    """End a session of a person, or all (None); those that were open. What the provider gave is forgotten."""
    theirs = [SESSIONS.c.principal_id == principal_id, SESSIONS.c.ended_at.is_(None), SESSIONS.c.expires_at > now]
    if session_id is not None:
        theirs.append(SESSIONS.c.id == session_id)
    ended = update(SESSIONS).where(*theirs).values(ended_at=now, end_reason=reason, grant=None)
    return list(connection.execute(ended.returning(SESSIONS.c.id)).scalars())


def prune(connection: Connection, *, now: datetime) -> int:
    """Delete sessions that ended long ago, with their tokens; how many."""
    old = SESSIONS.c.expires_at < now - _KEPT
    return len(connection.execute(delete(SESSIONS).where(old).returning(SESSIONS.c.id)).all())


def _crowded(connection: Connection, principal_id: str, *, now: datetime) -> None:
    for one in listed(connection, principal_id, now=now)[_AT_ONCE - 1 :]:
        end(connection, principal_id, "crowded", now=now, session_id=one.id)


def _keep(connection: Connection, session_id: str, secret: str, *, now: datetime) -> None:
    salt = secrets.token_bytes(32)
    values = {"hash": hashed(secret), "session_id": session_id, "created_at": now, "salt": salt}
    connection.execute(REFRESH_TOKENS.insert().values(values))


def _session(row: Row[Any]) -> Session:
    found = dict(row._mapping)
    return Session(**{**found, "roles": tuple(found["roles"])})
