"""The line: a place in it, strict order, nobody past those who wait, and starting those whose turn has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import ConfigError, HubError, Reason, Remedy, RemedyKind, Stalled, Transient
from generator.model.entry import PreviewSpec, Wanted
from generator.model.queued import queued_of
from generator.values.formats import format_time, parse_time
from generator.values.naming import IssueKey, queue_file
from reconcilers.lifecycle.queue_order import queue_order_of
from reconcilers.lifecycle.revive import ReviveRequest, plan_revival
from reconcilers.lifecycle.start import Starter, StartOutcome, draft_of
from reconcilers.lifecycle.start_or_wait import QueueOutcome, plan_start
from reconcilers.lifecycle.stop import plan_stop
from reconcilers.results import ReconcileResult
from reconcilers.scheduled.admission import plan_queue
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.reading import read_state
from worlds.builders import LIBRARY, NOW, environment, start_request
from worlds.memory_store import MemoryStore
from worlds.places import ROOT
from worlds.planning import STARTER, Broken, files_of, observed, put, removed, started, state_store

LIMITS: dict[str, Any] = {"cpu": "4", "memory": "4Gi", "previews": 2}


def spec(previews: int = 2, vcpu: int = 6, **limits: int) -> dict[str, Any]:
    return {"limits": {**LIMITS, "previews": previews, **limits}, "fargate": {"quotaVcpu": vcpu}}


SMALL = spec()


def asked(store: MemoryStore, key: str, of: dict[str, Any] = SMALL, *, now: datetime = NOW, **fields: Any) -> Any:
    """A start, carried out. `queue` and `owner` as in a request."""
    queue, ttl = fields.pop("queue", True), fields.pop("ttl", None)
    request = replace(start_request(key, **fields), queue=queue, ttl=ttl)
    outcome = plan_start(request, observed(store, **of), starter=STARTER, now=now)
    store.commit(outcome.plan, at=now)
    return outcome


def full(*keys: str, of: dict[str, Any] = SMALL) -> MemoryStore:
    """int with previews of `keys`."""
    store = state_store()
    for key in keys:
        assert isinstance(asked(store, key, of), StartOutcome)
    return store


def stop(store: MemoryStore, key: str) -> str:
    outcome = plan_stop(IssueKey.parse(key), observed(store, **SMALL), requested_by="bob")
    assert outcome.plan
    store.commit(outcome.plan, at=NOW)
    return outcome.change


def admitted(store: MemoryStore, of: dict[str, Any] = SMALL, *, now: datetime = NOW) -> ReconcileResult:
    """The queue's pass, carried out."""
    found = plan_queue(observed(store, **of), starter=STARTER, now=now)
    if found.plan:
        store.commit(found.plan, at=now)
    return found


def admissions(found: ReconcileResult) -> list[str]:
    return [action.preview for action in found.actions]


def waiting(store: MemoryStore, of: dict[str, Any] = SMALL) -> list[str]:
    return [str(place.waiting.queued.key) for place in queue_order_of(observed(store, **of)).places]


def test_what_finds_no_room_waits_in_a_file_that_argocd_never_sees() -> None:
    store = full("RTB-1", "RTB-2")
    outcome = asked(store, "RTB-3")
    assert isinstance(outcome, QueueOutcome)
    assert (outcome.change, outcome.place.position, outcome.length) == ("queued", 1, 1)
    assert outcome.place.held[0].message == "int has 2 of 2 previews"
    path = queue_file("int", IssueKey.parse("RTB-3"))
    assert [change.path for change in outcome.plan.changes] == [path]
    ours = yaml.safe_load(files_of(store)[path])
    assert (ours["kind"], ours["spec"]["lease"]["requestedAt"]) == ("QueuedPreview", format_time(NOW))
    assert not ours["spec"].keys() & {"shard", "rendered"}
    sets = yaml.safe_load((ROOT / "argocd/int/applicationset.yaml").read_text())
    patterns = [file["path"] for generator in sets["spec"]["generators"] for file in generator["git"]["files"]]
    assert patterns
    assert not any(fnmatch(str(path), pattern) for pattern in patterns)


