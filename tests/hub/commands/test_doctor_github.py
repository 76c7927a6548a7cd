"""`rtb-hub doctor --services`: what the hub's key lacks in the repositories of code, asked of a GitHub that knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES, UNHEALTHY
from worlds.commands import IMAGES, Ran, commit_file, must, rtb_hub
from worlds.github_server import GitHubServer, add_app
from worlds.github_server.state import App
from worlds.github_world import github_of_code, key_pair
from worlds.repositories import state_repository

RULE = """\
projects:
  RTB:
    pullRequests: {repositories: [acme/web]}
    environments: [int]
    images: {web: {repository: registry.example.com/web, tag: main}}
"""
MAY = {"pull_requests": "write", "deployments": "write", "checks": "write"}
TOKEN = {"RTB_HUB_FORGE_APP_ID": "", "RTB_HUB_FORGE_APP_KEY_FILE": "", "RTB_HUB_FORGE_TOKEN": "token-of-hub-user"}


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubServer]:
    with github_of_code(tmp_path / "web.git") as server:
        yield server


@pytest.fixture
def app(github: GitHubServer) -> App:
    return add_app(github.state, "rtb-hub", key_pair()[1], dict(MAY))


@pytest.fixture
def doctor(tmp_path: Path, github: GitHubServer, app: App) -> Callable[..., Ran]:
    """Runs it on a repository with a preview of RTB-1."""
    repo = state_repository(tmp_path / "state.git")
    must("start", "RTB-1", "--env", "int", *IMAGES, "--repo", repo)
    commit_file(Path(repo), "hub/services.yaml", RULE)
    key = tmp_path / "app.pem"
    key.write_text(key_pair()[0])
    settings = {
        "RTB_HUB_GITHUB_API": github.api, "RTB_HUB_GITHUB_MESSAGES": "en", "RTB_HUB_FORGE_APP_ID": str(app.id),
        "RTB_HUB_FORGE_APP_KEY_FILE": str(key),
    }  # fmt: skip

    def run(**changed: str) -> Ran:
        told = ("doctor", "--env", "int", "--services", "--repo", repo, "--output", "json")
        return rtb_hub(*told, **{**settings, **changed})

    return run


def of_github(ran: Ran) -> list[Any]:
    return [one for one in ran.json()["findings"] if one["rule"].startswith("github-")]


def test_an_app_with_all_permissions_is_well(doctor: Callable[..., Ran]) -> None:
    ran = doctor()
    assert of_github(ran) == []
    assert "GitHub: rights in acme/web" in ran.json()["checked"]


def test_what_is_lacking_is_named_with_its_repository(doctor: Callable[..., Ran], app: App) -> None:
    app.permissions["deployments"] = "read"
    del app.permissions["checks"]
    ran = doctor()
    assert ran.code == UNHEALTHY
    (found,) = of_github(ran)
    assert (found["rule"], "Deployments: write, Checks: write" in found["message"]) == ("github-rights", True)


def test_a_token_is_told_what_it_cannot_do(doctor: Callable[..., Ran], github: GitHubServer) -> None:
    (found,) = of_github(doctor(**TOKEN))
    assert (found["rule"], found["severity"]) == ("github-token", "warning")
    github.state.accounts["hub-user"].role = "read"
    assert [one["rule"] for one in of_github(doctor(**TOKEN))] == ["github-rights", "github-token"]
    (found,) = of_github(doctor(**{**TOKEN, "RTB_HUB_FORGE_TOKEN": "another-token"}))
    assert (found["rule"], "does not accept the hub's key" in found["message"]) == ("github-unread", True)


@pytest.mark.parametrize("case", ["gone", "not installed", "archived"])
def test_a_repository_that_nothing_can_be_told_in_is_a_finding(
    doctor: Callable[..., Ran], github: GitHubServer, app: App, case: str
) -> None:
    if case == "gone":
        github.state.repo = "another"
    app.is_installed = case != "not installed"
    github.state.is_archived = case == "archived"
    ran = doctor()
    (found,) = of_github(ran)
    assert found["rule"] == ("github-archived" if case == "archived" else "github-unread")
    assert any("GitHub: rights" in line for line in ran.json()["checked"]) == (case == "archived")


def test_a_github_that_does_not_answer_is_told_once(doctor: Callable[..., Ran]) -> None:
    (found,) = of_github(doctor(RTB_HUB_GITHUB_API="http://127.0.0.1:9"))
    assert (found["rule"], "no connection" in found["message"]) == ("github-unread", True)


def test_without_a_key_it_is_refused(doctor: Callable[..., Ran]) -> None:
    assert doctor(RTB_HUB_FORGE_APP_ID="").code == CODES[Reason.INVALID_VALUE]
