"""Cron schedules as the CronJob controller reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.values.cron import check_schedule


@pytest.mark.parametrize(
    "text", ["* * * * *", "*/5 0-23/2 1,31 jan-DEC sun", "5/10 * ? * *", "@daily", "@every 1.5h", "*-9 * * * *"]
)
def test_it_is_taken(text: str) -> None:
    check_schedule(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("* * * *", "has 4 fields, not 5"),
        ("60 * * * *", "minute: '60' is not within 0 to 59"),
        ("* 24 * * *", "hour: '24' is not within 0 to 23"),
        ("* * 0 * *", "day of the month: '0' is not within 1 to 31"),
        ("* * * 13 *", "month: '13' is not within"),
        ("* * * * 7", "day of the week: '7' is not within 0 to 6"),
        ("* * * sun *", "month: 'sun' is not a number or one of jan"),
        ("*/0 * * * *", "the step is 0"),
        ("1-2-3 * * * *", "is not a number, a range"),
        ("9-1 * * * *", "ends before it begins"),
        ("-1 * * * *", "is not a number"),
        ("@Daily", "is not one of @annually"),
    ],
)
def test_it_is_told_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told.replace("'", ".")):
        check_schedule(text)


@given(st.text(st.sampled_from("*/,-0123456789 ?@jansu"), max_size=30))
def test_any_text_is_taken_or_told(text: str) -> None:
    try:
        check_schedule(text)
    except ValueError as err:
        assert str(err)
