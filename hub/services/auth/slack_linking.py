"""Whose an account in Slack is: said by the person, on a page that the hub's app gave the account a link to.

Whoever is sent a link by somebody else would let that one act as them. So the page says whose account in Slack it is,
nothing is done before the name of that account is typed, and the form is proved to be of this page, by this person.
An account that is another person's is not taken from them, nor does one replace another: that is unlinked first.
"""

from __future__ import annotations

import html
import json
from dataclasses import replace
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from generator.errors import ConfigError, Fault, HubError, Reason
from hub.services.api.access import audit_entry
from hub.services.api.limits import StrictRoute
from hub.services.api.rights import Caller
from hub.services.auth.context import Auth, AuthOf
from hub.services.auth.paging import page
from hub.store import audit, people, slack_links
from hub.store.people import Account
from hub.store.slack_links import SlackLink
from hub.views.speaking import say

router = APIRouter(route_class=StrictRoute)
PATH: Final = "/api/auth/slack"
_LONGEST: Final = 2000


@router.get(PATH, response_model=None, include_in_schema=False)
def link_page(
    request: Request,
    auth: AuthOf,
    token: Annotated[str, Query(max_length=200)] = "",
    done: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    """The page that the link opens; without one, which account is linked. It changes nothing."""
    auth.take(request)
    caller = _caller(request, auth)
    if caller is None:
        return _sign_in_first(auth, f"{PATH}?token={token}" if token else PATH)
    if not token:
        return _linked(auth, caller, is_new=bool(done))
    with auth.access.database.read() as connection:
        found = slack_links.find(connection, token, now=auth.access.database.now(connection))
        problem = _problem(connection, found, caller) if found is not None else ""
    if found is None:
        return _over()
    if problem:
        return _titled(f"<p>{problem}</p>", 409)
    return _titled(_question(auth, caller, found, token))


@router.post(f"{PATH}/confirm", response_model=None, include_in_schema=False)
def confirm_link(
    request: Request,
    auth: AuthOf,
    token: Annotated[str, Form(max_length=200)],
    proof: Annotated[str, Form(max_length=_LONGEST)],
    answer: Annotated[str, Form(max_length=20)],
    name: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """What the person said: no, or yes, with the name of the account."""
    auth.take(request)
    auth.cookies.refuse_forged(request, is_form=True)
    caller = _proved(request, auth, proof, token)
    database = auth.access.database
    with database.write() as connection:
        people.take_turn(connection, database)
        now = database.now(connection)
        found = slack_links.find(connection, token, now=now)
        if found is None:
            return _over()
        about = ("account.link", f"{caller.id} slack {found.user}")
        if answer != "yes":
            slack_links.spend(connection, token, now=now)
            audit.add(connection, _refusal(request, caller, about, "the person refused"), now=now)
            return page("Refused", f"<p>{say('The account in Slack was not linked.')}</p>")
        if problem := _problem(connection, found, caller):
            audit.add(connection, _refusal(request, caller, about, "another is linked"), now=now)
            return _titled(f"<p>{problem}</p>", 409)
        if name.strip().removeprefix("@").casefold() != _typed(found).casefold():
            return _titled(_question(auth, caller, found, token, is_mistyped=True), 422)
        slack_links.spend(connection, token, now=now)
        account = Account("slack", found.user, found.name or found.user)
        people.link(connection, caller.id, account, by=caller.name, now=now)
        audit.add(connection, audit_entry(request, caller, about), now=now)
    return RedirectResponse(f"{auth.url}{PATH}?done=1", 303)


@router.post(f"{PATH}/unlink", response_model=None, include_in_schema=False)
def unlink(request: Request, auth: AuthOf, proof: Annotated[str, Form(max_length=_LONGEST)]) -> Response:
    """Have no account in Slack act as the person any more."""
    auth.take(request)
    auth.cookies.refuse_forged(request, is_form=True)
    caller, database = _proved(request, auth, proof, "unlink"), auth.access.database
    with database.write() as connection:
        now = database.now(connection)
        if people.unlink(connection, caller.id, "slack"):
            audit.add(connection, audit_entry(request, caller, ("account.unlink", f"{caller.id} slack")), now=now)
    return RedirectResponse(f"{auth.url}{PATH}", 303)


def _caller(request: Request, auth: Auth) -> Caller | None:
    """The person who is signed in in this browser; None: nobody is, or no longer."""
    try:
        caller = auth.access.sign_in.caller(request, is_proved=True)
    except HubError as err:
        if err.reason is not Reason.NOT_SIGNED_IN:
            raise
        return None
    return caller if caller is not None and caller.kind == "person" and caller.session is not None else None


def _proved(request: Request, auth: Auth, proof: str, what: str) -> Caller:
    """Who is signed in, and was shown this form. Raises `ConfigError` (NotSignedIn)."""
    caller = _caller(request, auth)
    opened = auth.sealed.open(proof.encode("utf-8", "surrogatepass"), slack_links.LASTS)
    if caller is None or opened != _proves(caller, what):
        fault = Fault("this form is of another page, another person, or too old", remedy="open the link again")
        raise ConfigError(Reason.NOT_SIGNED_IN, fault)
    return caller


def _proof(auth: Auth, caller: Caller, what: str) -> str:
    return html.escape(auth.sealed.seal(_proves(caller, what)).decode())


def _proves(caller: Caller, what: str) -> bytes:
    return json.dumps(["slack-link", caller.id, caller.session, what]).encode()


def _refusal(request: Request, caller: Caller, about: tuple[str, str], why: str) -> audit.Entry:
    return replace(audit_entry(request, caller, about), outcome="refused", reason=why)


def _problem(connection: Connection, link: SlackLink, caller: Caller) -> str:
    """Why it cannot be linked, as HTML; empty: it can."""
    owner = people.owner(connection, "slack", link.user)
    if owner is not None and owner != caller.id:
        return html.escape(
            say("This account in Slack is another person's at the hub. They, or an admin, unlink it first.")
        )
    theirs = people.find(connection, caller.id)
    for one in theirs.accounts if theirs is not None else ():
        if one.provider == "slack" and one.subject != link.user:
            told = html.escape(say("{name} in Slack is linked to you already.", name=f"{one.name} ({one.subject})"))
            return f'{told} <a href="{PATH}">{say("Unlink it first")}</a>'
    return ""


def _titled(body: str, status: int = 200) -> Response:
    return page("Link an account in Slack", body, status)


def _typed(link: SlackLink) -> str:
    """What has to be typed: the account's name, or its id where Slack told no name."""
    return link.name.strip().removeprefix("@") or link.user


def _over() -> Response:
    none = say("This link holds no more: it works once, for ten minutes. Ask for a new one in Slack: /preview link")
    return _titled(f"<p>{none}</p>", 404)


def _sign_in_first(auth: Auth, path: str) -> Response:
    ways = "".join(
        f'<p><a href="/api/auth/login?provider={quote(one.id)}&amp;next={quote(path, safe="")}">'
        f"{say('Sign in with {name}', name=html.escape(one.label))}</a></p>"
        for one in auth.providers.values()
    )
    here = say("Open the link first that the hub printed at its start, then this one again.")
    return _titled(f"<p>{say('Sign in first: the account is linked to who is signed in.')}</p>{ways or here}", 401)


def _question(auth: Auth, caller: Caller, link: SlackLink, token: str, *, is_mistyped: bool = False) -> str:
    name, user, team = (html.escape(one) for one in (_typed(link), link.user, link.team_name or link.team))
    asks = say(
        "{name} ({user}) in the workspace {team} of Slack will act as you, {you}, with all that you may.",
        name=f"<strong>{name}</strong>", user=user, team=f"{team} ({html.escape(link.team)})",
        you=f"<strong>{html.escape(caller.name)}</strong>",
    )  # fmt: skip
    wrong = f"<p>{say('That is not the name of the account.')}</p>" if is_mistyped else ""
    return (
        f"<p>{asks}</p>"
        f"<p><strong>{say('Only go on if this account in Slack is your own.')}</strong>"
        f" {say('If somebody sent you this link, refuse.')}</p>{wrong}"
        f'<form method="post" action="{PATH}/confirm">'
        f'<input type="hidden" name="token" value="{html.escape(token)}">'
        f'<input type="hidden" name="proof" value="{_proof(auth, caller, token)}">'
        f"<p><label>{say('Type the name of the account in Slack, {name}:', name=name)} "
        '<input name="name" autocomplete="off" maxlength="200"></label></p>'
        f'<button name="answer" value="yes">{say("Link it")}</button>'
        f'<button name="answer" value="no">{say("Refuse")}</button></form>'
    )


def _linked(auth: Auth, caller: Caller, *, is_new: bool) -> Response:
    """Which account acts as the person, and to unlink it."""
    with auth.access.database.read() as connection:
        found = people.find(connection, caller.id)
    accounts = [one for one in (found.accounts if found is not None else ()) if one.provider == "slack"]
    if not accounts:
        none = say("No account in Slack is linked to you. Ask for a link there: /preview link")
        return page("Account in Slack", f"<p>{none}</p>")
    name = html.escape(f"{accounts[0].name} ({accounts[0].subject})")
    told = say("{name} in Slack acts as you, {you}.", name=name, you=html.escape(caller.name))
    again = f" {say('Ask there again for what you asked for. You may close this page.')}" if is_new else ""
    return page(
        "Account in Slack",
        f'<p>{told}{again}</p><form method="post" action="{PATH}/unlink">'
        f'<input type="hidden" name="proof" value="{_proof(auth, caller, "unlink")}">'
        f"<button>{say('Unlink it')}</button></form>",
    )
