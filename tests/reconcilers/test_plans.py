"""Plans whatever the store answers: a failed or empty read plans no deletion and leaves the branches as they were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import HubError, Transient
from reconcilers.lifecycle.stop import plan_stop
from reconcilers.plan import FileChange, Plan, combined
from reconcilers.scheduled.expiry import plan_expiry
from reconcilers.state.layout import plan_layout
from reconcilers.state.reading import read_repository, read_state
from worlds.builders import LIBRARY, NOW, start_request
from worlds.memory_store import MemoryStore
from worlds.planning import KEY, STARTER, Broken, layout, merged, planned, removed, started, state_store

Plans = Callable[[Broken, str], list[Plan]]


def start(store: Broken, env: str) -> list[Plan]:
    return [STARTER.plan(start_request(settings=[("web.cpu", "500m")]), read_state(store, env, LIBRARY), now=NOW).plan]


def stop(store: Broken, env: str) -> list[Plan]:
    plan = plan_stop(KEY, read_state(store, env, LIBRARY), requested_by="bob").plan
    return [plan] if plan else []


def lay_out(store: Broken, _: str) -> list[Plan]:
    return list(plan_layout(layout(), store))


def expire(store: Broken, env: str) -> list[Plan]:
    states, failures = read_repository(store, LIBRARY).each()
    for err in failures.values():
        raise err
    later = NOW + timedelta(days=30)
    found = [plan_expiry(state, at=later).plan for state in states if state.environment.name == env]
    return [plan for plan in found if plan]


def populated() -> MemoryStore:
    """Two previews in int; in prd one that is live and has an update requested."""
    store = state_store()
    started(store, key="RTB-7")
    started(store)
    started(store, "prd")
    merged(store)
    started(store, "prd", settings=[("api.cpu", "500m")])
    return store


@pytest.mark.parametrize("fails", [True, False], ids=["fails", "is empty"])
@pytest.mark.parametrize("env", ["int", "prd"])
@pytest.mark.parametrize("plans", [start, stop, expire, lay_out])
def test_an_answer_that(plans: Plans, env: str, fails: bool) -> None:
    store = populated()
    heads = dict(store.heads)
    whole = Broken(store, 0, fails)
    wanted = plans(whole, env)
    asked_for = set().union(*map(removed, wanted))
    assert whole.calls > 1 or plans is lay_out
    for at in range(1, whole.calls + 1):
        broken = Broken(store, at, fails)
        try:
            found = plans(broken, env)
        except HubError as err:
            assert not fails or isinstance(err, Transient)
        else:
            assert not fails or found == wanted, f"the failure of call {at}, of another environment, changed the plan"
            assert set().union(*map(removed, found)) <= asked_for
    assert store.heads == heads


def test_no_answer_makes_a_start_withdraw_what_is_no_removal() -> None:
    store = populated()
    asked = start_request(
        settings=[("api.cpu", "250m")]
    )  # as it lives, so that only the request's entry tells it from what is to be kept
    whole = Broken(store, 0, fails=False)
    assert STARTER.plan(asked, read_state(whole, "prd", LIBRARY), now=NOW).change == "updated"
    for at in range(1, whole.calls + 1):
        try:
            state = read_state(Broken(store, at, fails=False), "prd", LIBRARY)
        except HubError:
            continue
        assert STARTER.plan(asked, state, now=NOW).withdraw is None


@given(st.text(), st.lists(st.tuples(st.just("Reason"), st.text()), max_size=3))
def test_no_value_adds_a_line_to_a_plan_or_its_message(why: str, trailers: list[tuple[str, str]]) -> None:
    change = FileChange(PurePosixPath("a"), None, why)
    plan = Plan("main", None, None, "Subject", (change,), tuple(trailers))
    lines = plan.message().splitlines()
    assert lines[0] == "Subject"
    assert len(lines) == (2 + len(trailers) if trailers else 1)
    assert all(line.startswith("Reason:") for line in lines[2:])
    assert [len(line.splitlines()) for line in plan.lines()] == [1]


def test_plans_for_different_files_of_one_commit_become_one() -> None:
    store = state_store()
    one, two = planned(store, key="RTB-1").plan, planned(store, key="RTB-2").plan
    both = combined([one, two], "Start RTB-1 and RTB-2 in int")
    assert both.changes == (*one.changes, *two.changes)
    assert [value for name, value in both.trailers if name == "Preview"] == ["int/rtb-1", "int/rtb-2"]
    assert both.message().count("\n\n") == 1, "one paragraph of trailers, so that git reads them all"
    assert combined([one], "of several") is one
    for plans in ([one, one], [one, replace(two, base="0" * 40)]):
        with pytest.raises(ValueError, match="cannot be one"):
            combined(plans, "x")
