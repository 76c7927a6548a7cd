"""Who asks before they are signed in, how often, and whose accounts are whose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from hub.services.api.limits import _BUCKETS, Buckets
from hub.services.auth.app import make_app
from hub.services.auth.context import ANONYMOUS_A_MINUTE, Auth, address_of, network_of
from hub.services.serve import served_by
from hub.store import audit
from hub.store.database import Database
from worlds.people import Provider
from worlds.sign_in import sign_in

URL = "https://hub.example.com"
OURS = {"Origin": URL, "X-RTB-Request": "1"}
HERE = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class World:
    """Sign-in by two providers. Time of limits stands still until `seconds` says otherwise."""

    database: Database
    seconds: float = 0.0
    auth: Auth = field(init=False)

    def __post_init__(self) -> None:
        self.auth = sign_in(self.database, URL, clock=lambda: datetime.now(UTC), ROLES="admin=oidc:platform")
        self.auth.providers = {"oidc": Provider(groups={"root": frozenset({"platform"})}), "github": Provider("github")}
        self.auth.sessions = replace(self.auth.sessions, providers=self.auth.providers)
        self.auth.anonymous = Buckets(ANONYMOUS_A_MINUTE, lambda: self.seconds)

    def at(self, address: str = "192.0.2.1") -> TestClient:
        """A browser at an address."""
        app = make_app(self.auth)
        return TestClient(app, base_url=URL, follow_redirects=False, client=(address, 1234))

    def back(self, browser: TestClient, path: str = "", **headers: str) -> str:
        """Where somebody is to come back to, having gone to sign in; or why they are not sent there."""
        to = str(browser.get(f"/api/auth/login?next=/{path}", headers=headers).headers["location"])
        return to if to.startswith(URL) else f"/api/auth/callback?state={parse_qs(urlsplit(to).query)['state'][0]}"

    def sign_in(self, browser: TestClient, who: str, provider: str = "oidc") -> dict[str, Any]:
        assert browser.get(f"{self.back(browser, f'&provider={provider}')}&code={who}").headers["location"] == f"{URL}/"
        return self.me(browser)

    def me(self, browser: TestClient) -> dict[str, Any]:
        return dict(browser.get("/api/auth/me").json())

    def link(self, browser: TestClient, who: str, **headers: str) -> str:
        """Where adding an account of GitHub ends."""
        back = self.back(browser, "account&provider=github&link=1", **(headers or HERE))
        return back if back.startswith(URL) else str(browser.get(f"{back}&code={who}").headers["location"])


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    database = Database(database_url)
    yield World(database)
    database.close()


class TestLimits:
    def test_one_address_asks_sixty_times_a_minute_and_others_go_on(self, world: World) -> None:
        browser = world.at()
        for _ in range(ANONYMOUS_A_MINUTE):
            assert browser.get("/api/auth/login").headers["location"].startswith("https://people.example/")
        assert "error=too-many&" in browser.get("/api/auth/login").headers["location"]
        for path, given in (
            ("/api/auth/device", {"json": {"client": "x"}}), ("/api/auth/refresh", {"json": {"refreshToken": "rtbr_x"}}),
            ("/api/auth/exchange", {"json": {"token": "x"}}), ("/api/auth/device/token", {"json": {"deviceCode": "x"}}),
        ):  # fmt: skip
            told = browser.post(path, **given)  # type: ignore[arg-type]
            assert (told.status_code, told.json()["reason"]) == (429, "TooManyRequests"), path
            assert int(told.headers["retry-after"]) >= 1
        assert (
            browser.get("/api/auth/callback?code=x&state=y")
            .headers["location"]
            .startswith(f"{URL}/sign-in?error=too-many")
        )
        assert world.at("192.0.2.2").get("/api/auth/login").headers["location"].startswith("https://people.example/")
        assert browser.get("/api/auth/.well-known/jwks.json").status_code == 200, "who verifies tokens is not kept out"
        world.seconds = 1.0
        assert browser.get("/api/auth/login").headers["location"].startswith("https://people.example/"), "one a second"
        assert "error=too-many&" in browser.get("/api/auth/login").headers["location"]

    def test_who_is_signed_in_is_not_counted_with_their_neighbours(self, world: World) -> None:
        browser = world.at()
        world.sign_in(browser, "alice")
        for _ in range(ANONYMOUS_A_MINUTE):
            world.at().get("/api/auth/login")
        assert world.me(browser)["name"] == "alice"
        assert browser.post("/api/auth/refresh", headers=OURS).status_code == 200

    def test_all_addresses_of_one_network_of_ipv6_are_one(self, world: World) -> None:
        for number in range(ANONYMOUS_A_MINUTE):
            world.at(f"2001:db8:1:2::{number:x}").get("/api/auth/login")
        assert "error=too-many&" in world.at("2001:db8:1:2:ffff::1").get("/api/auth/login").headers["location"]
        assert "error" not in world.at("2001:db8:1:3::1").get("/api/auth/login").headers["location"]

    @pytest.mark.parametrize(
        ("address", "network"),
        [
            ("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("::ffff:192.0.2.1", "192.0.2.1"),
            ("", ""), ("unix", "unix"), ("fe80::1%eth0", "fe80::/64"),
        ],
    )  # fmt: skip
    def test_whose_an_address_is(self, address: str, network: str) -> None:
        assert network_of(address) == network

    def test_ever_new_addresses_are_not_held(self) -> None:
        buckets = Buckets(1, lambda: 0.0)
        for number in range(_BUCKETS + 500):
            buckets.take(str(number))
        assert len(buckets._held) == _BUCKETS
        with pytest.raises(Exception, match="requests a minute"):
            buckets.take(str(_BUCKETS + 499))
        buckets.take("0")


class TestProxies:
    """RTB_HUB_PROXIES: only whom it names is believed where a request comes from."""

    def asked(self, proxies: str | None, by: str, forwarded: str | None) -> str:
        async def told(request: Request) -> str:
            return address_of(request)

        app = FastAPI(openapi_url=None)
        app.get("/")(told)
        config = served_by(app, proxies)
        config.load()
        headers = {"X-Forwarded-For": forwarded} if forwarded is not None else {}
        return str(TestClient(config.loaded_app, client=(by, 1)).get("/", headers=headers).json())

    @pytest.mark.parametrize(
        ("by", "forwarded", "address"),
        [
            ("10.0.1.7", "203.0.113.9", "203.0.113.9"), ("10.0.1.7", "6.6.6.6, 203.0.113.9", "203.0.113.9"),
            ("10.0.1.7", "203.0.113.9, 10.0.2.3", "203.0.113.9"), ("10.0.1.7", "203.0.113.9:51234", "203.0.113.9"),
            ("10.0.1.7", "2001:db8::1", "2001:db8::1"), ("10.0.1.7", "[2001:db8::1]:443", "2001:db8::1"), ("10.0.1.7", None, "10.0.1.7"),
            ("10.9.0.1", "203.0.113.9", "10.9.0.1"), ("203.0.113.66", "10.0.1.1", "203.0.113.66"),
        ],
    )  # fmt: skip
    def test_the_last_that_the_load_balancer_does_not_vouch_for(
        self, by: str, forwarded: str | None, address: str
    ) -> None:
        assert self.asked("10.0.1.0/24,10.0.2.0/24", by, forwarded) == address

    def test_without_it_nobody_is_believed(self) -> None:
        assert self.asked(None, "127.0.0.1", "203.0.113.9") == "127.0.0.1"


class TestLinking:
    def test_an_account_is_added_and_signs_the_same_person_in(self, world: World) -> None:
        browser = world.at()
        alice = world.sign_in(browser, "alice")
        assert world.link(browser, "octo") == f"{URL}/account"
        linked = world.me(browser)
        assert {one["provider"]: one["name"] for one in linked["identities"]} == {"oidc": "alice", "github": "octo"}
        assert linked["session"]["id"] == alice["session"]["id"], "who adds an account goes on as they are"
        again = world.sign_in(world.at(), "octo", "github")
        assert (again["id"], again["name"]) == (alice["id"], "octo")

    def test_an_account_of_somebody_else_stays_theirs(self, world: World) -> None:
        bob = world.sign_in(world.at(), "octo", "github")
        browser = world.at()
        alice = world.sign_in(browser, "alice")
        assert world.link(browser, "octo").startswith(f"{URL}/sign-in?error=linked&")
        assert [one["provider"] for one in world.me(browser)["identities"]] == ["oidc"]
        assert world.sign_in(world.at(), "octo", "github")["id"] == bob["id"] != alice["id"]
        with world.database.read() as connection:
            assert ("sign-in", "refused") in [(one.entry.action, one.entry.outcome) for one in audit.listed(connection)]

    def test_nobody_adds_one_who_is_not_signed_in(self, world: World) -> None:
        assert world.link(world.at(), "octo").startswith(f"{URL}/sign-in?error=refused&")

    def test_it_ends_where_somebody_else_signed_in_meanwhile(self, world: World) -> None:
        browser = world.at()
        world.sign_in(browser, "alice")
        back = world.back(browser, "account&provider=github&link=1", **HERE)
        world.sign_in(browser, "bob")
        assert "error=expired&" in browser.get(f"{back}&code=octo").headers["location"]
        assert [one["provider"] for one in world.me(browser)["identities"]] == ["oidc"]

    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
            {"Referer": "https://evil.example/"}, {"Referer": f"{URL}.evil.example/"}, {"Referer": ""},
            {"Sec-Fetch-Site": "cross-site", "Referer": f"{URL}/account"},
        ],
    )  # fmt: skip
    def test_another_site_adds_nobody_an_account(self, world: World, headers: dict[str, str]) -> None:
        """Else it signs a browser in to an attacker's account of GitHub first, and has that added to the person's."""
        browser = world.at()
        world.sign_in(browser, "alice")
        assert world.link(browser, "attacker", **headers).startswith(f"{URL}/sign-in?error=refused&")
        assert [one["provider"] for one in world.me(browser)["identities"]] == ["oidc"]

    def test_a_browser_that_tells_no_site_tells_where_it_was(self, world: World) -> None:
        browser = world.at()
        world.sign_in(browser, "alice")
        assert world.link(browser, "octo", Referer=f"{URL}/account") == f"{URL}/account"

    def test_an_admin_says_whose_an_account_is(self, world: World) -> None:
        root, alice, bob = (world.sign_in(world.at(), who) for who in ("root", "alice", "bob"))
        browser = world.at()
        assert world.sign_in(browser, "root")["id"] == root["id"]
        slack = {"subject": "U123", "name": "alice"}

        def put(who: dict[str, Any], body: dict[str, str], provider: str = "slack") -> Any:
            return browser.put(f"/api/auth/people/{who['id']}/identities/{provider}", json=body, headers=OURS)

        assert put(alice, slack).status_code == 204
        assert put(alice, slack).status_code == 204, "said twice is said"
        refused = put(bob, slack)
        assert (refused.status_code, refused.json()["reason"]) == (409, "InUse")
        assert put(alice, {"subject": "octo", "name": "octo"}, "github").status_code == 422, (
            "GitHub's number, not a login"
        )
        assert put({"id": "person-none"}, {"subject": "U9", "name": "x"}).status_code == 404
        told = {one["name"]: one["identities"] for one in browser.get("/api/auth/people").json()["people"]}
        assert {"provider": "slack", "subject": "U123", "name": "alice"} in told["alice"]
        gone = f"/api/auth/people/{alice['id']}/identities/slack"
        assert [browser.delete(gone, headers=OURS).status_code for _ in range(2)] == [204, 404]
        assert put(bob, slack).status_code == 204
        with world.database.read() as connection:
            deeds = [one.entry.action for one in audit.listed(connection) if one.entry.action.startswith("account.")]
        assert deeds == ["account.link", "account.unlink", "account.link", "account.link"]
