"""`--dry-run`: what would be committed is what is committed then, and nothing is written meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES
from worlds.builders import image
from worlds.commands import git, must, rtb_hub, state_of
from worlds.repositories import state_repository

INT = ("--env", "int")
WEB = ("--blueprint", "web", "--image", f"web={image('web')}")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """RTB-1 in int and stg; RTB-3 was in int."""
    made = state_repository(tmp_path / "state.git")
    for key, env in (("RTB-1", "int"), ("RTB-1", "stg"), ("RTB-3", "int")):
        must("start", key, "--env", env, *WEB, "--repo", made)
    must("stop", "RTB-3", *INT, "--repo", made)
    return made


@pytest.mark.parametrize(
    "asked",
    [
        ("start", "RTB-2", *INT, *WEB),
        ("start", "RTB-1", *INT, "--set", "web.cpu=500m"),
        ("set", "RTB-1", "web.cpu=500m", *INT),
        ("stop", "RTB-1", *INT),
        ("extend", "RTB-1", *INT, "--by", "1h"),
        ("revive", "RTB-3", *INT),
        ("sleep", "RTB-1", *INT),
        ("start", "RTB-2", "--env", "prd", *WEB),
    ],
    ids=" ".join,
)
def test_what_would_be_done_is_what_is_done(state: Path, asked: tuple[str, ...]) -> None:
    before = state_of(state)
    planned = must(*asked, "--dry-run", "-o", "json", "--repo", state).json()
    people = must(*asked, "--dry-run", "--repo", state).out
    assert state_of(state) == before
    assert people.startswith(
        f"would be {asked[1]} in {asked[asked.index('--env') + 1]}: {planned['change']}; nothing is written"
    )
    done = must(*asked, "-o", "json", "--repo", state).json()
    assert (planned["dryRun"], planned["change"], planned["onBranch"]) == (
        True,
        done["change"],
        done.get("onBranch", "main"),
    )
    assert planned["changed"] == done.get("changed", [])
    subject, *names = git(state, "log", "-1", "--format=%s", "--name-only", planned["onBranch"]).split("\n")
    assert planned["message"] == subject
    assert sorted(one["path"] for one in planned["files"]) == sorted(filter(None, names))


def test_what_an_update_would_change_is_shown(state: Path) -> None:
    must("set", "RTB-1", *INT, "web.cpu=500m", "--repo", state)
    must("start", "RTB-1", *INT, "--branch", "feature/x", "--repo", state)
    told = must("start", "RTB-1", *INT, "--reset", "--dry-run", "--repo", state).out
    assert "  changed branch: removed (was feature/x)\n" in told
    assert "  changed web.cpu: 500m → 250m\n" in told


def test_nothing_is_planned_where_nothing_would_change(state: Path) -> None:
    told = must("start", "RTB-1", *INT, "--dry-run", "-o", "json", "--repo", state).json()
    assert (told["change"], told["onBranch"], told["message"], told["files"]) == ("unchanged", None, None, [])


def test_a_stop_everywhere_names_each(state: Path) -> None:
    before = state_of(state)
    told = must("stop", "RTB-1", "--all", "--dry-run", "-o", "json", "--repo", state).json()
    assert [one["environment"] for one in told["planned"]] == ["int", "stg"]
    assert must("stop", "RTB-1", "--all", "--dry-run", "-o", "name", "--repo", state).out == "RTB-1/int\nRTB-1/stg\n"
    assert must("stop", "RTB-9", *INT, "--dry-run", "--ignore-not-found", "--repo", state).out.startswith(
        "no preview of RTB-9"
    )
    missing = rtb_hub("stop", "RTB-9", "--all", "--dry-run", "--repo", state)
    assert missing.code == CODES[Reason.PREVIEW_NOT_FOUND]
    assert state_of(state) == before


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (("start", "RTB-2", *INT, "--blueprint", "wep"), Reason.UNKNOWN_BLUEPRINT),
        (("set", "RTB-9", "web.cpu=1", *INT), Reason.PREVIEW_NOT_FOUND),
        (("extend", "RTB-1", *INT, "--by", "soon"), Reason.INVALID_VALUE),
        (("revive", "RTB-9", *INT), Reason.PREVIEW_NOT_FOUND),
    ],
    ids=str,
)
def test_what_would_be_refused_is_refused(state: Path, asked: tuple[str, ...], reason: Reason) -> None:
    ran = rtb_hub(*asked, "--dry-run", "--repo", state)
    assert (ran.code, ran.out) == (CODES[reason], "")
    assert ran.err == rtb_hub(*asked, "--repo", state).err


def test_no_server_plans(state: Path) -> None:
    ran = rtb_hub("--server", "http://127.0.0.1:1", "stop", "RTB-1", *INT, "--dry-run")
    assert (ran.code, "--dry-run does not work through a server" in ran.err) == (2, True)
    both = rtb_hub("start", "RTB-1", *INT, "--dry-run", "--wait", "--repo", state)
    assert (both.code, "--wait cannot be used with --dry-run" in both.err) == (2, True)
