"""Stops: exactly one preview's files, by request where gated, and nothing that was not asked for."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from generator.errors import ConfigError, Reason
from generator.values.naming import IssueKey
from reconcilers.lifecycle.stop import plan_stop
from worlds.planning import KEY, REQUEST, files_of, merged, observed, put, removed, started, state_store, stopped

FOLDER = "environments/int/previews/rtb/100/rtb-123"


def test_a_stop_gives_back_the_tree_from_before_the_start() -> None:
    store = state_store()
    started(store, key="RTB-12")
    before = files_of(store)
    started(store)
    assert stopped(store).change == "removed"
    assert files_of(store) == before


def test_whatever_stands_in_the_previews_folder_goes_and_nothing_beside_it() -> None:
    store = state_store()
    started(store)
    for path in (f"{FOLDER}/note.txt", "environments/int/previews/rtb/100/rtb-1234/note.txt", "note.txt"):
        put(store, path, b"x")
    outcome = plan_stop(KEY, observed(store), requested_by="bob")
    assert {str(path) for path in removed(outcome.plan)} == {
        f"{FOLDER}/{n}" for n in ("manifest.yaml", "note.txt", "preview.yaml")
    }


def test_who_and_why_stand_in_the_trailers_on_one_line() -> None:
    store = state_store()
    started(store)
    plan = plan_stop(KEY, observed(store), requested_by="bob", reason="done\nAction: start").plan
    assert plan
    assert plan.message().splitlines()[2:] == [
        "Preview: int/rtb-123",
        "Action: stop",
        "Requested-By: bob",
        "Reason: done Action: start",
    ]
    assert plan.lines()[0] == f"remove {FOLDER}/manifest.yaml: stop RTB-123 in int: done Action: start"


def test_an_entry_that_cannot_be_read_can_be_stopped() -> None:
    store = state_store()
    put(store, f"{FOLDER}/preview.yaml", b"not: [an entry")
    assert removed(stopped(store).plan) == {PurePosixPath(FOLDER) / "preview.yaml"}


def test_what_is_not_there_is_told_with_the_nearest() -> None:
    store = state_store()
    started(store)
    with pytest.raises(ConfigError) as caught:
        plan_stop(IssueKey.parse("RTB-132"), observed(store), requested_by="bob")
    assert caught.value.reason is Reason.PREVIEW_NOT_FOUND
    assert caught.value.faults[0].nearest == "RTB-123"


class TestGated:
    def test_what_awaits_approval_is_withdrawn(self) -> None:
        store = state_store()
        started(store, "prd")
        outcome = stopped(store, "prd")
        assert (outcome.change, outcome.plan) == ("withdrawn", None)
        assert set(store.heads) == {"main", "prd"}

    def test_what_is_live_goes_by_request_only(self) -> None:
        store = state_store()
        started(store, "prd")
        merged(store)
        live = files_of(store, "prd")
        outcome = stopped(store, "prd")
        assert (outcome.change, outcome.plan and outcome.plan.branch) == ("removal requested", REQUEST)
        assert files_of(store, "prd") == live
        assert live.keys() - files_of(store, REQUEST).keys() == removed(outcome.plan)

    def test_asking_again_changes_nothing(self) -> None:
        store = state_store()
        started(store, "prd")
        merged(store)
        stopped(store, "prd")
        heads = dict(store.heads)
        assert stopped(store, "prd").change == "removal requested"
        assert store.heads == heads

    def test_a_request_that_was_merged_but_not_deleted_is_not_taken_for_a_removal(self) -> None:
        store = state_store()
        started(store, "prd")
        merged(store, keep_branch=True)
        live = files_of(store, "prd")
        outcome = stopped(store, "prd")
        assert outcome.change == "removal requested"
        assert live.keys() - files_of(store, REQUEST).keys() == removed(outcome.plan) != set()
