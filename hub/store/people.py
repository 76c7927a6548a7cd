"""People, and which accounts at which providers are theirs. An account is one person's: linking never takes it away.

A person's name stands in entries and commits, and tells what is their own, so that no two have the same. A login of
GitHub wins over a name that another provider gives: it is the forge's own, and approvals go by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, select, update

from hub.store.database import Database
from hub.store.ids import new_id
from hub.store.tables import IDENTITIES, PRINCIPALS

#: Names are given by one at a time. Any number that nobody else uses.
_TURN = 7_016_001
#: Whose name for a person goes before the others'.
_FIRST: Final = "github"
#: What an admin may link, beside what people sign in by.
LINKED: Final = ("github", "slack", "jira")


@dataclass(frozen=True, slots=True)
class Account:
    """An account at a provider: `subject` is what never changes of it, `name` what people call it."""

    provider: str
    subject: str
    name: str


@dataclass(frozen=True, slots=True)
class Person:
    """A person, with the accounts that are theirs. `roles`: as they were read last."""

    id: str
    created_at: datetime
    name: str
    roles: tuple[str, ...]
    accounts: tuple[Account, ...] = ()


class OthersAccountError(Exception):
    """The account is another person's. `owner`: whose."""

    def __init__(self, owner: str) -> None:
        super().__init__(owner)
        self.owner = owner


def take_turn(connection: Connection, database: Database) -> None:
    """Have nobody else change who has which account until the transaction ends: before `known` and `link`."""
    database.take_turns(connection, _TURN)


def known(connection: Connection, account: Account, *, now: datetime) -> str:
    """The id of the person whose account it is; one who was never here is made."""
    found = owner(connection, account.provider, account.subject)
    if found is None:
        found = new_id("person")
        values = {"id": found, "created_at": now, "kind": "person", "name": found, "roles": []}
        connection.execute(PRINCIPALS.insert().values(values))
    _put(connection, found, account, by="sign-in", now=now)
    return found


def link(connection: Connection, person_id: str, account: Account, *, by: str, now: datetime) -> None:
    """Give a person an account, in place of another of that provider. Raises `OthersAccountError`."""
    holder = owner(connection, account.provider, account.subject)
    if holder is not None and holder != person_id:
        raise OthersAccountError(holder)
    if account.provider in LINKED:
        unlink(connection, person_id, account.provider, but=account.subject)
    _put(connection, person_id, account, by=by, now=now)


def unlink(connection: Connection, person_id: str, provider: str, *, but: str = "") -> bool:
    """Take a provider's accounts from a person, all but the subject `but`. False: they had none."""
    theirs = IDENTITIES.c.principal_id == person_id
    gone = delete(IDENTITIES).where(theirs, IDENTITIES.c.provider == provider, IDENTITIES.c.subject != but)
    return bool(connection.execute(gone.returning(IDENTITIES.c.id)).all())


def owner(connection: Connection, provider: str, subject: str) -> str | None:
    """The id of the person whose account it is."""
    theirs = (IDENTITIES.c.provider == provider, IDENTITIES.c.subject == subject)
    found: str | None = connection.execute(select(IDENTITIES.c.principal_id).where(*theirs)).scalar()
    return found


def whose(connection: Connection, provider: str, subject: str) -> Person | None:
    """The person whose account it is."""
    found = owner(connection, provider, subject)
    return find(connection, found) if found is not None else None


def account_called(connection: Connection, name: str, provider: str) -> str | None:
    """The account at a provider of the person whom the hub calls so."""
    person = (PRINCIPALS.c.name == name, PRINCIPALS.c.kind == "person", IDENTITIES.c.provider == provider)
    wanted = select(IDENTITIES.c.subject).join(PRINCIPALS, PRINCIPALS.c.id == IDENTITIES.c.principal_id)
    found: str | None = connection.execute(wanted.where(*person).limit(1)).scalar()
    return found


def put_roles(connection: Connection, person_id: str, roles: Sequence[str]) -> None:
    """Note the roles that were read."""
    connection.execute(update(PRINCIPALS).where(PRINCIPALS.c.id == person_id).values(roles=list(roles)))


def find(connection: Connection, person_id: str) -> Person | None:
    """One person."""
    wanted = select(PRINCIPALS).where(PRINCIPALS.c.id == person_id, PRINCIPALS.c.kind == "person")
    row = connection.execute(wanted).first()
    return _person(row, _accounts(connection, [person_id])) if row else None


def listed(connection: Connection, *, below: str | None = None, limit: int = 50) -> list[Person]:
    """People, those who came last first; those whose id is below `below`, since ids sort by time."""
    wanted = select(PRINCIPALS).where(PRINCIPALS.c.kind == "person").order_by(PRINCIPALS.c.id.desc()).limit(limit)
    if below is not None:
        wanted = wanted.where(PRINCIPALS.c.id < below)
    rows = list(connection.execute(wanted))
    accounts = _accounts(connection, [row.id for row in rows])
    return [_person(row, accounts) for row in rows]


def _put(connection: Connection, person_id: str, account: Account, *, by: str, now: datetime) -> None:
    same = (IDENTITIES.c.provider == account.provider, IDENTITIES.c.subject == account.subject)
    renamed = update(IDENTITIES).where(*same).values(name=account.name).returning(IDENTITIES.c.id)
    if connection.execute(renamed).first() is None:
        connection.execute(
            IDENTITIES.insert().values(
                id=new_id("identity"), created_at=now, provider=account.provider, subject=account.subject,
                principal_id=person_id, name=account.name, linked_by=by,
            )
        )  # fmt: skip
    _name(connection, person_id)


def _name(connection: Connection, person_id: str) -> None:
    """Give a person the name that their accounts say, which nobody else has."""
    accounts = _accounts(connection, [person_id]).get(person_id, ())
    ours = [one for one in accounts if one.provider == _FIRST]
    others = [one for one in accounts if one.provider in ("oidc", "local")]
    if not ours and not others:
        return
    wanted = (ours or others)[0].name
    if ours:
        for other in _called(connection, wanted, but=person_id):
            _rename(connection, other, f"{wanted}~{other[-8:]}")  # theirs no longer, or never was the forge's
    elif _called(connection, wanted, but=person_id):
        wanted = f"{wanted}~{person_id[-8:]}"
    _rename(connection, person_id, wanted)


def _called(connection: Connection, name: str, *, but: str) -> list[str]:
    same = (func.lower(PRINCIPALS.c.name) == name.lower(), PRINCIPALS.c.kind == "person", PRINCIPALS.c.id != but)
    return list(connection.execute(select(PRINCIPALS.c.id).where(*same)).scalars())


def _rename(connection: Connection, person_id: str, name: str) -> None:
    connection.execute(update(PRINCIPALS).where(PRINCIPALS.c.id == person_id).values(name=name))


def _accounts(connection: Connection, people: Sequence[str]) -> dict[str, tuple[Account, ...]]:
    wanted = select(IDENTITIES).where(IDENTITIES.c.principal_id.in_(people)).order_by(IDENTITIES.c.id)
    found: dict[str, tuple[Account, ...]] = {}
    for row in connection.execute(wanted):
        one = Account(row.provider, row.subject, row.name)
        found[row.principal_id] = (*found.get(row.principal_id, ()), one)
    return found


def _person(row: Row[Any], accounts: dict[str, tuple[Account, ...]]) -> Person:
    return Person(row.id, row.created_at, row.name, tuple(row.roles), accounts.get(row.id, ()))
