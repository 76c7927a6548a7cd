"""Watching, in virtual time: what is due goes at its time, however it came to be due, and nothing ends the watch."""

from __future__ import annotations

import itertools
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from generator.errors import Reason, Stalled, Transient
from hub.reconciling.watch import POLL_SECONDS, REFRESH_SECONDS, STUCK_SECONDS
from hub.telemetry import events, metrics
from reconcilers.plan import Plan
from worlds.builders import NOW
from worlds.memory_store import MemoryStore
from worlds.planning import put, started, state_store
from worlds.reconciling import World, entry_path, extended, live

MINUTE = 60.0


class Faulty:
    """A store that fails while `error` is set: observations, or only commits."""

    def __init__(self, store: MemoryStore, *, only_commits: bool = False) -> None:
        self.store, self.only_commits = store, only_commits
        self.error: Exception | None = None
        self.location = "memory"

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def snapshots(self) -> Any:
        if self.error and not self.only_commits:
            raise self.error
        return self.store.snapshots()

    def commit(self, plan: Plan, **at: Any) -> str:
        if self.error:
            raise self.error
        return self.store.commit(plan, **at)


def with_leases(**minutes: int) -> MemoryStore:
    store = state_store()
    for key, length in minutes.items():
        started(store, key=key.replace("_", "-"), ttl=f"{length}m")
    return store


def gone_at(world: World) -> dict[str, float]:
    return {line["preview"]: line["s"] for line in world.told("done")}


def test_each_preview_goes_within_a_second_of_its_time() -> None:
    world = World(with_leases(RTB_1=1, RTB_2=7, RTB_3=7, RTB_4=45))
    world.watch()
    assert gone_at(world) == {"int/rtb-1": 60.0, "int/rtb-2": 420.0, "int/rtb-3": 420.0, "int/rtb-4": 2700.0}
    assert live(world.store) == []


def test_it_sleeps_while_there_is_nothing_to_do_and_is_never_silent_for_long() -> None:
    world = World(with_leases(RTB_1=59))
    world.watch()
    assert len(world.looks) <= 3600 / REFRESH_SECONDS + 3
    assert len(world.polls) <= 3600 / POLL_SECONDS + len(world.looks)
    times = [0.0, *(line["s"] for line in world.lines), 3600.0]
    assert max(after - before for before, after in itertools.pairwise(times)) <= REFRESH_SECONDS + POLL_SECONDS


def test_a_lease_made_later_and_shorter_is_met_too() -> None:
    world = World(with_leases(RTB_1=59))
    world.at(
        61.0,
        lambda: (
            started(world.store, key="RTB-2", ttl="1h") and extended(world.store, "RTB-2", NOW + timedelta(seconds=62))
        ),
    )
    world.watch()
    assert 62.0 <= gone_at(world)["int/rtb-2"] <= 62.0 + POLL_SECONDS


def test_an_extended_one_stays_until_its_new_end() -> None:
    world = World(with_leases(RTB_1=5))
    world.at(299.0, lambda: extended(world.store, "RTB-1", NOW + timedelta(minutes=20)))
    world.watch()
    assert gone_at(world) == {"int/rtb-1": 1200.0}


@pytest.mark.parametrize("only_commits", [False, True], ids=["unreachable", "commits fail"])
def test_a_failure_that_passes_is_backed_off_from_told_once_and_caught_up(only_commits: bool) -> None:
    store = Faulty(with_leases(RTB_1=5, RTB_2=58), only_commits=only_commits)
    world = World(store)

    def fail(error: Exception | None) -> None:
        store.error = error

    world.at(200.0, lambda: fail(Transient(Reason.REPOSITORY_UNREACHABLE, "the network is gone")))
    world.at(1000.0, lambda: fail(None))
    world.watch()
    assert [line["why"] for line in world.told("failed")] == ["the network is gone"]
    assert len(world.told("recovered")) == 1
    assert 1000.0 <= gone_at(world)["int/rtb-1"] <= 1060.0
    assert gone_at(world)["int/rtb-2"] == 58 * MINUTE
    tries = {when for when in (*world.looks, *world.polls) if 300.0 <= when <= 1000.0}
    assert 10 <= len(tries) <= 25


@pytest.mark.parametrize("kind", [Transient, Stalled])
def test_what_is_away_for_seconds_is_tried_again_soon_and_told_once(kind: type[Transient | Stalled]) -> None:
    store = Faulty(with_leases(RTB_1=5))
    world = World(store, until=900.0)
    world.at(299.0, lambda: setattr(store, "error", kind(Reason.NOT_A_STATE_REPOSITORY, "it is not there")))
    world.at(306.0, lambda: setattr(store, "error", None))
    world.watch()
    assert len(world.told("failed")) == 1
    assert 306.0 <= gone_at(world)["int/rtb-1"] <= 306.0 + 8.0
    tries = [when for when in world.looks if 300.0 <= when < 306.0]
    pauses = [after - before for before, after in pairwise(tries)]
    assert all(2.0**n / 2 <= pause <= 2.0**n + 0.1 for n, pause in enumerate(pauses)), pauses
    assert pauses


def test_a_repository_that_is_away_is_not_called_idle() -> None:
    store = Faulty(with_leases(RTB_1=600))
    store.error = Transient(Reason.REPOSITORY_UNREACHABLE, "gone")
    world = World(store, until=60.0)
    world.watch()
    assert "not known" in world.told("waiting")[0]["next"]


