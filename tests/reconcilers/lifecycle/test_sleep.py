"""Sleep and wake: once, by a request where gated, with the room and the lease that policy gives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from generator.errors import ConfigError, Reason, Stalled
from generator.values.formats import format_time, parse_time
from reconcilers.leases import end_of
from reconcilers.lifecycle.sleep import SleepOutcome, SleepRequest, plan_sleep
from worlds.builders import NOW, environment
from worlds.memory_store import MemoryStore
from worlds.planning import (
    KEY,
    REQUEST,
    STARTER,
    committed,
    merged,
    observed,
    planned,
    refusal,
    stamped,
    started,
    state_store,
    stopped,
    written,
)

HOUR = timedelta(hours=1)
STOPS = {"sleep": {"lease": "stops"}}


def change(store: MemoryStore, env: str = "int", *, asleep: bool, hours: int = 1, **spec: Any) -> SleepOutcome:
    """Put to sleep or wake, carried out."""
    now = NOW + hours * HOUR
    asked = SleepRequest(KEY, "bob", asleep)
    outcome = plan_sleep(asked, observed(store, env, **spec), starter=STARTER, now=now)
    committed(store, outcome.plan, at=now)
    return outcome


def store_with_one(**fields: Any) -> MemoryStore:
    store = state_store()
    started(store, **fields)
    return store


def test_one_is_put_to_sleep_and_woken_as_it_was() -> None:
    store = store_with_one()
    before = written(store)
    slept = change(store, asleep=True)
    assert slept.change == "asleep"
    assert slept.plan
    assert ("Action", "sleep") in slept.plan.trailers
    asleep = written(store)
    assert asleep.is_asleep
    assert asleep.spec.lease == before.spec.lease, "the lease goes on"
    woken = change(store, asleep=False, hours=5)
    assert woken.change == "awake"
    awake = written(store)
    assert not awake.is_asleep
    assert awake.spec.components == before.spec.components
    assert awake.spec.rendered
    assert before.spec.rendered
    assert awake.spec.rendered.digest == before.spec.rendered.digest, "the same manifests, to the byte"


@pytest.mark.parametrize("asleep", [True, False])
def test_a_second_time_changes_nothing(asleep: bool) -> None:
    store = store_with_one()
    if asleep:
        change(store, asleep=True)
    heads = dict(store.heads)
    assert change(store, asleep=asleep, hours=2).change == "unchanged"
    assert store.heads == heads


def test_what_sleeps_takes_no_room_and_waking_needs_it() -> None:
    store = store_with_one()
    change(store, asleep=True)
    assert observed(store).usage.vcpu == 0
    for key in ("RTB-8", "RTB-9"):
        started(store, key=key)
    full = {"fargate": {"quotaVcpu": int(observed(store).usage.vcpu)}}
    error = refusal(store, lambda: change(store, asleep=False, **full), Stalled)
    assert error.reason is Reason.CAPACITY_EXHAUSTED


def test_an_update_of_one_that_sleeps_leaves_it_asleep_and_a_reset_wakes_it() -> None:
    store = store_with_one()
    change(store, asleep=True)
    later = NOW + 2 * HOUR
    update = planned(store, settings=(("web.env.X", "1"),), now=later)
    assert update.change == "updated"
    assert update.preview.is_asleep
    assert not planned(store, reset=True, now=later).preview.is_asleep


@pytest.mark.parametrize(
    ("office_hours", "cap", "given"),
    [(False, "72h", "4h"), (False, "24h", None), (True, "72h", None)],
    ids=["added", "it ends at the cap already", "nights do not count anyway"],
)
def test_a_lease_that_stops_is_longer_by_the_time_asleep(office_hours: bool, cap: str, given: str | None) -> None:
    lease = {"lease": {"ttl": "24h", "cap": cap, "warnBefore": "1h"}}
    store = store_with_one(office_hours=office_hours, spec=lease)
    ends = parse_time(written(store).spec.lease.expires_at or "")
    change(store, asleep=True, **STOPS, **lease)
    change(store, asleep=False, hours=5, **STOPS, **lease)
    after = written(store).spec.lease
    assert [one.by for one in after.extensions] == ([given] if given else [])
    assert parse_time(after.expires_at or "") == ends + (4 * HOUR if given else timedelta(0))
    assert after.expires_at == format_time(end_of(after, environment(**lease))), "as the guard reckons it"


def test_gated_ones_sleep_by_a_request() -> None:
    store = state_store()
    started(store, "prd")
    merged(store)
    stamped(store)
    head = store.heads["prd"]
    assert change(store, "prd", asleep=True).change == "asleep"
    assert store.heads["prd"] == head
    assert REQUEST in store.heads


@pytest.mark.parametrize(("is_merged", "given"), [(False, []), (True, ["4h"])])
def test_a_sleep_that_nobody_approved_gives_no_time(is_merged: bool, given: list[str]) -> None:
    store, lease = state_store(), {"lease": {"ttl": "24h", "cap": "72h", "warnBefore": "1h"}}
    started(store, "prd", spec=lease)
    merged(store)
    stamped(store)
    change(store, "prd", asleep=True, **STOPS, **lease)
    if is_merged:
        merged(store)
    woken = change(store, "prd", asleep=False, hours=5, **STOPS, **lease)
    assert (woken.change, [one.by for one in woken.preview.spec.lease.extensions]) == ("awake", given)


@pytest.mark.parametrize("case", ["not there", "over", "awaits approval", "removal asked for"])
def test_what_does_not_run_or_soon_will_not_is_refused(case: str) -> None:
    store, env, hours = state_store(), "int", 1
    if case == "over":
        started(store)
        hours = 1000
    elif case != "not there":
        env = "prd"
        started(store, env)
        if case == "removal asked for":
            merged(store)
            stamped(store)
            stopped(store, env)
    error = refusal(store, lambda: change(store, env, asleep=True, hours=hours), ConfigError)
    assert error.reason is (Reason.PREVIEW_NOT_FOUND if case == "not there" else Reason.INVALID_VALUE)
