"""How often a round observes the repository, and how many gits that takes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from hub.adapters.git.opening import create_repository, open_store
from hub.adapters.git.store import Identity
from hub.reconciling.registry import RECONCILERS, ReconcileTime
from hub.reconciling.round import Asked, Outcome, Round
from hub.settings import load_settings
from hub.wiring import Hub
from reconcilers.state.layout import plan_layout
from worlds.builders import NOW
from worlds.counted_git import CountedGit
from worlds.memory_store import MemorySnapshot, MemoryStore
from worlds.planning import layout, started, state_store


class ObservedStore(MemoryStore):
    """Counts its observations."""

    observed = 0

    def snapshots(self) -> Mapping[str, MemorySnapshot]:
        self.observed += 1
        return super().snapshots()


def observed(*, ttl: str) -> ObservedStore:
    made = state_store()
    store = ObservedStore(made.heads, made.trees, made.logged)
    started(store, key="RTB-1", ttl=ttl)
    started(store, "stg", key="RTB-2")
    store.observed = 0
    return store


def all_of(store: MemoryStore, tmp_path: Path) -> tuple[Outcome, ...]:
    at = NOW + timedelta(hours=1)
    ours = Hub(load_settings({"RTB_HUB_CACHE": str(tmp_path)}), clock=lambda: at)
    return Round(ours, store, Asked(), ReconcileTime(at)).run()


def test_where_nothing_is_due_the_repository_is_observed_once(tmp_path: Path) -> None:
    store = observed(ttl="24h")
    outcomes = all_of(store, tmp_path)
    assert {one.reconciler for one in outcomes} == set(RECONCILERS)
    assert [one.commit for one in outcomes if one.commit] == []
    assert store.observed == 1


def test_after_a_commit_it_is_observed_anew(tmp_path: Path) -> None:
    store = observed(ttl="1h")
    outcomes = all_of(store, tmp_path)
    changed = {one.reconciler for one in outcomes if one.commit}
    assert "expiry" in changed
    assert store.observed == 1 + len(changed - {[*RECONCILERS][-1]}), "once after each that changed it, but the last"
    (after,) = [one for one in outcomes if (one.reconciler, one.environment) == ("drift", "int")]
    assert after.result
    assert "RTB-1" not in str(after.result), "what expired is not looked at any more"


@pytest.mark.parametrize("is_remote", [False, True], ids=["by its path", "by a URL"])
def test_a_round_on_git_takes_few_processes_and_one_fetch(tmp_path: Path, *, is_remote: bool) -> None:
    path = tmp_path / "state.git"
    create_repository(path, bare=True, remote=None, environ=os.environ)
    store = open_store(str(path), cache=tmp_path, environ=os.environ, identity=Identity("hub", "hub@example.com"))
    for plan in plan_layout(layout(), store):
        store.commit(plan, at=NOW)
    started(store, key="RTB-1")
    counted = CountedGit(tmp_path / "bin")
    found: list[list[str]] = []
    for _ in range(2):  # the first one makes the mirror, and corrects what is not as this version renders it
        ours = Hub(load_settings({"PATH": counted.path, "RTB_HUB_CACHE": str(tmp_path / "cache")}), clock=lambda: NOW)
        counted.taken()
        opened = ours.store(f"file://{path}" if is_remote else str(path))
        outcomes = Round(ours, opened, Asked(), ReconcileTime(NOW)).run()
        found.append(counted.taken())
    assert [one.error for one in outcomes if one.error] == []
    assert [one.commit for one in outcomes if one.commit] == []
    expected = ["config", "fetch", "for-each-ref"] if is_remote else ["rev-parse", "config", "for-each-ref"]
    # One listing a branch (main, prd), and the one that reads objects.
    assert sorted(found[1]) == sorted([*expected, "ls-tree", "ls-tree", "cat-file"])