def test_a_refusal_is_tried_again_without_haste() -> None:
    store = Faulty(with_leases(RTB_1=5), only_commits=True)
    store.error = Stalled(Reason.REPOSITORY_REFUSED, "a rule")
    world = World(store)
    world.watch()
    assert [line["why"] for line in world.told("failed")] == ["a rule"]
    assert len([look for look in world.looks if look >= 300.0]) <= 3300 / 60 + 8
    assert live(store) == ["int/rtb-1"]


def test_what_stands_is_told_once_and_again_when_it_changed() -> None:
    world = World(with_leases(RTB_1=5, RTB_2=5, RTB_3=5, RTB_4=5))
    world.at(60.0, lambda: put(world.store, entry_path("RTB-9"), b"x"))
    world.at(1800.0, lambda: extended(world.store, "RTB-4", NOW + timedelta(hours=20)))
    world.watch()
    (aside,) = world.told("set-aside")
    assert aside["preview"] == "int/rtb-9"
    (held,) = world.told("held")
    assert held["s"] == 300.0
    assert "4 of 4" in held["why"]
    assert "--confirm-removals 4" in held["remedy"]
    assert 1800.0 <= gone_at(world)["int/rtb-1"] <= 1800.0 + POLL_SECONDS
    assert [line["what"] for line in world.told("recovered")] == ["held"]


@pytest.mark.parametrize("leap", [-7200.0, 7200.0], ids=["back", "forward"])
def test_a_leap_of_the_clock_is_told(leap: float) -> None:
    world = World(with_leases(RTB_1=30, RTB_2=240))

    def leaps() -> None:
        world.offset = leap

    world.at(600.0, leaps)
    world.watch()
    (told,) = world.told("clock-leaped")
    assert told["by"] == f"{leap:+.0f} s"
    assert live(world.store) == (["int/rtb-1", "int/rtb-2"] if leap < 0 else ["int/rtb-2"])
    reports = [line["why"] for line in world.told("report")]
    assert any("may be behind" in why for why in reports) is (leap < 0)


def test_a_clock_that_is_corrected_meets_what_is_due_then() -> None:
    world = World(with_leases(RTB_1=30))
    world.at(60.0, lambda: setattr(world, "offset", -7200.0))
    world.at(1900.0, lambda: setattr(world, "offset", 0.0))
    world.watch()
    assert 1900.0 <= gone_at(world)["int/rtb-1"] <= 1900.0 + POLL_SECONDS


def test_two_watches_end_where_one_does() -> None:
    store, alone = with_leases(RTB_1=5, RTB_2=9), World(with_leases(RTB_1=5, RTB_2=9))
    one, two = World(store), World(store)
    two.offset = 300.0
    one.at(300.0, two.look)
    one.watch()
    alone.watch()
    assert live(store) == live(alone.store) == []
    assert store.trees[store.heads["main"]] == alone.store.trees[alone.store.heads["main"]]
    removals = [one.trailers for one in store.logged.values() if ("Action", "expire") in one.trailers]
    assert sorted(dict(trailers)["Preview"] for trailers in removals) == ["int/rtb-1", "int/rtb-2"]


class TestFigures:
    def test_a_round_in_which_something_is_told_is_closed_by_one_line_with_its_id(self) -> None:
        world = World(with_leases(RTB_1=5))
        world.watch()
        (done,), (_, closing) = world.told("done"), world.told("round")
        assert closing["reconcile_id"] == done["reconcile_id"]
        about = {name: closing[name] for name in ("outcome", "passes", "failed", "held", "actions", "set_aside", "commits")}  # fmt: skip
        assert about == {"outcome": "done", "passes": 3, "failed": 0, "held": 0, "actions": 1, "set_aside": 0, "commits": 1}  # fmt: skip
        rounds = [line["reconcile_id"] for line in world.log.of(events.ROUND)]
        assert len(rounds) == len(set(rounds)) == len(world.looks)

    def test_what_went_through_is_known_to_stand_while_nothing_moves(self) -> None:
        world = World(with_leases(RTB_1=300), until=3599.0)
        world.watch()
        last = world.log.figure(metrics.LAST_SUCCESS, environment="int")
        assert last is not None
        assert NOW.timestamp() + 3599 - POLL_SECONDS <= last <= NOW.timestamp() + 3599
        assert (
            world.log.figure(metrics.NEXT_DUE, environment="int") == NOW.timestamp() + 180 * MINUTE
        )  # when its owner is warned
        assert world.log.figure(metrics.PREVIEWS, environment="int") == 1
        assert world.log.figure(metrics.ROUNDS, outcome="done") == len(world.looks)

    def test_what_fails_is_not_and_the_reason_is_counted(self) -> None:
        store = Faulty(with_leases(RTB_1=5), only_commits=True)
        store.error = Transient(Reason.REPOSITORY_UNREACHABLE, "gone")
        world = World(store)
        world.watch()
        before = world.log.figure(metrics.LAST_SUCCESS, environment="int")
        assert before is not None
        assert before <= NOW.timestamp() + 5 * MINUTE
        assert (world.log.figure(metrics.LAST_SUCCESS, environment="stg") or 0) >= NOW.timestamp() + 59 * MINUTE
        failed = world.log.figure(metrics.PASSES, reconciler="expiry", environment="int", outcome="failed")
        assert failed == world.log.figure(metrics.REFUSALS, reason="RepositoryUnreachable")
        assert failed is not None
        assert failed > 10

    def test_a_loop_that_does_not_go_on_is_told_apart_from_one_that_sleeps(self) -> None:
        world = World(with_leases())
        seen: list[bool] = []
        world.at(3000.0, lambda: seen.append(world.watcher.is_turning))
        world.watch()
        assert seen == [True]
        world.seconds += STUCK_SECONDS
        assert not world.watcher.is_turning
