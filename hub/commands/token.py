"""`rtb-hub token`: service tokens, on the services' database or through a server."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hub.adapters.http import Route
from hub.commands.server.calling import Api, Asked
from hub.commands.server.printing import mapping
from hub.output.console import Format, emit, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from rich.console import Console

    from hub.store.audit import Entry
    from hub.store.database import Database

_ALL = Route.of("/api/auth/tokens")


def create(api: Api | None, body: Mapping[str, Any], *, output: Format) -> None:
    """Make the one that `body` (`TokenBody`) says and print its secret.

    Raises `ConfigError` (InvalidValue, UnknownEnvironment), and as `list_all`.
    """
    if api is not None:
        made = _answer(api, Asked(purpose="make a service token", method="POST", body=body))
    else:
        with _here() as (tokens, database, who):
            asked = tokens.checked(body)
            token, secret = tokens.make(database, asked, by=who, noted=_noted(who))
            made = {**tokens.told(token), "token": secret}

    def people(console: Console) -> None:
        _tell(console, made)
        _line(console, "token", made["token"])
        console.print("This is the only time that it is shown.")

    emit(made, output, people)


def list_all(api: Api | None, *, output: Format) -> None:
    """Print all of them. Raises `ConfigError` (DatabaseRevision), `Transient`; through a server, what that refuses."""
    if api is not None:
        found = _answer(api, Asked(purpose="list service tokens"))["tokens"]
    else:
        with _here() as (tokens, database, _):
            found = [tokens.told(one) for one in tokens.listed(database)]

    def people(console: Console) -> None:
        if not found:
            console.print("there are no service tokens")
            return
        from hub.output.columns import tell_table

        headings = ("ID", "NAME", "BEGINS", "MAY", "IN", "MADE BY", "ENDS", "LAST USED")
        tell_table(console, headings, [[*map(printable, _row(one))] for one in found])

    emit({"tokens": found}, output, people)


def revoke(api: Api | None, token_id: str, *, dry_run: bool = False, output: Format) -> None:
    """End one; with `dry_run`, which goes without `api`, only tell which.

    Raises `ConfigError` (NotFound), and as `list_all`.
    """
    if api is not None:
        api.call(Route.of("/api/auth/tokens/{}", token_id), Asked(purpose="revoke a service token", method="DELETE"))
    else:
        with _here() as (tokens, database, who):
            if dry_run:
                found = tokens.revocable(database, token_id)
                would = f"{printable(found.id)} ({printable(found.name)}) would be revoked; nothing is written"
                emit({"dryRun": True, "id": found.id}, output, lambda console: console.print(would))
                return
            tokens.revoke(database, token_id, _noted(who))
    told = {"id": token_id, "revoked": True}
    emit(told, output, lambda console: console.print(f"✓ {printable(token_id)} is revoked"))


def _answer(api: Api, asked: Asked) -> dict[str, Any]:
    return mapping(api.call(_ALL, asked).data, asked.purpose)


@contextmanager
def _here() -> Iterator[tuple[ModuleType, Database, str]]:
    """What is done with tokens, the services' database, and who works on it: through a server none of it is loaded."""
    from hub.wiring import hub, needing_services

    with needing_services():
        from hub.actions import tokens
        from hub.store import schema
    ours = hub()
    database = ours.database()
    try:
        schema.check(database)
        yield tokens, database, ours.settings.actor
    finally:
        database.close()


def _noted(who: str) -> Any:
    from hub.store.audit import Entry

    def entry(action: str, what: str) -> Entry:
        return Entry(who, "command", action, what, "allowed")

    return entry


def _tell(console: Console, made: Mapping[str, Any]) -> None:
    for label, value in (
        ("id", made["id"]), ("name", made["name"]), ("may", ", ".join(made["scopes"])), ("in", _where(made)),
        ("ends", made["expiresAt"]),
    ):  # fmt: skip
        _line(console, label, value)


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    ends = f"revoked {one['revokedAt']}" if one["revokedAt"] else one["expiresAt"]
    may = ", ".join(one["scopes"])
    return one["id"], one["name"], one["prefix"], may, _where(one), one["createdBy"], ends, one["lastUsedAt"] or "–"


def _line(console: Console, label: str, value: str) -> None:
    from rich.text import Text

    console.print(Text.assemble((f"{label:<6}", "dim"), printable(str(value))))


def _where(one: Mapping[str, Any]) -> str:
    return ", ".join(one["environments"]) or "all environments"
