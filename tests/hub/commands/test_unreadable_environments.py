"""An environment whose file is broken, and the commands about the others: they go on, and say which one is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES, NEEDS_A_PERSON, UNHEALTHY
from worlds.commands import IMAGES, commit_file, must, rtb_hub
from worlds.repositories import state_repository

BROKEN = "environments/stg/environment.yaml"
INVALID = CODES[Reason.INVALID_ENVIRONMENT]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """int and prd can be read, stg cannot."""
    path = tmp_path / "state.git"
    state_repository(path)
    for key, env in (("RTB-1", "int"), ("RTB-2", "stg")):
        must("start", key, "--env", env, *IMAGES, "--repo", path)
    commit_file(path, BROKEN, "spec: {{{\n")
    return path


def test_reconcile_says_once_what_cannot_be_read_and_leaves_it_to_a_person(state: Path) -> None:
    ran = rtb_hub("reconcile", "--repo", state, "-o", "json")
    errors = [one["environment"] for one in ran.json()["passes"] if one["error"]]
    assert (ran.code, errors) == (NEEDS_A_PERSON, ["stg"])


def test_show_is_of_one_environment(state: Path) -> None:
    assert must("show", "RTB-1", "--env", "int", "--repo", state, "-o", "json").json()["environment"] == "int"
    assert rtb_hub("show", "RTB-2", "--env", "stg", "--repo", state).code == INVALID


def test_history_tells_the_others_and_ends_with_the_errors_code(state: Path) -> None:
    ran = rtb_hub("history", "--repo", state, "-o", "json")
    assert ran.code == INVALID
    assert {event["environment"] for event in ran.json()["events"]} == {"int"}
    (unreadable,) = ran.json()["unreadable"]
    assert (unreadable["environment"], unreadable["file"]) == ("stg", BROKEN)
    assert unreadable["faults"]
    people = rtb_hub("history", "--repo", state)
    assert people.code == INVALID
    assert "RTB-1" in people.out
    assert "! stg cannot be read; nothing is told of it:" in people.out
    assert must("history", "--env", "int", "--repo", state, "-o", "json").json()["unreadable"] == []
    named = rtb_hub("history", "--env", "stg", "--repo", state)
    assert (named.code, named.out) == (INVALID, "")


@pytest.mark.parametrize("text", ["spec: {{{\n", "spec: {previews: 1}\n"], ids=["not YAML", "unknown field"])
def test_env_list_tells_the_others_and_ends_with_the_errors_code(state: Path, text: str) -> None:
    commit_file(state, BROKEN, text)
    ran = rtb_hub("env", "list", "--repo", state, "-o", "json")
    assert [one["metadata"]["name"] for one in ran.json()["environments"]] == ["int", "prd"], ran.err
    assert [one["environment"] for one in ran.json()["unreadable"]] == ["stg"]
    assert (ran.code, "Traceback" in ran.err) == (INVALID, False)
    assert "! stg cannot be read" in rtb_hub("env", "list", "--repo", state).out


def test_doctor_diagnoses_it_and_checks_the_others(state: Path) -> None:
    ran = rtb_hub("doctor", "--repo", state, "-o", "json")
    assert ran.code == UNHEALTHY
    (found,) = (one for one in ran.json()["findings"] if one["rule"] == "environment-unreadable")
    assert (found["severity"], found["where"], found["line"]) == ("error", BROKEN, 2)
    assert found["remedy"]
    assert [line.partition(":")[0] for line in ran.json()["checked"]][:2] == ["int", "prd"]
    assert f"{BROKEN}:2:" in rtb_hub("doctor", "--repo", state).out
    assert must("doctor", "--env", "int", "--repo", state, "-o", "json").json()["errors"] == 0


def test_list_lists_the_others_and_ends_with_the_errors_code(state: Path) -> None:
    ran = rtb_hub("list", "--repo", state, "-o", "json")
    assert ran.code == INVALID
    assert [one["issue"] for one in ran.json()["previews"]] == ["RTB-1"]
    (unreadable,) = ran.json()["unreadable"]
    assert (unreadable["environment"], unreadable["file"]) == ("stg", BROKEN)
    people = rtb_hub("list", "--repo", state)
    assert people.code == INVALID
    assert "RTB-1" in people.out
    assert "! stg cannot be read; nothing is told of it:" in people.out
    assert must("list", "--env", "int", "--repo", state, "-o", "json").json()["unreadable"] == []
    named = rtb_hub("list", "--env", "stg", "--repo", state)
    assert (named.code, named.out) == (INVALID, "")