def test_what_an_entry_has_beside_what_was_asked_for_does_not_wait_with_it() -> None:
    class Grown(PreviewSpec):
        mood: str = "a field of tomorrow's entries"

    draft = draft_of(start_request("RTB-1"), environment("int"), LIBRARY, now=NOW)
    grown = draft.model_copy(update={"spec": Grown(**dict(draft.spec))})
    queued = queued_of(grown, format_time(NOW))
    assert dict(queued.spec).keys() == {*Wanted.model_fields, "lease"}
    assert queued.spec.components == draft.spec.components


def test_a_revival_takes_the_preview_out_of_the_line() -> None:
    store = full("RTB-1", "RTB-2")
    stop(store, "RTB-1")
    asked(store, "RTB-3")
    asked(store, "RTB-1")
    assert waiting(store) == ["RTB-1"]
    stop(store, "RTB-2")
    request = ReviveRequest(IssueKey.parse("RTB-1"), "carol")
    outcome = plan_revival(request, observed(store, **SMALL), store=store, starter=STARTER, now=NOW)
    assert outcome.plan
    store.commit(outcome.plan, at=NOW)
    assert queue_file("int", IssueKey.parse("RTB-1")) not in files_of(store)
    assert observed(store, **SMALL).queue.set_aside == ()


def test_with_room_it_starts_at_once() -> None:
    assert isinstance(asked(state_store(), "RTB-1"), StartOutcome)


def test_places_are_by_time_then_key_and_an_update_keeps_them() -> None:
    store = full("RTB-1", "RTB-2")
    later = NOW + timedelta(hours=1)
    asked(store, "RTB-9", now=NOW)
    asked(store, "RTB-10", now=later)
    asked(store, "RTB-3", now=later, requested_by="bob")
    assert waiting(store) == ["RTB-9", "RTB-3", "RTB-10"]
    again = asked(
        store, "RTB-9", now=later, requested_by="carol", queue=False, settings=[("web.cpu", "500m")], ttl="8h"
    )
    assert (again.change, again.place.position) == ("updated in line", 1)
    lease = again.queued.spec.lease
    assert (lease.requested_by, lease.requested_at, lease.ttl) == ("alice", format_time(NOW), "8h")
    assert again.queued.spec.components["web"].cpu == "500m"
    once_more = asked(store, "RTB-9", now=later, queue=False, settings=[("web.cpu", "500m")])
    assert once_more.change == "waits already"
    assert once_more.plan.is_converged
    assert waiting(store) == ["RTB-9", "RTB-3", "RTB-10"]


def test_when_room_comes_they_start_in_order_with_a_lease_that_begins_then() -> None:
    store = full("RTB-1", "RTB-2")
    for number in (5, 4, 3):
        asked(store, f"RTB-{number}", now=NOW + timedelta(minutes=10 - number), ttl="8h")
    assert admitted(store).plan is None
    stop(store, "RTB-1")
    then = NOW + timedelta(hours=3)
    found = admitted(store, now=then)
    assert admissions(found) == ["int/rtb-5"]
    assert found.plan
    assert removed(found.plan) == {queue_file("int", IssueKey.parse("RTB-5"))}
    entry = observed(store).entry(IssueKey.parse("RTB-5"))
    assert entry
    assert entry.preview
    lease = entry.preview.spec.lease
    assert (lease.requested_by, lease.requested_at, lease.ttl) == ("alice", format_time(then), "8h")
    assert lease.expires_at
    assert parse_time(lease.expires_at) == then + timedelta(hours=8)
    assert waiting(store) == ["RTB-4", "RTB-3"]
    assert admitted(store).plan is None, "an admission carried out leaves nothing to do"


