"""Office time: what counts and what does not, by clocks that jump both ways; and the overlay that says it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from generator.errors import ConfigError, Reason
from generator.model.environment import Environment
from generator.model.lifecycle import OfficeHours
from generator.model.overlay import read_environment
from generator.values.office_hours import OfficeTime, zone_of
from hub import assets
from reconcilers.leases import end_after
from worlds.builders import environment

ALL, WEEK = range(7), range(5)
ZONES = ("Asia/Seoul", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
MINUTE = timedelta(minutes=1)


def office(zone: str, opens: str, closes: str, days: Any = ALL) -> OfficeTime:
    return OfficeTime(ZoneInfo(zone), frozenset(days), time.fromisoformat(opens), time.fromisoformat(closes))


def at(text: str) -> datetime:
    """`2026-03-29 01:30` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


SEOUL = office("Asia/Seoul", "09:00", "18:00", WEEK)  # 00:00 to 09:00 in UTC
#: 2026-11-23 is a Monday.
ROWS = {
    "within a day": ("2026-11-23 02:00", "4h", "2026-11-23 06:00"),
    "over a night": ("2026-11-23 06:00", "8h", "2026-11-24 05:00"),
    "over a weekend": ("2026-11-27 08:00", "8h", "2026-11-30 07:00"),
    "to the very closing": ("2026-11-23 06:00", "3h", "2026-11-23 09:00"),
    "from before the opening": ("2026-11-22 23:00", "1h", "2026-11-23 01:00"),
    "from the opening": ("2026-11-23 00:00", "9h", "2026-11-23 09:00"),
    "from the very closing": ("2026-11-23 09:00", "1h", "2026-11-24 01:00"),
    "from a second before the closing": ("2026-11-23 08:59:59", "1m", "2026-11-24 00:00:59"),
    "from a night": ("2026-11-23 15:00", "9h", "2026-11-24 09:00"),
    "from a weekend": ("2026-11-28 05:00", "1m", "2026-11-30 00:01"),
    "many weeks": ("2026-11-23 00:00", "450h", "2027-01-29 09:00"),
}


@pytest.mark.parametrize(("start", "length", "end"), ROWS.values(), ids=ROWS)
def test_only_office_time_counts(start: str, length: str, end: str) -> None:
    from generator.values.quantities import duration

    assert SEOUL.after(at(start), duration(length)) == at(end)


#: hours: zone, opens, closes; then a start, and when so many minutes have passed.
JUMPS = {
    "an hour left out is not counted": ("Europe/Berlin", "01:00", "04:00", "2026-03-29 00:00", 120, "2026-03-29 02:00"),
    "what is left goes to the next day": ("Europe/Berlin", "01:00", "04:00", "2026-03-29 00:00", 121, "2026-03-29 23:01"),
    "an opening left out is the jump": ("Europe/Berlin", "02:30", "05:00", "2026-03-28 20:00", 1, "2026-03-29 01:01"),
    "a closing left out is the jump": ("Europe/Berlin", "01:00", "02:30", "2026-03-29 00:00", 60, "2026-03-29 01:00"),
    "hours left out as a whole": ("Europe/Berlin", "02:00", "03:00", "2026-03-28 20:00", 1, "2026-03-30 00:01"),
    "an hour that comes twice counts twice": ("Europe/Berlin", "01:00", "04:00", "2026-10-24 23:00", 240, "2026-10-25 03:00"),
    "a closing that comes twice is the first": ("Europe/Berlin", "01:00", "02:30", "2026-10-24 23:00", 90, "2026-10-25 00:30"),
    "an opening that comes twice is the first": ("Europe/Berlin", "02:30", "04:00", "2026-10-24 20:00", 150, "2026-10-25 03:00"),
    "from within the second of the two": ("Europe/Berlin", "01:00", "04:00", "2026-10-25 01:30", 90, "2026-10-25 03:00"),
    "New York forward": ("America/New_York", "01:00", "04:00", "2026-03-08 06:00", 120, "2026-03-08 08:00"),
    "New York back": ("America/New_York", "01:00", "04:00", "2026-11-01 05:00", 240, "2026-11-01 09:00"),
    "office days before and after": ("Europe/Berlin", "09:00", "18:00", "2026-03-28 08:00", 18 * 60, "2026-03-29 16:00"),
    "half an hour's jump": ("Australia/Lord_Howe", "01:00", "04:00", "2026-10-03 14:30", 150, "2026-10-03 17:00"),
    "a whole day left out": ("Pacific/Apia", "09:00", "17:00", "2011-12-30 03:00", 1, "2011-12-30 19:01"),
}  # fmt: skip


@pytest.mark.parametrize(("zone", "opens", "closes", "start", "minutes", "end"), JUMPS.values(), ids=JUMPS)
def test_daylight_saving(*, zone: str, opens: str, closes: str, start: str, minutes: int, end: str) -> None:
    assert office(zone, opens, closes).after(at(start), minutes * MINUTE) == at(end)


