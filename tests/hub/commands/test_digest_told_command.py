"""`rtb-hub digest --tell` with a workspace of Slack."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES
from worlds.commands import IMAGES, Ran, commit_file, must, rtb_hub
from worlds.jira_server.front import Front
from worlds.repositories import state_repository
from worlds.slack_server import SlackChannel, SlackServer


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = state_repository(tmp_path / "state.git")
    must("start", "RTB-1", "--env", "int", *IMAGES, "--repo", made, RTB_HUB_ACTOR="alice")
    return made


@pytest.fixture
def slack() -> SlackServer:
    return SlackServer(channels={"C0TEAM": SlackChannel("team"), "C0SHOP": SlackChannel("shop")})


@pytest.fixture
def run(tmp_path: Path, repo: Path, slack: SlackServer) -> Iterator[Any]:
    with Front(slack) as front:
        settings = {
            "RTB_HUB_DATA": str(tmp_path / "data"), "RTB_HUB_SLACK_API": front.url, "RTB_HUB_SLACK_TOKEN": "xoxb-a-token",
            "RTB_HUB_SLACK_MESSAGES": "ko", "RTB_HUB_SLACK_CHANNELS": "C0TEAM,SHOP=C0SHOP",
        }  # fmt: skip

        def command(*arguments: str, **changed: str) -> Ran:
            return rtb_hub("digest", *arguments, "--repo", repo, **{**settings, **changed})

        yield command
    assert slack.violations == []


def test_a_dry_run_prints_what_each_channel_would_be_told_and_asks_nobody(run: Any, slack: SlackServer) -> None:
    ran = run("--tell", "--dry-run")
    assert ran.code == 0, ran.err
    assert "C0TEAM 20" in ran.out
    assert ": post\n" in ran.out
    assert "RTB: 현재 1개" in ran.out
    assert slack.calls == []
    channels = {one["channel"]: one for one in run("--tell", "--dry-run", "--output", "json").json()["channels"]}
    assert (channels["C0SHOP"]["told"], channels["C0SHOP"]["text"]) == ("none", None)


def test_each_team_is_told_once_in_a_week_and_nobody_of_nothing(run: Any, slack: SlackServer) -> None:
    told = run("--tell", "--output", "json").json()
    assert [(one["channel"], one["told"]) for one in told["channels"]] == [("C0TEAM", "posted"), ("C0SHOP", "none")]
    again = run("--tell", "--output", "json").json()
    assert again["channels"][0] == {"channel": "C0TEAM", "told": "unchanged", "text": None}
    (posted,) = slack.channels["C0TEAM"].messages.values()
    assert "시작 1건" in posted["text"]
    assert run("--tell", "--every", "day", "--output", "json").json()["channels"][0]["told"] == "posted"
    assert (len(slack.channels["C0TEAM"].messages), len(slack.channels["C0SHOP"].messages)) == (2, 0)


def test_what_cannot_be_read_is_said_and_not_taken_for_nothing(run: Any, repo: Path, slack: SlackServer) -> None:
    commit_file(repo, "environments/stg/environment.yaml", "spec: [")
    assert run("--tell", "--output", "json").json()["channels"][1]["told"] == "posted"
    (posted,) = slack.channels["C0SHOP"].messages.values()
    assert "stg 환경은 읽을 수 없어 제외했습니다." in str(posted["blocks"])


def test_a_channel_that_cannot_be_posted_in_ends_it_once_the_others_are_told(run: Any, slack: SlackServer) -> None:
    slack.channels = {"C0OTHER": SlackChannel(is_archived=True), "C0TEAM": SlackChannel()}
    ran = run("--tell", RTB_HUB_SLACK_CHANNELS="ABC=C0GONE,RTB=C0OTHER,C0TEAM")
    assert ran.code == CODES[Reason.SLACK_REFUSED]
    assert "C0OTHER" in ran.err
    assert run("--tell", RTB_HUB_SLACK_CHANNELS="C0TEAM").code == 0
    assert len(slack.channels["C0TEAM"].messages) == 1


@pytest.mark.parametrize(
    ("options", "changed", "told"),
    [
        (["--tell", "--since", "7d"], {}, "--since"),
        (["--tell", "--project", "RTB"], {}, "--project"),
        (["--tell", "--language", "en"], {}, "--language"),
        (["--every", "day"], {}, "--tell"),
        (["--dry-run"], {}, "--tell"),
        (["--time-zone", "Asia/Seoul"], {}, "--tell"),
        (["--tell", "--time-zone", "Asia/Soul"], {}, "Asia/Seoul"),
        (["--tell"], {"RTB_HUB_SLACK_MESSAGES": ""}, "RTB_HUB_SLACK_MESSAGES"),
        (["--tell"], {"RTB_HUB_SLACK_TOKEN": ""}, "RTB_HUB_SLACK_TOKEN_FILE"),
        (["--tell"], {"RTB_HUB_SLACK_CHANNELS": ""}, "names no channel"),
    ],
)
def test_what_is_missing_or_makes_no_sense_is_named(
    run: Any, options: list[str], changed: dict[str, str], told: str
) -> None:
    ran = run(*options, **changed)
    assert ran.code == CODES[Reason.INVALID_VALUE]
    assert told in ran.err


def test_where_the_services_are_not_installed_it_says_how(monkeypatch: pytest.MonkeyPatch, run: Any) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    for name in [name for name in sys.modules if name.startswith(("hub.store", "hub.actions.telling.digests"))]:
        monkeypatch.delitem(sys.modules, name)
    ran = run("--tell", "--dry-run")
    assert (ran.code, "rtb-ai-hub[services]" in ran.err) == (14, True)
