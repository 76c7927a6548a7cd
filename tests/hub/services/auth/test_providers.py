"""The contract of providers: OpenID Connect with a certified one, GitHub with the project's own server."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from contracts.provider_contract import BACK, ProviderContract
from hub.adapters.http import SenderParts
from hub.services.auth.building import providers_of
from hub.services.auth.providers.port import Provider
from hub.settings import load_settings
from worlds.github_sign_in import CLIENT, SECRET, GitHubSignIn
from worlds.oidc_provider import OidcProvider, oidc_provider
from worlds.served import on_loopback


def provider_of(**settings: str) -> Provider:
    given = load_settings({f"RTB_HUB_{name}": value for name, value in settings.items()})
    (made,) = providers_of(given, lambda: datetime.now(UTC), SenderParts())
    return made


@dataclass
class OidcWorld:
    process: OidcProvider
    provider: Provider

    def let_in(self, who: str | None, groups: list[str]) -> None:
        self.process.control(who=who or "", **({"groups": {who: groups}} if who else {}))

    def forget(self, who: str) -> None:
        self.process.control(gone=[who])

    def answers(self, status: int) -> None:
        self.process.control(down=status)

    def through(self, url: str) -> str:
        return self.process.through(url, BACK)

    def named(self, who: str) -> str:
        return f"{who}@example.com"


@dataclass
class GitHubWorld:
    server: GitHubSignIn
    provider: Provider

    def let_in(self, who: str | None, groups: list[str]) -> None:
        self.server.login, self.server.teams = who, groups
        self.server.number = zlib.crc32((who or "").encode())

    def forget(self, who: str) -> None:
        self.server.login = None

    def answers(self, status: int) -> None:
        self.server.status = status

    def through(self, url: str) -> str:
        return requests.get(url, allow_redirects=False, timeout=20).headers["Location"]

    def named(self, who: str) -> str:
        return who


@pytest.fixture(scope="module")
def process(oidc_folder: Path) -> Iterator[OidcProvider]:
    with oidc_provider(oidc_folder, BACK) as made:
        yield made


class TestOidc(ProviderContract):
    GROUPS = ("devs", "platform")

    @pytest.fixture
    def world(self, process: OidcProvider) -> OidcWorld:
        process.control(who="alice", groups={}, gone=[], down=False)
        settings = {
            "OIDC_ISSUER": process.issuer,
            "OIDC_CLIENT_ID": "rtb-hub",
            "OIDC_CLIENT_SECRET": "a secret/with+signs",
        }
        return OidcWorld(process, provider_of(**settings))


class TestGitHub(ProviderContract):
    GROUPS = ("acme/devs", "acme/platform")

    @pytest.fixture
    def world(self) -> Iterator[GitHubWorld]:
        server = GitHubSignIn(BACK)
        with on_loopback(server.app()) as url:
            server.url = url
            settings = {"GITHUB_URL": url, "GITHUB_CLIENT_ID": CLIENT, "GITHUB_CLIENT_SECRET": SECRET}
            yield GitHubWorld(server, provider_of(**settings))
