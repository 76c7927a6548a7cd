"""What has no person before it: service tokens, and the tokens of GitHub Actions' jobs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field

from generator.errors import HubError
from hub.actions import tokens
from hub.queue.payloads import Said
from hub.services.api.access import CallerOf, audit_entry
from hub.services.api.limits import StrictRoute
from hub.services.api.rights import Caller
from hub.services.api.shapes import tokens as shapes
from hub.services.api.shapes.base import tells
from hub.services.api.told import moment
from hub.services.auth.context import AuthOf
from hub.services.auth.exchanging import VIA

router = APIRouter(route_class=StrictRoute)


class ExchangeBody(Said):
    """`token`: of a GitHub Actions job, with the hub's public URL as its audience."""

    token: Annotated[str, Field(min_length=1, max_length=16 * 1024)]


@router.get("/api/auth/tokens", responses=tells(shapes.Tokens), response_model=None)
def list_tokens(auth: AuthOf) -> dict[str, Any]:
    """All service tokens, without their secrets."""
    return {"tokens": [tokens.told(one) for one in tokens.listed(auth.access.database)]}


@router.post("/api/auth/tokens", status_code=201, responses=tells(shapes.NewToken, 201), response_model=None)
def make_token(body: tokens.TokenBody, request: Request, auth: AuthOf, caller: CallerOf) -> dict[str, Any]:
    """Make a service token. Its secret is in this answer, and nowhere else."""
    if auth.environments is not None:
        tokens.must_be_known(body.environments, auth.environments())
    made, secret = tokens.make(auth.access.database, body, by=caller.name, noted=_noted(request, caller))
    return {**tokens.told(made), "token": secret}


@router.delete("/api/auth/tokens/{token_id}", status_code=204, response_model=None)
def revoke_token(token_id: str, request: Request, auth: AuthOf, caller: CallerOf) -> None:
    """End a service token; this process refuses it at once, others within five seconds."""
    tokens.revoke(auth.access.database, token_id, _noted(request, caller))
    auth.access.sign_in.forget()


def _noted(request: Request, caller: Caller) -> tokens.Noted:
    return lambda action, what: audit_entry(request, caller, (action, what))


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
