"""`rtb-hub serve auth` as a process of its own, behind a load balancer: with nothing but HTTP, and killed between."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import ExitStack
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.commands import rtb_hub
from worlds.oidc_provider import OidcProvider, oidc_provider
from worlds.processes import Process, call

URL = "https://hub.example.com"
BACK = f"{URL}/api/auth/callback"


@pytest.fixture
def people(oidc_folder: Path) -> Iterator[OidcProvider]:
    with oidc_provider(oidc_folder, BACK) as made:
        made.control(groups={"alice": ["devs"]})
        yield made


class Browser:
    """Keeps cookies, and comes by a load balancer that ends TLS."""

    def __init__(self, port: str) -> None:
        self.port, self.cookies = port, dict[str, str]()

    def call(self, method: str, path: str) -> tuple[int, Any, Any]:
        given = {"Origin": URL, "X-RTB-Request": "1"} if method != "GET" else {}
        kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        status, text, headers = call(self.port, method, path, Cookie=kept, **given)
        for line in headers.get_all("Set-Cookie") or []:
            for one in SimpleCookie(line).values():
                assert one["secure"], line
                if one.value:
                    self.cookies[one.key] = one.value
                else:
                    self.cookies.pop(one.key, None)
        return status, json.loads(text) if text.startswith("{") else text, headers


def served(folder: Path, **environ: str) -> tuple[Process, str]:
    """The process, and its port; `/readyz` of the port of health has said that it is ready."""
    made = Process(folder, "auth", "--port", "0", "--metrics-port", "0", **environ)
    health, port = made.say(r":(\d+)/metrics"), made.say(rf":(\d+) is ready: people sign in at {URL} by oidc$")
    assert json.loads(call(health, "GET", "/readyz")[1]) == {"status": "ok", "parts": {"database": "ok"}}
    assert "process_resident_memory_bytes" in call(health, "GET", "/metrics")[1]
    return made, port


def test_signed_in_by_code_flow_and_still_when_it_was_killed(
    tmp_path: Path, database_url: str, people: OidcProvider
) -> None:
    (tmp_path / "key").write_text(Fernet.generate_key().decode())
    (tmp_path / "secret").write_text("a secret/with+signs\n")
    given = {
        "RTB_HUB_DATABASE_URL": database_url, "RTB_HUB_KEY_FILE": str(tmp_path / "key"), "RTB_HUB_PUBLIC_URL": URL,
        "RTB_HUB_OIDC_ISSUER": people.issuer, "RTB_HUB_OIDC_CLIENT_ID": "rtb-hub",
        "RTB_HUB_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret"), "RTB_HUB_ROLES": "developer=devs",
    }  # fmt: skip
    with ExitStack() as stack:
        first, port = served(tmp_path, **given)
        stack.callback(first.end)
        browser, other = Browser(port), Browser(port)
        to = browser.call("GET", "/api/auth/login?next=/previews")[2]["Location"]
        back = people.through(to, BACK).removeprefix(URL)
        status, _, headers = browser.call("GET", back)
        assert (status, headers["Location"]) == (303, f"{URL}/previews")
        assert sorted(browser.cookies) == ["__Host-rtb-access", "__Host-rtb-refresh"]
        me = browser.call("GET", "/api/auth/me")[1]
        assert (me["name"], me["role"]) == ("alice@example.com", "developer")
        keys = browser.call("GET", "/api/auth/.well-known/jwks.json")[1]
        under_way = people.through(other.call("GET", "/api/auth/login?next=/x")[2]["Location"], BACK)
        first.process.kill()
        first.end()

        second, port = served(tmp_path, **given)
        stack.callback(second.end)
        browser.port = other.port = port
        assert browser.call("GET", "/api/auth/me")[1]["session"]["id"] == me["session"]["id"]
        assert browser.call("GET", "/api/auth/.well-known/jwks.json")[1] == keys
        assert browser.call("POST", "/api/auth/refresh")[1]["role"] == "developer"
        status, _, headers = other.call("GET", under_way.removeprefix(URL))
        assert (status, headers["Location"]) == (303, f"{URL}/x"), (
            "a sign-in under way is the browser's, not a process's"
        )
        assert len(browser.call("GET", "/api/auth/sessions")[1]["sessions"]) == 2
        assert browser.call("GET", "/api/v1/previews")[0] == 404, "it has sign-in alone"
        idle = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
        stack.callback(idle.close)
        idle.request("GET", "/healthz")
        assert idle.getresponse().read() == b'{"status":"ok"}'
        assert second.end() == 0, "a connection that idles does not keep it"


@pytest.mark.parametrize(
    ("given", "code", "named"),
    [
        ({"KEY_FILE": ""}, 14, ["RTB_HUB_KEY_FILE: is missing"]),
        ({"PUBLIC_URL": "", "KEY_FILE": "", "host": "0.0.0.0"}, 14, ["RTB_HUB_PUBLIC_URL: is missing", "RTB_HUB_KEY_FILE"]),
        ({"KEY_FILE": "no/such/file"}, 14, ["RTB_HUB_KEY_FILE", "openssl rand"]),
        ({"OIDC_CLIENT_ID": ""}, 14, ["RTB_HUB_OIDC_CLIENT_ID: is missing"]),
        ({"OIDC_ISSUER": "", "GITHUB_CLIENT_ID": "Iv1"}, 14, ["RTB_HUB_OIDC_ISSUER", "RTB_HUB_GITHUB_CLIENT_SECRET"]),
        ({"OIDC_ISSUER": "http://people.example"}, 14, ["RTB_HUB_OIDC_ISSUER", "https"]),
        ({"PUBLIC_URL": "http://hub.example.com"}, 14, ["RTB_HUB_PUBLIC_URL", "https"]),
        ({"GITHUB_CLIENT_ID": "Iv1", "GITHUB_CLIENT_SECRET": "s"}, 14, ["RTB_HUB_ROLES", "github:ORGANISATION/TEAM"]),
        ({"PROXIES": "0.0.0.0/0"}, 14, ["RTB_HUB_PROXIES", "load balancer"]),
        ({"schema": "none"}, 71, ["db upgrade"]),
    ],
)  # fmt: skip
def test_settings_that_are_missing_or_wrong_are_told(
    tmp_path: Path, given: dict[str, str], code: int, named: list[str]
) -> None:
    url = sqlite_url(tmp_path / "hub.sqlite")
    if "schema" not in given:
        database = Database(url)
        prepare(database)
        database.close()
    (tmp_path / "key").write_text(Fernet.generate_key().decode())
    good = {
        "DATABASE_URL": url, "KEY_FILE": str(tmp_path / "key"), "PUBLIC_URL": URL, "ROLES": "developer=devs",
        "OIDC_ISSUER": "https://people.example", "OIDC_CLIENT_ID": "rtb-hub",
    }  # fmt: skip
    host = given.get("host", "127.0.0.1")
    environ = {f"RTB_HUB_{name}": value for name, value in {**good, **given}.items() if name.isupper() and value}
    ran = rtb_hub("serve", "auth", "--host", host, "--port", "0", cwd=tmp_path, **environ)
    assert ran.code == code, ran.err
    for words in named:
        assert words in ran.err, ran.err
