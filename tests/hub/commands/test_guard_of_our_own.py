"""What the hub commits passes its own guard: stops of one issue everywhere, and stops that arrive together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from generator.render.request import Request
from generator.values.naming import IssueKey
from hub.actions.start import submission as starting
from hub.actions.stop import StopRequest, submission
from hub.settings import load_settings
from hub.wiring import Hub
from reconcilers.lifecycle.batch import MOST_STOPS
from reconcilers.lifecycle.start import StartRequest
from worlds.builders import image
from worlds.commands import IMAGES, commit_file, git, must, rtb_hub
from worlds.repositories import state_repository

REFUSED = 5


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return state_repository(tmp_path / "state.git")


def start(state: Path, key: str, env: str) -> None:
    must("start", key, "--env", env, "--blueprint", "web-api", *IMAGES, "--repo", state)


def test_stop_all_is_allowed(state: Path) -> None:
    for env in ("int", "stg"):
        start(state, "RTB-5", env)
    must("stop", "RTB-5", "--all", "--repo", state)
    ran = rtb_hub("guard", "main~1..main", "--repo", state)
    assert (ran.code, "2 removed" in ran.out) == (0, True), ran.out


def test_stops_that_arrive_together_are_allowed_and_come_in_commits_of_the_cap(state: Path) -> None:
    count = MOST_STOPS + 2
    ours = Hub(load_settings({}), clock=lambda: datetime.now(UTC).replace(microsecond=0))
    for number in range(1, count + 1):
        start(state, f"RTB-{number}", "int" if number % 2 else "stg")
    head = git(state, "rev-parse", "main").strip()
    keys = [IssueKey.parse(f"RTB-{number}") for number in range(1, count + 1)]
    asked = [submission(StopRequest(key, "bob"), "int" if number % 2 else "stg") for number, key in enumerate(keys, 1)]
    for answer in ours.writer(ours.store(str(state))).write_all(asked):
        answer.result()
    commits = git(state, "rev-list", "--reverse", f"{head}..main").split()
    assert len(commits) == 2
    for commit in commits:
        ran = rtb_hub("guard", f"{commit}^..{commit}", "--repo", state)
        assert ran.code == 0, ran.out


@pytest.mark.parametrize("message", ["by hand", "x\n\nPreview: int/rtb-5\nAction: stop", "x\n\nPreview: int/rtb-5\nAction: start\n\nPreview: stg/rtb-5\nAction: start"])  # fmt: skip
def test_a_removal_that_goes_unsaid_is_refused(state: Path, message: str) -> None:
    for env in ("int", "stg"):
        start(state, "RTB-5", env)
    must("stop", "RTB-5", "--all", "--repo", state)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    made = git(state, *who, "commit-tree", "main^{tree}", "-p", "main~1", "-m", message).strip()
    assert rtb_hub("guard", f"main~1..{made}", "--repo", state).code == REFUSED


def test_what_one_commit_says_does_not_cover_the_next(state: Path) -> None:
    for env in ("int", "stg"):
        start(state, "RTB-5", env)
    must("stop", "RTB-5", "--all", "--repo", state)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    back = git(state, *who, "commit-tree", "main~1^{tree}", "-p", "main", "-m", "back").strip()
    gone = git(state, *who, "commit-tree", "main^{tree}", "-p", back, "-m", "unsaid").strip()
    ran = rtb_hub("guard", f"main~1..{gone}", "--repo", state)
    assert (ran.code, ran.out.count(f"[removal-not-due] {gone[:12]}")) == (REFUSED, 2), ran.out


@pytest.mark.parametrize("most", [3, 20])
def test_leases_that_are_made_shorter_together_come_in_commits_of_the_cap(state: Path, most: int) -> None:
    policy = "environments/int/environment.yaml"
    commit_file(state, policy, git(state, "show", f"main:{policy}") + f"  expiry: {{maxRemovals: {most}}}\n")
    count = MOST_STOPS + 2
    ours = Hub(load_settings({}), clock=lambda: datetime.now(UTC).replace(microsecond=0))
    for number in range(1, count + 1):
        start(state, f"RTB-{number}", "int")
    head = git(state, "rev-parse", "main").strip()
    requests = [StartRequest(IssueKey.parse(f"RTB-{number}"), "bob", Request({name: image(name) for name in ("web", "api")}), ttl="1h") for number in range(1, count + 1)]  # fmt: skip
    parts = ours.parts(str(state))
    for answer in parts.writer.write_all([starting(one, "int", parts.starter) for one in requests]):
        answer.result()
    commits = git(state, "rev-list", "--reverse", f"{head}..main").split()
    assert len(commits) == -(-count // min(most, MOST_STOPS))
    for commit in commits:
        ran = rtb_hub("guard", f"{commit}^..{commit}", "--repo", state)
        assert ran.code == 0, ran.out
