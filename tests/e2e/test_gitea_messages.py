"""The contract of messages in pull requests, on a real Gitea, and a whole pass of two channels there."""

from __future__ import annotations

from pathlib import Path

import pytest
from gitea import ORGANISATION
from gitea_world import BASE, HUB, Cast, GiteaWorld

from contracts.requests_contract import RequestsContract
from hub.adapters.gitea.access import open_code
from hub.adapters.gitea.messages import GiteaCode
from hub.adapters.gitea.sources import GiteaWorks
from hub.adapters.http import SenderParts
from hub.retrying import Backoff
from reconcilers.messages.channels import Place


class CodeWorld:
    """A repository of code with a pull request of RTB-123, by alice."""

    def __init__(self, cast: Cast, folder: Path) -> None:
        self.code = GiteaWorld(cast, folder, is_admin=False)
        self.head = self.code.push("feature/RTB-123-login", {"login.txt": "x\n"})
        self.code.pause()
        new = {"head": "feature/RTB-123-login", "base": BASE, "title": "login", "body": ""}
        alice, path = cast.accounts["alice"], f"/repos/{ORGANISATION}/{self.code.name}"
        number = int(cast.gitea.call("POST", f"{path}/pulls", new, by=alice)["number"])
        self.repository, self._path, self._number = f"{ORGANISATION}/{self.code.name}", path, number
        parts = SenderParts(backoff=Backoff(tries=4, first_seconds=0.1))
        token = cast.gitea.token(cast.accounts[HUB], "write:repository", "write:issue", "read:user")
        opened = open_code(cast.gitea.url, lambda: token, parts)
        self.requests, self.works = GiteaCode(opened), GiteaWorks(opened)
        self.place = Place("0123456789ab", "int", "RTB-123", f"{self.repository}#{number}/abc123")

    def _call(self, method: str, path: str, body: dict[str, str]) -> None:
        alice = self.code.cast.accounts["alice"]
        self.code.gitea.call(method, f"{self._path}/{path}", body, by=alice)

    def comment_by_another(self, body: str) -> None:
        self._call("POST", f"issues/{self._number}/comments", {"body": body})

    def status_by_another(self, commit: str, context: str, state: str) -> None:
        self._call("POST", f"statuses/{commit}", {"context": context, "state": state})

    def close(self) -> None:
        self._call("PATCH", f"pulls/{self._number}", {"state": "closed"})


@pytest.fixture
def world(cast: Cast, tmp_path: Path) -> CodeWorld:
    return CodeWorld(cast, tmp_path)


class TestGiteaRequests(RequestsContract):
    pass
