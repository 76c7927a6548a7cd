"""`tell` and `doctor --services` with a workspace of Slack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES, UNHEALTHY
from worlds.commands import IMAGES, Ran, must, rtb_hub
from worlds.jira_server.front import Front
from worlds.repositories import state_repository
from worlds.slack_server import SlackChannel, SlackServer


@pytest.fixture
def slack() -> SlackServer:
    return SlackServer(channels={"C0TEAM": SlackChannel("team"), "C0SHOP": SlackChannel("shop")})


@pytest.fixture
def run(tmp_path: Path, slack: SlackServer) -> Iterator[Any]:
    """Runs a command in a place with previews of RTB-1 and SHOP-2 in int."""
    repo = state_repository(tmp_path / "state.git")
    for issue in ("RTB-1", "SHOP-2"):
        must("start", issue, "--env", "int", *IMAGES, "--repo", repo, RTB_HUB_ACTOR="alice")
    with Front(slack) as front:
        settings = {
            "RTB_HUB_DATA": str(tmp_path / "data"), "RTB_HUB_SLACK_API": front.url, "RTB_HUB_SLACK_TOKEN": "xoxb-a-token",
            "RTB_HUB_SLACK_MESSAGES": "ko", "RTB_HUB_SLACK_CHANNELS": "C0TEAM,SHOP=C0SHOP",
        }  # fmt: skip

        def command(*arguments: str, **changed: str) -> Ran:
            return rtb_hub(*arguments, "--repo", repo, **{**settings, **changed})

        yield command
    assert slack.violations == []


def test_a_dry_run_prints_every_message_and_asks_nobody(run: Any, slack: SlackServer) -> None:
    ran = run("tell", "--dry-run")
    assert ran.code == 0, ran.err
    assert "int/RTB-1 slack: post" in ran.out
    assert "[시작됨] int 환경의 프리뷰" in ran.out
    assert slack.calls == []


def test_a_pass_posts_in_the_channel_of_each_team_once(run: Any, slack: SlackServer) -> None:
    assert run("tell", "--output", "json").json()["done"] == {"slack": {"posted": 2}}
    assert "slack: everything is up to date" in run("tell").out
    told = {name: [one["text"] for one in channel.messages.values()] for name, channel in slack.channels.items()}
    assert {name: len(texts) for name, texts in told.items()} == {"C0TEAM": 1, "C0SHOP": 1}
    assert "RTB-1" in told["C0TEAM"][0]
    assert "SHOP-2" in told["C0SHOP"][0]


def test_what_went_while_the_database_was_lost_is_told_to_be_gone(run: Any, slack: SlackServer, tmp_path: Path) -> None:
    run("tell")
    must("stop", "RTB-1", "--env", "int", "--repo", tmp_path / "state.git", RTB_HUB_ACTOR="alice")
    lost = {"RTB_HUB_DATA": str(tmp_path / "other")}
    assert "int/RTB-1 slack: none" in run("tell", "--dry-run", **lost).out
    done = run("tell", "--output", "json", **lost).json()
    assert (done["failed"], done["done"]["slack"]["edited"]) == (0, 1)
    (message,) = slack.channels["C0TEAM"].messages.values()
    assert message["metadata"]["event_payload"]["phase"] == "withdrawn"
    assert run("tell", "--output", "json", **lost).json()["done"] == {"slack": {}}


def test_a_token_that_is_refused_ends_it_with_a_code_of_its_own(run: Any, slack: SlackServer) -> None:
    slack.scopes.clear()
    ran = run("tell")
    assert ran.code == CODES[Reason.SLACK_REFUSED]
    assert "install it anew" in ran.err


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"RTB_HUB_SLACK_TOKEN": ""}, "RTB_HUB_SLACK_TOKEN_FILE"),
        ({"RTB_HUB_SLACK_CHANNELS": ""}, "names no channel"),
        ({"RTB_HUB_SLACK_CHANNELS": "#team"}, "no channel"),
        ({"RTB_HUB_SLACK_CHANNELS": "C0TEAM,C0SHOP"}, "named twice"),
        ({"RTB_HUB_SLACK_CHANNELS": "rtb=C0TEAM"}, "no channel"),
        ({"RTB_HUB_SLACK_APPROVERS": "@leads"}, "nobody"),
        ({"RTB_HUB_SLACK_PLATFORM": "platform"}, "no channel"),
    ],
)
def test_settings_that_are_missing_or_wrong_are_named(run: Any, changed: dict[str, str], told: str) -> None:
    ran = run("tell", **changed)
    assert ran.code == CODES[Reason.INVALID_VALUE]
    assert told in ran.err


def of_slack(ran: Ran) -> dict[str, str]:
    return {one["rule"]: one["message"] for one in ran.json()["findings"] if one["rule"].startswith("slack-")}


def doctor(run: Any, **changed: str) -> Ran:
    ran: Ran = run("doctor", "--env", "int", "--services", "--output", "json", **changed)
    return ran


def test_the_doctor_finds_nothing_wrong_with_an_app_that_may_all(run: Any) -> None:
    ran = doctor(run)
    assert of_slack(ran).keys() <= {"slack-clock"}
    assert "Slack, workspace Team: scopes, 2 channels" in ran.json()["checked"]


def test_the_doctor_names_scopes_channels_and_tokens_that_end(run: Any, slack: SlackServer) -> None:
    slack.scopes -= {"groups:history"}
    slack.channels["C0SHOP"].is_member = False
    ran = doctor(run, RTB_HUB_SLACK_TOKEN="xoxe.xoxb-a-token", RTB_HUB_SLACK_PLATFORM="C0NONE")
    assert ran.code == UNHEALTHY
    found = of_slack(ran)
    assert "groups:history" in found["slack-scopes"]
    assert "12 hours" in found["slack-token"]
    rooms = [one["message"] for one in ran.json()["findings"] if one["rule"] == "slack-channel"]
    assert [one.split(" cannot")[0] for one in rooms] == ["channel C0NONE", "channel C0SHOP (#shop)"]


def test_a_workspace_that_does_not_answer_is_a_finding(run: Any) -> None:
    found = of_slack(doctor(run, RTB_HUB_SLACK_API="http://127.0.0.1:9"))
    assert "no connection" in found["slack-unread"]


ASKED = {"RTB_HUB_SLACK_SIGNING_SECRET": "s3cret", "RTB_HUB_PUBLIC_URL": "https://hub.example.com"}


def test_the_doctor_finds_nothing_wrong_with_an_app_that_is_asked(run: Any, slack: SlackServer) -> None:
    slack.scopes |= {"commands", "links:read", "links:write"}
    assert of_slack(doctor(run, RTB_HUB_SLACK_BUTTONS="true", **ASKED)).keys() <= {"slack-clock"}


@pytest.mark.parametrize(
    ("changed", "rule", "told"),
    [
        (ASKED, "slack-asked-scopes", "commands (for /preview), links:read"),
        ({**ASKED, "RTB_HUB_SLACK_BUTTONS": "true", "RTB_HUB_SLACK_SIGNING_SECRET": ""}, "slack-unproved", "refused"),
        ({**ASKED, "RTB_HUB_PUBLIC_URL": ""}, "slack-address", "cannot link"),
    ],
)
def test_the_doctor_names_what_keeps_people_from_asking(
    run: Any, changed: dict[str, str], rule: str, told: str
) -> None:
    ran = doctor(run, **changed)
    assert told in of_slack(ran)[rule]
    assert {one["severity"] for one in ran.json()["findings"] if one["rule"] == rule} == {"warning"}