def test_several_start_in_one_commit_with_a_block_of_trailers_each() -> None:
    store = full("RTB-1", "RTB-2")
    for number in (3, 4, 5):
        asked(store, f"RTB-{number}")
    found = admitted(store, spec(previews=4))
    assert admissions(found) == ["int/rtb-3", "int/rtb-4"]
    assert found.plan
    assert found.plan.subject == "Admit 2 previews in int"
    assert [value for name, value in found.plan.trailers if name == "Preview"] == ["int/rtb-3", "int/rtb-4"]


def test_who_does_not_wait_starts_past_nobody() -> None:
    of = spec(previews=3, vcpu=2)
    store = state_store()
    asked(store, "RTB-1", of, settings=[("web.cpu", "500m"), ("api.cpu", "500m")])
    big = asked(store, "RTB-2", of, settings=[("web.cpu", "1"), ("api.cpu", "1")])
    assert big.change == "queued"
    with pytest.raises(Stalled) as caught:
        asked(store, "RTB-3", of, queue=False)
    (fault,) = caught.value.faults
    assert fault.message == "RTB-2 is queued for int: int uses 1.0 of 2 Fargate vCPUs and 2 more are asked for"
    assert fault.remedy == Remedy(RemedyKind.WAIT_TOO)
    small = asked(store, "RTB-3", of)
    assert (small.change, small.place.position) == ("queued", 2)
    assert [fault.message for fault in small.place.held] == ["RTB-2 is before it in the queue"]
    assert admitted(store, of).plan is None


def test_those_whose_turn_has_come_have_their_room_already() -> None:
    store = full("RTB-1", "RTB-2")
    asked(store, "RTB-3")
    stop(store, "RTB-1")
    with pytest.raises(Stalled, match="int has 2 of 2 previews"):
        asked(store, "RTB-4", queue=False)
    assert isinstance(asked(store, "RTB-3", queue=False), StartOutcome), "its own turn"
    assert waiting(store) == []
    assert queue_file("int", IssueKey.parse("RTB-3")) not in files_of(store)


def test_an_update_that_takes_more_waits_for_the_line_and_one_that_does_not_goes_through() -> None:
    of = spec(previews=3, vcpu=2)
    store = state_store()
    asked(store, "RTB-1", of, settings=[("web.cpu", "500m"), ("api.cpu", "500m")])
    asked(store, "RTB-2", of, settings=[("web.cpu", "1"), ("api.cpu", "1")])
    assert asked(store, "RTB-1", of, reset=True).change == "updated"
    with pytest.raises(Stalled, match="RTB-2 is queued"):
        asked(store, "RTB-1", of, settings=[("web.cpu", "500m")])


def test_who_is_held_back_by_the_own_limit_alone_keeps_nobody_waiting() -> None:
    of = spec(previews=5, previewsPerOwner=1)
    store = full("RTB-1", of=of)
    mine = asked(store, "RTB-2", of)
    assert mine.change == "queued"
    assert mine.place.held[0].message == "alice has 1 of 1 previews in int"
    assert isinstance(asked(store, "RTB-3", of, requested_by="bob", queue=False), StartOutcome)
    asked(store, "RTB-4", of, requested_by="bob")
    asked(store, "RTB-5", of, requested_by="alice")
    stop(store, "RTB-3")
    assert admissions(admitted(store, of)) == ["int/rtb-4"]
    assert waiting(store, of) == ["RTB-2", "RTB-5"]


