"""Lines of a log: one event each, in an order that does not change, and never a secret."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import Any

import pytest

from hub.output.console import printable
from hub.telemetry import events
from hub.telemetry.log import LinesLog
from hub.telemetry.redaction import redacted
from hub.telemetry.telemetry import Telemetry
from worlds.builders import NOW

TOKEN = "ghp_" + "a1B2" * 9


def lines(tell: Any, **how: Any) -> list[str]:
    stream = io.StringIO()
    tell(
        Telemetry(
            LinesLog(stream, lambda: NOW, **{"as_json": True, "printable": printable, **how}), new_id=lambda: "r1"
        )
    )
    return stream.getvalue().splitlines()


def test_a_line_for_machines_has_time_event_level_then_the_rest() -> None:
    def tell(telemetry: Telemetry) -> None:
        with telemetry.reconciling(), telemetry.about(environment="int"):
            telemetry.tell(events.DONE, action="remove", preview="int/rtb-1", why="it ended — é", commit="abc")

    (line,) = lines(tell)
    assert list(json.loads(line).items()) == [
        ("at", "2026-11-23T02:00:00Z"),
        ("event", "done"),
        ("level", "info"),
        ("reconcile_id", "r1"),
        ("environment", "int"),
        ("action", "remove"),
        ("preview", "int/rtb-1"),
        ("why", "it ended — é"),
        ("commit", "abc"),
    ]
    assert "é" in line


def test_a_line_for_people_is_one_line_in_which_nothing_moves_the_cursor() -> None:
    (line,) = lines(lambda t: t.tell(events.REPORT, preview="int/rtb-1", why="\x1b[2J\nrm \u202e x\r"), as_json=False)
    assert line == '2026-11-23T02:00:00Z warning report preview=int/rtb-1 why="\\\\x1b[2J\\\\nrm \\\\u202e x\\\\r"'


def test_what_is_less_urgent_than_asked_for_is_not_written() -> None:
    def tell(telemetry: Telemetry) -> None:
        for event in (events.COMMIT, events.WAITING, events.FAILED, events.UNEXPECTED):
            telemetry.tell(event)

    assert [json.loads(line)["event"] for line in lines(tell, level="warning")] == ["failed", "unexpected"]
    assert len(lines(tell, level="debug")) == 4


def raised(message: str) -> Exception:
    password = "hunter2-the-local-variable"
    try:
        raise ValueError(f"{message}{password[:0]}")
    except ValueError as err:
        return err


def test_an_exception_has_its_traceback_and_no_local_variable() -> None:
    def tell(telemetry: Telemetry) -> None:
        telemetry.unexpected("pass", raised("a mistake"))

    (line,) = lines(tell)
    trace = json.loads(line)["exception"]
    assert trace.startswith("Traceback (most recent call last):")
    assert "in raised" in trace
    assert trace.endswith("ValueError: a mistake")
    assert "hunter2" not in trace
    shown = lines(tell, as_json=False)
    assert shown[0].endswith("unexpected border=pass error_type=ValueError")
    assert shown[1] == "  Traceback (most recent call last):"
    assert all(one.startswith("  ") for one in shown[1:])


SECRET_TEXTS = [
    f"https://alice:{TOKEN}@git.example.com/x.git",
    f"https://alice:p@ss/w rd{TOKEN}@git.example.com/x.git",
    f"https://git.example.com/x?access={TOKEN}&b=2",
    f"Authorization: Bearer {TOKEN}",
    f"{{'Authorization': 'token {TOKEN}'}}",
    f"Authorization: Basic {TOKEN}=",
    f'{{"token": "{TOKEN}", "x": 1}}',
    f"password={TOKEN} next",
    f"it said {TOKEN}, and more",
    f"PRIVATE-TOKEN: {TOKEN}",
    f"-----BEGIN RSA PRIVATE KEY-----\n{TOKEN}\n-----END RSA PRIVATE KEY-----",
    f"-----BEGIN PRIVATE KEY-----\n{TOKEN}",
]


@pytest.mark.parametrize("text", SECRET_TEXTS)
def test_no_secret_gets_into_a_line_wherever_it_stands(text: str) -> None:
    def tell(telemetry: Telemetry) -> None:
        telemetry.tell(events.FAILED, why=text, reason="x", remedy=text)
        telemetry.tell(events.GIT_PROCESS, command=text, outcome=text, seconds=0.1)
        telemetry.unexpected("pass", raised(text))

    for as_json in (True, False):
        told = "\n".join(lines(tell, as_json=as_json, level="debug"))
        assert TOKEN not in told
        assert "ghp_" not in told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("git@git.example.com:team/state.git: no such repository", None),
        ("cannot read https://git.example.com/a/b: 404", None),
        ("https://git.example.com/a?x=1 is gone", "https://git.example.com/a is gone"),
        ("set RTB_HUB_FORGE_TOKEN, or name its file; did you mean it?", None),
        ("the token is missing: give one", None),
        ("basic authentication is not offered", None),
        ("AKIA1234567890ABCDEF and eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", "*** and ***"),
        ('a secret="one two" more', "a secret=*** more"),
    ],
)
def test_what_is_no_secret_stays_as_it_is(text: str, shown: str | None) -> None:
    assert redacted(text) == (shown or text)


def test_what_this_process_holds_is_known_by_itself() -> None:
    def tell(telemetry: Telemetry) -> None:
        telemetry.tell(events.FAILED, why="it answered: s3cr3t-of-no-form", reason="x")

    (line,) = lines(tell, secrets=lambda: ("s3cr3t-of-no-form", "it"))
    assert json.loads(line)["why"] == "it answered: ***"


def test_nothing_is_loaded_before_the_first_line_and_nothing_configured_after() -> None:
    code = """
import sys, io, datetime
from hub.telemetry.log import LinesLog
log = LinesLog(io.StringIO(), lambda: datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), True, str, "error")
assert not log.is_told("warning")
assert "structlog" not in sys.modules
log.tell("unexpected", "error", {}, None)
import structlog
assert not structlog.is_configured()
assert "unexpected" in log.stream.getvalue()
"""
    subprocess.run([sys.executable, "-c", code], check=True)
