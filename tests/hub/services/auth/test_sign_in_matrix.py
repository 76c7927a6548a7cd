"""What has to end with nobody signed in, or with less than before: a row each, over HTTP, with a certified provider.

Each row says what a person is told: `error=` of the page to sign in, or status and reason of an answer.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from starlette.testclient import TestClient

from hub.services.auth.app import make_app
from hub.services.auth.context import Auth
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from hub.store.tables import SESSIONS
from worlds.oidc_provider import OidcProvider, oidc_provider
from worlds.sign_in import sign_in

URL = "https://hub.example.com"
BACK = f"{URL}/api/auth/callback"
OURS = {"Origin": URL, "X-RTB-Request": "1"}
ACCESS, REFRESH = "__Host-rtb-access", "__Host-rtb-refresh"
HOUR = timedelta(hours=1)
NOBODY, IN = (401, "NotSignedIn"), (200, "")


@dataclass
class World:
    """A hub whose clock is `late`, the provider, and the browser of alice, who is a developer by the group devs."""

    people: OidcProvider
    database: Database
    late: timedelta = timedelta()
    auth: Auth = field(init=False)
    browser: TestClient = field(init=False)

    def __post_init__(self) -> None:
        self.database._clock = self.now
        self.auth = sign_in(
            self.database, URL, clock=self.now, OIDC_ISSUER=self.people.issuer, OIDC_CLIENT_ID="rtb-hub",
            OIDC_CLIENT_SECRET="a secret/with+signs", ROLES="developer=devs",
        )  # fmt: skip
        self.browser = self.another()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.late

    def another(self) -> TestClient:
        return TestClient(make_app(self.auth), base_url=URL, follow_redirects=False)

    def begin(self, browser: TestClient | None = None) -> str:
        """Where a browser comes back to, having signed in at the provider."""
        to = (browser or self.browser).get("/api/auth/login").headers["location"]
        return to if to.startswith(URL) else self.people.through(to, BACK)

    def sign_in(self, browser: TestClient | None = None) -> Any:
        """The answer to a whole sign-in."""
        back = self.begin(browser)
        return (browser or self.browser).get(back.removeprefix(URL)) if back.startswith(BACK) else back

    def error(self, browser: TestClient | None = None) -> str:
        """Why a sign-in is none: what its page is told."""
        told = self.sign_in(browser)
        to = told if isinstance(told, str) else told.headers["location"]
        assert (browser or self.browser).get("/api/auth/me").status_code == 401
        return str(to.partition("error=")[2].partition("&")[0])

    @property
    def access(self) -> str:
        return str(self.browser.cookies[ACCESS])

    @property
    def refresh(self) -> str:
        return str(self.browser.cookies[REFRESH])

    def with_access(self, token: str) -> tuple[int, str]:
        """What a browser with this access token is told, and a command line: the same."""
        cookie, header = self.another(), self.another()
        cookie.cookies[ACCESS] = token
        told = cookie.get("/api/auth/me"), header.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})
        first, second = ((one.status_code, one.json().get("reason", "")) for one in told)
        assert first == second
        return first

    def refreshed(self, secret: str | None = None) -> tuple[int, str]:
        """What a refresh answers: of alice's browser, or of another with this refresh token."""
        browser = self.browser
        if secret is not None:
            browser = self.another()
            browser.cookies[REFRESH] = secret
        told = browser.post("/api/auth/refresh", headers=OURS)
        return told.status_code, told.json().get("reason", "")

    def signed(self, *, headers: dict[str, Any] | None = None, key: Any = None, **claims: Any) -> str:
        """A token like alice's, but for what is given."""
        own, private = self.auth.keys.signing(self.now())
        told = jwt.decode(self.access, options={"verify_signature": False}) | claims
        return jwt.encode(told, key or private, own.algorithm, {"kid": own.id, "typ": "at+jwt", **(headers or {})})

    def role(self) -> str | None:
        role: str | None = self.browser.get("/api/auth/me").json()["role"]
        return role


@pytest.fixture(scope="module")
def provider(oidc_folder: Path) -> Iterator[OidcProvider]:
    with oidc_provider(oidc_folder, BACK) as made:
        yield made


@pytest.fixture
def world(provider: OidcProvider, tmp_path: Path) -> Iterator[World]:
    provider.control(who="alice", groups={"alice": ["devs"]}, gone=[], down=False)
    database = Database(sqlite_url(tmp_path / "hub.sqlite"))
    prepare(database)
    made = World(provider, database)
    assert made.sign_in().headers["location"] == f"{URL}/"
    assert (made.role(), made.with_access(made.signed())) == ("developer", IN)
    yield made
    database.close()


