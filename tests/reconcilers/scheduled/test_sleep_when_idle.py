"""Sleep of what nobody uses: only where all that it takes to know it was read, and nobody touched it meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

import pytest
from pydantic import ValidationError

from generator.errors import HubError, Reason, Stalled, Transient
from generator.values.naming import ENTRY_FILE
from reconcilers.lifecycle.sleep import SleepRequest, plan_sleep
from reconcilers.ports.traffic import Measured, Span
from reconcilers.results import ReconcileResult
from reconcilers.scheduled.idle import ChangedAt, find_idle, is_time, looks, next_look, span_of
from reconcilers.scheduled.sleep import plan_sleeping
from reconcilers.state.entries import EntryRecord, NothingKept
from reconcilers.state.queue_files import QueuedRecord
from worlds.builders import environment
from worlds.memory_store import MemoryStore
from worlds.planning import FOLDER, KEY, STARTER, committed, files_of, observed, put, started, state_store, written

LEASE = {"ttl": "72h", "cap": "240h", "warnBefore": "1h"}
MORNING = datetime(2026, 11, 23, 1, 3, tzinfo=UTC)
LATER = MORNING + timedelta(hours=4)
QUIET = Measured(groups=2, was_up=True)


def policy(**sleep: Any) -> dict[str, Any]:
    return {"lease": LEASE, "sleep": {"afterIdle": "2h", **sleep}}


@dataclass
class Told:
    """Traffic as it is told, of every preview alike where nothing else is said of it."""

    all: Measured | HubError = QUIET
    others: Mapping[str, Measured | None] = field(default_factory=dict)
    asked: list[tuple[tuple[str, ...], Span]] = field(default_factory=list)

    def of(self, namespaces: Collection[str], span: Span) -> Mapping[str, Measured]:
        self.asked.append((tuple(namespaces), span))
        if isinstance(self.all, HubError):
            raise self.all
        found = {name: self.others.get(name, self.all) for name in namespaces}
        return {name: one for name, one in found.items() if one is not None}


def day(*keys: str, at: datetime = MORNING) -> MemoryStore:
    store = state_store()
    for key in keys or ("RTB-123",):
        started(store, key=key, now=at, spec=policy())
    return store


def long_ago(_: object) -> datetime:
    return MORNING


def run(
    store: MemoryStore, now: datetime, traffic: Told | None = None, changed: ChangedAt = long_ago, **sleep: Any
) -> ReconcileResult:
    """A pass, carried out."""
    state = observed(store, **policy(**sleep))
    idle = find_idle(state, traffic or Told(), changed, now)
    found = plan_sleeping(state, starter=STARTER, now=now, idle=idle)
    committed(store, found.plan, at=now)
    return found


def kinds(found: ReconcileResult) -> list[str]:
    return [action.kind for action in found.actions]


def by_hand(store: MemoryStore, now: datetime, *, asleep: bool) -> None:
    asked = SleepRequest(KEY, "bob", asleep)
    committed(store, plan_sleep(asked, observed(store, **policy()), starter=STARTER, now=now).plan, at=now)


def test_what_nobody_asked_for_two_hours_sleeps_and_says_since_when_and_wakes_by_hand_alone() -> None:
    store = day()
    found = run(store, LATER)
    assert [str(action) for action in found.actions] == ["sleep int/rtb-123: no request since 2026-11-23T02:55:00Z"]
    asleep = written(store).spec.sleep
    assert asleep
    assert (asleep.asleep, asleep.why, asleep.idle_since) == (True, "idle", "2026-11-23T02:55:00Z")
    assert found.plan
    assert found.plan.subject == "Sleep RTB-123 in int"
    assert kinds(run(store, LATER)) == kinds(run(store, LATER + timedelta(days=1))) == [], "asleep: nothing to do"
    by_hand(store, LATER + timedelta(days=1), asleep=False)
    assert not written(store).is_asleep
    assert kinds(run(store, LATER + timedelta(days=1, hours=2))) == [], "woken: it has its two hours"
    assert kinds(run(store, LATER + timedelta(days=1, hours=3))) == ["sleep"]


@pytest.mark.parametrize(
    "told",
    [
        Measured(groups=2, last=LATER - timedelta(minutes=1)),
        Measured(groups=2, last=LATER - timedelta(hours=1, minutes=59)),
        Measured(groups=2, was_up=False),
        Measured(groups=1, was_up=True),
        Measured(groups=0, was_up=True),
        Measured(groups=2, was_up=True, unread="CloudWatch does not tell all of its requests"),
        None,
    ],
    ids=["a minute ago", "in the window", "not up, or not told", "one of two groups", "none", "in part", "unknown"],
)
def test_what_was_used_or_is_not_wholly_known_stays_awake(told: Measured | None) -> None:
    store = day()
    assert kinds(run(store, LATER, Told(others={"preview-rtb-123": told}))) == []
    assert not written(store).is_asleep


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Transient(Reason.CLUSTER_UNREACHABLE, "CloudWatch: Throttling"), "wait"),
        (Stalled(Reason.CLUSTER_REFUSED, "CloudWatch: AccessDenied", remedy="allow it"), "report"),
    ],
)
def test_a_failed_read_is_told_and_nobody_sleeps_and_who_slept_for_the_night_wakes(error: HubError, kind: str) -> None:
    store = day("RTB-1", "RTB-123")
    committed_asleep(store)
    found = run(store, LATER, Told(error))
    assert kinds(found) == [kind, "wake"]
    assert "requests cannot be read: CloudWatch" in str(found.actions[0])
    assert found.needs_a_person is (kind == "report")
    assert not written(store).is_asleep


def committed_asleep(store: MemoryStore) -> None:
    """RTB-123 asleep as for the night."""
    asked = SleepRequest(KEY, "bob", True, why="office-hours")
    at = MORNING + timedelta(minutes=1)
    committed(store, plan_sleep(asked, observed(store, **policy()), starter=STARTER, now=at).plan, at=at)


@pytest.mark.parametrize(
    "changed", [LATER - timedelta(minutes=9), LATER - timedelta(hours=2), None], ids=["now", "in the window", "unknown"]
)
def test_what_somebody_changed_meanwhile_stays_awake(changed: datetime | None) -> None:
    store = day()
    assert kinds(run(store, LATER, changed=lambda record: changed)) == []


def test_what_is_too_young_or_asleep_or_over_or_not_exposed_is_not_even_asked_about() -> None:
    for now in (MORNING + timedelta(hours=1), MORNING + timedelta(hours=2), MORNING + timedelta(days=4)):
        traffic = Told()
        assert kinds(run(day(), now, traffic)) == []
        assert traffic.asked == []
    store, traffic = day(), Told()
    by_hand(store, MORNING + timedelta(minutes=1), asleep=True)
    assert (kinds(run(store, LATER, traffic)), traffic.asked) == ([], [])
    state = observed(day(), **policy())
    record = state.entries[0]
    assert looks(state, LATER) == [record]
    assert record.facts
    hidden = EntryRecord.kept(
        record.file, state.snapshot, replace(record.facts, target_groups=0), load=(NothingKept(), "")
    )
    assert looks(replace(state, entries=(hidden,)), LATER) == [], "it is not exposed"
    waiting = QueuedRecord(PurePosixPath("queue/int/rtb-123.yaml"), None)
    assert looks(replace(state, queued=(waiting,)), LATER) == [], "an update of it waits for room"


def test_so_many_a_run_and_the_next_run_goes_on() -> None:
    store = day("RTB-1", "RTB-2", "RTB-3")
    traffic = Told()
    assert kinds(run(store, LATER, traffic, perRun=2)) == ["sleep", "sleep"]
    assert kinds(run(store, LATER, traffic, perRun=2)) == ["sleep"]
    assert kinds(run(store, LATER, traffic, perRun=2)) == []
    assert [len(names) for names, _ in traffic.asked] == [3, 1], "who sleeps is not asked about"


def test_one_that_cannot_be_rendered_takes_no_place_of_those_that_can() -> None:
    store = day("RTB-122", "RTB-123")
    broken = FOLDER.with_name("rtb-122") / ENTRY_FILE
    text = files_of(store)[broken].decode()
    put(store, str(broken), text.replace("blueprint: web-api", "blueprint: no-such").encode())
    found = run(store, LATER, perRun=1)
    assert [one.preview for one in found.set_aside] == ["int/rtb-122"]
    assert [action.preview for action in found.actions if action.kind == "sleep"] == ["int/rtb-123"]


def test_without_the_policy_nothing_is_asked() -> None:
    store, traffic = day(), Told()
    state = observed(store, lease=LEASE)
    assert find_idle(state, traffic, long_ago, LATER).names == ()
    assert (looks(state, LATER), traffic.asked) == ((), [])


def test_the_span_is_of_whole_periods_that_have_settled_and_requests_count_until_now() -> None:
    span = span_of(timedelta(hours=2), LATER)
    assert (span.since, span.settled, span.now) == (
        datetime(2026, 11, 23, 2, 55, tzinfo=UTC), datetime(2026, 11, 23, 4, 55, tzinfo=UTC), LATER)  # fmt: skip
    for minute in range(60):
        now = MORNING.replace(minute=minute, second=59)
        span = span_of(timedelta(minutes=31), now)
        assert span.settled - span.since >= timedelta(minutes=31)
        assert span.settled <= now - timedelta(minutes=5)


def test_it_is_looked_at_every_ten_minutes_and_the_pass_says_when_next() -> None:
    store = day()
    assert [is_time(MORNING.replace(minute=minute)) for minute in (0, 1, 2, 9, 10, 59)] == [
        True, True, False, False, True, False]  # fmt: skip
    assert next_look(LATER) == LATER.replace(minute=10)
    assert run(store, LATER).next_due == LATER.replace(minute=10)


def test_a_lease_that_stops_is_given_the_time_asleep_on_waking() -> None:
    store = day()
    run(store, LATER, lease="stops")
    at = LATER + timedelta(hours=5)
    asked = SleepRequest(KEY, "bob", False)
    state = observed(store, **policy(lease="stops"))
    committed(store, plan_sleep(asked, state, starter=STARTER, now=at).plan, at=at)
    assert [one.by for one in written(store).spec.lease.extensions] == ["5h"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: environment("int", sleep={"afterIdle": "29m"}), "30m to 7d"),
        (lambda: environment("int", sleep={"afterIdle": "8d"}), "30m to 7d"),
        (lambda: environment("prd", sleep={"afterIdle": "2h"}), "reviewed request"),
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        make()
