"""What a person's browser is shown: the way to a preview, the link to sign in, and health for whoever watches."""

from __future__ import annotations

import html
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import Field

from generator.values.naming import IssueKey
from hub.queue.payloads import Said
from hub.services.api.context import ApiOf, CallerOf, Data
from hub.services.api.limits import StrictRoute
from hub.services.api.sign_in import COOKIE
from hub.services.api.snapshot import Snapshot
from hub.store import operations
from hub.store.operations import Which
from hub.views.listing.rows import Listed

router = APIRouter(route_class=StrictRoute)
_CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_PAGE_HEADERS = {"Content-Security-Policy": _CSP, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
Key = Annotated[str, Path(max_length=40)]


class CodeBody(Said):
    """The code of the link that `rtb-hub serve` printed."""

    code: Annotated[str, Field(min_length=1, max_length=100)]


@router.get("/healthz", response_model=None)
def healthz() -> Data:
    """That the process answers."""
    return {"status": "ok"}


@router.get("/readyz", response_model=None)
def readyz(api: ApiOf) -> Response:
    """Whether it can do its work, and what is down otherwise: 200 or 503."""
    parts = {name: "ok" if check() else "down" for name, check in api.checks.items()}
    is_ready = all(state == "ok" for state in parts.values())
    return JSONResponse({"status": "ok" if is_ready else "down", "parts": parts}, 200 if is_ready else 503)


@router.get("/api/auth/local", response_model=None)
def open_link(api: ApiOf, code: Annotated[str, Query(min_length=1, max_length=100)]) -> Response:
    """Sign in by the link, once: a cookie for a browser, or for curl's jar."""
    secret = api.sign_in.exchange(code)
    answer = HTMLResponse(
        _page("Signed in", "<p>You are signed in. You may close this page.</p>"), headers=_PAGE_HEADERS
    )
    answer.set_cookie(COOKIE, secret, httponly=True, samesite="strict", path="/")
    return answer


@router.post("/api/auth/local", response_model=None)
def exchange_code(body: CodeBody, api: ApiOf) -> Data:
    """Sign in by the link's code, once: a token to send as 'Authorization: Bearer'."""
    return {"token": api.sign_in.exchange(body.code)}


@router.get("/api/auth/me", response_model=None)
def me(caller: CallerOf) -> Data:
    """Who calls."""
    environments, scopes = sorted(caller.environments), sorted(caller.scopes)
    return {
        "name": caller.name, "kind": caller.kind, "role": caller.role, "scopes": scopes, "environments": environments
    }  # fmt: skip


@router.get("/preview/{key}", response_model=None)
def preview_anywhere(key: Key, api: ApiOf) -> Response:
    """The way to a preview: there, if it is in one environment; else which there are, or that it starts."""
    issue = IssueKey.parse(key.upper())
    snapshot = api.snapshot
    there = [one for (_, name), one in snapshot.by_place.items() if name == str(issue)]
    if len(there) == 1:
        return _way_to(there[0])
    if there:
        names = [html.escape(one.row.environment) for one in there]
        links = "".join(f'<li><a href="/preview/{issue}/{name}">{name}</a></li>' for name in names)
        return HTMLResponse(_page(f"{issue}", f"<p>Where?</p><ul>{links}</ul>"), headers=_PAGE_HEADERS)
    return _starting(api, snapshot, issue, None)


@router.get("/preview/{key}/{env}", response_model=None)
def preview_in(key: Key, env: Key, api: ApiOf) -> Response:
    """The way to a preview of one environment."""
    issue = IssueKey.parse(key.upper())
    snapshot = api.snapshot
    listed = snapshot.by_place.get((env, str(issue)))
    return _way_to(listed) if listed is not None else _starting(api, snapshot, issue, env)


def _way_to(listed: Listed) -> Response:
    if listed.is_request:
        text = f"<p>{listed.row.key} in {html.escape(listed.row.environment)} awaits a review, and starts after it.</p>"
        return HTMLResponse(_page(listed.row.key, text, again=True), headers=_PAGE_HEADERS)
    return RedirectResponse(listed.row.url, 303, _PAGE_HEADERS)


def _starting(api: ApiOf, snapshot: Snapshot, issue: IssueKey, env: str | None) -> Response:
    """A page that says how far it is, and looks again by itself; 404 when nothing is on its way."""
    for place in snapshot.queue:
        if place.queued.key == issue and env in (None, place.queued.spec.environment):
            text = f"<p>{issue} waits for room: it is {html.escape(place.where)}.</p>"
            return HTMLResponse(_page(f"{issue}", text, again=True), headers=_PAGE_HEADERS)
    names = [env] if env else sorted(snapshot.states)
    with api.jobs.database.read() as connection:
        for name in names:
            newest = operations.listed(connection, Which(f"{name}/{issue}"), limit=1)
            if newest and newest[0].is_open and newest[0].kind != "preview.stop":
                text = f"<p>{issue} in {html.escape(name)} is starting.</p>"
                return HTMLResponse(_page(f"{issue}", text, again=True), headers=_PAGE_HEADERS)
    text = f"<p>There is no preview of {issue}. Start it, or bring it back within seven days of its removal.</p>"
    return HTMLResponse(_page(f"{issue}", text), 404, _PAGE_HEADERS)


def _page(title: str, body: str, *, again: bool = False) -> str:
    refresh = '<meta http-equiv="refresh" content="3">' if again else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}'
        f"<style>body{{font:1rem/1.5 system-ui,sans-serif;margin:3rem auto;max-width:40rem;padding:0 1rem}}</style>"
        f"</head><body><main><h1>{html.escape(title)}</h1>{body}</main></body></html>"
    )