def part(told: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()


def token_tampered(world: World) -> None:
    head, body, signature = world.access.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    assert world.with_access(f"{head}.{part({**claims, 'roles': ['admin']})}.{signature}") == NOBODY
    assert world.with_access(f"{head}.{body}.") == NOBODY


def token_expired(world: World) -> None:
    token = world.access
    world.late = timedelta(minutes=10, seconds=1)
    assert world.with_access(token) == NOBODY
    assert world.refreshed() == IN
    assert world.with_access(world.access) == IN


def token_of_another_audience(world: World) -> None:
    for claims in ({"aud": "other"}, {"aud": ["other"]}, {"iss": "https://other.example"}):
        assert world.with_access(world.signed(**claims)) == NOBODY


def id_token_in_place_of_an_access_token(world: World) -> None:
    assert world.with_access(world.signed(headers={"typ": "JWT"})) == NOBODY


def alg_none(world: World) -> None:
    _, body, signature = world.access.split(".")
    kid = jwt.get_unverified_header(world.access)["kid"]
    for name in ("none", "None", "nOnE"):
        head = part({"alg": name, "typ": "at+jwt", "kid": kid})
        assert {world.with_access(f"{head}.{body}.{one}") for one in ("", signature)} == {NOBODY}


def alg_confused(world: World) -> None:
    """Signed by an HMAC, with the public key in the place of the secret."""
    own, private = world.auth.keys.signing(world.now())
    pem = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    _, body, _ = world.access.split(".")
    for secret in (private.public_key().public_bytes(*pem), base64.urlsafe_b64decode(own.public["x"] + "==")):
        for name, digest in (("HS256", hashlib.sha256), ("HS512", hashlib.sha512)):
            head = part({"alg": name, "typ": "at+jwt", "kid": own.id})
            mac = hmac.new(secret, f"{head}.{body}".encode(), digest).digest()
            assert world.with_access(f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}") == NOBODY


def kid_unknown(world: World) -> None:
    other = ed25519.Ed25519PrivateKey.generate()
    for headers in ({"kid": "key-other"}, {"kid": ""}, {"kid": "../../dev/null"}, {}):
        assert world.with_access(world.signed(headers=headers, key=other)) == NOBODY


def refresh_replayed(world: World) -> None:
    """By a copy, later than the ten seconds that an answer may be lost in: neither goes on."""
    first = world.refresh
    assert world.refreshed() == IN
    world.late = timedelta(seconds=11)
    assert world.refreshed(first) == NOBODY
    assert world.refreshed() == NOBODY


def refresh_stolen(world: World) -> None:
    """The thief is first; the person's own ends the thief's too, and tells why."""
    thief, person = world.another(), world.refresh
    thief.cookies[REFRESH] = person
    assert thief.post("/api/auth/refresh", headers=OURS).status_code == 200
    world.late = timedelta(minutes=9)
    told = world.browser.post("/api/auth/refresh", headers=OURS).json()
    assert "used by two" in told["detail"]
    assert thief.post("/api/auth/refresh", headers=OURS).status_code == 401


def provider_down(world: World) -> None:
    browser = world.another()
    to = browser.get("/api/auth/login").headers["location"]  # its discovery document is kept
    world.people.control(down=True)
    query = {"code": "x", "iss": world.people.issuer, "state": parse_qs(urlsplit(to).query)["state"][0]}
    told = browser.get("/api/auth/callback", params=query)
    assert "error=provider-down&" in told.headers["location"]
    assert world.refreshed() == IN, "who is signed in works on"
    with world.database.write() as connection:
        connection.execute(SESSIONS.update().values(roles_at=world.now() - HOUR - timedelta(minutes=1)))
    assert world.refreshed() == (503, "ProviderUnreachable"), "for an hour"
    world.people.control(down=False)
    assert world.refreshed() == IN, "the same sign-in goes on"


def groups_removed(world: World) -> None:
    world.people.control(groups={"alice": ["all"]})
    assert world.refreshed() == IN
    assert world.role() is None


def provider_that_sends_no_groups(world: World) -> None:
    """Signed in, with a role that is null: pages say so, and what to do."""
    world.people.control(groups={})
    browser = world.browser = world.another()
    assert world.sign_in().status_code == 303
    me = browser.get("/api/auth/me").json()
    assert (me["name"], me["role"], me["roles"]) == ("alice@example.com", None, [])
    assert browser.get("/api/auth/tokens").json()["reason"] == "NotAllowed"


def somebody_whom_the_provider_no_longer_knows(world: World) -> None:
    world.people.control(gone=["alice"])
    assert world.refreshed() == NOBODY
    assert REFRESH not in world.browser.cookies or world.refreshed() == NOBODY


def somebody_who_declines(world: World) -> None:
    world.people.control(who="")
    assert world.error(world.another()) == "declined"


def clock_of_the_hub_an_hour_late(world: World) -> None:
    """The provider's tokens are of a time to come: nobody is let in by what was not verified."""
    world.late = -HOUR
    assert world.error(world.another()) == "refused"


def clock_of_the_hub_hours_early(world: World) -> None:
    world.late = 2 * HOUR
    assert world.error(world.another()) == "refused"


def clock_of_the_browser(world: World) -> None:
    """Cookies run out by how long they hold, never by a time of day: a browser's clock may be off by hours."""
    told = world.sign_in(world.another())
    kept = {one.key: one for line in told.headers.get_list("set-cookie") for one in SimpleCookie(line).values()}
    assert not [one for one in kept.values() if one["expires"] and one.value]
    assert 590 <= int(kept[ACCESS]["max-age"]) <= 600
    assert int(kept[REFRESH]["max-age"]) == 12 * 3600
    assert 0 < world.browser.get("/api/auth/me").json()["session"]["accessSeconds"] <= 600


def cookies_off(world: World) -> None:
    browser = world.another()
    back = world.begin(browser)
    browser.cookies.clear()
    told = browser.get(back.removeprefix(URL))
    assert "error=expired" in told.headers["location"]
    browser.cookies.clear()
    assert browser.get("/api/auth/me").status_code == 401
    assert browser.post("/api/auth/refresh", headers=OURS).status_code == 401


ROWS: tuple[Callable[[World], None], ...] = (
    token_tampered, token_expired, token_of_another_audience, id_token_in_place_of_an_access_token, alg_none, alg_confused,
    kid_unknown, refresh_replayed, refresh_stolen, provider_down, groups_removed, provider_that_sends_no_groups,
    somebody_whom_the_provider_no_longer_knows, somebody_who_declines, clock_of_the_hub_an_hour_late,
    clock_of_the_hub_hours_early, clock_of_the_browser, cookies_off,
)  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
def test_row(world: World, row: Callable[[World], None]) -> None:
    row(world)
