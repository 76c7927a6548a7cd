"""Whatever is sent to sign-in is answered, and never as a mistake of ours, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from starlette.testclient import TestClient

from hub.services.auth.app import make_app
from hub.store.database import Database
from worlds.people import Provider
from worlds.sign_in import sign_in

URL = "https://hub.example.com"
OURS = {"Origin": URL, "X-RTB-Request": "1"}
TEXTS = ("%00", "a%00b", "%ff", "%ed%a0%80", "x" * 3000, "%0d%0aSet-Cookie:x=1", "..%2f", "🙂", "a/b")
BODIES = (
    b"{", b"[" * 100_000, b"\xff", b"null", b"[]", b"{}", b'{"days":NaN}', b'{"a":1e999}',
    *(json.dumps({name: value}).encode() for name in ("deviceCode", "refreshToken", "token", "client")
      for value in ("\ud800", "\0", "é", "", "a.b.c", "rtbr_\0")),
    json.dumps({"name": "ci", "scopes": ["preview:read"], "environments": ["\0"]}).encode(),
)  # fmt: skip
FORMS = (
    b"code=%ff&proof=%ed%a0%80&answer=%00", b"code=BBBB-BBBB&proof=%C3%A9&answer=yes", b"&".join(b"a%d=1" % n for n in range(3000)),
)  # fmt: skip
COOKIES = (
    b';;;=;"', b"__Host-rtb-access=\xff\xfe", b"__Host-rtb-access=a.b.c", b"__Host-rtb-refresh=rtbr_\xff",
    b"__Host-rtb-access=rtbh_x", b"rtb-hub-local=a.b.c", b'__Host-rtb-access="a.b.c"; $Version=1',
)  # fmt: skip
POSTS = ("refresh", "logout", "device", "device/token", "device/confirm", "exchange", "tokens")


@pytest.fixture
def client(database_url: str) -> Iterator[TestClient]:
    """Of an admin's browser."""
    database = Database(database_url)
    auth = sign_in(database, URL, clock=lambda: datetime.now(UTC), ROLES="admin=devs")
    auth.providers = {"oidc": Provider(groups={"alice": frozenset({"devs"})})}
    auth.sessions = replace(auth.sessions, providers=auth.providers)
    auth.anonymous.a_minute = 10**6
    made = TestClient(make_app(auth), base_url=URL, raise_server_exceptions=False, follow_redirects=False)
    state = parse_qs(urlsplit(made.get("/api/auth/login").headers["location"]).query)["state"][0]
    made.get(f"/api/auth/callback?code=alice&state={state}")
    assert made.get("/api/auth/me").json()["role"] == "admin"
    yield made
    database.close()


def held(client: TestClient, method: str, path: str, **given: Any) -> int:
    told = client.request(method, path, **{"headers": OURS, **given})
    assert told.status_code < 500, (method, path[:200], given, told.text)
    return told.status_code


def test_in_the_address(client: TestClient) -> None:
    for text in TEXTS:
        in_the_address(client, text)


def in_the_address(client: TestClient, text: str) -> None:
    gone = (307, 404, 405, 422)
    assert held(client, "DELETE", f"/api/auth/sessions/{text}") in gone
    assert held(client, "DELETE", f"/api/auth/tokens/{text}") in gone
    assert held(client, "DELETE", f"/api/auth/people/{text}/identities/github") in gone
    assert held(client, "PUT", f"/api/auth/people/{text}/identities/jira", json={"subject": "1", "name": "x"}) in gone
    held(client, "GET", f"/api/auth/people?after={text[:90]}")
    held(client, "GET", f"/api/auth/device?code={text[:30]}")
    held(client, "GET", f"/api/auth/login?provider={text}&next={text}")
    held(client, "GET", f"/api/auth/callback?code={text}&state={text}")


def test_a_nul_in_an_address_is_told(client: TestClient) -> None:
    told = client.get("/api/auth/people?after=a%00b").json()
    assert (told["reason"], told["faults"][0]["field"]) == ("InvalidValue", "query")
    assert client.delete("/api/auth/tokens/%00", headers=OURS).json()["faults"][0]["field"] == "path"


def test_a_state_that_names_no_cookie(client: TestClient) -> None:
    """It is asked for by anybody, in the browser of somebody else."""
    for state in ("a b", "a;b", "a,b", 'a"b', "(a)", "a=b", "%C3%A9", "a%0ab", "a/b", "%01%02"):
        cookie = f"__Host-rtb-signin-{unquote(state)}=abc".encode()
        told = client.get(f"/api/auth/callback?state={state}", headers={"Cookie": cookie})  # type: ignore[dict-item]
        assert "error=expired" in told.headers["location"]
        assert "set-cookie" not in told.headers


def test_in_a_body(client: TestClient) -> None:
    for path in POSTS:
        in_a_body(client, path)


def in_a_body(client: TestClient, path: str) -> None:
    for body in BODIES:
        held(client, "POST", f"/api/auth/{path}", content=body, headers={**OURS, "Content-Type": "application/json"})
    for body in FORMS:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        held(client, "POST", f"/api/auth/{path}", content=body, headers={**OURS, **kind})


def test_in_a_cookie_or_header(client: TestClient) -> None:
    client.cookies.clear()
    for cookie in COOKIES:
        in_a_cookie(client, cookie)


def in_a_cookie(client: TestClient, cookie: bytes) -> None:
    for method, path in (("GET", "me"), ("GET", "sessions"), ("POST", "refresh")):
        given: Any = {**{name: value.encode() for name, value in OURS.items()}, "Cookie": cookie}
        assert held(client, method, f"/api/auth/{path}", headers=given) == 401
    for value in (b"Bearer", b"Bearer \xff.\xff.\xff", b"Basic x", b"Bearer a b", b"Bearer ..", b"Bearer " + cookie):
        given = {"Authorization": value}
        assert held(client, "GET", "/api/auth/me", headers=given) == 401
