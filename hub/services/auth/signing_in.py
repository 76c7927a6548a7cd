"""From the link to sign in, to the provider, and back.

What has to be known when a browser comes back is in a cookie of its own, encrypted, for ten minutes: nothing is kept
for somebody who never comes back, and only the browser that began can end it.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import quote, urlencode, urlsplit

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from generator.errors import ConfigError, Fault, HubError, Reason
from hub.services.api.limits import StrictRoute
from hub.services.api.problems import request_id
from hub.services.auth.context import Auth, AuthOf, whence
from hub.services.auth.providers.port import DeclinedError, Found, RefusedError, Returned
from hub.services.auth.sessions import LOCAL, Signed
from hub.store import audit, devices, people
from hub.store.audit import Entry

router = APIRouter(route_class=StrictRoute)
LASTS: Final = timedelta(minutes=10)
_STATE: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")
#: Pages below /api that a sign-in may end at.
_PAGES: Final = frozenset({"/api/auth/device", "/api/auth/slack"})
Text = Annotated[str, Query(max_length=2000)]


@dataclass(frozen=True, slots=True)
class _Begun:
    """A sign-in under way. `link_to`: who wants the account added. `device`: a command line that is let in."""

    state: str
    provider: str
    next: str
    kept: dict[str, str]
    link_to: str = ""
    device: str = ""


def path_of_ours(text: str) -> str:
    r"""`text` where it is a path of this site, else `/`: no sign-in ends at another's.

    A browser takes `\` for `/`, drops tabs and line breaks, and reads `//` as another host.
    """
    is_plain = text.isascii() and text.isprintable() and "\\" not in text and " " not in text
    if not is_plain or not text.startswith("/") or text.startswith("//") or len(text) > 1000:
        return "/"
    parts = urlsplit(text)
    is_loop = parts.path.startswith(("/api/", "/sign-in"))
    return "/" if parts.scheme or parts.netloc or (is_loop and parts.path not in _PAGES) else text


@router.get("/api/auth/providers", response_model=None)
def providers(auth: AuthOf) -> dict[str, object]:
    """By whom people can sign in."""
    found = [{"id": str(one.id), "name": one.label} for one in auth.providers.values()]
    if auth.access.sign_in.actor is not None:
        found.append({"id": LOCAL, "name": "This machine"})
    return {"providers": found}


@router.get("/api/auth/.well-known/jwks.json", response_model=None)
def jwks(auth: AuthOf) -> Response:
    """The public keys that access tokens are verified by (RFC 7517)."""
    text = json.dumps(auth.keys.public(auth.clock()))
    headers = {"Cache-Control": "public, max-age=300", "Cross-Origin-Resource-Policy": "cross-origin"}
    return Response(text, 200, headers, "application/jwk-set+json")


@router.get("/api/auth/login", response_model=None)
def login(request: Request, auth: AuthOf, provider: Text = "", next: Text = "/", link: Text = "") -> Response:  # noqa: A002
    """Go and sign in. `next`: a path of this site to come back to. `link=1`: add the account to who is signed in."""
    try:
        auth.take(request)
        link_to = ""
        if link:
            caller = auth.access.sign_in.caller(request)
            if caller is None or caller.kind != "person" or caller.session is None:
                raise ConfigError(Reason.NOT_SIGNED_IN, "only who is signed in can add an account")
            if not auth.cookies.is_followed_here(request):
                raise ConfigError(Reason.NOT_ALLOWED, "an account is added by the link of this site's own page")
            link_to = caller.id
        return begin(auth, provider, path_of_ours(next), link_to=link_to)
    except HubError as err:
        return _failed(request, auth, err)


def begin(auth: Auth, provider: str, next_path: str, *, link_to: str = "", device: str = "") -> Response:
    """Send a browser to a provider. Raises `ConfigError` (NotFound), and `HubError` where it does not answer."""
    chosen = auth.providers.get(provider or next(iter(auth.providers), ""))
    if chosen is None:
        fault = Fault("there is no such way to sign in", field="provider", allowed=", ".join(auth.providers) or "none")
        raise ConfigError(Reason.NOT_FOUND, fault)
    state = secrets.token_urlsafe(24)
    begun = chosen.begin(auth.callback, state)
    under_way = _Begun(state, chosen.id, next_path, dict(begun.kept), link_to, device)
    text = json.dumps({name: getattr(under_way, name) for name in _Begun.__slots__})
    answer = RedirectResponse(begun.url, 303)
    auth.cookies.put_sign_in(answer, state, auth.sealed.seal(text.encode()).decode(), int(LASTS.total_seconds()))
    return answer


@router.get("/api/auth/callback", response_model=None)
def callback(request: Request, auth: AuthOf) -> Response:
    """Come back from a provider: a new session, or why not."""
    query = {name: value[:8192] for name, value in request.query_params.items()}
    state = query.get("state", "")
    state = state if _STATE.fullmatch(state) else ""  # what is none of ours names no cookie
    cookie = auth.cookies.sign_in(state)
    try:
        auth.take(request)
        begun = _under_way(auth, request.cookies.get(cookie, ""), state)
        answer = _signed_in(request, auth, begun, query)
    except (HubError, DeclinedError, people.OthersAccountError) as err:
        answer = _failed(request, auth, err)
    if state and cookie in request.cookies:
        auth.cookies.drop(answer, cookie)
    return answer


class ExpiredError(ConfigError):
    """No sign-in is under way in this browser, or not this one, or it took too long."""

    def __init__(self) -> None:
        super().__init__(Reason.NOT_SIGNED_IN, Fault("no such sign-in is under way", remedy="sign in again"))


def _under_way(auth: Auth, sealed: str, state: str) -> _Begun:
    try:
        plain = auth.sealed.open(sealed.encode("ascii"), LASTS) if sealed else None
    except UnicodeEncodeError:
        plain = None
    if plain is None:
        raise ExpiredError
    try:
        begun = _Begun(**json.loads(plain))
    except (ValueError, TypeError) as err:  # sealed by another release
        raise ExpiredError from err
    is_same = bool(state) and secrets.compare_digest(begun.state.encode(), state.encode())
    if not is_same or begun.provider not in auth.providers:
        raise ExpiredError
    return begun


def _signed_in(request: Request, auth: Auth, begun: _Begun, query: dict[str, str]) -> Response:
    returned = Returned(query, begun.kept, begun.state, auth.callback)
    found = auth.providers[begun.provider].finish(returned)
    if begun.device:
        return _let_in(request, auth, begun, found)
    if begun.link_to:
        caller = auth.access.sign_in.caller(request)
        if caller is None or caller.id != begun.link_to:
            raise ExpiredError
        auth.sessions.link(begun.provider, found, caller.id, whence(request))
        return RedirectResponse(auth.url + begun.next, 303)
    return signed_in(request, auth, (begun.provider, found), begun.next)


def signed_in(request: Request, auth: Auth, who: tuple[str, Found], next_path: str) -> Response:
    """Give a browser a new session in place of the one it had; `who`: by which provider, and whom it found."""
    given = whence(request)
    before = request.cookies.get(auth.cookies.refresh, "")
    signed = auth.sessions.begin(*who, given)
    if before:
        auth.sessions.end(before, given)
    answer = RedirectResponse(auth.url + next_path, 303)
    put(auth, answer, signed)
    return answer


def put(auth: Auth, answer: Response, signed: Signed) -> None:
    """Have the browser keep the tokens of a session."""
    access, refresh = signed.access, (signed.refresh, signed.expires_at - signed.at)
    auth.cookies.put(answer, (access.token, access.expires_at - signed.at), refresh)


def _let_in(request: Request, auth: Auth, begun: _Begun, found: Found) -> Response:
    """A command line that waits is let in, as who just signed in for it; the browser's own session stays."""
    signed = auth.sessions.begin(begun.provider, found, whence(request, "device"))
    with auth.access.database.write() as connection:
        is_let_in = devices.decide(connection, begun.device, "allowed", signed.session.id)
    if not is_let_in:
        auth.sessions.end(signed.refresh, whence(request))
        raise ExpiredError
    return RedirectResponse(f"{auth.url}/api/auth/device?done=1", 303)


_CODES: Final = {Reason.PROVIDER_UNREACHABLE: "provider-down", Reason.TOO_MANY_REQUESTS: "too-many"}


def _failed(request: Request, auth: Auth, err: Exception) -> Response:
    """Back to the page to sign in, which says why; the audit log and the figures know of it."""
    if isinstance(err, DeclinedError):
        code, reason = "declined", str(err)
    elif isinstance(err, people.OthersAccountError):
        code, reason = "linked", "the account is another person's"
    elif isinstance(err, ExpiredError):
        code, reason = "expired", err.words
    elif isinstance(err, HubError):
        code, reason = _CODES.get(err.reason, "refused"), err.words
    else:
        raise err
    auth.count(code)
    if not isinstance(err, HubError) or isinstance(err, RefusedError):
        with auth.access.database.write() as connection:
            told = whence(request)
            entry = Entry("nobody", "api", "sign-in", code, "refused", reason[:200], told.request_id, told.address)
            audit.add(connection, entry, now=auth.access.database.now(connection))
    query = urlencode({"error": code, "requestId": request_id(request)}, quote_via=quote)
    return RedirectResponse(f"{auth.url}/sign-in?{query}", 303)
