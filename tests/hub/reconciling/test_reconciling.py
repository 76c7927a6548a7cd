"""Rounds: each environment by itself, each branch one commit, planned anew when it moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from generator.errors import ConfigError, HubError, Reason, Stalled, Transient
from hub.commands.reconcile import exit_code
from hub.output.exit_codes import NEEDS_A_PERSON
from reconcilers.plan import Plan
from worlds.builders import NOW
from worlds.memory_store import MemoryStore
from worlds.planning import merged, put, started, state_store
from worlds.reconciling import extended, live, reconciled

HOUR = timedelta(hours=1)


def populated() -> MemoryStore:
    """One due within the hour in int and in stg, and one that is not."""
    store = state_store()
    for env in ("int", "stg"):
        started(store, env, key="RTB-1", ttl="1h")
        started(store, env, key="RTB-2")
    return store


@dataclass
class Meanwhile:
    """A store on which something happens between each look and its commit, `times` times."""

    store: MemoryStore
    event: Callable[[Plan], None]
    times: int = 1
    location: str = "memory"

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def commit(self, plan: Plan, *, at: datetime) -> str:
        if self.times:
            self.times -= 1
            self.event(plan)
        return self.store.commit(plan, at=at)


def test_what_is_due_on_one_branch_goes_in_one_commit() -> None:
    store = populated()
    before = len(store.logged)
    outcomes = reconciled(store, NOW + HOUR)
    assert live(store) == ["int/rtb-2", "stg/rtb-2"]
    assert len(store.logged) == before + 1
    assert outcomes["int"].commit == outcomes["stg"].commit == store.heads["main"]
    assert store.logged[store.heads["main"]].subject == "Expire previews in int, stg"
    assert outcomes["prd"].commit is None
    assert exit_code(list(outcomes.values())) == 0
    assert [one.commit for one in reconciled(store, NOW + HOUR).values()] == [None] * 3
    assert len(store.logged) == before + 1


def test_only_the_named_environments_are_reconciled() -> None:
    store = populated()
    assert set(reconciled(store, NOW + HOUR, envs=("stg",))) == {"stg"}
    assert live(store) == ["int/rtb-1", "int/rtb-2", "stg/rtb-2"]
    with pytest.raises(ConfigError) as caught:
        reconciled(store, NOW, envs=("itn",))
    assert caught.value.reason is Reason.UNKNOWN_ENVIRONMENT


def test_a_dry_run_is_the_pass_without_its_effect() -> None:
    store = populated()
    heads = dict(store.heads)
    dry = reconciled(store, NOW + HOUR, acts=False)
    assert store.heads == heads
    real = reconciled(store, NOW + HOUR)
    assert {name: one.result for name, one in dry.items()} == {name: one.result for name, one in real.items()}


def test_what_is_shown_ahead_is_byte_for_byte_what_is_committed_then() -> None:
    store = populated()
    ahead = reconciled(store, NOW + HOUR, acts=False, rehearsed=True)
    committed: list[Plan] = []
    when = NOW + HOUR
    done = reconciled(Meanwhile(store, committed.append), when)  # type: ignore[arg-type]
    for name in ("int", "stg"):
        plan, now = ahead[name].result, done[name].result
        assert plan is not None
        assert now is not None
        assert plan.plan is not None
        assert plan == now
        assert plan.plan.message().split("\n\n")[1].strip() in committed[0].message()
        assert set(plan.plan.changes) <= set(committed[0].changes)
    assert len(committed[0].changes) == 4


class TestFailures:
    @pytest.mark.parametrize(
        ("path", "text", "name", "reason"),
        [
            ("environments/int/environment.yaml", b"spec: [", "int", Reason.INVALID_ENVIRONMENT),
            ("environments/int/environment.yaml", b"\xff", "int", Reason.INVALID_ENVIRONMENT),
        ],
        ids=["not YAML", "not UTF-8"],
    )
    def test_of_one_environment_keep_no_other_from_it(self, path: str, text: bytes, name: str, reason: Reason) -> None:
        store = populated()
        put(store, path, text)
        outcomes = reconciled(store, NOW + HOUR)
        assert outcomes[name].error is not None
        assert outcomes[name].error.reason in (reason, Reason.UNREADABLE_YAML)
        assert live(store) == ["int/rtb-1", "int/rtb-2", "stg/rtb-2"]
        assert exit_code(list(outcomes.values())) == NEEDS_A_PERSON

    def test_of_one_branch_keep_no_other_from_it(self) -> None:
        store = populated()
        put(store, "rtb-hub.yaml", b"spec: {layout: 99}\n", "prd")
        outcomes = reconciled(store, NOW + HOUR)
        assert outcomes["prd"].error is not None
        assert outcomes["prd"].error.reason is Reason.LAYOUT_VERSION
        assert live(store) == ["int/rtb-2", "stg/rtb-2"]

    @pytest.mark.parametrize(
        "err",
        [Stalled(Reason.REPOSITORY_REFUSED, "a hook"), Transient(Reason.REPOSITORY_UNREACHABLE, "gone")],
        ids=["refused", "unreachable"],
    )
    def test_of_a_commit_keep_no_other_branch_from_it(self, err: HubError) -> None:
        store = populated()
        started(store, "prd")
        merged(store)
        put(store, "environments/prd/previews/rtb/100/rtb-123/preview.yaml", b"x", "prd")

        def refuse(plan: Plan) -> None:
            if plan.branch == "main":
                raise err

        outcomes = reconciled(Meanwhile(store, refuse, 9), NOW + HOUR)  # type: ignore[arg-type]
        assert outcomes["int"].error is outcomes["stg"].error is err
        assert outcomes["prd"].result is not None
        assert [one.preview for one in outcomes["prd"].result.set_aside] == ["prd/rtb-123"]
        assert len(live(store)) == 4
        assert exit_code(list(outcomes.values())) in (34, 35)

    def test_a_repository_without_anything_is_an_error(self) -> None:
        store = MemoryStore()
        put(store, "README.md", b"x")
        with pytest.raises(Stalled) as caught:
            reconciled(store, NOW)
        assert caught.value.reason is Reason.NOT_A_STATE_REPOSITORY

    def test_a_branch_of_somebody_elses_is_none_of_ours(self) -> None:
        store = populated()
        put(store, "README.md", b"x", "a-note")
        assert set(reconciled(store, NOW)) == {"int", "prd", "stg"}


class TestMoved:
    def test_what_was_extended_between_look_and_commit_survives(self) -> None:
        store = populated()
        busy = Meanwhile(store, lambda _: extended(store, "RTB-1", NOW + 5 * HOUR))
        outcomes = reconciled(busy, NOW + HOUR)  # type: ignore[arg-type]
        assert live(store) == ["int/rtb-1", "int/rtb-2", "stg/rtb-2"]
        assert outcomes["int"].commit is None
        assert outcomes["stg"].commit == store.heads["main"]

    def test_what_was_stopped_meanwhile_is_not_removed_twice(self) -> None:
        store = populated()

        def stop(plan: Plan) -> None:
            for change in plan.changes:
                if change.path.parts[1] == "int":
                    put(store, str(change.path), None)

        outcomes = reconciled(Meanwhile(store, stop), NOW + HOUR)  # type: ignore[arg-type]
        assert outcomes["int"].result is not None
        assert outcomes["int"].result.actions == ()
        assert live(store) == ["int/rtb-2", "stg/rtb-2"]

    def test_a_branch_that_does_not_rest_is_an_error_and_nothing_is_lost(self) -> None:
        store = populated()
        busy = Meanwhile(store, lambda _: put(store, "note", str(len(store.logged)).encode()), 1000)
        outcomes = reconciled(busy, NOW + HOUR)  # type: ignore[arg-type]
        assert outcomes["int"].error is not None
        assert outcomes["int"].error.reason is Reason.BRANCH_MOVED
        assert len(live(store)) == 4
        assert set(outcomes) == {"int", "prd", "stg"}

    def test_an_environment_that_became_unreadable_meanwhile_is_told(self) -> None:
        store = populated()
        busy = Meanwhile(store, lambda _: put(store, "environments/int/environment.yaml", b"spec: ["))
        outcomes = reconciled(busy, NOW + HOUR)  # type: ignore[arg-type]
        assert outcomes["int"].error is not None
        assert live(store) == ["int/rtb-1", "int/rtb-2", "stg/rtb-2"]


def test_two_at_once_do_what_one_does() -> None:
    store, alone = populated(), populated()
    reconciled(alone, NOW + HOUR)
    other: list[Any] = []
    reconciled(Meanwhile(store, lambda _: other.append(reconciled(store, NOW + HOUR))), NOW + HOUR)  # type: ignore[arg-type]
    assert other[0]["int"].commit
    assert live(store) == live(alone)
    assert store.trees[store.heads["main"]] == alone.trees[alone.heads["main"]]


def test_a_clock_behind_the_branch_needs_a_person() -> None:
    store = populated()
    outcomes = reconciled(store, NOW - timedelta(minutes=6))
    assert outcomes["int"].result is not None
    assert "the clock here may be behind" in outcomes["int"].result.actions[-1].why
    assert exit_code(list(outcomes.values())) == 6
    assert exit_code(list(reconciled(store, NOW - timedelta(minutes=6), acts=False, rehearsed=True).values())) == 0
