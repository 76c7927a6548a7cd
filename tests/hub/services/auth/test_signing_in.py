"""Signing in over HTTP: with the certified `oidc-provider`, and what of it does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from hub.services.auth.app import make_app
from hub.services.auth.context import Auth
from hub.services.auth.signing_in import path_of_ours
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.oidc_provider import OidcProvider, oidc_provider
from worlds.people import Provider
from worlds.sign_in import sign_in

URL = "https://hub.example.com"
BACK = f"{URL}/api/auth/callback"
OURS = {"Origin": URL, "X-RTB-Request": "1"}


@dataclass
class World:
    auth: Auth
    client: TestClient
    late: timedelta = timedelta()

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers=headers, follow_redirects=False)

    def post(self, path: str, headers: dict[str, str] = OURS, **given: Any) -> Any:
        return self.client.post(path, headers=headers, follow_redirects=False, **given)

    def login(self, path: str = "/api/auth/login?next=/previews") -> str:
        told = self.get(path)
        assert told.status_code == 303, told.text
        return str(told.headers["location"])

    def me(self) -> Any:
        return self.get("/api/auth/me").json()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(sqlite_url(tmp_path / "hub.sqlite"))
    prepare(made)
    yield made
    made.close()


@pytest.fixture
def people(oidc_folder: Path) -> Iterator[OidcProvider]:
    with oidc_provider(oidc_folder, BACK) as made:
        yield made


def world_of(database: Database, **settings: str) -> World:
    late = [timedelta()]
    auth = sign_in(database, URL, clock=lambda: datetime.now(UTC) + late[0], **settings)
    return World(auth, TestClient(make_app(auth), base_url=URL))


@pytest.fixture
def world(database: Database, people: OidcProvider) -> World:
    people.control(groups={"alice": ["devs", "all"]})
    return world_of(
        database, OIDC_ISSUER=people.issuer, OIDC_CLIENT_ID="rtb-hub", OIDC_CLIENT_SECRET="a secret/with+signs",
        ROLES="viewer=*; developer=devs; admin=platform",
    )  # fmt: skip


@pytest.fixture
def own(database: Database) -> World:
    """With a provider in this process."""
    made = world_of(database, ROLES="viewer=*; developer=devs")
    given = Provider(groups={"alice": frozenset({"devs"})})
    made.auth.providers = {"oidc": given}
    made.auth.sessions = replace(made.auth.sessions, providers=made.auth.providers)
    return made


def test_from_the_link_to_sign_in_to_signing_out(world: World, people: OidcProvider) -> None:
    to = world.login()
    asked = parse_qs(urlsplit(to).query)
    assert (asked["code_challenge_method"], asked["response_type"]) == (["S256"], ["code"])
    told = world.get(people.through(to, BACK).removeprefix(URL))
    assert (told.status_code, told.headers["location"]) == (303, f"{URL}/previews")
    cookies = [one.lower() for one in told.headers.get_list("set-cookie")]
    kept = [one for one in cookies if "rtb-access" in one or "rtb-refresh" in one]
    assert len(kept) == 2
    for one in kept:
        assert one.startswith("__host-rtb-")
        assert all(word in one for word in ("httponly", "secure", "path=/")), one
        assert "domain" not in one
    me = world.me()
    assert (me["name"], me["role"], me["via"], me["roles"]) == (
        "alice@example.com", "developer", "oidc", ["viewer", "developer"],
    )  # fmt: skip
    people.control(groups={"alice": ["all"]})
    assert world.post("/api/auth/refresh").json()["role"] == "viewer", "groups removed"
    assert world.me()["role"] == "viewer"
    assert world.post("/api/auth/logout").status_code == 204
    assert world.get("/api/auth/me").status_code == 401
    assert world.post("/api/auth/refresh").status_code == 401


def test_somebody_who_is_gone_is_signed_out_and_no_groups_are_no_roles(world: World, people: OidcProvider) -> None:
    people.control(who="bob")
    world.get(people.through(world.login(), BACK).removeprefix(URL))
    assert world.me()["roles"] == ["viewer"]
    people.control(gone=["bob"])
    assert world.post("/api/auth/refresh").status_code == 401


def test_who_declines_is_told_so(world: World, people: OidcProvider) -> None:
    people.control(who="")
    told = world.get(people.through(world.login(), BACK).removeprefix(URL))
    assert told.headers["location"].startswith(f"{URL}/sign-in?error=declined&requestId=")
    assert world.get("/api/auth/me").status_code == 401


def test_provider_down(world: World, people: OidcProvider) -> None:
    world.get(people.through(world.login(), BACK).removeprefix(URL))
    people.end()
    assert world.post("/api/auth/refresh").status_code == 200, "who is signed in works on"
    to = world.login()  # its discovery document is kept
    state = parse_qs(urlsplit(to).query)["state"][0]
    told = world.get(f"/api/auth/callback?code=x&state={state}&iss={people.issuer}")
    assert "error=provider-down" in told.headers["location"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"state": "other"}, "expired"), ({"state": ""}, "expired"), ({"iss": "https://evil.example"}, "refused"),
        ({"iss": ""}, "refused"), ({"code": "forged"}, "declined"), ({"code": ""}, "refused"),
    ],
)  # fmt: skip
def test_state_issuer_and_code_are_held(world: World, people: OidcProvider, changed: dict[str, str], code: str) -> None:
    back = people.through(world.login(), BACK)
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()} | changed
    told = world.client.get("/api/auth/callback", params=query, follow_redirects=False)
    assert f"error={code}&" in told.headers["location"]
    assert world.get("/api/auth/me").status_code == 401


def test_a_callback_is_of_one_browser_and_works_once(world: World, people: OidcProvider) -> None:
    back = people.through(world.login(), BACK).removeprefix(URL)
    other = TestClient(world.client.app, base_url=URL)
    assert "error=expired" in other.get(back, follow_redirects=False).headers["location"]
    assert world.get(back).headers["location"] == f"{URL}/previews"
    assert "error=expired" in world.get(back).headers["location"]


def test_nonce_and_pkce_are_of_the_sign_in(world: World, people: OidcProvider) -> None:
    """The code of one sign-in, with the state of another: neither verifier nor nonce is its own."""
    first, second = (people.through(world.login(), BACK) for _ in range(2))
    query = {name: values[0] for name, values in parse_qs(urlsplit(second).query).items()}
    query["code"] = parse_qs(urlsplit(first).query)["code"][0]
    told = world.client.get("/api/auth/callback", params=query, follow_redirects=False)
    assert "error=declined" in told.headers["location"] or "error=refused" in told.headers["location"]


@pytest.mark.parametrize(
    "text",
    [
        "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil", "javascript:alert(1)", "", "evil", "/ /x",
        "/\t/evil.example", "/a\r\nSet-Cookie: x=1", "///evil", "/%5Cevil\\", "/é", "/api/auth/logout", "/sign-in?x",
        "/" + "a" * 2000,
    ],
)  # fmt: skip
def test_open_redirect_on_next(text: str) -> None:
    assert path_of_ours(text) == "/"
    assert path_of_ours("/previews?mine=1#x") == "/previews?mine=1#x"


def signed_in(own: World) -> None:
    to = own.login()
    state = parse_qs(urlsplit(to).query)["state"][0]
    assert own.get(f"/api/auth/callback?code=alice&state={state}").headers["location"] == f"{URL}/previews"


def test_fixation_each_sign_in_is_a_new_session(own: World) -> None:
    signed_in(own)
    first = own.me()["session"]["id"]
    signed_in(own)
    assert own.me()["session"]["id"] != first
    (left,) = own.get("/api/auth/sessions").json()["sessions"]
    assert left["isThis"], "the one that the browser had has ended"


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"Origin": URL}, {"X-RTB-Request": "1"}, {"Origin": "https://evil.example", "X-RTB-Request": "1"},
        {"Origin": "null", "X-RTB-Request": "1"}, {"Origin": f"{URL}.evil.example", "X-RTB-Request": "1"},
        {"Origin": "http://hub.example.com", "X-RTB-Request": "1"},
    ],
)  # fmt: skip
def test_csrf_origin_and_header(own: World, headers: dict[str, str]) -> None:
    signed_in(own)
    for path in ("/api/auth/refresh", "/api/auth/logout", "/api/auth/logout-everywhere"):
        assert own.post(path, headers).status_code == 403, path
    assert own.me()["name"] == "alice"


def test_logout_everywhere_and_sessions_that_are_ended(own: World) -> None:
    signed_in(own)
    other = World(own.auth, TestClient(own.client.app, base_url=URL))
    signed_in(other)
    (theirs,) = [one for one in own.get("/api/auth/sessions").json()["sessions"] if not one["isThis"]]
    ended = own.client.delete(f"/api/auth/sessions/{theirs['id']}", headers=OURS)
    assert ended.status_code == 204
    assert own.client.delete("/api/auth/sessions/other", headers=OURS).status_code == 404
    assert other.post("/api/auth/refresh").status_code == 401
    assert own.post("/api/auth/logout-everywhere").status_code == 204
    assert own.post("/api/auth/refresh").status_code == 401


def test_output_headers_of_every_answer(own: World) -> None:
    for path in ("/healthz", "/api/auth/me", "/api/auth/nothing", "/api/auth/device", "/api/auth/login"):
        headers = own.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["strict-transport-security"].startswith("max-age=")
        assert headers["referrer-policy"] == "same-origin"


def test_a_command_line_is_let_in(own: World) -> None:
    asked = own.post("/api/auth/device", {}, json={"client": "rtb-hub <b>"}).json()
    code = {"deviceCode": asked["deviceCode"]}
    assert own.post("/api/auth/device/token", {}, json=code).json()["state"] == "pending"
    page = own.get(asked["verificationUrl"].removeprefix(URL)).text
    assert "rtb-hub &lt;b&gt;" in page
    assert "<script" not in page
    proof = page.partition('name="proof" value="')[2].partition('"')[0]
    form = {"code": asked["userCode"], "proof": proof, "answer": "yes"}
    assert own.post("/api/auth/device/confirm", {"Origin": "https://evil.example"}, data=form).status_code == 403
    assert own.post("/api/auth/device/confirm", {"Origin": URL}, data={**form, "proof": "x"}).status_code == 404
    onward = own.post("/api/auth/device/confirm", {"Origin": URL}, data=form).text
    state = onward.partition("state=")[2].partition("&")[0]
    assert own.get(f"/api/auth/callback?code=alice&state={state}").headers["location"].endswith("/device?done=1")
    told = own.post("/api/auth/device/token", {}, json=code).json()
    assert (told["state"], told["name"], told["role"]) == ("allowed", "alice", "developer")
    me = own.get("/api/auth/me", Authorization=f"Bearer {told['accessToken']}").json()
    assert me["session"]["id"]
    again = own.post("/api/auth/refresh", {}, json={"refreshToken": told["refreshToken"]}).json()
    assert again["refreshToken"] != told["refreshToken"]
    assert own.post("/api/auth/device/token", {}, json=code).status_code == 401, "told once"
