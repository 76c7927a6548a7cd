"""Letting a command line in (RFC 8628): it shows a code, a person opens a page, looks at it, and signs in for it.

Who lets it in signs in anew, so that it has a sign-in of its own to be refreshed by; on this machine alone, where there
is no provider, who is signed in by the link is enough. The page says where the command line is, since whoever is sent a
link by somebody else is asked to let that one in.
"""

from __future__ import annotations

import hashlib
import hmac
import html
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import Field

from generator.errors import ConfigError, Fault, Reason, Waiting
from hub.queue.payloads import Said
from hub.services.api.limits import StrictRoute
from hub.services.auth.context import Auth, AuthOf, address_of, whence
from hub.services.auth.paging import CSS, page
from hub.services.auth.providers.port import Found
from hub.services.auth.sessions import LOCAL
from hub.services.auth.signing_in import begin
from hub.services.auth.staying import tokens_of
from hub.store import devices
from hub.store.devices import Device
from hub.views.speaking import say

router = APIRouter(route_class=StrictRoute)
_ASKS = "{name} at {place} asks to act as you, with all that you may, for up to seven days."


class DeviceBody(Said):
    """`client`: what the command line says of itself."""

    client: Annotated[str, Field(pattern=r"^[\x20-\x7e]{1,100}$")]


class DeviceTokenBody(Said):
    """`deviceCode`: what it was given."""

    device_code: Annotated[str, Field(min_length=1, max_length=200)]


@router.post("/api/auth/device", response_model=None)
def ask_device(body: DeviceBody, request: Request, auth: AuthOf) -> dict[str, Any]:
    """Begin: a code for a person, and one for the command line to ask by."""
    auth.take(request)
    database = auth.access.database
    with database.write() as connection:
        made = devices.add(connection, body.client, address_of(request), now=database.now(connection))
    if made is None:
        raise Waiting(Reason.TOO_MANY_REQUESTS, "too many command lines wait to be let in", retry_after_seconds=60)
    device, secret = made
    return {
        "deviceCode": secret,
        "userCode": device.user_code,
        "verificationUrl": f"{auth.url}/api/auth/device?code={device.user_code}",
        "expiresIn": int(devices.LASTS.total_seconds()),
        "interval": int(devices.INTERVAL.total_seconds()),
    }


@router.post("/api/auth/device/token", response_model=None)
def device_tokens(body: DeviceTokenBody, request: Request, auth: AuthOf) -> dict[str, Any]:
    """The tokens, once, when somebody has let it in; 202 with nothing until then."""
    auth.take(request)
    database = auth.access.database
    with database.write() as connection:
        now = database.now(connection)
        found = devices.of_secret(connection, body.device_code, now=now)
        if found is not None and found.state == "pending":
            is_early = found.polled_at is not None and now - found.polled_at < devices.INTERVAL / 2
            devices.note_poll(connection, found.id, now=now)
            seconds = devices.INTERVAL.total_seconds()
            if is_early:
                raise Waiting(Reason.TOO_MANY_REQUESTS, f"ask every {seconds:g} s", retry_after_seconds=seconds)
            return {"state": "pending", "interval": int(seconds)}
        if found is not None:
            devices.remove(connection, found.id)
    if found is None or found.state == "refused" or found.session_id is None:
        why = "it was refused" if found is not None else "the code has run out, or was used"
        raise ConfigError(Reason.NOT_SIGNED_IN, Fault(f"nobody let it in: {why}", remedy="begin again"))
    return {"state": "allowed", **tokens_of(auth.sessions.of_device(found.session_id, whence(request, "device")))}


@router.get("/api/auth/page.css", response_model=None)
def device_css() -> Response:
    """What the page looks like."""
    return Response(CSS, 200, {"Cache-Control": "public, max-age=3600"}, "text/css")


