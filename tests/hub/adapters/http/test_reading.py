"""What is read of an answer is a value or a declared error, whatever was sent."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.adapters.http.reading import (
    MAX_PAUSE_SECONDS,
    UnreadableError,
    count_of,
    parse_json,
    pause_of,
    pause_until,
)

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
HEADERS = st.one_of(st.text(max_size=60), st.from_regex(r"[+-]?[0-9]{1,40}(\.[0-9]+)?(e[0-9]+)?"), st.none())
DATES = st.integers(-62_000_000_000, 253_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
TREES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.binary() | st.text().map(str.encode))
def test_bytes_are_json_or_unreadable(body: bytes) -> None:
    try:
        value = parse_json(body)
    except UnreadableError:
        return
    assert json.dumps(value, ensure_ascii=False).encode("utf-8")


@given(TREES, st.booleans())
def test_json_is_what_it_says(tree: Any, ascii_only: bool) -> None:
    assert parse_json(json.dumps(tree, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")) == tree


def test_no_text_is_no_value() -> None:
    assert parse_json(b"") is None


@given(HEADERS | DATES.map(lambda at: format_datetime(at, usegmt=True)))
def test_a_pause_is_bounded_or_none(told: str | None) -> None:
    for seconds in (pause_of(told, NOW), pause_until(told, NOW)):
        assert seconds is None or (math.isfinite(seconds) and 0 <= seconds <= MAX_PAUSE_SECONDS)
    count = count_of(told)
    assert count is None or 0 <= count < 10**12


@pytest.mark.parametrize(
    ("offset", "seconds"),
    [(-1, 0.0), (0, 0.0), (1, 1.0), (MAX_PAUSE_SECONDS, MAX_PAUSE_SECONDS), (MAX_PAUSE_SECONDS + 1, None)],
)
def test_a_pause_may_be_a_date_and_a_time(offset: float, seconds: float | None) -> None:
    at = NOW + timedelta(seconds=offset)
    assert pause_of(format_datetime(at, usegmt=True), NOW) == seconds
    assert pause_until(str(int(at.timestamp())), NOW) == seconds


@pytest.mark.parametrize(
    "told", ["nan", "inf", "-5", "1e9", "0x10", "12.5", "9" * 13, "9" * 6_000, "", " ", "٣", "1_000"]
)
def test_what_is_no_number_is_none(told: str) -> None:
    assert (pause_until(told, NOW), count_of(told)) == (None, None)


def test_importing_the_sender_and_its_values_loads_no_http_library() -> None:
    """Commands that ask nobody pay nothing; neither do those that only name a request."""
    script = "import sys, hub.adapters.http; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"urllib3", "requests", "github", "kubernetes", "ssl", "http"} & set(done.stdout.split())
