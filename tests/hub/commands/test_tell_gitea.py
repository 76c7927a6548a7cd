"""`rtb-hub tell` in pull requests of code on a Gitea."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES
from worlds.commands import IMAGES, Ran, commit_file, must, rtb_hub
from worlds.gitea_api import GiteaApi, Reply, pull, user
from worlds.repositories import state_repository

WEB = "/api/v1/repos/acme/web"
BRANCH = {"label": "x", "ref": "feature/RTB-1-login", "sha": "a" * 40, "repo_id": 1}
RULE = """\
projects:
  RTB:
    pullRequests: {repositories: [acme/web]}
    environments: [int]
    images: {web: {repository: registry.example.com/web, tag: "{key}-{sha7}", source: acme/web}}
"""


@pytest.fixture
def gitea() -> Iterator[GiteaApi]:
    with GiteaApi() as api:
        api.on(f"GET {WEB}/pulls", Reply([pull(7, head=BRANCH), pull(8, head={**BRANCH, "repo_id": 2})]))
        api.on(f"GET {WEB}/pulls/7", Reply(pull(7, head=BRANCH)))
        api.on(f"GET {WEB}/issues/7/comments", Reply([]))
        api.on(f"POST {WEB}/issues/7/comments", Reply({"id": 31, "body": "", "user": None}, 201))
        yield api


@pytest.fixture
def told(tmp_path: Path, gitea: GiteaApi) -> Any:
    repo = state_repository(tmp_path / "state.git")
    commit_file(repo, "hub/services.yaml", RULE)
    must("start", "RTB-1", "--env", "int", *IMAGES, "--repo", repo, RTB_HUB_ACTOR="alice")
    settings = {
        "RTB_HUB_DATA": str(tmp_path / "data"), "RTB_HUB_GITEA_URL": gitea.url, "RTB_HUB_GITEA_MESSAGES": "ko",
        "RTB_HUB_FORGE_TOKEN": "a-token-of-the-hub",
    }  # fmt: skip

    def run(*arguments: str, **changed: str) -> Ran:
        return rtb_hub("tell", *arguments, "--repo", repo, **{**settings, **changed})

    return run


def test_a_dry_run_says_where_and_writes_nothing(told: Any, gitea: GiteaApi) -> None:
    ran = told("--dry-run")
    assert ran.code == 0, ran.err
    assert "int/RTB-1 acme/web#7 gitea-comment: post" in ran.out
    assert "acme/web#8" not in ran.out, "a fork's branch is nobody's"
    assert (gitea.count("POST"), gitea.count("PATCH")) == (0, 0)


def test_a_pass_comments_once_and_says_nothing_of_what_nobody_looked_at(told: Any, gitea: GiteaApi) -> None:
    assert told("--output", "json").json()["done"] == {"gitea-status": {}, "gitea-comment": {"posted": 1}}
    told()
    assert [call for call in gitea.seen if call.startswith("POST")] == [f"POST {WEB}/issues/7/comments"]
    assert gitea.tokens == {"token a-token-of-the-hub"}


def test_what_went_while_the_database_was_lost_is_looked_for_in_the_open_request(
    told: Any, gitea: GiteaApi, tmp_path: Path
) -> None:
    told()
    (written,) = gitea.bodies(f"POST {WEB}/issues/7/comments")
    mine = {"id": 31, "body": written["body"], "user": user("rtb-hub", 7)}
    gitea.on(f"GET {WEB}/issues/7/comments", Reply([mine]))
    gitea.on(f"PATCH {WEB}/issues/comments/31", Reply(mine))
    must("stop", "RTB-1", "--env", "int", "--repo", tmp_path / "state.git", RTB_HUB_ACTOR="alice")
    ran = told("--output", "json", RTB_HUB_DATA=str(tmp_path / "other"))
    assert ran.json()["done"]["gitea-comment"] == {"edited": 1}
    (edited,) = gitea.bodies(f"PATCH {WEB}/issues/comments/31")
    assert "Git에서 제거되었습니다" in edited["body"]


def test_what_the_server_refuses_is_told_with_its_code(told: Any, gitea: GiteaApi) -> None:
    gitea.on(f"POST {WEB}/issues/7/comments", Reply({"message": "no right"}, 403))
    ran = told()
    assert ran.code == CODES[Reason.FORGE_DENIED]
    assert "give the hub's account the right" in ran.err


@pytest.mark.parametrize(
    ("changed", "reason", "says"),
    [
        ({"RTB_HUB_GITEA_URL": ""}, Reason.INVALID_VALUE, "RTB_HUB_GITEA_URL"),
        ({"RTB_HUB_GITEA_MESSAGES": "de"}, Reason.INVALID_VALUE, "RTB_HUB_GITEA_MESSAGES"),
        ({"RTB_HUB_FORGE_TOKEN": ""}, Reason.INVALID_VALUE, "RTB_HUB_FORGE_TOKEN_FILE"),
        ({"RTB_HUB_GITHUB_MESSAGES": "en", "RTB_HUB_GITHUB_API": "https://github.example.com/api/v3"},
         Reason.INVALID_VALUE, "on one forge"),
        ({"RTB_HUB_GITEA_URL": "http://git.example.com"}, Reason.INVALID_FORGE, "git.example.com"),
    ],
)  # fmt: skip
def test_what_is_missing_or_wrong_is_named(told: Any, changed: dict[str, str], reason: Reason, says: str) -> None:
    ran = told("--dry-run", **changed)
    assert ran.code == CODES[reason], ran.err
    assert says in ran.err
