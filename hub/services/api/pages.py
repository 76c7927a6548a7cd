"""What a person's browser is shown: the way to a preview, the link to sign in, and health for whoever watches."""

from __future__ import annotations

import base64
import hashlib
import html
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import Field

from hub.queue.payloads import Said
from hub.services.api.context import ApiOf, Data
from hub.services.api.limits import StrictRoute
from hub.services.api.sign_in import COOKIE
from hub.views.speaking import say, spoken

router = APIRouter(route_class=StrictRoute)
#: Signing in by the link where no sign-in service is at hand.
local = APIRouter(route_class=StrictRoute)
_STYLE = "body{font:1rem/1.5 system-ui,sans-serif;margin:3rem auto;max-width:40rem;padding:0 1rem}"
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_CSP = f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
PAGE_HEADERS = {"Content-Security-Policy": _CSP, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
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


@local.get("/api/auth/local", response_model=None)
def open_link(api: ApiOf, code: Annotated[str, Query(min_length=1, max_length=100)]) -> Response:
    """Sign in by the link, once: a cookie for a browser, or for curl's jar."""
    secret = api.sign_in.exchange(code)
    told = f"<p>{say('You are signed in. You may close this page.')}</p>"
    answer = HTMLResponse(page(say("Signed in"), told), headers=PAGE_HEADERS)
    answer.set_cookie(COOKIE, secret, httponly=True, samesite="strict", path="/")
    return answer


@local.post("/api/auth/local", response_model=None)
def exchange_code(body: CodeBody, api: ApiOf) -> Data:
    """Sign in by the link's code, once: a token to send as 'Authorization: Bearer'."""
    return {"token": api.sign_in.exchange(body.code)}


def page(title: str, body: str, *, again: bool = False) -> str:
    """A page without scripts. `body` is HTML; `again`: it is looked at anew every three seconds."""
    refresh = '<meta http-equiv="refresh" content="3">' if again else ""
    return (
        f'<!doctype html><html lang="{spoken()}"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}'
        f"<style>{_STYLE}</style>"
        f"</head><body><main><h1>{html.escape(title)}</h1>{body}</main></body></html>"
    )
