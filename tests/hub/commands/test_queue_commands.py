"""Waiting in line and stopping everywhere, as people and machines see it, on a real repository."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from generator.errors import Reason
from generator.model.json_schemas import schema
from hub.output.exit_codes import CODES, USAGE
from worlds.commands import IMAGES, Ran, commit_file, git, must, rtb_hub, state_of
from worlds.repositories import state_repository

BIG = ("--set", "web.cpu=1", "--set", "api.cpu=1")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return state_repository(tmp_path / "state.git")


def start(state: Path, key: str, *more: str, env: str = "int") -> Ran:
    return rtb_hub("start", key, "--env", env, *IMAGES, *more, "--repo", state, "-o", "json")


@pytest.fixture
def full(state: Path) -> Path:
    """int with all of its 6 vCPUs in use."""
    for number in (1, 2, 3):
        assert start(state, f"RTB-{number}", *BIG).code == 0
    return state


def test_a_full_environment_refuses_with_the_numbers_or_gives_a_place(full: Path) -> None:
    refused = start(full, "RTB-4")
    assert refused.code == CODES[Reason.CAPACITY_EXHAUSTED]
    (fault,) = json.loads(refused.err)["error"]["faults"]
    assert fault["message"] == "int uses 6 of 6 Fargate vCPUs and 0.50 more are asked for"
    assert "start --queue" in fault["remedy"]
    told = start(full, "RTB-4", "--queue").json()
    assert (told["change"], told["position"], told["length"]) == ("queued", 1, 1)
    assert start(full, "RTB-5", "--queue").json()["position"] == 2
    text = git(full, "show", "main:environments/int/queue/rtb-4.yaml")
    assert jsonschema_rs.is_valid(schema("queued-preview"), yaml.safe_load(text))
    assert text.splitlines()[0].endswith("../../../docs/schema/queued-preview.schema.json")


def test_list_and_show_tell_the_line(full: Path) -> None:
    start(full, "RTB-4", "--queue")
    start(full, "RTB-5", "--queue")
    commit_file(full, "environments/int/queue/rtb-6.yaml", "kind: [\n")
    listed = must("list", "--repo", full, "-o", "json").json()
    assert [(one["issue"], one["position"]) for one in listed["queue"]] == [("RTB-4", 1), ("RTB-5", 2)]
    assert [one["file"] for one in listed["queueSetAside"]] == ["environments/int/queue/rtb-6.yaml"]
    people = must("list", "--repo", full).out
    assert "RTB-5 is 2 of 2 in the queue of int since" in people
    assert "! environments/int/queue/rtb-6.yaml is not started:" in people
    assert must("list", "--repo", full, "--owner", "bob", "-o", "json").json()["queue"] == []
    shown = must("show", "RTB-5", "--env", "int", "--repo", full).out
    assert "RTB-5 is 2 of 2 in the queue of int" in shown
    assert "6 of 6 Fargate vCPUs" in shown
    assert rtb_hub("show", "RTB-6", "--env", "int", "--repo", full).code == CODES[Reason.UNREADABLE_ENTRY]


def test_show_tells_why_what_waits_cannot_start(full: Path) -> None:
    start(full, "RTB-4", "--queue")
    text = git(full, "show", "main:environments/int/queue/rtb-4.yaml")
    commit_file(full, "environments/int/queue/rtb-4.yaml", text.replace("24h", "900h"))
    shown = must("show", "RTB-4", "--env", "int", "--repo", full, "-o", "json").json()
    assert shown["position"] is None
    assert "too long" in shown["held"][0]


def test_stop_leaves_the_line(full: Path) -> None:
    start(full, "RTB-4", "--queue")
    ran = must("stop", "RTB-4", "--env", "int", "--repo", full)
    assert "removed from the queue" in ran.out
    assert must("list", "--repo", full, "-o", "json").json()["queue"] == []


def test_nothing_waits_in_a_gated_environment(state: Path) -> None:
    before = state_of(state)
    ran = start(state, "RTB-4", "--queue", env="prd")
    assert ran.code == CODES[Reason.INVALID_VALUE]
    assert "prd has no queue: it changes by pull request, one after the other" in ran.err
    assert state_of(state) == before


def test_stop_all_is_one_commit_a_branch_and_tells_each_outcome(state: Path) -> None:
    for env in ("int", "stg", "prd"):
        assert start(state, "RTB-123", env=env).code == 0
    assert start(state, "RTB-124").code == 0
    before = git(state, "rev-parse", "main").strip()
    told = must("stop", "--all", "--issue", "RTB-123", "--reason", "done", "--repo", state, "-o", "json").json()
    assert {(one["environment"], one["change"]) for one in told["stopped"]} == {
        ("int", "removed"),
        ("stg", "removed"),
        ("prd", "withdrawn"),
    }
    assert told["failed"] == []
    assert git(state, "rev-list", "--count", f"{before}..main").strip() == "1"
    trailers = git(state, "log", "-1", "--format=%(trailers:key=Preview,valueonly)", "main").split()
    assert trailers == ["int/rtb-123", "stg/rtb-123"]
    assert git(state, "branch", "--list", "preview/*") == ""
    left = must("list", "--repo", state, "-o", "json").json()["previews"]
    assert [one["issue"] for one in left] == ["RTB-124"]


def test_stop_all_asks_for_removal_where_review_is_needed(state: Path) -> None:
    assert start(state, "RTB-123", env="prd").code == 0
    git(state, "branch", "-f", "prd", "preview/prd/rtb-123")
    git(state, "branch", "-D", "preview/prd/rtb-123")
    ran = must("stop", "--all", "RTB-123", "--repo", state)
    assert "removal requested on a request branch" in ran.out
    assert git(state, "branch", "--list", "--format=%(refname:short)", "preview/*").split() == ["preview/prd/rtb-123"]


def test_stop_all_of_nothing(state: Path) -> None:
    ran = rtb_hub("stop", "--all", "RTB-9", "--repo", state)
    assert ran.code == CODES[Reason.PREVIEW_NOT_FOUND]
    assert "no preview of RTB-9 in int, prd, stg" in ran.err
    assert must("stop", "--all", "RTB-9", "--ignore-not-found", "--repo", state).out


def test_stop_all_goes_on_where_one_branch_is_refused_and_says_so_by_its_exit_code(state: Path) -> None:
    for env in ("int", "prd"):
        assert start(state, "RTB-123", env=env).code == 0
    git(state, "branch", "-f", "prd", "preview/prd/rtb-123")
    git(state, "branch", "-D", "preview/prd/rtb-123")
    lock = state / "refs/heads/main.lock"
    lock.touch()
    ran = rtb_hub("stop", "--all", "RTB-123", "--repo", state, "-o", "json")
    assert ran.code == CODES[Reason.REPOSITORY_REFUSED]
    told = ran.json()
    assert [(one["environment"], one["change"]) for one in told["stopped"]] == [("prd", "removal requested")]
    (failed,) = told["failed"]
    assert (failed["environment"], failed["error"]["reason"]) == ("int", "RepositoryRefused")
    lock.unlink()
    assert rtb_hub("stop", "--all", "RTB-123", "--repo", state).code == 0


@pytest.mark.parametrize(
    "arguments",
    [("--env", "int"), ("RTB-1",), ("RTB-1", "--all", "--env", "int"), ("RTB-1", "--issue", "RTB-2", "--all")],
    ids=["no issue", "nowhere", "all and one", "two issues"],
)
def test_stop_wants_one_issue_and_one_place(arguments: tuple[str, ...], state: Path) -> None:
    assert rtb_hub("stop", *arguments, "--repo", state).code == USAGE
