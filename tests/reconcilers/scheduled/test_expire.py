"""Expiry: what is due goes, whole and alone; nothing goes without positive evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import About, Fault, Reason, Remedy, RemedyKind, Stalled, Transient
from generator.values.formats import format_time
from reconcilers.results import Action, ReconcileResult, commits
from reconcilers.scheduled.expiry import FEW, plan_expiry, refused
from worlds.builders import NOW, environment
from worlds.memory_store import MemoryStore
from worlds.planning import files_of, merged, observed, put, removed, started, state_store
from worlds.reconciling import ROOMY

HOME = "environments/int/previews/rtb/0"
HOUR = timedelta(hours=1)


def stamped(store: MemoryStore, expires_at: str = "2026-11-23T10:00:00Z", **changed: str) -> None:
    """Merge the request of RTB-123 in prd and stamp it, as the approval reconciler does."""
    started(store, "prd")
    merged(store)
    path = "environments/prd/previews/rtb/100/rtb-123/preview.yaml"
    text = files_of(store, "prd")[PurePosixPath(path)].decode()
    assert "expiresAt" not in text
    put(store, path, text.replace('    ttl: "8h"\n', f'    ttl: "8h"\n    expiresAt: "{expires_at}"\n').encode(), "prd")


def edited(store: MemoryStore, key: str, **times: str) -> None:
    """Replace times of an entry by hand."""
    path = PurePosixPath(f"{HOME}/{key}/preview.yaml")
    lines = files_of(store)[path].decode().splitlines(keepends=True)
    for name, text in times.items():
        lines = [f'    {name}: "{text}"\n' if line.strip().startswith(f"{name}:") else line for line in lines]
    put(store, str(path), "".join(lines).encode())


def several(count: int, ttl: str = "1h", kept: int = 0) -> MemoryStore:
    """`count` previews with a lease of `ttl`, RTB-1 and on, and `kept` with a day, RTB-50 and on."""
    store = state_store()
    for number in range(1, count + 1):
        started(store, key=f"RTB-{number}", ttl=ttl, spec=ROOMY)
    for number in range(50, 50 + kept):
        started(store, key=f"RTB-{number}", spec=ROOMY)
    return store


def due(result: ReconcileResult) -> list[str]:
    return [action.preview for action in result.actions if action.kind == "remove"]


def test_what_is_due_goes_with_all_its_files_and_nothing_else() -> None:
    store = several(0, kept=2)
    before = files_of(store)
    started(store, key="RTB-1", ttl="3h")
    put(store, f"{HOME}/rtb-1/below/note.txt", b"x")
    result = plan_expiry(observed(store), at=NOW + 3 * HOUR)
    assert result.plan
    assert (result.held, result.set_aside) == (None, ())
    assert {str(path) for path in removed(result.plan)} == {
        f"{HOME}/rtb-1/{name}" for name in ("below/note.txt", "manifest.yaml", "preview.yaml")
    }
    store.commit(result.plan, at=NOW)
    assert files_of(store) == before


def test_the_commit_says_what_why_and_by_whom_for_each_preview() -> None:
    plan = plan_expiry(observed(several(2)), at=NOW + HOUR).plan
    assert plan
    assert plan.message().splitlines() == [
        "Expire 2 previews in int",
        "",
        *[
            line
            for name in ("rtb-1", "rtb-2")
            for line in (
                f"Preview: int/{name}",
                "Action: expire",
                "Requested-By: rtb-hub (reconciler)",
                "Reason: its lease ended at 2026-11-23T03:00:00Z",
            )
        ],
    ]
    assert plan.lines()[0] == f"remove {HOME}/rtb-1/manifest.yaml: its lease ended at 2026-11-23T03:00:00Z"


def test_a_plan_made_after_one_was_carried_out_is_empty() -> None:
    store = several(2)
    plan = plan_expiry(observed(store), at=NOW + HOUR).plan
    assert plan
    store.commit(plan, at=NOW)
    assert plan_expiry(observed(store), at=NOW + HOUR) == ReconcileResult("expiry", "int")


@pytest.mark.parametrize(
    ("seconds", "expected"), [(-1, []), (0, ["int/rtb-1"]), (1, ["int/rtb-1"])], ids=["before", "at", "after"]
)
def test_an_entry_is_due_from_its_second_on(seconds: int, expected: list[str]) -> None:
    at = NOW + HOUR + timedelta(seconds=seconds)
    assert due(plan_expiry(observed(several(1, "1h")), at=at)) == expected


def test_people_are_warned_ahead_once_the_time_has_come_and_the_next_time_is_told() -> None:
    state = observed(several(1, "4h"))
    ends = NOW + 4 * HOUR
    early = plan_expiry(state, at=NOW)
    assert (early.actions, early.next_due) == ((), ends - 2 * HOUR)
    before = plan_expiry(state, at=ends - 2 * HOUR - timedelta(seconds=1))
    assert (before.actions, before.next_due) == ((), ends - 2 * HOUR)
    warned = plan_expiry(state, at=ends - 2 * HOUR)
    assert plan_expiry(state, at=ends - timedelta(seconds=1)) == warned
    why = "its lease ends at 2026-11-23T06:00:00Z"
    assert (warned.actions, warned.next_due) == ((Action("warn", "int/rtb-1", why, ends),), ends)
    assert (warned.plan, warned.needs_a_person) == (None, False)


def test_the_times_of_other_zones_are_the_same_times() -> None:
    state = observed(several(1))
    seoul = timezone(timedelta(hours=9))
    at = (NOW + HOUR).astimezone(seoul)
    assert plan_expiry(state, at=at) == plan_expiry(state, at=NOW + HOUR)
    assert due(plan_expiry(state, at=at - timedelta(seconds=1))) == []


@pytest.mark.parametrize(
    "at", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)], ids=["end", "begin"]
)
def test_the_ends_of_the_calendar_are_times_too(at: datetime) -> None:
    store = several(1, kept=1)
    edited(store, "rtb-1", expiresAt="2199-12-31T23:59:59Z")
    assert plan_expiry(observed(store), at=at).held is None


class TestSetAside:
    def test_what_cannot_be_read_stays_and_the_rest_goes(self) -> None:
        store = several(2)
        put(store, f"{HOME}/rtb-1/preview.yaml", b"not: [an entry")
        result = plan_expiry(observed(store), at=NOW + HOUR)
        assert [one.preview for one in result.set_aside] == ["int/rtb-1"]
        assert result.set_aside[0].faults[0].where
        assert {path.parent.name for path in removed(result.plan)} == {"rtb-2"}
        assert result.needs_a_person

    @pytest.mark.parametrize(
        "text",
        [
            "1999-12-31T23:59:59Z",
            "2200-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "2026-02-30T00:00:00Z",
            "2026-11-23 03:00:00",
            "2026-11-23T12:00:00+09:00",
            "1h",
            "",
            "0000-00-00T00:00:00Z",
        ],
    )
    def test_a_bad_time_is_no_time(self, text: str) -> None:
        store = several(2)
        edited(store, "rtb-1", expiresAt=text)
        result = plan_expiry(observed(store), at=NOW + 1000 * HOUR)
        assert [(one.preview, one.faults[0].field) for one in result.set_aside] == [
            ("int/rtb-1", "spec.lease.expiresAt")
        ]
        assert due(result) == ["int/rtb-2"]

    def test_an_end_before_the_beginning_proves_nothing(self) -> None:
        store = several(2)
        edited(store, "rtb-1", expiresAt="2000-01-01T00:00:00Z")
        (aside,) = plan_expiry(observed(store), at=NOW + HOUR).set_aside
        assert str(aside).startswith(
            f"skipped int/rtb-1: {HOME}/rtb-1/preview.yaml: spec.lease.expiresAt: 2000-01-01T00:00:00Z is before"
        )

    def test_an_entry_within_anothers_folder_is_not_taken_along(self) -> None:
        store = several(1)
        put(store, f"{HOME}/rtb-1/rtb-2/preview.yaml", b"x")
        assert "rtb-2" not in {path.parent.name for path in removed(plan_expiry(observed(store), at=NOW + HOUR).plan)}


class TestBreaker:
    def test_few_go_always_and_a_large_share_is_held_with_the_way_out(self) -> None:
        assert plan_expiry(observed(several(FEW)), at=NOW + HOUR).held is None
        result = plan_expiry(observed(several(FEW + 1)), at=NOW + HOUR)
        assert result.plan is None
        assert len(due(result)) == FEW + 1
        over = "2026-11-23T03:00:00Z"
        assert result.held == Fault(
            "4 of 4 previews are due at once, more than 50 % (expiry.maxShare); none is removed",
            field="int",
            remedy=Remedy(RemedyKind.CONFIRM_REMOVALS, About("int", since=over, until=over, count=4)),
        )

    @pytest.mark.parametrize(("kept", "is_held"), [(3, True), (4, False)], ids=["over the share", "at the share"])
    def test_the_share_is_of_what_can_be_read(self, kept: int, is_held: bool) -> None:
        store = several(4, kept=kept)
        put(store, f"{HOME}/rtb-99/preview.yaml", b"x")
        assert bool(plan_expiry(observed(store), at=NOW + HOUR).held) is is_held

    @pytest.mark.parametrize(("most", "is_held"), [(4, True), (5, False), (6, False)], ids=["over", "at", "below"])
    def test_a_number_holds_whatever_the_share(self, most: int, is_held: bool) -> None:
        state = observed(several(5, kept=6), **ROOMY, expiry={"maxRemovals": most, "maxShare": 100})
        held = plan_expiry(state, at=NOW + HOUR).held
        assert (held is not None) is is_held
        assert held is None or held.message == "5 of 11 previews are due at once, more than 4 (expiry.maxRemovals); none is removed"  # fmt: skip

    @pytest.mark.parametrize(("confirmed", "is_held"), [(4, True), (5, False), (6, True)])
    def test_exactly_the_confirmed_number_goes(self, confirmed: int, is_held: bool) -> None:
        result = plan_expiry(observed(several(5)), at=NOW + HOUR, confirmed=confirmed)
        assert bool(result.held) is is_held
        assert (result.plan is None) is is_held

    def test_what_is_within_the_limits_goes_whatever_was_confirmed(self) -> None:
        assert plan_expiry(observed(several(2)), at=NOW + HOUR, confirmed=9).plan

    def test_a_clock_far_ahead_is_bounded_by_it(self) -> None:
        assert plan_expiry(observed(several(0, kept=8)), at=NOW + timedelta(days=3650)).plan is None


class TestClock:
    def test_a_clock_behind_the_branch_is_told_and_holds_nothing(self) -> None:
        state = observed(several(1))
        at = NOW + HOUR
        told = plan_expiry(state, at=at, newest=at + timedelta(minutes=6))
        assert [action.preview for action in told.actions if action.kind == "report"] == ["int"]
        assert told.plan == plan_expiry(state, at=at, newest=at + timedelta(minutes=5)).plan is not None

    @pytest.mark.parametrize(("seconds", "told"), [(299, False), (300, False), (301, True)])
    def test_a_clock_may_be_behind_by_the_tolerance(self, seconds: int, told: bool) -> None:
        at = NOW + HOUR
        found = plan_expiry(observed(several(1)), at=at, newest=at + timedelta(seconds=seconds))
        assert [action.kind for action in found.actions] == ["remove", *(["report"] if told else [])]

    @pytest.mark.parametrize(("seconds", "is_due"), [(-1, False), (0, True), (1, True)])
    def test_an_end_from_its_beginning_on_is_one(self, seconds: int, is_due: bool) -> None:
        store = several(1)
        edited(store, "rtb-1", expiresAt=format_time(NOW + timedelta(seconds=seconds)))
        found = plan_expiry(observed(store), at=NOW + HOUR)
        assert (due(found), len(found.set_aside)) == ((["int/rtb-1"], 0) if is_due else ([], 1))

    @pytest.mark.parametrize("seconds", [0, 1])
    def test_an_end_before_the_beginning_proves_nothing_from_its_second_on(self, seconds: int) -> None:
        store, ends = several(1), NOW - HOUR
        edited(store, "rtb-1", expiresAt=format_time(ends))
        found = plan_expiry(observed(store), at=ends + timedelta(seconds=seconds))
        assert (due(found), len(found.set_aside)) == ([], 1)

    @pytest.mark.parametrize(("seconds", "is_due"), [(-1, False), (0, True), (1, True)])
    def test_of_a_reviewed_lease_the_merge_is_the_beginning(self, seconds: int, is_due: bool) -> None:
        store, begun = state_store(), NOW + HOUR
        times = f'"{format_time(begun + timedelta(seconds=seconds))}"\n    activatedAt: "{format_time(begun)}'
        stamped(store, times.strip('"'))
        found = plan_expiry(observed(store, "prd"), at=NOW + 9 * HOUR)
        assert (due(found), len(found.set_aside)) == ((["prd/rtb-123"], 0) if is_due else ([], 1))

    def test_a_clock_behind_removes_late_and_never_early(self) -> None:
        assert due(plan_expiry(observed(several(1)), at=NOW - timedelta(days=400), newest=NOW)) == []


class TestGated:
    def test_what_is_due_goes_on_the_branch_itself(self) -> None:
        store = state_store()
        stamped(store)
        state = observed(store, "prd")
        result = plan_expiry(state, at=NOW + 8 * HOUR)
        assert result.plan
        assert (result.plan.branch, result.plan.base, result.plan.expected) == (
            "prd",
            state.snapshot.commit,
            state.snapshot.commit,
        )
        assert {path.name for path in removed(result.plan)} == {"preview.yaml", "manifest.yaml"}

    def test_what_awaits_approval_is_never_due(self) -> None:
        store = state_store()
        started(store, "prd")
        assert plan_expiry(observed(store, "prd"), at=NOW + 1000 * HOUR) == ReconcileResult("expiry", "prd")

    def test_what_was_merged_and_not_stamped_is_reported(self) -> None:
        store = state_store()
        started(store, "prd")
        merged(store)
        result = plan_expiry(observed(store, "prd"), at=NOW + 1000 * HOUR)
        assert [str(action) for action in result.actions] == [
            "report prd/rtb-123: was merged, but its time was never begun (no expiresAt): it does not end by itself"
        ]
        assert result.plan is None
        assert result.needs_a_person

    def test_a_refusal_is_told_as_what_it_is(self) -> None:
        err = Stalled(Reason.REPOSITORY_REFUSED, "cannot push to prd: protected branch")
        told = refused(environment("prd"), err)
        assert told.reason is Reason.REPOSITORY_REFUSED
        assert told.faults[0].message == "what has expired in prd is still there: cannot push to prd: protected branch"
        assert "the identity that may bypass its rule" in told.faults[0].remedy
        assert refused(environment("int"), err) is err


def test_a_listing_that_lacks_what_was_read_removes_nothing() -> None:
    store = several(1)
    state = observed(store)
    empty = replace(state.snapshot, tree={})  # type: ignore[type-var]
    with pytest.raises(Transient):
        plan_expiry(replace(state, snapshot=empty), at=NOW + HOUR)


def test_entries_that_are_not_due_are_judged_by_their_facts_alone() -> None:
    class Record:
        def __init__(self, record: Any) -> None:
            self.path, self.name, self.facts, self.faults = record.path, record.name, record.facts, ()

        @property
        def preview(self) -> Any:
            raise AssertionError("was read whole")

    state = observed(several(1, "4h", kept=2))
    cheap = replace(state, entries=tuple(map(Record, state.entries)))  # type: ignore[arg-type]
    assert plan_expiry(cheap, at=NOW + 2 * HOUR).actions[0].kind == "warn"


@settings(max_examples=30)
@given(
    minutes=st.lists(st.integers(1, 300), min_size=0, max_size=4),
    at=st.integers(-60, 400),
    extra=st.integers(0, 120),
)
def test_whatever_the_leases_exactly_the_due_ones_go_and_a_later_look_removes_no_less(
    minutes: list[int], at: int, extra: int
) -> None:
    store = leased(tuple(minutes))
    spec = {"expiry": {"maxRemovals": 100, "maxShare": 100}}
    state = observed(store, **ROOMY, **spec)
    now = NOW + timedelta(minutes=at)
    result, later = plan_expiry(state, at=now), plan_expiry(state, at=now + timedelta(minutes=extra))
    expected = {f"int/rtb-{n + 1}" for n, length in enumerate(minutes) if length <= at}
    assert set(due(result)) == expected <= set(due(later))
    assert {f"int/{path.parent.name}" for path in removed(result.plan)} == expected
    assert result.next_due is None or result.next_due > now
    if result.next_due:
        until = plan_expiry(state, at=result.next_due - timedelta(seconds=1))
        assert (until.actions, until.plan) == (result.actions, result.plan), "changes by time alone only when told"
        assert plan_expiry(state, at=result.next_due).actions != result.actions
    else:
        assert later == result
    assert all(format_time(action.due) in action.why for action in result.actions if action.due)


_STORES: dict[tuple[int, ...], MemoryStore] = {}


def leased(minutes: tuple[int, ...]) -> MemoryStore:
    if minutes not in _STORES:
        store = state_store()
        for number, length in enumerate(minutes, 1):
            started(store, key=f"RTB-{number}", ttl=f"{length}m", spec=ROOMY)
        _STORES[minutes] = store
    return _STORES[minutes]


def test_environments_of_one_branch_expire_in_one_commit() -> None:
    store = several(1)
    started(store, "stg", key="RTB-2", ttl="1h")
    started(store, "stg", key="RTB-3")
    passes = [plan_expiry(observed(store, name), at=NOW + HOUR) for name in ("int", "stg")]
    (plan,) = commits(passes, "Expire previews in int, stg")
    assert store.commit(plan, at=NOW)
    assert [path.parent.name for path in files_of(store) if path.name == "preview.yaml"] == ["rtb-3"]
