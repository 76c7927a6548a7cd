"""Signing in by the link that a process on this machine prints, once."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from hub.services.api.limits import StrictRoute
from hub.services.api.pages import CodeBody
from hub.services.auth.context import AuthOf
from hub.services.auth.providers.port import Found
from hub.services.auth.sessions import LOCAL
from hub.services.auth.signing_in import Text, path_of_ours, signed_in

router = APIRouter(route_class=StrictRoute)


@router.get("/api/auth/local", response_model=None)
def open_link(
    request: Request,
    auth: AuthOf,
    code: Annotated[str, Query(min_length=1, max_length=100)],
    next: Text = "/",  # noqa: A002 - as the other link has it
) -> Response:
    """Sign in by the link, once: a session as everybody has, with the role admin."""
    auth.take(request)
    actor = auth.access.sign_in.spend(code)
    found = Found(f"{LOCAL}|{actor}", actor, frozenset())
    return signed_in(request, auth, (LOCAL, found), path_of_ours(next))


@router.post("/api/auth/local", response_model=None)
def exchange_code(body: CodeBody, request: Request, auth: AuthOf) -> dict[str, Any]:
    """Sign in by the link's code, once: a token to send as 'Authorization: Bearer', until the process ends."""
    auth.take(request)
    return {"token": auth.access.sign_in.exchange(body.code)}
