"""`rtb-hub sleep` and `wake` as people use them, on real repositories and through a server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES
from worlds.commands import IMAGES, git, must, rtb_hub
from worlds.repositories import state_repository

ENTRY = "environments/int/previews/rtb/100/rtb-123"
AT = ("RTB-123", "--env", "int")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    state = state_repository(tmp_path / "state.git")
    must("start", *AT, *IMAGES, "--repo", state)
    return state


@pytest.fixture
def tell(state: Path) -> Callable[..., Any]:
    """Run a command on the repository and give its JSON."""
    return lambda *arguments: must(*arguments, "--repo", state, "-o", "json").json()


def test_sleep_and_wake_by_one_commit_each(state: Path, tell: Callable[..., Any]) -> None:
    manifest = git(state, "show", f"main:{ENTRY}/manifest.yaml")
    before = tell("show", *AT)
    told = tell("sleep", *AT, "--reason", "weekend")
    assert (told["change"], told["runsOn"], told["lease"]["phase"]) == ("asleep", [], "sleeping")
    assert told["price"]["savedPerHour"] == before["price"]["perHour"]
    assert float(told["price"]["perHour"]) == 0
    assert "replicas: 0" in git(state, "show", f"main:{ENTRY}/manifest.yaml")
    assert tell("sleep", *AT)["change"] == "unchanged"
    woken = tell("wake", *AT)
    assert (woken["change"], woken["asleepSince"], woken["price"]) == ("awake", None, before["price"])
    assert git(state, "show", f"main:{ENTRY}/manifest.yaml") == manifest
    assert [one["action"] for one in tell("history", "RTB-123")["events"]] == ["wake", "sleep", "start"]


def test_the_words_say_what_it_saves_and_a_list_finds_those_that_sleep(state: Path) -> None:
    out = must("sleep", *AT, "--repo", state).out
    assert "RTB-123 in int is put to sleep" in out
    assert "an hour while it sleeps, which saves $0.0284 an hour" in out
    assert "RTB-123" in must("list", "--phase", "sleeping", "--repo", state).out
    assert "sleeps already; nothing was changed" in must("sleep", *AT, "--repo", state).out
    assert "its pods start" in must("wake", *AT, "--repo", state).out
    assert "RTB-123" not in must("list", "--phase", "sleeping", "-o", "json", "--repo", state).out


def test_a_database_is_said_to_run_on(state: Path) -> None:
    images = [text for name in ("postgres", "seed") for text in ("--image", f"{name}={IMAGES[1].partition('=')[2]}")]
    must("start", *AT, "--blueprint", "web-api-postgres", *IMAGES, *images, "--repo", state)
    out = must("sleep", *AT, "--repo", state).out
    assert "runs on postgres: data would be lost without the pods" in " ".join(out.split())


def test_drift_and_guard_find_nothing_to_say_of_one_that_sleeps(state: Path) -> None:
    base = git(state, "rev-parse", "main").strip()
    must("sleep", *AT, "--repo", state)
    assert must("reconcile", "--only", "drift", "--repo", state, "-o", "json").json()["passes"][0]["actions"] == []
    must("guard", f"{base}..main", "--repo", state)


def test_one_that_is_not_there_is_named(state: Path) -> None:
    for command in ("sleep", "wake"):
        ran = rtb_hub(command, "RTB-9", "--env", "int", "--repo", state)
        assert ran.code == CODES[Reason.PREVIEW_NOT_FOUND]
