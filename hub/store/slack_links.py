"""Accounts in Slack that wait for the person whose they are to say so, by a link that holds ten minutes, once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, select

from hub.store.database import Database
from hub.store.ids import new_id
from hub.store.sessions import hashed
from hub.store.tables import SLACK_LINKS

LASTS: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SlackUser:
    """An account in Slack, as Slack told of it: ids, and names that their owners choose (empty: not told)."""

    team: str
    user: str
    name: str = ""
    team_name: str = ""


@dataclass(frozen=True, slots=True)
class SlackLink:
    """A link that waits, and the account that it is of."""

    id: str
    team: str
    team_name: str
    user: str
    name: str


_COLUMNS = tuple(SLACK_LINKS.c[one.name] for one in fields(SlackLink))


def add(connection: Connection, database: Database, account: SlackUser, *, now: datetime) -> str:
    """The secret of a new link, in place of the one that the account had. Those whose time is over are deleted."""
    connection.execute(delete(SLACK_LINKS).where(SLACK_LINKS.c.expires_at <= now))
    secret = secrets.token_urlsafe(32)
    told = {
        "id": new_id("link"), "created_at": now, "hash": hashed(secret), "expires_at": now + LASTS,
        "name": account.name, "team_name": account.team_name,
    }  # fmt: skip
    row = {**told, "team": account.team, "user": account.user}
    put = database.insert(SLACK_LINKS).values(row).on_conflict_do_update(index_elements=["team", "user"], set_=told)
    connection.execute(put)
    return secret


def find(connection: Connection, secret: str, *, now: datetime) -> SlackLink | None:
    """The link of a secret, while it holds."""
    holds = (SLACK_LINKS.c.hash == hashed(secret), SLACK_LINKS.c.expires_at > now)
    found = connection.execute(select(*_COLUMNS).where(*holds)).first()
    return _link(found) if found else None


def spend(connection: Connection, secret: str, *, now: datetime) -> SlackLink | None:
    """As `find`, and it holds no more: of two at once one gets it."""
    holds = (SLACK_LINKS.c.hash == hashed(secret), SLACK_LINKS.c.expires_at > now)
    found = connection.execute(delete(SLACK_LINKS).where(*holds).returning(*_COLUMNS)).first()
    return _link(found) if found else None


def _link(row: Row[Any]) -> SlackLink:
    return SlackLink(**row._mapping)
