"""What the guard says of a lease: each bound of a time, a second below it, at it, and a second above. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from generator.model.entry import Extension, Preview
from generator.model.environment import Environment
from generator.values.formats import format_time
from reconcilers.guard.leases import OLDEST, SKEW, is_stamp, lease_breaches
from worlds.builders import NOW, environment, preview
from worlds.guarding import stamped, with_lease, with_spec

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
INT, PRD = environment(), environment("prd")
#: Asked for at NOW: 24 hours in int; 8 hours from the merge on in prd.
OURS, ASKED = preview(), preview(PRD)
RUNNING = stamped(ASKED, NOW + HOUR)


def told(after: Preview, at: datetime, before: Preview | None = None, env: Environment = INT) -> list[tuple[str, str]]:
    """Rule and field of each breach."""
    return [(rule, field) for rule, field, _ in lease_breaches(before, after, env, now=at)]


def extended(at: datetime) -> Preview:
    """Ours with four hours more, asked for at `at`, which is before its end."""
    extension = Extension(by="4h", requested_by="alice", at=format_time(at))
    return with_lease(OURS, extensions=[extension], expires_at=NOW + 28 * HOUR)


AHEAD = [
    pytest.param(SKEW - SECOND, False, id="a second less than the skew"),
    pytest.param(SKEW, False, id="the skew"),
    pytest.param(SKEW + SECOND, True, id="a second more than the skew"),
]


@pytest.mark.parametrize(("ahead", "refused"), AHEAD)
def test_times_may_be_ahead_by_the_skew_of_clocks(ahead: timedelta, refused: bool) -> None:
    assert timedelta(minutes=5) == SKEW
    rows = {
        "requestedAt": told(OURS, NOW - ahead),
        "activatedAt": told(RUNNING, NOW + HOUR - ahead, ASKED, PRD),
        "extensions": told(extended(NOW + 2 * HOUR), NOW + 2 * HOUR - ahead, OURS),
    }
    assert rows == {field: [("lease-in-future", field)] if refused else [] for field in rows}


@pytest.mark.parametrize(("after", "refused"), [(-SECOND, False), (timedelta(0), True), (SECOND, True)])
def test_an_entry_is_refused_from_its_end_on(after: timedelta, refused: bool) -> None:
    assert told(OURS, NOW + 24 * HOUR + after) == ([("entry-expired", "expiresAt")] if refused else [])


@pytest.mark.parametrize(("after", "runs"), [(-SECOND, True), (timedelta(0), False), (SECOND, False)])
def test_only_a_lease_that_runs_must_not_be_moved(after: timedelta, runs: bool) -> None:
    at = NOW + 24 * HOUR + after
    anew = with_lease(OURS, requested_by="bob", requested_at=at, expires_at=at + 24 * HOUR)
    assert told(anew, at, OURS) == ([("lease-moved", "requestedAt")] if runs else [])


@pytest.mark.parametrize("change", [{"requested_by": "bob"}, {"requested_at": NOW + SECOND, "expires_at": NOW + 24 * HOUR + SECOND}])  # fmt: skip
def test_who_asked_and_when_stay_each_by_itself(change: dict[str, object]) -> None:
    breaches = [*lease_breaches(OURS, with_lease(OURS, **change), INT, now=NOW + HOUR)]
    assert breaches == [("lease-moved", "requestedAt", "was 2026-11-23T02:00:00Z by alice, and that lease still runs")]


@pytest.mark.parametrize(("ttl", "refused"), [("71h", False), ("72h", False), ("4321m", True)])
def test_no_lease_is_longer_than_the_cap(ttl: str, refused: bool) -> None:
    hours = {"71h": 71, "72h": 72}.get(ttl, 72)
    after = with_lease(OURS, ttl=ttl, expires_at=NOW + hours * HOUR)
    assert told(after, NOW) == ([("lease-over-cap", "ttl")] if refused else [])


@pytest.mark.parametrize(("late", "refused"), [(-SECOND, True), (timedelta(0), False), (SECOND, False)])
def test_a_lease_begins_when_it_was_asked_for_or_later(late: timedelta, refused: bool) -> None:
    breaches = [*lease_breaches(ASKED, stamped(ASKED, NOW + late), PRD, now=NOW + HOUR)]
    words = "is before 2026-11-23T02:00:00Z, when it was asked for"
    assert breaches == ([("lease-arithmetic", "activatedAt", words)] if refused else [])


def test_a_lease_of_what_nobody_reviews_is_not_begun_by_a_merge() -> None:
    after = with_lease(OURS, activated_at=NOW)
    words = "int is not gated: leases begin when asked for"
    assert [*lease_breaches(OURS, after, INT, now=NOW)] == [("lease-arithmetic", "activatedAt", words)]


@pytest.mark.parametrize("off", [-SECOND, SECOND], ids=["earlier", "later"])
def test_the_end_is_what_the_lease_makes_to_the_second(off: timedelta) -> None:
    ends = NOW + 24 * HOUR
    (breach,) = lease_breaches(None, with_lease(OURS, expires_at=ends + off), INT, now=NOW)
    made = "but start, ttl, extensions and cap make 2026-11-24T02:00:00Z"
    assert breach == ("lease-arithmetic", "expiresAt", f"is {format_time(ends + off)}, {made}")
    (breach,) = lease_breaches(None, with_lease(OURS, expires_at=None), INT, now=NOW)
    assert breach == ("lease-arithmetic", "expiresAt", f"is missing, {made}")
    early = with_lease(RUNNING, activated_at=None)
    assert [*lease_breaches(RUNNING, early, PRD, now=NOW + 2 * HOUR)] == [
        ("lease-arithmetic", "expiresAt", "is 2026-11-23T11:00:00Z, but the lease has not begun"),
        ("lease-moved", "activatedAt", "was 2026-11-23T03:00:00Z, and that lease still runs"),
    ]


def test_office_hours_that_there_are_not_are_told() -> None:
    after = with_spec(OURS, lease=OURS.spec.lease.model_copy(update={"office_hours": True}))
    (breach,) = lease_breaches(None, after, environment(officeHours=None), now=NOW)
    assert breach == ("lease-arithmetic", "officeHours", "int has no office hours to count")


def test_a_lease_that_has_begun_never_begins_anew() -> None:
    """Else each other length would bring the whole cap again."""
    at = NOW + 2 * HOUR
    endless = with_lease(RUNNING, activated_at=None, expires_at=None)
    assert told(endless, at, RUNNING, PRD) == [("lease-moved", "activatedAt")]
    assert told(with_lease(endless, ttl="12h"), at, RUNNING, PRD) == [("lease-moved", "activatedAt")]
    assert told(stamped(ASKED, NOW + HOUR + SECOND), at, RUNNING, PRD) == [("lease-moved", "activatedAt")]
    assert told(with_lease(RUNNING, ttl="12h", expires_at=NOW + 13 * HOUR), at, RUNNING, PRD) == []
    assert told(RUNNING, at, RUNNING, PRD) == []


def longer(entry: Preview, at: datetime) -> Preview:
    return with_lease(entry, extensions=[Extension(by="20h", requested_by="alice", at=format_time(at))])


@pytest.mark.parametrize(("off", "refused"), [(-SECOND, True), (timedelta(0), False), (SECOND, False)])
def test_only_a_lease_that_has_begun_is_extended(off: timedelta, refused: bool) -> None:
    breach = [("lease-arithmetic", "extensions")]
    assert told(longer(ASKED, NOW + HOUR + off), NOW + 2 * HOUR, None, PRD) == breach
    assert told(longer(ASKED, NOW + HOUR + off), NOW + 2 * HOUR, ASKED, PRD) == breach
    running = with_lease(longer(RUNNING, NOW + HOUR + off), expires_at=NOW + (9 if refused else 25) * HOUR)
    assert told(running, NOW + 2 * HOUR, RUNNING, PRD) == (breach if refused else [])
    ours = with_lease(longer(OURS, NOW + off), expires_at=NOW + (24 if refused else 44) * HOUR)
    assert told(ours, NOW + HOUR, OURS) == (breach if refused else [])


def test_what_was_merged_with_an_early_extension_still_begins() -> None:
    before = longer(ASKED, NOW)
    after = with_lease(before, activated_at=NOW + HOUR, expires_at=NOW + 9 * HOUR)
    assert told(after, NOW + HOUR, before, PRD) == []


def test_an_extension_that_is_merged_after_the_end_says_so() -> None:
    after = with_lease(longer(RUNNING, NOW + 8 * HOUR), expires_at=NOW + 25 * HOUR)
    (breach,) = lease_breaches(RUNNING, after, PRD, now=NOW + 10 * HOUR)
    words = "its time was up at 2026-11-23T11:00:00Z, before this change: ask for it anew"
    assert breach == ("lease-stamped-early", "expiresAt", words)


@pytest.mark.parametrize(("off", "refused"), [(-SECOND, False), (timedelta(0), False), (SECOND, True)])
def test_nothing_was_asked_for_long_ago(off: timedelta, refused: bool) -> None:
    assert timedelta(days=90) == OLDEST
    assert told(ASKED, NOW + OLDEST + off, None, PRD) == ([("lease-arithmetic", "requestedAt")] if refused else [])
    assert told(ASKED, NOW + OLDEST + off, ASKED, PRD) == [], "what was judged before"


@pytest.mark.parametrize(("off", "refused"), [(-SECOND, True), (timedelta(0), False), (SECOND, False)])
def test_a_lease_begins_at_its_merge_but_for_what_clocks_differ(off: timedelta, refused: bool) -> None:
    at = NOW + HOUR + SKEW - off
    breaches = [*lease_breaches(ASKED, RUNNING, PRD, now=NOW + 2 * HOUR, merged_at=at)]
    assert [(rule, field) for rule, field, _ in breaches] == ([("lease-arithmetic", "activatedAt")] if refused else [])


def test_a_stamp_adds_begin_and_end_and_nothing_else() -> None:
    assert is_stamp(ASKED, RUNNING)
    assert not is_stamp(RUNNING, RUNNING), "it has begun before"
    assert not is_stamp(ASKED, ASKED), "it does not begin"
    assert not is_stamp(ASKED, with_spec(RUNNING, shard="previews-1"))
    assert not is_stamp(ASKED, with_lease(RUNNING, ttl="12h"))
