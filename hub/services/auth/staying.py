"""Staying signed in, and ending it: refresh, sign out here or everywhere, one's own sessions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from generator.errors import ConfigError, Fault, Reason
from hub.queue.payloads import Said
from hub.services.api.access import CallerOf
from hub.services.api.limits import StrictRoute
from hub.services.api.rights import ROLES
from hub.services.api.told import moment
from hub.services.auth.context import AuthOf, whence
from hub.services.auth.sessions import Signed, nobody
from hub.services.auth.signing_in import put
from hub.store import audit, sessions
from hub.store.audit import Entry

router = APIRouter(route_class=StrictRoute)


class RefreshBody(Said):
    """What a command line sends, which has no cookies."""

    refresh_token: Annotated[str, Field(min_length=1, max_length=200)]


def times(signed: Signed) -> dict[str, object]:
    """Until when a sign-in holds, and what it gives now. `accessSeconds`: for clients whose clock is another."""
    held = [one for one in ROLES if one in signed.session.roles]
    return {
        "name": signed.name,
        "role": held[-1] if held else None,
        "accessExpiresAt": moment(signed.access.expires_at),
        "accessSeconds": int((signed.access.expires_at - signed.at).total_seconds()),
        "expiresAt": moment(signed.expires_at),
        "endsAt": moment(signed.session.ends_at),
    }


def tokens_of(signed: Signed) -> dict[str, object]:
    """The same with the tokens, for a command line."""
    return {**times(signed), "accessToken": signed.access.token, "refreshToken": signed.refresh}


@router.post("/api/auth/refresh", response_model=None)
def refresh(request: Request, auth: AuthOf, body: RefreshBody | None = None) -> Response:
    """The next tokens: of a browser in its cookies, of a command line in the answer."""
    if body is not None:
        auth.take(request)
        return JSONResponse(tokens_of(auth.sessions.refresh(body.refresh_token, whence(request))))
    secret = request.cookies.get(auth.cookies.refresh, "")
    if not secret:
        raise nobody("nobody is signed in")
    auth.cookies.refuse_forged(request)
    auth.access.writes.take(sessions.hashed(secret))
    signed = auth.sessions.refresh(secret, whence(request))
    answer = JSONResponse(times(signed))
    put(auth, answer, signed)
    return answer


@router.post("/api/auth/logout", status_code=204, response_model=None)
def logout(request: Request, auth: AuthOf, body: RefreshBody | None = None) -> Response:
    """End this session; who has none any more is signed out all the same."""
    auth.take(request)
    answer = Response(status_code=204)
    if body is not None:
        auth.sessions.end(body.refresh_token, whence(request))
        return answer
    secret = request.cookies.get(auth.cookies.refresh, "")
    auth.cookies.refuse_forged(request)
    if secret:
        auth.sessions.end(secret, whence(request))
    auth.cookies.drop(answer)
    return answer


@router.post("/api/auth/logout-everywhere", status_code=204, response_model=None)
def logout_everywhere(request: Request, auth: AuthOf, caller: CallerOf) -> Response:
    """End all of one's own sessions. Access tokens that are out run out within ten minutes."""
    with auth.access.database.write() as connection:
        now = auth.access.database.now(connection)
        ended = sessions.end(connection, caller.id, "logout", now=now)
        told = whence(request)
        entry = Entry(
            caller.name, caller.via, "sign-out-everywhere", f"{len(ended)} sessions", "allowed", None,
            told.request_id, told.address,
        )  # fmt: skip
        audit.add(connection, entry, now=now)
    answer = Response(status_code=204)
    auth.cookies.drop(answer)
    return answer


@router.get("/api/auth/sessions", response_model=None)
def own_sessions(auth: AuthOf, caller: CallerOf) -> dict[str, object]:
    """One's own sessions that are open, the newest first."""
    with auth.access.database.read() as connection:
        found = sessions.listed(connection, caller.id, now=auth.access.database.now(connection))
    return {
        "sessions": [
            {
                "id": one.id, "kind": one.kind, "via": one.via, "createdAt": moment(one.created_at),
                "lastUsedAt": moment(one.last_used_at), "expiresAt": moment(one.expires_at),
                "endsAt": moment(one.ends_at), "userAgent": one.user_agent, "address": one.address,
                "isThis": one.id == caller.session,
            }
            for one in found
        ]
    }  # fmt: skip


@router.delete("/api/auth/sessions/{session_id}", status_code=204, response_model=None)
def end_session(session_id: str, request: Request, auth: AuthOf, caller: CallerOf) -> Response:
    """End one of one's own sessions."""
    with auth.access.database.write() as connection:
        now = auth.access.database.now(connection)
        if not sessions.end(connection, caller.id, "ended", now=now, session_id=session_id):
            fault = Fault(f"you have no open session {session_id[:80]!r}", remedy="list them anew")
            raise ConfigError(Reason.NOT_FOUND, fault)
        told = whence(request)
        entry = Entry(
            caller.name, caller.via, "session.end", session_id, "allowed", None, told.request_id, told.address
        )
        audit.add(connection, entry, now=now)
    answer = Response(status_code=204)
    if session_id == caller.session:
        auth.cookies.drop(answer)
    return answer
