"""Sleep by office hours: who was awake at closing sleeps, and wakes when the office opens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from generator.errors import Reason, Transient
from reconcilers.lifecycle.sleep import SleepRequest, plan_sleep
from reconcilers.results import ReconcileResult
from reconcilers.scheduled.expiry import plan_expiry
from reconcilers.scheduled.sleep import plan_sleeping
from worlds.builders import environment
from worlds.memory_store import MemoryStore
from worlds.planning import FOLDER, KEY, STARTER, committed, observed, put, started, state_store, written

HOURS = {"timeZone": "Asia/Seoul", "days": ["Mon", "Tue", "Wed", "Thu", "Fri"], "from": "09:00", "to": "18:00"}
LEASE = {"ttl": "72h", "cap": "240h", "warnBefore": "1h"}
#: Seoul is nine hours ahead: a Monday from 09:00 to 18:00 there.
MORNING, CLOSED = datetime(2026, 11, 23, 0, 0, tzinfo=UTC), datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NIGHT, OPENS = CLOSED + timedelta(hours=3), MORNING + timedelta(days=1)


def policy(**sleep: Any) -> dict[str, Any]:
    return {"officeHours": HOURS, "lease": LEASE, "sleep": {"outsideOfficeHours": True, **sleep}}


def run(store: MemoryStore, now: datetime, **sleep: Any) -> ReconcileResult:
    """A pass, carried out."""
    found = plan_sleeping(observed(store, **policy(**sleep)), starter=STARTER, now=now)
    committed(store, found.plan, at=now)
    return found


def day(*keys: str, at: datetime = MORNING + timedelta(hours=2)) -> MemoryStore:
    store = state_store()
    for key in keys or ("RTB-123",):
        started(store, key=key, now=at, spec=policy())
    return store


def kinds(found: ReconcileResult) -> list[str]:
    return [action.kind for action in found.actions]


def by_hand(store: MemoryStore, now: datetime, *, asleep: bool, **sleep: Any) -> None:
    asked = SleepRequest(KEY, "bob", asleep)
    committed(store, plan_sleep(asked, observed(store, **policy(**sleep)), starter=STARTER, now=now).plan, at=now)


def test_it_sleeps_at_night_and_wakes_in_the_morning_and_a_second_pass_does_nothing() -> None:
    store = day()
    assert kinds(run(store, CLOSED - timedelta(seconds=1))) == []
    for moment, does in ((CLOSED, ["sleep"]), (NIGHT, []), (OPENS, ["wake"]), (OPENS + timedelta(hours=1), [])):
        assert kinds(run(store, moment)) == does
    assert not written(store).is_asleep


def test_the_pass_says_when_the_next_is_due() -> None:
    store = day()
    assert run(store, NIGHT).next_due == OPENS
    assert run(store, OPENS).next_due == CLOSED + timedelta(days=1)


def test_who_starts_or_wakes_one_at_night_keeps_it_until_the_next_closing() -> None:
    store = day(at=NIGHT)
    assert kinds(run(store, NIGHT + timedelta(hours=1))) == []
    assert kinds(run(store, CLOSED + timedelta(days=1))) == ["sleep"]
    store = day()
    run(store, CLOSED)
    by_hand(store, NIGHT, asleep=False)
    assert kinds(run(store, NIGHT + timedelta(hours=1))) == []
    assert not written(store).is_asleep


def test_what_a_person_put_to_sleep_stays_so_when_the_office_opens() -> None:
    store = day()
    by_hand(store, MORNING + timedelta(hours=3), asleep=True)
    assert kinds(run(store, NIGHT)) == kinds(run(store, OPENS)) == []
    assert written(store).is_asleep


def test_so_many_a_run_in_one_commit_and_the_next_run_goes_on() -> None:
    store = day("RTB-1", "RTB-2", "RTB-3")
    first = run(store, NIGHT, perRun=2)
    assert kinds(first) == ["sleep", "sleep"]
    assert first.plan
    assert first.plan.subject == "Put 2 previews to sleep in int"
    assert kinds(run(store, NIGHT, perRun=2)) == ["sleep"]
    assert kinds(run(store, NIGHT, perRun=2)) == []


def test_without_the_policy_nothing_sleeps_and_what_slept_by_it_wakes() -> None:
    store = day()
    run(store, NIGHT)
    assert kinds(run(store, NIGHT, outsideOfficeHours=False)) == ["wake"]
    assert kinds(run(store, NIGHT, outsideOfficeHours=False)) == []


def test_a_lease_that_stops_is_longer_by_the_night_at_once_and_expiry_still_removes() -> None:
    store = day()
    before = written(store).spec.lease
    run(store, NIGHT, lease="stops")
    after = written(store).spec.lease
    assert [one.by for one in after.extensions] == ["12h"]
    assert after.expires_at
    assert after.expires_at > (before.expires_at or "")
    ends = datetime.fromisoformat(after.expires_at)
    due = plan_expiry(observed(store, **policy(lease="stops")), at=ends)
    assert [action.kind for action in due.actions] == ["remove"]


@pytest.mark.parametrize(("woken", "given"), [(OPENS, ["15h"]), (OPENS + timedelta(hours=4), ["15h", "4h"])])
def test_a_night_that_somebody_makes_longer_is_one_sleep_and_given_once(woken: datetime, given: list[str]) -> None:
    store = day()
    run(store, CLOSED, lease="stops")
    asleep = written(store).spec.sleep
    by_hand(store, NIGHT, asleep=True, lease="stops")
    longer = written(store).spec.sleep
    assert asleep
    assert longer
    assert (longer.why, longer.since) == ("asked", asleep.since), "what it costs since then is less"
    by_hand(store, woken, asleep=False, lease="stops")
    assert [one.by for one in written(store).spec.lease.extensions] == given


def test_what_cannot_be_read_is_left_and_the_others_sleep() -> None:
    store = day("RTB-1", "RTB-123")
    put(store, str(FOLDER / "preview.yaml"), b"kind: [")
    found = run(store, NIGHT)
    assert kinds(found) == ["sleep"]
    assert [action.preview for action in found.actions] == ["int/rtb-1"]


def test_a_failed_read_puts_nothing_to_sleep() -> None:
    store = day()
    state = observed(store, **policy())

    def fails(*_: object) -> None:
        raise Transient(Reason.REPOSITORY_UNREACHABLE, "gone")

    starter = type(STARTER)(fails, "test")
    with pytest.raises(Transient):
        plan_sleeping(state, starter=starter, now=NIGHT)


def test_no_room_to_wake_is_reported_and_tried_again() -> None:
    store = day()
    run(store, NIGHT)
    for key in ("RTB-8", "RTB-9"):
        started(store, key=key, now=NIGHT, spec=policy())
    full = {**policy(), "fargate": {"quotaVcpu": 1}}
    found = plan_sleeping(observed(store, **full), starter=STARTER, now=OPENS)
    assert (kinds(found), found.plan) == (["report"], None)
    assert kinds(run(store, OPENS)) == ["wake"]


@pytest.mark.parametrize(
    ("name", "spec", "words"),
    [
        ("int", {"officeHours": None, "sleep": {"outsideOfficeHours": True}}, "no officeHours"),
        ("prd", {"sleep": {"outsideOfficeHours": True}}, "reviewed request"),
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused(name: str, spec: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        environment(name, **spec)
