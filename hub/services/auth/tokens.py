"""What has no person before it: service tokens, and the tokens of GitHub Actions' jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field

from generator.errors import ConfigError, Fault, HubError, Reason, nearest
from generator.values.formats import DnsLabel, EnvironmentName
from hub.queue.payloads import Said
from hub.services.api.access import CallerOf, audit_entry
from hub.services.api.limits import StrictRoute
from hub.services.api.rights import Caller
from hub.services.api.shapes import tokens as shapes
from hub.services.api.shapes.base import tells
from hub.services.api.told import moment, token_told
from hub.services.auth.context import AuthOf
from hub.services.auth.exchanging import VIA
from hub.store import audit, tokens
from hub.store.ids import new_id
from hub.store.tokens import Token

router = APIRouter(route_class=StrictRoute)
Scope = Literal["preview:read", "preview:write", "preview:request-prd", "jira:event"]


class TokenBody(Said):
    """`environments` empty: all. `days` until it ends."""

    name: DnsLabel
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=4)]
    environments: Annotated[list[EnvironmentName], Field(max_length=20)] = Field(default_factory=list)
    days: Annotated[int, Field(ge=1, le=366)] = 90


class ExchangeBody(Said):
    """`token`: of a GitHub Actions job, with the hub's public URL as its audience."""

    token: Annotated[str, Field(min_length=1, max_length=16 * 1024)]


@router.get("/api/auth/tokens", responses=tells(shapes.Tokens), response_model=None)
def list_tokens(auth: AuthOf) -> dict[str, Any]:
    """All service tokens, without their secrets."""
    with auth.access.database.read() as connection:
        return {"tokens": [token_told(one) for one in tokens.listed(connection)]}


@router.post("/api/auth/tokens", status_code=201, responses=tells(shapes.NewToken, 201), response_model=None)
def make_token(body: TokenBody, request: Request, auth: AuthOf, caller: CallerOf) -> dict[str, Any]:
    """Make a service token. Its secret is in this answer, and nowhere else."""
    known = sorted(auth.environments()) if auth.environments is not None else None
    for name in body.environments if known is not None else ():
        if name not in known:  # type: ignore[operator]
            fault = Fault(
                f"there is no environment {name}", field="environments", allowed=", ".join(known or ()),
                nearest=nearest(name, known or ()),
            )  # fmt: skip
            raise ConfigError(Reason.UNKNOWN_ENVIRONMENT, fault)
    secret, database = tokens.new_secret(), auth.access.database
    with database.write() as connection:
        now = database.now(connection)
        made = Token(
            new_id("token"), now, body.name, secret[: tokens.SHOWN], tuple(body.scopes), tuple(body.environments),
            caller.name, now + timedelta(days=body.days),
        )  # fmt: skip
        tokens.add(connection, made, secret)
        audit.add(connection, audit_entry(request, caller, ("token.make", f"{made.name} {made.id}")), now=now)
    return {**token_told(made), "token": secret}


@router.delete("/api/auth/tokens/{token_id}", status_code=204, response_model=None)
def revoke_token(token_id: str, request: Request, auth: AuthOf, caller: CallerOf) -> None:
    """End a service token; this process refuses it at once, others within five seconds."""
    database = auth.access.database
    with database.write() as connection:
        now = database.now(connection)
        if not tokens.revoke(connection, token_id, now=now):
            raise ConfigError(Reason.NOT_FOUND, f"there is no token {token_id[:80]!r} that holds")
        audit.add(connection, audit_entry(request, caller, ("token.revoke", token_id)), now=now)
    auth.access.sign_in.forget()


@router.post("/api/auth/exchange", response_model=None)
def exchange(body: ExchangeBody, request: Request, auth: AuthOf) -> dict[str, Any]:
    """Exchange the token of a GitHub Actions job for one of ours, of ten minutes."""
    auth.take(request)
    try:
        found = auth.exchange.exchange(body.token)
    except HubError as err:
        auth.refused(request, "exchange", err)
        raise
    auth.count("exchanged")
    auth.access.note(request, Caller("", found.name, "service", VIA), ("exchange", found.name))
    return {
        "accessToken": found.access.token,
        "expiresAt": moment(found.access.expires_at),
        "name": found.name,
        "scopes": list(found.scopes),
        "environments": list(found.environments),
    }
