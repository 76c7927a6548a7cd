"""Leases: each bound of a time, a second below it, at it, and a second above."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from generator.errors import ConfigError, Reason, Remedy, RemedyKind
from generator.model.entry import Extension, Lease
from generator.values.formats import format_time
from reconcilers.leases import begin_of, cap_of, end_after, end_of, is_over, length_of, new_lease
from worlds.builders import NOW, environment

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
#: int as shipped: a cap of 72 hours, office hours 09:00–18:00 in Seoul; NOW is Monday, 11:00 there.
INT, PRD = environment(), environment("prd")


def lease(ttl: str = "8h", *extensions: tuple[str, datetime], **times: datetime | None) -> Lease:
    """A lease asked for at NOW, with extensions (by, at)."""
    texts = {name: format_time(time) if time else None for name, time in times.items()}
    asked = [Extension(by=by, requested_by="alice", at=format_time(at)) for by, at in extensions]
    return Lease(
        **{"requested_by": "alice", "requested_at": format_time(NOW), "ttl": ttl, "extensions": asked, **texts}  # type: ignore[arg-type]
    )


def test_a_lease_ends_its_length_after_its_begin() -> None:
    assert end_of(lease(), INT) == NOW + 8 * HOUR
    merged = lease(activated_at=NOW + HOUR)
    assert (begin_of(lease()), begin_of(merged)) == (NOW, NOW + HOUR)
    assert (end_of(merged, PRD), cap_of(merged, PRD)) == (NOW + 9 * HOUR, NOW + 25 * HOUR)


@pytest.mark.parametrize(
    ("asked", "ends"),
    [
        pytest.param(-HOUR, 10 * HOUR, id="while it runs: from its end"),
        pytest.param(-SECOND, 10 * HOUR, id="a second before its end: from its end"),
        pytest.param(timedelta(0), 10 * HOUR, id="at its end: from then"),
        pytest.param(SECOND, 10 * HOUR + SECOND, id="a second after its end: from when it was asked for"),
        pytest.param(5 * HOUR, 15 * HOUR, id="hours after its end: from when it was asked for"),
    ],
)
def test_an_extension_counts_from_the_end_or_from_when_it_was_asked_for(asked: timedelta, ends: timedelta) -> None:
    assert end_of(lease("8h", ("2h", NOW + 8 * HOUR + asked)), INT) == NOW + ends


@pytest.mark.parametrize(
    ("by", "ends"),
    [
        pytest.param("63h", 71 * HOUR, id="below the cap"),
        pytest.param("64h", 72 * HOUR, id="at the cap"),
        pytest.param("65h", 72 * HOUR, id="above the cap"),
    ],
)
def test_no_extension_passes_the_cap(by: str, ends: timedelta) -> None:
    assert cap_of(lease(), INT) == NOW + 72 * HOUR
    assert end_of(lease("8h", (by, NOW)), INT) == NOW + ends
    assert end_of(lease("8h", ("1h", NOW), (by, NOW + 9 * HOUR)), INT) == NOW + min(ends + HOUR, 72 * HOUR)


@pytest.mark.parametrize(("after", "over"), [(-SECOND, False), (timedelta(0), True), (SECOND, True)])
def test_a_lease_is_over_from_its_end_on(after: timedelta, over: bool) -> None:
    ends = NOW + 8 * HOUR
    assert is_over(lease(expires_at=ends), ends + after) is over


def test_a_lease_without_an_end_is_never_over() -> None:
    assert not is_over(lease(), NOW + 10_000 * HOUR)


@pytest.mark.parametrize(("ttl", "length"), [("71h", 71 * HOUR), ("72h", 72 * HOUR), ("4320m", 72 * HOUR)])
def test_a_length_up_to_the_cap_may_be_asked_for(ttl: str, length: timedelta) -> None:
    assert length_of(ttl, INT) == length


@pytest.mark.parametrize(
    ("ttl", "reason", "words"),
    [("4321m", Reason.OVER_LIMIT, "at most 72h"), ("73h", Reason.OVER_LIMIT, "73h is too long for int"), ("soon", Reason.INVALID_VALUE, "soon")],
)  # fmt: skip
def test_another_length_may_not(ttl: str, reason: Reason, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        length_of(ttl, INT)
    assert caught.value.reason is reason
    (fault,) = caught.value.faults
    assert fault.field == "ttl"
    assert words in f"{fault.message} {fault.allowed}"


def test_office_hours_count_office_time_only() -> None:
    """Seven hours are left of Monday's nine: the eighth ends at ten on Tuesday, in Seoul."""
    assert end_after(NOW, 8 * HOUR, INT, office_hours=False) == NOW + 8 * HOUR
    assert end_after(NOW, 8 * HOUR, INT, office_hours=True) == NOW + 23 * HOUR
    office = lease("8h", ("10h", NOW)).model_copy(update={"office_hours": True})
    assert end_of(office, INT) == NOW + 48 * HOUR, "eight hours to Tuesday at ten, ten more to Wednesday at eleven"
    assert cap_of(office, INT) == NOW + timedelta(days=10)
    with pytest.raises(ConfigError) as caught:
        end_after(NOW, HOUR, environment(officeHours=None), office_hours=True)
    assert (caught.value.reason, caught.value.faults[0].field) == (Reason.INVALID_VALUE, "lease.officeHours")
    assert "int has no office hours" in caught.value.faults[0].message
    remedy = Remedy(RemedyKind.HAVE_OFFICE_HOURS)
    assert caught.value.faults[0].remedy == remedy


def test_a_new_lease_has_an_end_where_nobody_has_to_merge_it() -> None:
    asked = {"requestedBy": "alice", "requestedAt": "2026-11-23T02:00:00Z", "ttl": "8h"}
    for env, office, ends in (
        (INT, False, "2026-11-23T10:00:00Z"),
        (INT, True, "2026-11-24T01:00:00Z"),
        (PRD, False, None),
    ):
        told = new_lease("alice", NOW, "8h", env, office_hours=office)
        assert told == {**asked, "expiresAt": ends, "officeHours": office}
    with pytest.raises(ConfigError):
        new_lease("alice", NOW, "73h", INT, office_hours=False)
