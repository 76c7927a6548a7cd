"""GitHub: people by a user token of an App, and jobs of Actions by tokens of an issuer of the same shape."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.testclient import TestClient

from generator.errors import ConfigError
from hub.services.auth.app import make_app
from hub.settings import load_settings
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.github_sign_in import GitHubSignIn
from worlds.served import on_loopback
from worlds.sign_in import sign_in

URL = "https://hub.example.com"
TRUST = [
    {"repositoryId": "42", "ref": "refs/heads/main", "scopes": ["preview:write"], "environments": ["int"]},
    {"repositoryId": "42", "environment": "release", "scopes": ["preview:request-prd"]},
    {"repositoryId": "43", "ref": "refs/heads/feature/*", "scopes": ["preview:read"]},
]


@pytest.fixture
def github() -> Iterator[GitHubSignIn]:
    made = GitHubSignIn(URL)
    with on_loopback(made.app()) as url:
        made.url = url
        yield made


@pytest.fixture
def client(github: GitHubSignIn, tmp_path: Path) -> Iterator[TestClient]:
    database = Database(sqlite_url(tmp_path / "hub.sqlite"))
    prepare(database)
    auth = sign_in(
        database, URL, clock=lambda: datetime.now(UTC), GITHUB_URL=github.url, GITHUB_CLIENT_ID="Iv1",
        GITHUB_CLIENT_SECRET="s3cret", ROLES="viewer=acme/all; developer=Acme/Devs", ACTIONS_ISSUER=github.url,
        ACTIONS_TRUST=json.dumps(TRUST),
    )  # fmt: skip
    yield TestClient(make_app(auth), base_url=URL)
    database.close()


def come_back(client: TestClient, github: GitHubSignIn, code: str | None = None) -> str:
    """Where a sign-in ends; `code`: in place of the one that GitHub gives."""
    to = client.get("/api/auth/login?provider=github", follow_redirects=False).headers["location"]
    assert to.startswith(f"{github.url}/login/oauth/authorize?")
    back = urlsplit(requests.get(to, allow_redirects=False, timeout=20).headers["Location"])
    query = {name: values[0] for name, values in parse_qs(back.query).items()}
    told = client.get(back.path, params=query | ({"code": code} if code else {}), follow_redirects=False)
    return str(told.headers["location"])


def test_a_person_is_their_number_with_their_teams_of_now(client: TestClient, github: GitHubSignIn) -> None:
    github.teams = [f"acme/team-{n}" for n in range(150)] + ["ACME/devs"]
    assert come_back(client, github) == f"{URL}/"
    me = client.get("/api/auth/me").json()
    assert (me["name"], me["role"], me["via"], me["identities"]) == (
        "octo", "developer", "github", [{"provider": "github", "name": "octo"}],
    )  # fmt: skip
    github.teams, github.login = ["acme/all"], "octo-renamed"
    ours = {"Origin": URL, "X-RTB-Request": "1"}
    assert client.post("/api/auth/refresh", headers=ours).json()["role"] == "viewer"
    assert client.post("/api/auth/refresh", headers=ours).json()["role"] == "viewer", "by the refresh token after it"
    github.grants.append("ghr_revoked")
    assert client.post("/api/auth/refresh", headers=ours).status_code == 401


def test_a_code_that_is_not_ours_signs_nobody_in(client: TestClient, github: GitHubSignIn) -> None:
    assert "error=declined" in come_back(client, github, "bad")
    assert client.get("/api/auth/me").status_code == 401


class TestJobsOfActions:
    def test_a_trusted_job_gets_its_scopes(self, client: TestClient, github: GitHubSignIn) -> None:
        told = client.post("/api/auth/exchange", json={"token": github.job()}).json()
        assert (told["name"], told["scopes"], told["environments"]) == ("acme/web@main", ["preview:write"], ["int"])
        client.cookies.clear()
        release = github.job(ref="refs/tags/v1", environment="release")
        told = client.post("/api/auth/exchange", json={"token": release}).json()
        assert told["scopes"] == ["preview:request-prd"]

    @pytest.mark.parametrize(
        ("changed", "status"),
        [
            ({"repository_id": "44"}, 403), ({"repository_id": "4"}, 403), ({"ref": "refs/heads/main2"}, 403),
            ({"ref": "refs/heads/other", "environment": "int"}, 403), ({"repository_id": "43"}, 403),
            ({"repository_id": "43", "ref": "refs/heads/feature/x"}, 200), ({"aud": "https://github.com/acme"}, 401),
            ({"iss": "https://evil.example"}, 401), ({"exp": 1}, 401), ({"ref": None}, 401), ({"nbf": 1 << 40}, 401),
            ({"repository_id": None}, 401),
        ],
    )  # fmt: skip
    def test_bound_to_repository_ref_and_environment(
        self, client: TestClient, github: GitHubSignIn, changed: dict[str, Any], status: int
    ) -> None:
        assert client.post("/api/auth/exchange", json={"token": github.job(**changed)}).status_code == status

    def test_another_signature_or_algorithm_is_refused(self, client: TestClient, github: GitHubSignIn) -> None:
        other = rsa.generate_private_key(65537, 2048)
        claims = jwt.decode(github.job(), options={"verify_signature": False})
        for token in (
            github.job(other), jwt.encode(claims, None, "none"), jwt.encode(claims, "x" * 40, "HS256", headers={"kid": "k1"}),
            "x", jwt.encode(claims, github.key, "RS256", headers={"kid": "k2"}),
        ):  # fmt: skip
            assert client.post("/api/auth/exchange", json={"token": token}).status_code == 401


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROLES", "developer"), ("ROLES", "root=devs"), ("ROLES", "viewer=a; viewer=b"), ("ROLES", "viewer="),
        ("ROLES", "viewer=github:*"), ("ROLES", "viewer=github:devs"), ("ROLES", '{"viewer": "x"}'), ("ROLES", "{"),
        ("ACTIONS_TRUST", "{}"), ("ACTIONS_TRUST", '[{"repositoryId": "42", "scopes": ["preview:read"]}]'),
        ("ACTIONS_TRUST", '[{"repositoryId": "x", "ref": "refs/*", "scopes": ["preview:read"]}]'),
        ("PUBLIC_URL", "http://hub.example.com"), ("PUBLIC_URL", "https://hub.example.com/x"), ("PUBLIC_URL", "hub"),
        ("PUBLIC_URL", "https://a@hub.example.com"), ("PROXIES", "0.0.0.0/0"), ("PROXIES", "10.0.0.1/8"),
        ("JWT_ALGORITHM", "none"), ("OIDC_SCOPES", "email"),
    ],
)  # fmt: skip
def test_settings_that_are_wrong_are_told(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"RTB_HUB_{name}"):
        load_settings({f"RTB_HUB_{name}": value})


def test_roles_are_of_their_provider() -> None:
    rules = load_settings({"RTB_HUB_ROLES": '{"viewer": ["*"], "admin": ["oidc:CN=a,OU=b;c", "github:acme/x"]}'}).roles
    assert rules.roles_of("oidc", ["CN=a,OU=b;c"]) == ("viewer", "admin")
    assert rules.roles_of("oidc", ["acme/x"]) == ("viewer",)
    assert rules.roles_of("github", ["ACME/X"]) == ("admin",)
    assert rules.roles_of("github", ["CN=a,OU=b;c"]) == ()
