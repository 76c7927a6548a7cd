"""`rtb-hub tell` in pull requests of a GitHub that is asked over HTTP, with an App's key and with a token."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.errors import Reason
from hub.adapters.github.messages import code
from hub.output.exit_codes import CODES
from worlds.commands import IMAGES, Ran, commit_file, must, rtb_hub
from worlds.github_server import GitHubServer, add_app
from worlds.github_server.state import App, Pull, State, now
from worlds.github_world import key_pair
from worlds.repositories import state_repository

RULE = """\
projects:
  RTB:
    pullRequests: {repositories: [acme/web]}
    environments: [int]
    images: {web: {repository: registry.example.com/web, tag: "{key}-{sha7}", source: acme/web}}
"""
MAY = {"pull_requests": "write", "deployments": "write", "checks": "write", "contents": "read"}


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubServer]:
    """acme/web with pull request 7 of RTB-1."""
    path = tmp_path / "web.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", path], check=True)
    tree = subprocess.run(["git", "-C", path, "mktree"], input="", capture_output=True, text=True, check=True).stdout
    who = {f"GIT_{role}_{part}": "x" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    parent: list[str] = []
    for branch in ("main", "feature/RTB-1-login"):
        commit = subprocess.run(
            ["git", "-C", path, "commit-tree", tree.strip(), *parent, "-m", branch],
            env={"PATH": "/usr/bin:/bin", **who}, capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
        subprocess.run(["git", "-C", path, "update-ref", f"refs/heads/{branch}", commit], check=True)
        parent = ["-p", commit]
    with GitHubServer(path, State(repo="web")) as server:
        alice = server.state.add_account("alice", "write")
        server.state.add_account("hub-user", "write", token="token-of-hub-user")
        head, base = server.git.head("feature/RTB-1-login") or "", server.git.head("main") or ""
        server.state.pulls[7] = Pull(7, "login", "", alice, "feature/RTB-1-login", "main", base, head, now(), now())
        yield server
        assert server.violations == []


@pytest.fixture
def app(github: GitHubServer) -> App:
    return add_app(github.state, "rtb-hub", key_pair()[1], dict(MAY))


@pytest.fixture
def told(tmp_path: Path, github: GitHubServer, app: App, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command in a place with a preview, RTB-1 in int."""
    monkeypatch.setattr(code, "WRITES_APART_SECONDS", 0.0)
    repo = state_repository(tmp_path / "state.git")
    must("start", "RTB-1", "--env", "int", *IMAGES, "--repo", repo, RTB_HUB_ACTOR="alice")
    commit_file(Path(repo), "hub/services.yaml", RULE)
    key = tmp_path / "app.pem"
    key.write_text(key_pair()[0])
    settings = {
        "RTB_HUB_DATA": str(tmp_path / "data"), "RTB_HUB_GITHUB_API": github.api, "RTB_HUB_GITHUB_MESSAGES": "ko",
        "RTB_HUB_FORGE_APP_ID": str(app.id), "RTB_HUB_FORGE_APP_KEY_FILE": str(key),
    }  # fmt: skip

    def run(*arguments: str, **changed: str) -> Ran:
        return rtb_hub("tell", *arguments, "--repo", repo, **{**settings, **changed})

    return run


def writes(github: GitHubServer) -> list[str]:
    return [one for one in github.log if not one.startswith("GET ") and "access_tokens" not in one]


def test_a_dry_run_says_where_and_writes_nothing(told: Any, github: GitHubServer) -> None:
    ran = told("--dry-run")
    assert ran.code == 0, ran.err
    assert "int/RTB-1 acme/web#7 github-comment: post" in ran.out
    assert "github-check" not in ran.out, "no cluster is looked at"
    assert "[시작됨] int 환경의 프리뷰" in ran.out
    (one,) = [
        one for one in told("--dry-run", "--output", "json").json()["messages"] if one["channel"] == "github-comment"
    ]
    assert (one["place"], one["phase"], one["action"]) == ("acme/web#7", "unseen", "post")
    assert writes(github) == []


def test_a_pass_posts_once_and_the_next_one_has_nothing_to_do(told: Any, github: GitHubServer) -> None:
    assert told("--output", "json").json()["done"] == {
        "github-deployment": {"posted": 1}, "github-check": {}, "github-comment": {"posted": 1},
    }  # fmt: skip
    done = writes(github)
    assert "github-comment: everything is up to date" in told().out
    assert writes(github) == done
    (deployment,) = github.state.deployments.values()
    assert (deployment.ref, deployment.state) == ("feature/RTB-1-login", "in_progress")
    (comment,) = github.state.pulls[7].comments
    assert "int 환경의 프리뷰" in comment.body
    assert comment.user.login == "rtb-hub[bot]"


def test_with_a_token_it_tells_as_its_account(told: Any, github: GitHubServer) -> None:
    changed = {"RTB_HUB_FORGE_APP_ID": "", "RTB_HUB_FORGE_APP_KEY_FILE": "", "RTB_HUB_FORGE_TOKEN": "token-of-hub-user"}
    assert set(told("--output", "json", **changed).json()["done"]) == {
        "github-deployment", "github-status", "github-comment",
    }  # fmt: skip
    (comment,) = github.state.pulls[7].comments
    assert comment.user.login == "hub-user"


def test_what_fails_is_told_after_all_else_was_done(told: Any, github: GitHubServer, app: App) -> None:
    app.permissions["deployments"] = "read"
    ran = told()
    assert ran.code == CODES[Reason.FORGE_DENIED]
    assert "does not allow POST /repos/acme/web/deployments" in ran.err
    assert "github-deployment: 1 failed" in ran.out
    assert len(github.state.pulls[7].comments) == 1


def test_a_repository_that_is_gone_is_told(told: Any, github: GitHubServer) -> None:
    github.state.repo = "moved"
    ran = told("--dry-run")
    assert ran.code == CODES[Reason.FORGE_REFUSED]
    assert writes(github) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"RTB_HUB_FORGE_APP_ID": ""}, "no key to it"),
        ({"RTB_HUB_GITHUB_MESSAGES": "de"}, "RTB_HUB_GITHUB_MESSAGES"),
        ({"RTB_HUB_GITHUB_MESSAGES": ""}, "name nowhere"),
    ],
)
def test_settings_that_do_not_do_are_refused_before_anything(
    told: Any, github: GitHubServer, changed: dict[str, str], words: str
) -> None:
    ran = told(**changed)
    assert ran.code == CODES[Reason.INVALID_VALUE]
    assert words in ran.err
    assert github.log == []