OFFICES = st.builds(
    lambda zone, days, clocks: OfficeTime(ZoneInfo(zone), frozenset(days), *clocks),
    st.sampled_from(ZONES),
    st.sets(st.sampled_from(ALL), min_size=1),
    st.lists(st.integers(0, 24 * 12 - 1), min_size=2, max_size=2, unique=True)
    .filter(lambda marks: abs(marks[0] - marks[1]) >= 12)
    .map(lambda marks: [time(mark // 12, mark % 12 * 5) for mark in sorted(marks)]),
)
#: Around the changes of daylight saving, and anywhere in ten years.
STARTS = st.one_of(
    st.sampled_from(["2026-03-29 01:00", "2026-10-25 01:00", "2026-03-08 07:00", "2026-11-01 06:00"]).flatmap(
        lambda text: st.integers(-3000, 3000).map(lambda minutes: at(text) + minutes * MINUTE)
    ),
    st.integers(0, 10 * 365 * 86400).map(lambda seconds: at("2024-01-01 00:00") + timedelta(seconds=seconds)),
)
LENGTHS = st.integers(1, 5000).map(lambda minutes: minutes * MINUTE)


@given(OFFICES, STARTS, LENGTHS)
def test_the_end_lies_within_office_hours_and_no_sooner_than_by_the_wall(
    hours: OfficeTime, start: datetime, length: timedelta
) -> None:
    end = hours.after(start, length)
    assert hours.contains(end)
    assert not hours.contains(start) or hours.after(start, length) >= start + length
    assert end >= start + length
    assert end.utcoffset() == timedelta(0)


@given(OFFICES, STARTS, LENGTHS, LENGTHS)
def test_one_length_after_the_other_is_their_sum(
    hours: OfficeTime, start: datetime, one: timedelta, other: timedelta
) -> None:
    assert hours.after(hours.after(start, one), other) == hours.after(start, one + other)


@given(OFFICES, STARTS, LENGTHS, st.integers(0, 5000), st.integers(0, 100_000))
def test_more_time_or_a_later_start_never_ends_earlier(
    hours: OfficeTime, start: datetime, length: timedelta, more: int, later: int
) -> None:
    end = hours.after(start, length)
    assert hours.after(start, length + more * MINUTE) >= end
    assert hours.after(start + timedelta(seconds=later), length) >= end


@given(OFFICES, STARTS, st.integers(1, 300))
def test_it_is_what_counting_minute_by_minute_gives(hours: OfficeTime, start: datetime, minutes: int) -> None:
    """A minute counts when clocks on the wall show office hours; a closing that comes twice is left to the rows above."""
    start = start.replace(second=0)
    left = minutes
    for number in count():
        moment = start + number * MINUTE
        if left == 0:
            break
        shown = moment.astimezone(hours.zone)
        closes = datetime.combine(shown.date(), hours.closes, hours.zone)
        if closes.utcoffset() != closes.replace(fold=1).utcoffset():
            return
        left -= shown.weekday() in hours.days and hours.opens <= shown.time() < hours.closes
    assert hours.after(start, minutes * MINUTE) == moment


@pytest.mark.parametrize(
    "name", ["Europe", "", "../x", "/etc/localtime", "Asia/Seol", "a\0b", "x" * 5000, "Mars/Base"],
    ids=["a folder", "nothing", "out of the folder", "a path", "a slip", "a NUL", "too long", "no such zone"],
)  # fmt: skip
def test_a_zone_that_is_none(name: str) -> None:
    with pytest.raises(ValueError, match=r"there is no time zone .*; allowed: a name of the IANA database"):
        zone_of(name)


def test_the_nearest_zone_is_told() -> None:
    with pytest.raises(ValueError, match="did you mean 'Asia/Seoul'"):
        zone_of("Asia/Seol")


HOURS = {"timeZone": "Europe/Berlin", "days": ["Mon", "Sat"], "from": "09:00", "to": "18:00"}
BAD = {
    "an unknown zone": ({"timeZone": "Europe/Berlim"}, "there is no time zone 'Europe/Berlim'; did you mean 'Europe/Berlin'?"),
    "the wrong way round": ({"from": "18:00", "to": "09:00"}, "from 18:00 is not before to 09:00"),
    "too short": ({"from": "09:00", "to": "09:59"}, "by an hour at least"),
    "a day twice": ({"days": ["Mon", "Mon"]}, "a day stands twice"),
    "no day": ({"days": []}, "at least 1 item"),
    "no such day": ({"days": ["Monday"]}, "Input should be 'Mon'"),
    "no such hour": ({"to": "24:00"}, "should match pattern"),
    "a number": ({"from": 540}, "valid string"),
    "another field": ({"holidays": []}, "Extra inputs"),
}  # fmt: skip


@pytest.mark.parametrize(("changed", "says"), BAD.values(), ids=BAD)
def test_an_overlay_that_says_no_office_hours(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        OfficeHours.model_validate(HOURS | changed)
    assert says in str(caught.value)


def test_an_overlay_is_read_and_written_by_the_names_of_files() -> None:
    env = environment(officeHours=HOURS)
    assert env.as_tree()["spec"]["officeHours"] == HOURS
    assert Environment.model_validate(env.as_tree()) == env
    assert str(env.spec.office_hours) == "Mon, Sat 09:00–18:00 Europe/Berlin"


def test_a_fault_in_an_overlay_is_told_with_its_place() -> None:
    paths = ["environments/base/environment.yaml", "environments/int/environment.yaml"]
    files = {path: assets.environment_files()[path] for path in paths}
    files[paths[0]] = files[paths[0]].replace("timeZone: Asia/Seoul", "timeZone: Asia/Seol")
    line = files[paths[0]].split("timeZone")[0].count("\n") + 1
    with pytest.raises(ConfigError) as caught:
        read_environment("int", files)
    (fault,) = caught.value.faults
    assert str(fault).startswith(f"{paths[0]}:{line}:15: spec.officeHours.timeZone: there is no time zone 'Asia/Seol'")


def test_an_environment_without_them_cannot_count_them() -> None:
    env, start = environment(officeHours=None), at("2026-11-23 02:00")
    assert end_after(start, timedelta(hours=8), env, office_hours=False) == at("2026-11-23 10:00")
    with pytest.raises(ConfigError, match="int has no office hours to count") as caught:
        end_after(start, timedelta(hours=8), env, office_hours=True)
    assert caught.value.reason is Reason.INVALID_VALUE
