"""A clock that is behind the newest commit of a branch: told by whoever writes, and beyond an hour refused."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from generator.errors import HubError, Reason
from hub.retrying import Backoff
from hub.telemetry import events
from hub.writing.writer import Writer
from worlds.builders import LIBRARY, NOW
from worlds.commands import git, rtb_hub
from worlds.group_commit_process import starting
from worlds.planning import state_store
from worlds.repositories import state_repository
from worlds.telling import Told

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("behind", "told"),
    [(timedelta(0), False), (-timedelta(days=400), False), (5 * MINUTE, False), (5 * MINUTE + SECOND, True), (60 * MINUTE, True)],
    ids=["right", "ahead", "within the tolerance", "beyond it", "an hour"],
)  # fmt: skip
def test_a_clock_behind_by_minutes_is_told_once_it_was_written_by(behind: timedelta, told: bool) -> None:
    store, telling = state_store(), Told()
    writer = Writer(store, LIBRARY, lambda: NOW - behind, telemetry=telling.telemetry)
    assert writer.write(starting("RTB-1")).commit == store.heads["main"]
    assert [event["branch"] for event in telling.of(events.CLOCK_BEHIND)] == (["main"] if told else [])


@pytest.mark.parametrize("at", [NOW - 60 * MINUTE - SECOND, datetime.fromtimestamp(86400, NOW.tzinfo)], ids=str)
def test_nothing_is_written_by_a_clock_that_is_further_behind(at: datetime) -> None:
    store = state_store()
    heads = dict(store.heads)
    writer = Writer(store, LIBRARY, lambda: at, Backoff(sleep=lambda _: None))
    for one in writer.write_all([starting("RTB-1"), starting("RTB-1", "prd")]):
        err = one.exception()
        assert isinstance(err, HubError)
        assert (err.reason, "NTP" in str(err.faults[0].remedy)) == (Reason.CLOCK_BEHIND, True)
        assert "2026-11-23T02:00:00Z" in err.words
    assert store.heads == heads


def test_a_date_that_is_none_is_no_evidence_and_told_by_those_who_look(tmp_path: Path) -> None:
    state = state_repository(tmp_path / "state.git")
    tree, parent = (git(state, "rev-parse", name).strip() for name in ("main^{tree}", "main"))
    text = f"tree {tree}\nparent {parent}\nauthor a <a@b> 1 +0000\ncommitter a <a@b> 253402300801 +0000\n\nx\n"
    made = subprocess.run(["git", "-C", state, "hash-object", "-w", "-t", "commit", "--stdin"], input=text, text=True, capture_output=True, check=True)  # fmt: skip
    git(state, "update-ref", "refs/heads/main", made.stdout.strip())
    seen = rtb_hub("doctor", "--env", "int", "--repo", state, "-o", "json").json()
    assert [one["where"] for one in seen["findings"] if one["rule"] == "commit-undated"] == ["branch main"]
    ran = rtb_hub("reconcile", "--env", "int", "--only", "expiry", "--repo", state)
    assert (ran.code, ran.out.count("has a date that is none")) == (6, 1), ran.out + ran.err
    prd = rtb_hub("reconcile", "--env", "prd", "--only", "expiry", "--repo", state)
    assert "has a date that is none" not in prd.out
