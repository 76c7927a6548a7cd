"""An account in Slack becomes a person's by a link that is given to it alone, once, and by nobody else's form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from hub.services.api.limits import Buckets
from hub.services.auth.app import make_app
from hub.services.auth.context import Auth
from hub.store import people, slack_links
from hub.store.database import Database
from hub.store.people import Account
from hub.store.slack_links import SlackUser
from hub.store.tables import AUDIT, SLACK_LINKS
from worlds.people import Provider
from worlds.sign_in import sign_in

URL = "https://hub.example.com"
HERE = {"Origin": URL}
ALICE = SlackUser("T0TEAM", "U0ALICE", "alice.kim", "acme")


@dataclass
class World:
    database: Database
    auth: Auth = field(init=False)

    def __post_init__(self) -> None:
        self.auth = sign_in(self.database, URL, clock=lambda: datetime.now(UTC))
        self.auth.providers = {"oidc": Provider()}
        self.auth.sessions = replace(self.auth.sessions, providers=self.auth.providers)
        self.auth.anonymous = Buckets(10_000)

    def browser(self, who: str = "") -> TestClient:
        """Of somebody who is signed in, or of nobody."""
        made = TestClient(make_app(self.auth), base_url=URL, follow_redirects=False)
        if who:
            self.sign_in(made, "/api/auth/login", who)
        return made

    def sign_in(self, browser: TestClient, path: str, who: str) -> str:
        """Where they come back to."""
        to = browser.get(path).headers["location"]
        state = parse_qs(urlsplit(to).query)["state"][0]
        return str(browser.get(f"/api/auth/callback?state={state}&code={who}").headers["location"])

    def link(self, account: SlackUser = ALICE, *, ago: timedelta = timedelta()) -> str:
        with self.database.write() as connection:
            now = self.database.now(connection) - ago
            return slack_links.add(connection, self.database, account, now=now)

    def accounts(self, browser: TestClient) -> list[str]:
        me = browser.get("/api/auth/me").json()
        with self.database.read() as connection:
            found = people.find(connection, me["id"])
        assert found is not None
        return [one.subject for one in found.accounts if one.provider == "slack"]

    def audited(self) -> list[tuple[str, str, str | None]]:
        wanted = select(AUDIT).where(AUDIT.c.action.in_(("account.link", "account.unlink"))).order_by(AUDIT.c.id)
        with self.database.read() as connection:
            return [(one.action, one.outcome, one.reason) for one in connection.execute(wanted)]


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    database = Database(database_url)
    yield World(database)
    database.close()


def page(browser: TestClient, token: str) -> Any:
    return browser.get(f"/api/auth/slack?token={token}")


def form_of(text: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text)}


def confirm(browser: TestClient, form: dict[str, str], name: str = "alice.kim", **changed: str) -> Any:
    data = {**form, "name": name, "answer": "yes", **changed}
    return browser.post("/api/auth/slack/confirm", data=data, headers=HERE)


def test_the_person_sees_which_account_types_its_name_and_has_it_once(world: World) -> None:
    browser, token = world.browser("alice"), world.link()
    told = page(browser, token)
    assert told.status_code == 200
    for one in ("<strong>alice.kim</strong>", "U0ALICE", "acme (T0TEAM)", "<strong>alice</strong>", "refuse"):
        assert one in told.text
    assert world.accounts(browser) == [], "a look at it changes nothing"
    assert confirm(browser, form_of(told.text), "bob").status_code == 422
    assert world.accounts(browser) == []
    done = confirm(browser, form_of(told.text), " @Alice.Kim ")
    assert (done.status_code, done.headers["location"]) == (303, f"{URL}/api/auth/slack?done=1")
    assert world.accounts(browser) == ["U0ALICE"]
    assert "alice.kim (U0ALICE) in Slack acts as you, alice." in browser.get("/api/auth/slack?done=1").text
    assert confirm(browser, form_of(told.text)).status_code == 404
    assert page(browser, token).status_code == 404
    assert world.audited() == [("account.link", "allowed", None)]


def test_who_is_not_signed_in_comes_back_to_the_link_after_it(world: World) -> None:
    browser, token = world.browser(), world.link()
    told = page(browser, token)
    assert told.status_code == 401
    assert "alice.kim" not in told.text
    (to,) = re.findall(r'href="(/api/auth/login[^"]*)"', told.text)
    back = world.sign_in(browser, unescape(to), "alice")
    assert back == f"{URL}/api/auth/slack?token={token}"
    assert confirm(browser, form_of(browser.get(back).text)).status_code == 303


@pytest.mark.parametrize(
    "spoilt", ["another site's", "no site's", "another person's", "another link's", "forged", "none"]
)
def test_a_form_of_another_page_or_person_does_nothing(world: World, spoilt: str) -> None:
    victim, attacker, token = world.browser("victim"), world.browser("attacker"), world.link()
    form, headers = form_of(page(victim, token).text), dict(HERE)
    match spoilt:
        case "another site's":
            headers["Origin"] = "https://evil.example"
        case "no site's":
            del headers["Origin"]
        case "another person's":
            form = form_of(page(attacker, token).text)
        case "another link's":
            form["proof"] = form_of(page(victim, world.link(SlackUser("T0TEAM", "U0BOB"))).text)["proof"]
        case "forged":
            form["proof"] = world.auth.sealed.seal(b"{}").decode()
        case "none":
            form["proof"] = "\u2603"
    data = {**form, "name": "alice.kim", "answer": "yes"}
    assert victim.post("/api/auth/slack/confirm", data=data, headers=headers).status_code in (401, 403)
    assert world.accounts(victim) == []
    assert page(victim, token).status_code == 200, "it holds still"


def test_a_link_holds_for_ten_minutes_and_a_new_one_ends_it(world: World) -> None:
    browser = world.browser("alice")
    old, over = world.link(), world.link(SlackUser("T0TEAM", "U0LATE"), ago=slack_links.LASTS)
    new = world.link()
    assert [page(browser, one).status_code for one in (old, over, new, "x")] == [404, 404, 200, 404]
    with world.database.read() as connection:
        rows = connection.execute(select(SLACK_LINKS)).all()
    assert not any(new in str(value) for row in rows for value in row), "of the secret only a hash is kept"


def test_the_same_id_of_another_workspace_has_a_link_of_its_own(world: World) -> None:
    browser, one, other = world.browser("alice"), world.link(), world.link(replace(ALICE, team="T0OTHER"))
    assert [page(browser, token).status_code for token in (one, other)] == [200, 200]


def test_who_refuses_ends_the_link(world: World) -> None:
    browser, token = world.browser("alice"), world.link()
    assert "was not linked" in confirm(browser, form_of(page(browser, token).text), answer="no").text
    assert page(browser, token).status_code == 404
    assert world.accounts(browser) == []
    assert world.audited() == [("account.link", "refused", "the person refused")]


def test_an_account_that_is_anothers_stays_theirs(world: World) -> None:
    alice, bob = world.browser("alice"), world.browser("bob")
    token = world.link()
    form = form_of(page(bob, token).text)
    confirm(alice, form_of(page(alice, token).text))
    token = world.link()
    assert page(bob, token).status_code == 409
    form["token"] = token
    assert confirm(bob, form).status_code == 401, "the form was of another link"
    assert (world.accounts(alice), world.accounts(bob)) == (["U0ALICE"], [])


def test_what_becomes_anothers_meanwhile_is_not_taken(world: World) -> None:
    alice, bob, token = world.browser("alice"), world.browser("bob"), world.link()
    form = form_of(page(bob, token).text)
    with world.database.write() as connection:
        me = alice.get("/api/auth/me").json()["id"]
        people.link(connection, me, Account("slack", "U0ALICE", "a"), by="admin", now=world.database.now(connection))
    assert confirm(bob, form).status_code == 409
    assert (world.accounts(alice), world.accounts(bob)) == (["U0ALICE"], [])
    assert world.audited() == [("account.link", "refused", "another is linked")]


def test_another_account_replaces_none_before_that_is_unlinked(world: World) -> None:
    browser = world.browser("alice")
    confirm(browser, form_of(page(browser, world.link()).text))
    token = world.link(SlackUser("T0TEAM", "U0NEW", "new"))
    told = page(browser, token)
    assert told.status_code == 409
    assert "alice.kim (U0ALICE) in Slack is linked to you already" in told.text
    form = form_of(browser.get("/api/auth/slack").text)
    forged = browser.post("/api/auth/slack/unlink", data=form, headers={"Origin": "https://evil.example"})
    assert (forged.status_code, world.accounts(browser)) == (403, ["U0ALICE"])
    assert browser.post("/api/auth/slack/unlink", data=form, headers=HERE).status_code == 303
    assert world.accounts(browser) == []
    assert "No account in Slack is linked" in browser.get("/api/auth/slack").text
    assert confirm(browser, form_of(page(browser, token).text), "new").status_code == 303
    assert world.accounts(browser) == ["U0NEW"]
    assert [action for action, _, _ in world.audited()] == ["account.link", "account.unlink", "account.link"]


def test_names_that_people_choose_are_no_markup_and_one_without_a_name_is_typed_by_id(world: World) -> None:
    browser = world.browser("<b>eve</b>")
    told = page(browser, world.link(SlackUser("T0TEAM", "U0EVE", '"><script>{you}', "<i>acme")))
    assert told.status_code == 200
    for one in ("<script>", "<i>", "<b>eve"):
        assert one not in told.text
    assert confirm(browser, form_of(told.text), '"><script>{you}').status_code == 303
    other = world.browser("fay")
    assert (
        confirm(other, form_of(page(other, world.link(SlackUser("T0TEAM", "U0FAY"))).text), "u0fay").status_code == 303
    )
