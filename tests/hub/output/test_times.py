"""Times on a terminal: relative in tables, local in lines; UTC for everything that is no terminal."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console
from rich.text import Text

from hub.output.columns import Cell, tell_table
from hub.output.console import console, told_by
from hub.output.times import Reader, brief, local, localized, read_by, relative
from hub.views.lines import korean_line
from worlds.builders import image
from worlds.commands import must
from worlds.repositories import state_repository
from worlds.terminals import command_line

NOW = datetime(2026, 11, 28, 14, 5, 30, tzinfo=UTC)
SEOUL, BERLIN = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Berlin")


@pytest.fixture(autouse=True)
def _in_seoul() -> Iterator[None]:
    with read_by(Reader(lambda: NOW, SEOUL)):
        yield


@pytest.mark.parametrize(
    ("apart", "english", "korean"),
    [
        (timedelta(0), "within a minute", "1분 안에"),
        (timedelta(seconds=-1), "just now", "방금"),
        (timedelta(seconds=-59), "just now", "방금"),
        (timedelta(seconds=-60), "1 min ago", "1분 전"),
        (timedelta(minutes=119, seconds=59), "in 119 min", "119분 후"),
        (timedelta(hours=2), "in 2 h", "2시간 후"),
        (timedelta(hours=-47, minutes=-59), "47 h ago", "47시간 전"),
        (timedelta(days=2), "in 2 d", "2일 후"),
        (timedelta(days=-400), "400 d ago", "400일 전"),
    ],
)
def test_how_far_it_is_is_never_more_than_it_is(apart: timedelta, english: str, korean: str) -> None:
    assert relative(NOW + apart) == english
    assert relative(NOW + apart, korean=True) == korean


def test_local_times_name_their_zone_in_summer_and_winter() -> None:
    assert local(NOW) == "2026-11-28 23:05 KST"
    with read_by(Reader(lambda: NOW, BERLIN)):
        assert local(NOW) == "2026-11-28 15:05 CET"
        assert local(datetime(2026, 7, 1, tzinfo=UTC)) == "2026-07-01 02:00 CEST"


def test_the_zone_is_that_of_the_terminal_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        with monkeypatch.context() as environment, read_by(Reader(lambda: NOW)):
            environment.setenv("TZ", "XYZ-5:45")
            time.tzset()
            assert local(NOW) == "2026-11-28 19:50 XYZ"
    finally:
        time.tzset()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("asked for at 2026-11-28T14:00:00Z.", "asked for at 2026-11-28 23:00 KST (5 min ago)."),
        ("ends 2026-11-28T17:05:30Z (3h left)", "ends 2026-11-29 02:05 KST (3h left)"),
        (
            "2026-11-28T14:00:00Z, 2026-11-28T18:05:30Z",
            "2026-11-28 23:00 KST (5 min ago), 2026-11-29 03:05 KST (in 4 h)",
        ),
        # What is copied, quoted, part of a word, or no date stays as it is.
        ("extend RTB-1 --if-ends 2026-11-28T14:00:00Z", None),
        ("extend RTB-1 --if-ends=2026-11-28T14:00:00Z", None),
        ('  expiresAt: "2026-11-28T14:00:00Z"', None),
        ("image: registry/app:2026-11-28T14:00:00Z", None),
        ("https://a.example.com/2026-11-28T14:00:00Z", None),
        ("2026-13-28T14:00:00Z and 9999-12-31T23:59:59Z", None),
        ("2026-11-28T14:00:00.5Z", None),
    ],
)
def test_moments_in_a_line_are_told_where_they_are_there_to_be_read(told: str, expected: str | None) -> None:
    assert localized(told) == (expected or told)


def test_a_line_keeps_its_styles_around_a_time() -> None:
    out = console()
    out.file, out._force_terminal, out._color_system = StringIO(), True, None
    out.print(Text.assemble(("ends", "bold"), " 2026-11-28T14:00:00Z ", ("now", "bold")))
    assert out.file.getvalue() == "ends 2026-11-28 23:00 KST (5 min ago) now\n"
    with told_by(korean_line):
        out.print("at 2026-11-28T14:00:00Z")
    assert out.file.getvalue().endswith("at 2026-11-28 23:00 KST (5분 전)\n")


def table(*, is_terminal: bool) -> list[str]:
    out = StringIO()
    on = Console(file=out, width=80, force_terminal=is_terminal, color_system=None)
    tell_table(on, ("WHEN", "WHAT"), [("2026-11-28T14:00:00Z", "to 2026-11-28T14:00:00Z"), ("–", Cell("x"))])
    return out.getvalue().splitlines()


def test_a_moment_of_a_table_is_relative_on_a_terminal_alone() -> None:
    assert table(is_terminal=True) == ["WHEN       WHAT", "5 min ago  to 2026-11-28 23:00 KST", "–          x"]
    assert table(is_terminal=False)[1] == "2026-11-28T14:00:00Z  to 2026-11-28T14:00:00Z"
    assert brief("2026-11-28T14:00:00Z", korean=True) == "5분 전"


def test_commands_tell_times_so_on_a_real_terminal_and_in_utc_elsewhere(tmp_path: Path) -> None:
    state = state_repository(tmp_path / "state.git")
    must("start", "RTB-1", "--env", "int", "--blueprint", "web", "--image", f"web={image('web')}", "--repo", state)
    at = ("RTB-1", "--env", "int", "--repo", state)
    piped = must("history", *at, TZ="Asia/Seoul").out
    assert re.search(r"^20[0-9-]{8}T[0-9:]{8}Z  RTB-1", piped, re.MULTILINE)
    with command_line("show", *at, TZ="KST-9") as one:
        one.expect(r"asked by +alice at 20[0-9-]{8} [0-9:]{5} KST \((just now|[0-9]+ min ago)\)")
        one.expect(r"ends +20[0-9-]{8} [0-9:]{5} KST \([0-9hm]+ left\)")
    with command_line("history", *at, TZ="KST-9", LANG="ko_KR.UTF-8") as one:
        one.expect(r"(방금|[0-9]+분 전) +RTB-1 +int +start")
