"""Service tokens: making one, and ending it. A secret is told once; what is kept is its hash."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from generator.errors import ConfigError, Fault, Reason, Remedy, RemedyKind, nearest
from generator.values.formats import DnsLabel, EnvironmentName, format_time
from hub.queue import payloads
from hub.queue.payloads import Said
from hub.store import audit, tokens
from hub.store.audit import Entry
from hub.store.database import Database
from hub.store.ids import new_id
from hub.store.tokens import Token

Scope = Literal["preview:read", "preview:write", "preview:request-prd", "jira:event"]
#: What the audit log is told of an action and its object.
Noted = Callable[[str, str], Entry]


class TokenBody(Said):
    """`environments` empty: all. `days` until it ends."""

    name: DnsLabel
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=4)]
    environments: Annotated[list[EnvironmentName], Field(max_length=20)] = Field(default_factory=list)
    days: Annotated[int, Field(ge=1, le=366)] = 90


def checked(body: Mapping[str, Any]) -> TokenBody:
    """What is asked for. Raises `ConfigError` (InvalidValue) with every fault."""
    return payloads.checked(TokenBody, body)


def make(database: Database, asked: TokenBody, *, by: str, noted: Noted) -> tuple[Token, str]:
    """A token and its secret. Raises as `Database.write`."""
    secret = tokens.new_secret()
    with database.write() as connection:
        now = database.now(connection)
        made = Token(
            new_id("token"), now, asked.name, secret[: tokens.SHOWN], tuple(dict.fromkeys(asked.scopes)),
            tuple(dict.fromkeys(asked.environments)), by, now + timedelta(days=asked.days),
        )  # fmt: skip
        tokens.add(connection, made, secret)
        audit.add(connection, noted("token.make", f"{made.name} {made.id}"), now=now)
    return made, secret


def must_be_known(names: Collection[str], known: Collection[str]) -> None:
    """Raise `ConfigError` (UnknownEnvironment) for an environment that there is none of."""
    there = sorted(known)
    for name in names:
        if name not in there:
            fault = Fault(
                f"there is no environment {name}", field="environments", allowed=", ".join(there),
                nearest=nearest(name, there),
            )  # fmt: skip
            raise ConfigError(Reason.UNKNOWN_ENVIRONMENT, fault)


def revoke(database: Database, token_id: str, noted: Noted) -> None:
    """End one. Raises `ConfigError` (NotFound) for one that is not there or ended before, and as `Database.write`."""
    with database.write() as connection:
        now = database.now(connection)
        if not tokens.revoke(connection, token_id, now=now):
            raise _none(token_id)
        audit.add(connection, noted("token.revoke", token_id), now=now)


def revocable(database: Database, token_id: str) -> Token:
    """The one that `revoke` would end. Raises `ConfigError` (NotFound) as that, and as `Database.read`."""
    found = next((one for one in listed(database) if one.id == token_id and one.revoked_at is None), None)
    if found is None:
        raise _none(token_id)
    return found


def _none(token_id: str) -> ConfigError:
    fault = Fault(f"there is no token {token_id[:80]!r} that holds", remedy=Remedy(RemedyKind.LIST_TOKENS))
    return ConfigError(Reason.NOT_FOUND, fault)


def listed(database: Database) -> list[Token]:
    """All of them, the newest first. Raises as `Database.read`."""
    with database.read() as connection:
        return tokens.listed(connection)


def told(one: Token) -> dict[str, Any]:
    """A token as machines are told it, without its secret."""
    return {
        "id": one.id, "name": one.name, "prefix": one.prefix, "scopes": list(one.scopes),
        "environments": list(one.environments), "createdBy": one.created_by, "createdAt": _moment(one.created_at),
        "expiresAt": _moment(one.expires_at), "lastUsedAt": _moment(one.last_used_at),
        "revokedAt": _moment(one.revoked_at),
    }  # fmt: skip


def _moment(at: datetime | None) -> str | None:
    return format_time(at.replace(microsecond=0)) if at else None