def test_stop_withdraws_what_waits_whether_it_can_be_read_or_not() -> None:
    store = full("RTB-1", "RTB-2")
    asked(store, "RTB-3")
    put(store, "environments/int/queue/rtb-4.yaml", b"kind: [")
    assert [stop(store, "RTB-3"), stop(store, "RTB-4")] == ["left the line", "left the line"]
    assert observed(store).queued == ()
    assert len(observed(store).entries) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"kind: [", "rtb-3.yaml"),
        (b"apiVersion: preview.rtb-ai-hub/v1\nkind: QueuedPreview\n", "metadata"),
        (None, "stands in another request's file"),
    ],
    ids=["no YAML", "no request", "another's file"],
)
def test_a_file_that_cannot_be_read_is_set_aside_and_stays(content: bytes | None, said: str) -> None:
    store = full("RTB-1", "RTB-2")
    asked(store, "RTB-4")
    mine = files_of(store)[queue_file("int", IssueKey.parse("RTB-4"))]
    path = "environments/int/queue/rtb-3.yaml"
    put(store, path, mine if content is None else content)
    stop(store, "RTB-1")
    found = admitted(store)
    assert admissions(found) == ["int/rtb-4"]
    (aside,) = found.set_aside
    assert aside.path == PurePosixPath(path)
    assert said in "".join(map(str, aside.faults))
    assert PurePosixPath(path) in files_of(store)


@pytest.mark.parametrize(
    ("today", "said"),
    [
        ({**SMALL, "images": {"pinned": True, "registries": ["ecr.example.com/"]}}, "foreign registry"),
        ({**SMALL, "lease": {"ttl": "1h", "cap": "2h", "warnBefore": "30m"}}, "24h is too long"),
        ({**SMALL, "compute": {"default": "spot", "allowed": ["spot"]}}, "fargate is not allowed"),
        ({**SMALL, "fargate": {"quotaVcpu": 1}, "limits": {**LIMITS, "cpu": "250m"}}, "at most 250m"),
        ({**SMALL, "gated": True}, "changes by review only"),
    ],
    ids=["registry", "lease", "compute", "size", "gated"],
)
def test_what_todays_policy_forbids_is_set_aside_with_the_reason_and_holds_up_nobody(
    today: dict[str, Any], said: str
) -> None:
    store = full("RTB-1", "RTB-2")
    asked(store, "RTB-3")
    stop(store, "RTB-1")
    found = admitted(store, today)
    assert (found.plan, admissions(found)) == (None, [])
    assert said in str(found.set_aside[0])
    assert queue_file("int", IssueKey.parse("RTB-3")) in files_of(store)
    assert queue_order_of(observed(store, **today)).places == ()


def test_what_does_not_validate_any_more_is_set_aside_and_the_next_one_starts() -> None:
    store = full("RTB-1", "RTB-2")
    asked(store, "RTB-3")
    asked(store, "RTB-4")
    stop(store, "RTB-1")

    def refuse(_: Any, entry: Any, __: Any) -> None:
        if entry.metadata.name == "rtb-3":
            raise ConfigError(Reason.MANIFEST_INVALID, "no good")

    found = plan_queue(observed(store, **SMALL), starter=Starter(refuse, "test"), now=NOW)
    assert admissions(found) == ["int/rtb-4"]
    assert [str(one) for one in found.set_aside] == ["skipped int/rtb-3: no good"]


def test_what_could_never_start_does_not_wait() -> None:
    with pytest.raises(Stalled, match=r"with nothing else there, int uses 0 of 1 Fargate vCPUs and 2 more"):
        asked(state_store(), "RTB-1", spec(vcpu=1), settings=[("web.cpu", "1"), ("api.cpu", "1")])


def test_what_is_wrong_does_not_wait_either() -> None:
    store = full("RTB-1", "RTB-2")
    with pytest.raises(ConfigError, match="too long"):
        asked(store, "RTB-3", ttl="900h")


def test_in_a_gated_environment_the_pull_requests_are_the_line() -> None:
    request = replace(start_request(), queue=True)
    with pytest.raises(
        ConfigError, match="prd has no queue: it changes by pull request, one after the other"
    ) as caught:
        plan_start(request, observed(state_store(), "prd"), starter=STARTER, now=NOW)
    assert caught.value.reason is Reason.INVALID_VALUE


