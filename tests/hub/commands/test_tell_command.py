"""`rtb-hub tell`: one pass over all messages at a Jira that is asked over HTTP, and what it would do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES
from worlds.commands import IMAGES, Ran, must, rtb_hub
from worlds.jira_server import JiraFront, JiraServer
from worlds.jira_server.site import Issue
from worlds.repositories import state_repository


@pytest.fixture
def jira() -> JiraServer:
    return JiraServer(issues={"RTB-1": Issue(), "RTB-2": Issue()})


@pytest.fixture
def told(tmp_path: Path, jira: JiraServer) -> Iterator[Any]:
    """Runs the command in a place with a preview, RTB-1 in int."""
    repo = state_repository(tmp_path / "state.git")
    must("start", "RTB-1", "--env", "int", *IMAGES, "--repo", repo, RTB_HUB_ACTOR="alice")
    with JiraFront(jira) as front:
        settings = {
            "RTB_HUB_DATA": str(tmp_path / "data"), "RTB_HUB_JIRA_URL": front.url, "RTB_HUB_JIRA_EMAIL": "hub@example.com",
            "RTB_HUB_JIRA_TOKEN": "ATATT3xFfGF0-secret", "RTB_HUB_JIRA_MESSAGES": "ko",
        }  # fmt: skip

        def run(*arguments: str, **changed: str) -> Ran:
            return rtb_hub("tell", *arguments, "--repo", repo, **{**settings, **changed})

        yield run


def test_a_dry_run_prints_every_message_and_asks_nobody(told: Any, jira: JiraServer) -> None:
    ran = told("--dry-run")
    assert ran.code == 0, ran.err
    assert "int/RTB-1 jira-comment: post" in ran.out
    assert "[시작됨] int 환경의 프리뷰" in ran.out
    (link, comment) = sorted(told("--dry-run", "--output", "json").json()["messages"], key=lambda one: one["action"] + one["channel"], reverse=True)  # fmt: skip
    assert {link["channel"], comment["channel"]} == {"jira-link", "jira-comment"}
    assert {one["phase"] for one in (link, comment)} == {"unseen"}
    assert jira.calls == []


def test_a_pass_posts_once_and_the_next_one_has_nothing_to_do(told: Any, jira: JiraServer) -> None:
    assert told("--output", "json").json()["done"] == {"jira-link": {"posted": 1}, "jira-comment": {"posted": 1}}
    ran = told()
    assert "jira-comment: everything is up to date" in ran.out
    assert "int/RTB-1 jira-comment: none" in told("--dry-run").out
    assert (len(jira.issues["RTB-1"].comments), len(jira.issues["RTB-1"].links)) == (1, 1)
    assert not jira.issues["RTB-2"].comments
    assert jira.violations == []


def test_what_fails_is_told_after_all_else_was_done(told: Any, jira: JiraServer) -> None:
    jira.denied = [("POST", "/rest/api/3/issue/{issueIdOrKey}/comment")]
    ran = told()
    assert ran.code == CODES[Reason.JIRA_REFUSED]
    assert "cannot comment on RTB-1" in ran.err
    assert "Add Comments" in ran.err
    assert ran.out.splitlines() == ["jira-comment: 1 failed", "jira-link: 1 posted"]
    assert len(jira.issues["RTB-1"].links) == 1
    assert "none: it was refused" in told("--dry-run").out


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"RTB_HUB_JIRA_MESSAGES": ""}, "name nowhere"),
        ({"RTB_HUB_JIRA_MESSAGES": "de"}, "RTB_HUB_JIRA_MESSAGES"),
        ({"RTB_HUB_JIRA_URL": ""}, "RTB_HUB_JIRA_URL"),
        ({"RTB_HUB_JIRA_TOKEN": ""}, "RTB_HUB_JIRA_TOKEN"),
        ({"RTB_HUB_JIRA_URL": "http://jira.example.com"}, "in clear"),
    ],
)
def test_settings_that_do_not_do_are_refused_before_anything(
    told: Any, jira: JiraServer, changed: dict[str, str], words: str
) -> None:
    ran = told(**changed)
    assert ran.code == CODES[Reason.INVALID_VALUE]
    assert words in ran.err
    assert jira.calls == []


def test_an_environment_that_is_not_there_is_refused(told: Any) -> None:
    assert told("--env", "itn").code == CODES[Reason.UNKNOWN_ENVIRONMENT]