@router.get("/api/auth/device", response_model=None)
def device_page(
    request: Request,
    auth: AuthOf,
    code: Annotated[str, Query(max_length=40)] = "",
    done: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    """The page that a person opens: which command line asks, and to let it in or not."""
    auth.take(request)
    if done:
        return page("Done", f"<p>{say('The command line is signed in. You may close this page.')}</p>")
    with auth.access.database.read() as connection:
        found = devices.of_code(connection, code, now=auth.access.database.now(connection)) if code else None
    if found is None:
        none = say("No command line waits with this code: look at it again, or begin anew.")
        why = f"<p>{none}</p>" if code else ""
        form = (
            f'<form method="get"><label>{say("Code")} '
            '<input name="code" autocomplete="off" autofocus maxlength="20"></label>'
            f"<button>{say('Go on')}</button></form>"
        )
        return page("Sign a command line in", why + form, 404 if code else 200)
    return page("Sign a command line in", _question(auth, found))


@router.post("/api/auth/device/confirm", response_model=None)
def confirm_device(
    request: Request,
    auth: AuthOf,
    code: Annotated[str, Form(max_length=40)],
    proof: Annotated[str, Form(max_length=200)],
    answer: Annotated[str, Form(max_length=20)],
) -> Response:
    """What the person said: no, or yes, which has them sign in for it."""
    auth.take(request)
    auth.cookies.refuse_forged(request, is_form=True)
    database = auth.access.database
    with database.write() as connection:
        found = devices.of_code(connection, code, now=database.now(connection))
        if found is None or not hmac.compare_digest(_proof(auth, found).encode(), proof.encode()):
            raise ConfigError(Reason.NOT_FOUND, "no command line waits with this code")
        if answer != "yes":
            devices.decide(connection, found.id, "refused")
            return page("Refused", f"<p>{say('The command line was not signed in.')}</p>")
    if auth.providers:
        return _onward(begin(auth, "", "/", device=found.id))
    caller = auth.access.sign_in.caller(request, is_proved=True)
    if caller is None or caller.via != LOCAL:
        raise ConfigError(Reason.NOT_SIGNED_IN, "open the link first that the hub printed at its start")
    found_here = Found(f"{LOCAL}|{caller.name}", caller.name, frozenset())
    signed = auth.sessions.begin(LOCAL, found_here, whence(request, "device"))
    with database.write() as connection:
        devices.decide(connection, found.id, "allowed", signed.session.id)
    return RedirectResponse(f"{auth.url}/api/auth/device?done=1", 303)


def _onward(redirect: Response) -> Response:
    """The same way by a page: what a form leads to has to be of this site (CSP form-action), redirects too."""
    url = html.escape(redirect.headers["location"])
    head = f'<meta http-equiv="refresh" content="0;url={url}">'
    answer = page("Go on", f'<p><a href="{url}">{say("Go on and sign in")}</a></p>', head=head)
    answer.raw_headers += [one for one in redirect.raw_headers if one[0] == b"set-cookie"]
    return answer


def _proof(auth: Auth, device: Device) -> str:
    """That the form was made here: nobody else knows an id of a device that goes with its code."""
    return hmac.new(device.id.encode(), f"{auth.url} {device.user_code}".encode(), hashlib.sha256).hexdigest()


def _question(auth: Auth, device: Device) -> str:
    name, place = html.escape(device.client), html.escape(device.address)
    return (
        f"<p><code>{html.escape(device.user_code)}</code></p>"
        f"<p>{say(_ASKS, name=name, place=place)}</p>"
        f"<p><strong>{say('Only go on if you began this yourself and see the same code in your terminal.')}</strong>"
        f" {say('If somebody sent you this link, refuse.')}</p>"
        '<form method="post" action="/api/auth/device/confirm">'
        f'<input type="hidden" name="code" value="{html.escape(device.user_code)}">'
        f'<input type="hidden" name="proof" value="{_proof(auth, device)}">'
        f'<button name="answer" value="yes">{say("Sign it in")}</button>'
        f'<button name="answer" value="no">{say("Refuse")}</button></form>'
    )