def test_a_live_preview_is_updated_and_does_not_wait() -> None:
    store = full("RTB-1", "RTB-2", of=spec(vcpu=1))
    with pytest.raises(Stalled, match=r"int uses 0\.50 of 1 Fargate vCPUs"):
        asked(store, "RTB-1", spec(vcpu=1), settings=[("web.cpu", "1")])


def test_what_waits_and_is_live_is_set_aside_and_stop_removes_both() -> None:
    store = full("RTB-1", "RTB-2")
    asked(store, "RTB-3")
    mine = files_of(store)[queue_file("int", IssueKey.parse("RTB-3"))].decode()
    put(store, "environments/int/queue/rtb-1.yaml", mine.replace("RTB-3", "RTB-1").replace("rtb-3", "rtb-1").encode())
    assert "RTB-1 is live in int" in str(admitted(store).set_aside[0])
    assert stop(store, "RTB-1") == "removed"
    assert waiting(store) == ["RTB-3"]


@pytest.mark.parametrize("fails", [True, False], ids=["fails", "is empty"])
def test_an_answer_that(fails: bool) -> None:
    store = full("RTB-1", "RTB-2")
    asked(store, "RTB-3")
    started(store, key="RTB-8", env="stg")
    stop(store, "RTB-1")
    whole = Broken(store, 0, fails)
    wanted = plan_queue(read_state(whole, "int", LIBRARY), starter=STARTER, now=NOW)
    assert wanted.plan
    for at in range(1, whole.calls + 1):
        try:
            found = plan_queue(read_state(Broken(store, at, fails), "int", LIBRARY), starter=STARTER, now=NOW)
        except HubError as err:
            assert not fails or isinstance(err, Transient)
        else:
            assert not fails or found.plan == wanted.plan, f"the failure of call {at} changed the plan"
            assert removed(found.plan) <= removed(wanted.plan)


SIZES = {"small": [("web.cpu", "250m"), ("api.cpu", "250m")], "large": [("web.cpu", "1"), ("api.cpu", "1")]}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["queue", "start", "stop", "pass"]),
        st.integers(1, 7),
        st.sampled_from(["small", "large"]),
        st.sampled_from(["alice", "bob"]),
    ),
    max_size=20,
)


def vcpu_of(state: EnvironmentState) -> Any:
    return state.usage.vcpu


@settings(max_examples=60)
@given(STEPS)
def test_no_limit_is_passed_and_nobody_is_overtaken(steps: list[tuple[str, int, str, str]]) -> None:
    of = spec(previews=3, vcpu=4, previewsPerOwner=2)
    store = state_store()
    for at, (what, number, size, owner) in enumerate(steps):
        key, now = f"RTB-{number}", NOW + timedelta(minutes=at)
        before = observed(store, **of)
        line = queue_order_of(before)
        blocked = line.first.position if line.first else None
        if what == "pass":
            done = admissions(admitted(store, of, now=now))
            in_front = {f"int/{p.waiting.record.name}" for p in line.places if blocked is None or p.position < blocked}
            assert set(done) <= in_front
        elif what == "stop":
            try:
                plan = plan_stop(IssueKey.parse(key), before, requested_by="x").plan
            except ConfigError:
                continue
            assert plan
            store.commit(plan, at=now)
        else:
            place = line.place(IssueKey.parse(key))
            try:
                outcome = asked(
                    store, key, of, now=now, queue=what == "queue", requested_by=owner, settings=SIZES[size]
                )
            except Stalled:
                continue
            if isinstance(outcome, StartOutcome) and outcome.change == "created" and blocked is not None:
                assert place is not None
                assert place.position <= blocked
        state = observed(store, **of)
        assert state.usage.previews <= 3
        assert vcpu_of(state) <= 4
        assert max(state.usage.owners.values(), default=0) <= 2
        keys = [w.queued.key.name for w in state.queue.waiting]
        assert not set(keys) & state.by_name.keys()
