"""`rtb-hub doctor --services`: what the hub's account at Jira lacks, asked of a site that knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.errors import Reason
from hub.actions.doctor_services import JiraAccess, check_jira
from hub.adapters.http import Answer, Request
from hub.adapters.jira.rights import TELLING
from hub.adapters.jira.site import JiraSite
from hub.output.exit_codes import CODES, UNHEALTHY
from worlds.builders import NOW
from worlds.commands import IMAGES, Ran, must, rtb_hub
from worlds.jira_server import Direct, JiraFront, JiraServer
from worlds.repositories import state_repository

Run = Callable[..., Ran]


@pytest.fixture
def jira() -> JiraServer:
    return JiraServer(rights={"RTB": set(TELLING)})


@pytest.fixture
def doctor(tmp_path: Path, jira: JiraServer) -> Iterator[Run]:
    """Runs it on a repository with a preview of RTB-1."""
    repo = state_repository(tmp_path / "state.git")
    must("start", "RTB-1", "--env", "int", *IMAGES, "--repo", repo)
    with JiraFront(jira) as front:
        settings = {
            "RTB_HUB_JIRA_URL": front.url, "RTB_HUB_JIRA_EMAIL": "hub@example.com", "RTB_HUB_JIRA_TOKEN": "a-token-of-jira",
            "RTB_HUB_JIRA_MESSAGES": "en",
        }  # fmt: skip

        def run(*arguments: str, **changed: str) -> Ran:
            told = ("doctor", "--env", "int", "--services", "--repo", repo, "--output", "json")
            return rtb_hub(*told, *arguments, **{**settings, **changed})

        yield run
    assert jira.violations == []


def of_jira(ran: Ran) -> list[Any]:
    return [one for one in ran.json()["findings"] if one["rule"].startswith("jira-")]


def test_an_account_with_all_rights_is_well(doctor: Run) -> None:
    ran = doctor()
    assert of_jira(ran) == []
    assert any("rights in RTB" in line for line in ran.json()["checked"])


def test_data_center_is_asked_as_it_asks_to_be(doctor: Run, jira: JiraServer) -> None:
    jira.edition = "data-center"
    own = {"RTB_HUB_JIRA_EDITION": "data-center", "RTB_HUB_JIRA_EMAIL": ""}
    assert of_jira(doctor(**own)) == []
    jira.rights["RTB"].remove("LINK_ISSUES")
    (found,) = of_jira(doctor(**own))
    assert "lacks in RTB: Link Issues" in found["message"]
    ran = doctor(RTB_HUB_JIRA_EDITION="data-center")
    assert (ran.code, "takes no e-mail address" in ran.err) == (CODES[Reason.INVALID_VALUE], True)


def test_what_is_lacking_is_named_with_its_project(doctor: Run, jira: JiraServer) -> None:
    jira.rights["RTB"] = {"BROWSE_PROJECTS", "ADD_COMMENTS"}
    ran = doctor()
    assert ran.code == UNHEALTHY
    (found,) = of_jira(ran)
    assert (found["severity"], found["rule"]) == ("error", "jira-rights")
    assert "RTB: Edit Own Comments, Delete Own Comments, Link Issues, Edit Issues" in found["message"]
    assert of_jira(doctor(RTB_HUB_JIRA_MESSAGES="")) == [], "who only reads needs no more"


def test_a_project_that_is_not_seen_lacks_all(doctor: Run, jira: JiraServer) -> None:
    jira.rights.clear()
    (found,) = of_jira(doctor(RTB_HUB_JIRA_MESSAGES=""))
    assert "lacks in RTB: Browse Projects" in found["message"]


def test_a_site_that_does_not_answer_is_a_finding(doctor: Run) -> None:
    ran = doctor(RTB_HUB_JIRA_URL="http://127.0.0.1:9")
    (found,) = of_jira(ran)
    assert not any("rights" in line for line in ran.json()["checked"])
    assert (found["rule"], "no connection" in found["message"]) == ("jira-unread", True)


@pytest.mark.parametrize("changed", [{"RTB_HUB_JIRA_URL": ""}, {"RTB_HUB_JIRA_TOKEN": ""}])
def test_settings_that_name_nothing_are_refused(doctor: Run, changed: dict[str, str]) -> None:
    assert doctor(**changed).code == CODES[Reason.INVALID_VALUE]


@pytest.mark.parametrize(
    ("date", "rules"),
    [
        ("Mon, 23 Nov 2026 02:01:59 GMT", []),
        ("Mon, 23 Nov 2026 02:02:01 GMT", ["jira-clock"]),
        ("Mon, 23 Nov 2026 01:50:00 GMT", ["jira-clock"]),
        ("yesterday", []),
        ("", []),
    ],
)
def test_a_clock_that_is_far_away_is_told(date: str, rules: list[str], jira: JiraServer) -> None:
    class Dated(Direct):
        def send(self, request: Request) -> Answer:
            answer = super().send(request)
            return Answer(answer.status, {"date": date}, answer.body, answer.data)

    access = JiraAccess(JiraSite("https://example.atlassian.net", Dated(site=jira)), tells=True)
    found, answered = check_jira(access, ["RTB"], clock=lambda: NOW)
    assert [one.rule for one in found] == rules
    assert answered == ("RTB",)
    beside, answered = check_jira(access, ["RTB", "WEB"], clock=lambda: NOW)
    assert [one.rule for one in beside] == ["jira-rights", *rules], "a clock keeps no project from being looked at"
    assert answered == ("RTB", "WEB")
