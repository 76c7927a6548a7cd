"""Extensions: once for each time somebody asks, up to the cap, by request where gated."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import ConfigError, Reason, Remedy, RemedyKind
from generator.model.blueprint import TemplateLibrary
from generator.values.formats import format_time, parse_time
from generator.values.naming import ENTRY_FILE, MANIFEST_FILE
from reconcilers.lifecycle.extend import SAME_CLICK, ExtendOutcome, ExtendRequest, plan_extension
from worlds.builders import LIBRARY, NOW, environment, render
from worlds.memory_store import MemoryStore
from worlds.planning import (
    FOLDER,
    KEY,
    REQUEST,
    STARTER,
    committed,
    files_of,
    merged,
    observed,
    put,
    refusal,
    stamped,
    started,
    state_store,
    stopped,
    written,
)

HOUR = timedelta(hours=1)


def extension(
    store: MemoryStore, env: str = "int", *, by: str = "4h", who: str = "bob", now: datetime = NOW + HOUR, **fields: Any
) -> ExtendOutcome:
    """What an extension would do."""
    spec = fields.pop("spec", {})
    asked = ExtendRequest(KEY, who, by, **fields)
    return plan_extension(asked, observed(store, env, **spec), starter=STARTER, now=now)


def extended(store: MemoryStore, env: str = "int", **fields: Any) -> ExtendOutcome:
    """An extension, carried out."""
    outcome = extension(store, env, **fields)
    committed(store, outcome.plan, at=fields.get("now", NOW + HOUR))
    return outcome


def refused(store: MemoryStore, env: str = "int", **fields: Any) -> ConfigError:
    return refusal(store, lambda: extended(store, env, **fields), ConfigError)


def test_the_end_moves_and_the_rest_of_the_entry_stays() -> None:
    store = state_store()
    before = started(store).preview
    outcome = extended(store, reason="demo\ntomorrow")
    after = written(store)
    assert (outcome.change, outcome.before, outcome.ends) == (
        "extended",
        "2026-11-24T02:00:00Z",
        "2026-11-24T06:00:00Z",
    )
    assert after == outcome.preview
    (one,) = after.spec.lease.extensions
    assert (one.by, one.requested_by, one.at, one.reason) == ("4h", "bob", "2026-11-23T03:00:00Z", "demo\ntomorrow")
    lease = after.spec.lease.model_copy(update={"expires_at": before.spec.lease.expires_at, "extensions": []})
    spec = after.spec.model_copy(update={"lease": lease, "rendered": before.spec.rendered})
    assert before.model_copy(update={"spec": spec}) == before
    assert outcome.plan
    assert outcome.plan.message().splitlines()[:7] == [
        "Extend RTB-123 in int",
        "",
        "Preview: int/rtb-123",
        "Action: extend",
        "Requested-By: bob",
        "By: 4h",
        "Ends: 2026-11-24T06:00:00Z",
    ]
    assert ("Reason", "demo\ntomorrow") in outcome.plan.trailers


def test_manifest_and_stamp_are_those_of_the_longer_lease() -> None:
    store = state_store()
    started(store)
    extended(store)
    after, text = written(store), files_of(store)[FOLDER / MANIFEST_FILE].decode()
    assert text == render(after).text
    assert after.spec.rendered
    assert after.spec.rendered.digest == render(after).digest
    again = STARTER.rendered(after, environment(), LIBRARY)[0]
    assert again == after


def test_the_manifest_does_not_depend_on_the_lease_and_is_not_written() -> None:
    store = state_store()
    started(store)
    outcome = extended(store)
    assert outcome.plan
    assert [change.path for change in outcome.plan.changes] == [FOLDER / ENTRY_FILE]
    assert written(store) == outcome.preview


def test_past_the_cap_it_is_the_cap_and_at_the_cap_refused_with_the_numbers() -> None:
    store = state_store()
    started(store)
    assert extended(store, by="47h").change == "extended"
    outcome = extended(store, by="4h", now=NOW + 2 * HOUR)
    assert (outcome.change, outcome.ends, outcome.cap) == ("extended to the cap", *2 * ("2026-11-26T02:00:00Z",))
    assert written(store).spec.lease.extensions[-1].by == "4h"
    error = refused(store, by="1m", now=NOW + 3 * HOUR)
    assert error.reason is Reason.OVER_LIMIT
    assert str(error.faults[0]).startswith(
        "by: RTB-123 in int ends at 2026-11-26T02:00:00Z, and 2026-11-26T02:00:00Z is the latest:"
        " 72h after 2026-11-23T02:00:00Z; stop it and start it anew"
    )


def test_a_cap_that_was_lowered_takes_nothing_away() -> None:
    store = state_store()
    started(store, ttl="48h")
    lower = {"lease": {"ttl": "8h", "cap": "24h", "warnBefore": "2h"}}
    assert refused(store, spec=lower).reason is Reason.OVER_LIMIT
    assert written(store).spec.lease.expires_at == "2026-11-25T02:00:00Z"


def test_a_lease_that_is_over_is_extended_from_now_within_the_cap() -> None:
    store = state_store()
    started(store)
    late = NOW + 30 * HOUR
    assert extension(store, now=late).ends == format_time(late + 4 * HOUR)
    assert extension(store, now=NOW + 24 * HOUR).ends == format_time(NOW + 28 * HOUR)
    assert extension(store, now=NOW + 70 * HOUR).ends == "2026-11-26T02:00:00Z"
    assert refused(store, now=NOW + 72 * HOUR).reason is Reason.OVER_LIMIT


class TestOnce:
    def test_who_saw_another_end_adds_nothing_and_is_told_who_did(self) -> None:
        store = state_store()
        started(store)
        seen = "2026-11-24T02:00:00Z"
        extended(store, who="alice", if_ends=seen)
        head = store.heads["main"]
        outcome = extended(store, who="bob", by="2h", if_ends=seen, now=NOW + 2 * HOUR)
        assert (outcome.change, outcome.plan, store.heads["main"]) == ("unchanged", None, head)
        assert outcome.extended
        assert (outcome.extended.requested_by, outcome.extended.by, outcome.ends) == (
            "alice",
            "4h",
            "2026-11-24T06:00:00Z",
        )

    def test_who_sees_the_end_that_is_extends_it_at_once_again(self) -> None:
        store = state_store()
        started(store)
        extended(store)
        assert extended(store, if_ends="2026-11-24T06:00:00Z").ends == "2026-11-24T10:00:00Z"

    def test_an_end_that_was_changed_otherwise_is_nobodys_extension(self) -> None:
        store = state_store()
        started(store)
        outcome = extension(store, if_ends="2026-11-24T01:00:00Z")
        assert (outcome.change, outcome.extended) == ("unchanged", None)

    def test_planned_anew_after_others_wrote_it_keeps_the_end_it_first_saw(self) -> None:
        store = state_store()
        started(store)
        first = extension(store, who="alice")
        extended(store, who="carol", by="1h")
        outcome = plan_extension(first.again, observed(store), starter=STARTER, now=NOW + HOUR)
        assert (outcome.change, outcome.ends) == ("unchanged", "2026-11-24T03:00:00Z")
        assert outcome.extended
        assert outcome.extended.requested_by == "carol"
        assert outcome.again == first.again

    def test_planned_anew_after_something_else_was_written_it_extends(self) -> None:
        store = state_store()
        started(store)
        first = extension(store)
        started(store, key="RTB-9")
        outcome = plan_extension(first.again, observed(store), starter=STARTER, now=NOW + HOUR)
        assert (outcome.change, outcome.plan and outcome.plan.base) == ("extended", store.heads["main"])

    @pytest.mark.parametrize(
        ("again", "after", "is_same"),
        [
            ({}, timedelta(seconds=59), True),
            ({"by": "240m"}, timedelta(seconds=1), True),
            ({"reason": "really"}, timedelta(seconds=1), True),
            ({}, timedelta(seconds=-30), True),
            ({}, SAME_CLICK, False),
            ({"by": "2h"}, timedelta(seconds=1), False),
            ({"who": "carol"}, timedelta(seconds=1), False),
        ],
        ids=["within a minute", "the same length", "another reason", "a clock that is behind", "a minute later", "another length", "another person"],
    )  # fmt: skip
    def test_the_same_click(self, again: dict[str, Any], after: timedelta, is_same: bool) -> None:
        store = state_store()
        started(store)
        extended(store)
        outcome = extension(store, now=NOW + HOUR + after, **again)
        assert (outcome.change == "unchanged") is is_same
        assert (outcome.plan is None) is is_same

    @settings(max_examples=15)
    @given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["1h", "30m"]), st.integers(0, 90)), max_size=6))
    def test_clicks_of_any_number_and_pace_give_each_its_own_time_once(
        self, clicks: list[tuple[str, str, int]]
    ) -> None:
        store, now = state_store(), NOW
        started(store)
        counted = 0
        for who, by, seconds in clicks:
            now += timedelta(seconds=seconds)
            seen = written(store).spec.lease.expires_at
            one = extended(store, who=who, by=by, now=now, if_ends=seen)
            same = extended(store, who=who, by=by, now=now, if_ends=seen)
            counted += one.change == "extended"
            assert (same.change, same.ends) == ("unchanged", one.ends)
        lease = written(store).spec.lease
        assert len(lease.extensions) == counted == len(clicks)
        total = sum(
            (timedelta(hours=1) if e.by == "1h" else timedelta(minutes=30) for e in lease.extensions), timedelta()
        )
        assert parse_time(lease.expires_at or "") == NOW + timedelta(hours=24) + total


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 30)), max_size=8), st.booleans())
def test_no_order_of_extensions_passes_the_cap_or_takes_time_away(asked: list[tuple[int, int]], office: bool) -> None:
    store, now = state_store(), NOW
    started(store, office_hours=office)
    env = environment()
    hours = env.spec.office_hours
    assert hours
    cap = hours.office_time().after(NOW, timedelta(hours=72)) if office else NOW + timedelta(hours=72)
    for by, wait in asked:
        now += timedelta(hours=wait, minutes=2)
        before = parse_time(written(store).spec.lease.expires_at or "")
        try:
            outcome = extended(store, by=f"{by}h", now=now)
        except ConfigError as err:
            assert err.reason is Reason.OVER_LIMIT
            assert max(before, now) >= cap
            continue
        after = parse_time(outcome.ends)
        assert before < after <= cap
        assert after > now
        assert (outcome.change == "extended to the cap") <= (after == cap)
        assert not office or hours.office_time().contains(after)


def test_office_hours_are_extended_by_office_time() -> None:
    store = state_store()
    started(store, ttl="8h", office_hours=True)  # Monday 11:00 in Seoul, so to Tuesday 10:00
    assert written(store).spec.lease.expires_at == "2026-11-24T01:00:00Z"
    assert extended(store, by="9h").ends == "2026-11-25T01:00:00Z"
    late = NOW + timedelta(days=5, hours=3)  # Saturday afternoon
    assert extension(store, by="4h", now=late).ends == "2026-11-30T04:00:00Z"
    error = refused(store, spec={"officeHours": None})
    assert "int has no office hours to count" in str(error)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"by": "4"}, "by: '4' is not a duration"),
        ({"by": "0h"}, "by: '0h' is not a duration"),
        ({"by": "-4h"}, "by: '-4h' is not a duration"),
        ({"reason": "x" * 1025}, "reason: the text has 1025 bytes"),
        ({"reason": "\ud800"}, "reason: the text holds half of a surrogate pair"),
        ({"who": "\ud800"}, "requestedBy: the text holds half of a surrogate pair"),
        ({"if_ends": "tomorrow"}, "if-ends: 'tomorrow' is not a time"),
    ],
    ids=["no unit", "nothing", "less", "a long reason", "no text", "nobody", "no time"],
)  # fmt: skip
def test_what_cannot_be_asked_for(fields: dict[str, Any], says: str) -> None:
    store = state_store()
    started(store)
    error = refused(store, **fields)
    assert (error.reason, str(error.faults[0])[: len(says)]) == (Reason.INVALID_VALUE, says)


def test_what_is_not_there_or_cannot_be_read() -> None:
    store = state_store()
    started(store, key="RTB-132")
    error = refused(store)
    assert (error.reason, error.faults[0].nearest) == (Reason.PREVIEW_NOT_FOUND, "RTB-132")
    put(store, str(FOLDER / ENTRY_FILE), b"not: [an entry")
    assert refused(store).reason is Reason.UNREADABLE_ENTRY


def test_an_entry_that_todays_blueprint_does_not_fit_is_refused() -> None:
    store = state_store()
    started(store)
    files = dict(LIBRARY.files)
    path = "templates/preview/web-api/blueprint.yaml"
    files[path] = files[path].replace("\n    api:", "\n    backend:")
    state = replace(observed(store), library=TemplateLibrary(files))
    with pytest.raises(ConfigError) as caught:
        plan_extension(ExtendRequest(KEY, "bob", "4h"), state, starter=STARTER, now=NOW)
    assert caught.value.reason is Reason.UNKNOWN_COMPONENT
    assert "blueprint web-api has no component 'api' any more" in str(caught.value)


class TestGated:
    def live(self) -> MemoryStore:
        store = state_store()
        started(store, "prd")
        merged(store)
        stamped(store)
        return store

    def test_what_awaits_its_merge_has_no_end_to_move(self) -> None:
        store = state_store()
        started(store, "prd")
        error = refused(store, "prd")
        assert error.reason is Reason.INVALID_VALUE
        (fault,) = error.faults
        assert fault.message.endswith("has no end yet: its 8h begin at the merge")
        assert fault.remedy == Remedy(RemedyKind.EXTEND_LATER)

    def test_what_is_live_is_extended_by_request_from_its_merge(self) -> None:
        store = self.live()
        live = store.heads["prd"]
        outcome = extended(store, "prd", by="20h")
        assert outcome.plan
        assert (outcome.plan.branch, outcome.plan.base, outcome.plan.expected) == (REQUEST, live, None)
        assert (outcome.change, outcome.ends) == ("extended to the cap", format_time(NOW + 24 * HOUR))
        assert store.heads["prd"] == live
        folder = PurePosixPath("environments/prd/previews/rtb/100/rtb-123")
        assert written(store, REQUEST, folder) == outcome.preview
        assert written(store, "prd", folder).spec.lease.extensions == []

    def test_a_second_click_finds_the_request_and_a_later_one_follows_it(self) -> None:
        store = self.live()
        seen = extended(store, "prd", who="alice", by="1h").before
        asked = store.heads[REQUEST]
        assert extended(store, "prd", who="alice", by="1h").change == "unchanged"
        assert extended(store, "prd", who="bob", by="1h", if_ends=seen).change == "unchanged"
        outcome = extended(store, "prd", who="bob", by="2h")
        assert outcome.plan
        assert (outcome.plan.base, outcome.plan.expected) == (asked, asked)
        assert outcome.ends == format_time(NOW + 11 * HOUR)

    def test_it_takes_the_place_of_a_request_to_remove_it(self) -> None:
        store = self.live()
        stopped(store, "prd")
        outcome = extended(store, "prd")
        assert (outcome.change, outcome.ends_removal) == ("extended", True)
        assert files_of(store, REQUEST).keys() == files_of(store, "prd").keys()
        assert observed(store, "prd").removals == frozenset()
