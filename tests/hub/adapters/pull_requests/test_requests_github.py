"""The contract of messages in pull requests, on GitHub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from contracts.requests_contract import RequestsContract
from hub.actions.telling.pulls import OfPulls
from hub.adapters.github.messages.code import Code
from hub.adapters.pull_requests.places import Requests
from reconcilers.messages.channels import Place
from reconcilers.ports.sources import OpenWorks
from worlds.announcing import REPOSITORY
from worlds.announcing_pulls import GitHubStatuses, PullAnnouncing
from worlds.github_server.state import Comment, Status


class GitHubWorld:
    """acme/web with pull request 1; the hub is an account of its own."""

    repository = "acme/web"

    def __init__(self, pulls: PullAnnouncing) -> None:
        self.pulls = pulls
        worker = pulls.worker(GitHubStatuses)
        self.requests: Requests = cast(Code, cast(Any, worker.channel).requests)
        self.works: OpenWorks = cast(OfPulls, worker.spread).pulls.sources
        self.place = Place(REPOSITORY, "int", "RTB-123", "acme/web#1/abc123")
        self.head = str(pulls.web.git.head("feature/RTB-123-login"))

    def comment_by_another(self, body: str) -> None:
        alice = self.pulls.state.accounts["alice"]
        self.pulls.pull_comments().append(Comment(99, alice, body, self.pulls.now))

    def status_by_another(self, commit: str, context: str, state: str) -> None:
        alice = self.pulls.state.accounts["alice"]
        self.pulls.state.statuses.append(Status(99, context, commit, state, alice, self.pulls.now))

    def close(self) -> None:
        self.pulls.state.pulls[1].state = "closed"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitHubWorld]:
    with PullAnnouncing(tmp_path) as pulls:
        yield GitHubWorld(pulls)


class TestGitHubRequests(RequestsContract):
    pass
