"""Many requests on one observation: one commit a branch, room given once, each request with an answer of its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import HubError, Reason, Unexpected
from generator.model.entry import Preview
from generator.values.naming import IssueKey, preview_folder
from reconcilers.capacity.facts import Facts, facts_of
from reconcilers.lifecycle.batch import Accepted, Batch, Deferred, Refused, Submission, plan_batch
from reconcilers.lifecycle.start import StartOutcome
from reconcilers.lifecycle.start_or_wait import plan_start
from reconcilers.lifecycle.stop import plan_stop
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.planned import after
from reconcilers.state.reading import read_repository, read_states
from worlds.builders import LIBRARY, NOW, environment, preview, start_request
from worlds.memory_store import MemoryStore
from worlds.planning import STARTER, merged, observed, started, state_store


def start(key: str, env: str = "int", **fields: Any) -> Submission[Any]:
    asked = replace(start_request(key, **fields.pop("request", {})), **fields)

    def plan(state: EnvironmentState, now: datetime) -> Any:
        return plan_start(asked, state, starter=STARTER, now=now)

    return Submission(env, asked.key, plan)


def stop(key: str, env: str = "int") -> Submission[Any]:
    issue = IssueKey.parse(key)
    return Submission(env, issue, lambda state, _: plan_stop(issue, state, requested_by="bob"))


def states_of(store: MemoryStore, **spec: Any) -> dict[str, EnvironmentState]:
    """All environments as read; of int, fields of its spec replaced."""
    states = {state.environment.name: state for state in read_states(store, LIBRARY)}
    return {**states, "int": replace(states["int"], environment=environment("int", **spec))} if spec else states


def planned(store: MemoryStore, *submissions: Submission[Any], **spec: Any) -> Batch:
    state_of = states_of(store, **spec).__getitem__ if spec else read_repository(store, LIBRARY).state
    return plan_batch(submissions, state_of, now=NOW)


def refusals(batch: Batch) -> list[Reason]:
    return [answer.error.reason for answer in batch.answers if isinstance(answer, Refused)]


def limits(**changed: Any) -> dict[str, Any]:
    return {"limits": {"cpu": "2", "memory": "2Gi", "previews": 1000, **changed}, "fargate": {"quotaVcpu": 1000}}


def exposure(shards: int, room: int) -> dict[str, Any]:
    policy = environment().spec.exposure.model_dump(by_alias=True)
    return {"exposure": {**policy, "shards": shards, "targetGroupsPerShard": room}}


def test_requests_for_one_branch_are_one_commit_with_a_block_of_trailers_each() -> None:
    store = state_store()
    started(store, key="RTB-9")
    batch = planned(store, start("RTB-1"), start("RTB-2", "stg"), stop("RTB-9"))
    (step,) = batch.steps
    assert step.members == (0, 1, 2)
    assert step.plan
    assert step.plan.subject == "Start 2, stop 1 previews in int, stg"
    names = [name for name, _ in step.plan.trailers]
    assert [i for i, name in enumerate(names) if name == "Preview"] == [0, 5, 10]
    store.commit(step.plan, at=NOW)
    assert [r.name for r in observed(store).entries] == ["rtb-1"]
    assert [r.name for r in observed(store, "stg").entries] == ["rtb-2"]


def test_what_cannot_be_done_fails_alone() -> None:
    store = state_store()
    bad = replace(start_request("RTB-2"), ttl="900h")
    batch = planned(
        store,
        start("RTB-1"),
        Submission("int", bad.key, lambda state, now: plan_start(bad, state, starter=STARTER, now=now)),
        stop("RTB-3"),
        start("RTB-4", "nowhere"),
        start("RTB-5"),
    )
    assert refusals(batch) == [Reason.OVER_LIMIT, Reason.PREVIEW_NOT_FOUND, Reason.UNKNOWN_ENVIRONMENT]
    assert [step.members for step in batch.steps] == [(0, 4)]


def test_of_two_requests_for_one_preview_the_later_waits() -> None:
    batch = planned(state_store(), start("RTB-1"), stop("RTB-1"), start("RTB-1", "stg"), start("RTB-1"))
    assert [type(answer) for answer in batch.answers] == [Accepted, Deferred, Accepted, Deferred]


def test_gated_environments_keep_a_branch_for_each_request() -> None:
    store = state_store()
    started(store, "prd", key="RTB-3")
    batch = planned(store, start("RTB-1", "prd"), start("RTB-2", "prd"), start("RTB-1"), stop("RTB-3", "prd"))
    plans = [(step.members, step.plan.branch if step.plan else None, step.withdraw) for step in batch.steps]
    head = store.heads["preview/prd/rtb-3"]
    assert sorted(plans, key=lambda one: one[0]) == [
        ((0,), "preview/prd/rtb-1", None),
        ((1,), "preview/prd/rtb-2", None),
        ((2,), "main", None),
        ((3,), None, ("preview/prd/rtb-3", head)),
    ]


def test_a_hundred_starts_spread_over_shards_and_stop_at_the_limit_with_the_numbers() -> None:
    submissions = [start(f"RTB-{n}", request={"blueprint": "web"}) for n in range(1, 101)]
    batch = planned(state_store(), *submissions, **limits(), **exposure(3, 20))
    shards = Counter(a.outcome.preview.spec.shard for a in batch.answers if isinstance(a, Accepted))
    assert shards == {"previews-0": 20, "previews-1": 20, "previews-2": 20}
    last = batch.answers[-1]
    assert isinstance(last, Refused)
    assert "(previews-0: 20, previews-1: 20, previews-2: 20)" in str(last.error)
    assert last.beside == frozenset(range(60)), "it says nothing if those before it fail"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (limits(previews=7), "int has 7 of 7 previews"),
        (limits(previewsPerOwner=7), "alice has 7 of 7 previews in int"),
        ({**limits(), "fargate": {"quotaVcpu": 3}}, r"int uses 3\.00 of 3 Fargate vCPUs and 0\.50 more"),
    ],
    ids=["previews", "previews of one owner", "vCPUs"],
)
def test_every_limit_counts_those_before_in_the_batch(spec: dict[str, Any], said: str) -> None:
    batch = planned(state_store(), *(start(f"RTB-{n}") for n in range(1, 11)), **spec)
    accepted = [answer for answer in batch.answers if isinstance(answer, Accepted)]
    assert len(accepted) == (6 if "vCPU" in said else 7)
    with pytest.raises(Exception, match=said):
        raise next(answer.error for answer in batch.answers if isinstance(answer, Refused))


def test_another_owner_has_room_when_one_is_at_the_limit() -> None:
    spec = limits(previewsPerOwner=1)
    ours, theirs = start("RTB-2"), start("RTB-3", request={"requested_by": "bob"})
    batch = planned(state_store(), start("RTB-1"), ours, theirs, **spec)
    assert [type(answer) for answer in batch.answers] == [Accepted, Refused, Accepted]


def test_a_stop_makes_room_for_what_comes_after_it() -> None:
    store = state_store()
    started(store, key="RTB-1")
    spec = limits(previews=1)
    assert refusals(planned(store, start("RTB-2"), stop("RTB-1"), **spec)) == [Reason.CAPACITY_EXHAUSTED]
    assert refusals(planned(store, stop("RTB-1"), start("RTB-2"), **spec)) == []


def test_what_changes_nothing_needs_no_step() -> None:
    store = state_store()
    started(store, key="RTB-1")
    batch = planned(store, start("RTB-1"))
    assert batch.steps == ()
    (answer,) = batch.answers
    assert isinstance(answer, Accepted)
    assert isinstance(answer.outcome, StartOutcome)
    assert answer.outcome.change == "unchanged"


def test_an_error_that_is_not_declared_is_the_answer_of_its_request_alone() -> None:
    def fails(state: EnvironmentState, now: datetime) -> Any:
        raise ZeroDivisionError("of a division")

    batch = planned(state_store(), start("RTB-2"), Submission("int", IssueKey.parse("RTB-1"), fails), start("RTB-3"))
    before, answer, after_it = batch.answers
    assert isinstance(before, Accepted)
    assert isinstance(after_it, Accepted)
    assert isinstance(answer, Refused)
    assert isinstance(answer.error, Unexpected)
    assert isinstance(answer.error.__cause__, ZeroDivisionError)
    assert answer.error.words == "RTB-1 in int cannot be planned: ZeroDivisionError: of a division"


def many(count: int) -> EnvironmentState:
    """int with `count` entries that differ in name only."""
    state = observed(state_store(), **limits(previews=10_000), **exposure(50, 95))
    one = preview(state.environment)

    def record(number: int) -> EntryRecord:
        key = IssueKey("OLD", number)
        spec = one.spec.model_copy(update={"issue": str(key), "shard": f"previews-{number % 50}", "compute": "spot"})
        entry = one.model_copy(update={"metadata": one.metadata.model_copy(update={"name": key.name}), "spec": spec})
        return EntryRecord(preview_folder("int", key) / "preview.yaml", state.snapshot, entry)

    return replace(state, entries=tuple(map(record, range(1, count + 1))))


def test_entries_are_counted_once_for_all_requests_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []

    def counting(entry: Preview) -> Facts:
        counted.append(entry.metadata.name)
        return facts_of(entry)

    monkeypatch.setattr("reconcilers.state.entries.facts_of", counting)
    state = many(2000)
    submissions = [start(f"RTB-{n}") for n in range(1, 51)] + [stop(f"OLD-{n}") for n in range(1, 51)]
    batch = plan_batch(submissions, {"int": state}.__getitem__, now=NOW)
    assert refusals(batch) == []
    assert len(counted) <= 2000 + 2 * len(submissions)


OPS = st.lists(
    st.tuples(
        st.sampled_from(["start", "queue", "stop"]),
        st.integers(1, 6),
        st.sampled_from(["web", "web-api"]),
        st.sampled_from(["alice", "bob"]),
    ),
    max_size=12,
)


@settings(max_examples=40)
@given(OPS, st.sampled_from(["int", "prd"]))
def test_the_state_after_a_plan_is_the_state_that_is_read_then(ops: list[tuple[str, int, str, str]], env: str) -> None:
    store, spec = state_store(), {**limits(previews=3, previewsPerOwner=2), **exposure(2, 3)}
    for what, number, blueprint, owner in ops:
        key = f"RTB-{number}"
        state = observed(store, env, **spec)
        request = {"blueprint": blueprint, "requested_by": owner}
        one = stop(key, env) if what == "stop" else start(key, env, queue=what == "queue", request=request)
        try:
            outcome = one.plan(state, NOW)
        except HubError:
            continue
        expected = after(state, outcome.plan) if outcome.plan else None
        if outcome.withdraw:
            store.delete_branch(outcome.withdraw[0], expected=outcome.withdraw[1])
        if outcome.plan:
            store.commit(outcome.plan, at=NOW)
        if expected is not None:
            found = observed(store, env, **spec)
            assert expected.usage.previews == found.usage.previews
            assert expected.usage.vcpu == found.usage.vcpu
            for sums in ("owners", "shards"):
                ours, theirs = getattr(expected.usage, sums), getattr(found.usage, sums)
                assert {k: v for k, v in ours.items() if v} == {k: v for k, v in theirs.items() if v}
            assert [w.queued for w in expected.queue.waiting] == [w.queued for w in found.queue.waiting]
            assert {r.path for r in expected.queue.set_aside} == {r.path for r in found.queue.set_aside}
            assert expected.removals == found.removals
            assert {r.path for r in expected.records} == {r.path for r in found.records}


def test_a_live_preview_with_an_update_to_be_approved_is_counted_once() -> None:
    store = state_store()
    started(store, "prd")
    merged(store)
    states = states_of(store)
    (answer,) = plan_batch(
        [start("RTB-123", "prd", request={"settings": [("web.cpu", "1")]})], states.__getitem__, now=NOW
    ).answers
    assert isinstance(answer, Accepted)
    assert answer.outcome.plan
    later = after(states["prd"], answer.outcome.plan)
    assert later.usage.previews == 1
    assert later.usage.vcpu > states["prd"].usage.vcpu


def test_other_files_than_entries_change_no_count() -> None:
    state = observed(state_store())
    plan = partial(replace, STARTER.plan(start_request(), state, now=NOW).plan)
    changes = plan().changes
    only = tuple(change for change in changes if change.path.name != "preview.yaml")
    assert after(state, plan(changes=only)) is state
    assert PurePosixPath("environments/int/previews/rtb/100/rtb-123/manifest.yaml") in {c.path for c in only}
