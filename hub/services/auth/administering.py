"""People and whose accounts elsewhere are theirs, as an admin sees and changes them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from generator.errors import ConfigError, Fault, Reason
from hub.queue.payloads import Said
from hub.services.api.access import CallerOf, audit_entry
from hub.services.api.limits import StrictRoute
from hub.services.api.told import moment
from hub.services.auth.context import AuthOf
from hub.store import audit, people
from hub.store.people import Account, OthersAccountError

router = APIRouter(route_class=StrictRoute)
Linked = Literal["github", "slack", "jira"]


class AccountBody(Said):
    """`subject`: what never changes of an account: GitHub's number, Slack's `U…`, Jira's accountId."""

    subject: Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,200}$")]
    name: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]


@router.get("/api/auth/people", response_model=None)
def list_people(
    auth: AuthOf,
    after: Annotated[str, Query(max_length=100)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Who was ever signed in, those who came last first."""
    with auth.access.database.read() as connection:
        found = people.listed(connection, below=after or None, limit=limit)
    told = [
        {
            "id": one.id,
            "name": one.name,
            "roles": list(one.roles),
            "createdAt": moment(one.created_at),
            "identities": [
                {"provider": each.provider, "subject": each.subject, "name": each.name} for each in one.accounts
            ],
        }
        for one in found
    ]
    return {"people": told, "next": found[-1].id if len(found) == limit else None}


@router.put("/api/auth/people/{person_id}/identities/{provider}", status_code=204, response_model=None)
def link_account(
    person_id: str, provider: Linked, body: AccountBody, request: Request, auth: AuthOf, caller: CallerOf
) -> None:
    """Say whose an account is: of GitHub, Slack or Jira. One that is another's has to be taken from them first."""
    database = auth.access.database
    if provider == "github" and not body.subject.isdecimal():
        fault = Fault(
            "is not the number of an account", field="subject", allowed="id of https://api.github.com/users/…"
        )
        raise ConfigError(Reason.INVALID_VALUE, fault)
    with database.write() as connection:
        people.take_turn(connection, database)
        now = database.now(connection)
        if people.find(connection, person_id) is None:
            raise ConfigError(Reason.NOT_FOUND, f"there is no person {person_id[:80]!r}")
        try:
            people.link(connection, person_id, Account(provider, body.subject, body.name), by=caller.name, now=now)
        except OthersAccountError as err:
            fault = Fault(f"the account is {err.owner}'s", field="subject", remedy="take it from them first")
            raise ConfigError(Reason.IN_USE, fault) from err
        about = ("account.link", f"{person_id} {provider} {body.subject}")
        audit.add(connection, audit_entry(request, caller, about), now=now)


@router.delete("/api/auth/people/{person_id}/identities/{provider}", status_code=204, response_model=None)
def unlink_account(person_id: str, provider: Linked, request: Request, auth: AuthOf, caller: CallerOf) -> None:
    """Take an account from a person."""
    with auth.access.database.write() as connection:
        now = auth.access.database.now(connection)
        if not people.unlink(connection, person_id, provider):
            raise ConfigError(Reason.NOT_FOUND, f"{person_id[:80]!r} has no account of {provider}")
        audit.add(connection, audit_entry(request, caller, ("account.unlink", f"{person_id} {provider}")), now=now)
