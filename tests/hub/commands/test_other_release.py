"""What another release wrote, and this one cannot read: told with what to do, and neither replaced nor removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES
from worlds.commands import IMAGES, Ran, commit_file, git, must, rtb_hub, state_of
from worlds.repositories import state_repository

ENTRY = "environments/{}/previews/rtb/0/rtb-1/preview.yaml"
QUEUED = "environments/int/queue/rtb-1.yaml"
START = ("start", "RTB-1", *IMAGES)
OPERATIONS = [START, (*START, "--queue"), ("diff", "RTB-1", *IMAGES), ("stop", "RTB-1"), ("stop", "RTB-1", "--all"), ("extend", "RTB-1", "--by", "1h"), ("revive", "RTB-1")]  # fmt: skip
IDS = ["start", "queue", "diff", "stop", "stop everywhere", "extend", "revive"]
UPGRADE = "a newer release of rtb-hub wrote it: upgrade this one"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return state_repository(tmp_path / "state.git")


def rewritten(state: Path, path: str, version: str, branch: str = "main", source: str = "") -> None:
    """A file as a release with another version of the API leaves it, with a field that this one does not know."""
    text = git(state, "show", f"{branch}:{source or path}")
    commit_file(state, path, text.replace("/v1\n", f"/{version}\n").replace("spec:\n", "spec:\n  later: 1\n"), branch)


def asked(state: Path, operation: tuple[str, ...], env: str = "int") -> Ran:
    where = () if "--all" in operation else ("--env", env)
    return rtb_hub(*operation, *where, "--repo", state)


@pytest.mark.parametrize("operation", OPERATIONS, ids=IDS)
@pytest.mark.parametrize("version", ["v2", "v1beta1"])
def test_an_entry_of_another_release_is_refused_and_stays(
    state: Path, operation: tuple[str, ...], version: str
) -> None:
    must(*START, "--env", "int", "--repo", state)
    rewritten(state, ENTRY.format("int"), version)
    before = state_of(state)
    ran = asked(state, operation)
    assert (ran.code, state_of(state)) == (CODES[Reason.UNREADABLE_ENTRY], before), ran.err
    assert f"'preview.rtb-ai-hub/{version}' is of another release of rtb-hub" in ran.err
    assert (UPGRADE if version == "v2" else "use the release that knows it") in ran.err


@pytest.mark.parametrize("operation", OPERATIONS[:2] + OPERATIONS[3:5], ids=IDS[:2] + IDS[3:5])
def test_a_place_in_the_queue_of_another_release_stays(state: Path, operation: tuple[str, ...]) -> None:
    commit_file(state, QUEUED, "apiVersion: preview.rtb-ai-hub/v2\nkind: QueuedPreview\n")
    before = state_of(state)
    ran = asked(state, operation)
    assert (ran.code, state_of(state)) == (CODES[Reason.UNREADABLE_ENTRY], before), ran.err
    assert QUEUED in ran.err


@pytest.mark.parametrize("operation", [START, ("stop", "RTB-1"), ("extend", "RTB-1", "--by", "1h")], ids=["start", "stop", "extend"])  # fmt: skip
def test_a_request_of_another_release_is_neither_replaced_nor_withdrawn(
    state: Path, operation: tuple[str, ...]
) -> None:
    must(*START, "--env", "prd", "--repo", state)
    rewritten(state, ENTRY.format("prd"), "v2", "preview/prd/rtb-1")
    before = state_of(state)
    ran = asked(state, operation, "prd")
    assert (ran.code, state_of(state)) == (CODES[Reason.UNREADABLE_ENTRY], before), ran.err


def test_the_passes_tell_it_each_time_and_never_remove_it(state: Path) -> None:
    must(*START, "--env", "int", "--ttl", "1h", "--repo", state)
    rewritten(state, ENTRY.format("int"), "v2")
    rewritten(state, QUEUED.replace("rtb-1", "rtb-2"), "v2", source=ENTRY.format("int"))
    before = state_of(state)
    for more in ((), ("--only", "expiry", "--at", "2099-01-01T00:00:00Z", "--dry-run")):
        ran = rtb_hub("reconcile", "--env", "int", "--repo", state, *more)
        assert (ran.code, state_of(state)) == (6, before), ran.out + ran.err
        assert UPGRADE in ran.out
    found = rtb_hub("doctor", "--env", "int", "--repo", state, "-o", "json").json()["findings"]
    assert {one["remedy"][0] for one in found if one["rule"] == "entry-unreadable"} == {UPGRADE}
