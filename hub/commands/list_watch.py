"""`rtb-hub list --watch`: the list drawn anew on a terminal, else a line for each change; here or through a server."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from generator.errors import HubError
from generator.values.formats import format_time
from hub.commands.passing import PASSING
from hub.output.console import Format, console, printable, report
from hub.output.machines import write_item
from hub.views.listing.changes import Change, Row, changes, held

#: To the upper left corner; the rest of a line; the rest of the screen.
_HOME, _REST_OF_LINE, _REST = "\x1b[H", "\x1b[K", "\x1b[J"


@dataclass(frozen=True, slots=True)
class Source:
    """How the list is looked at: as `data`, or `draw`n for people on standard output."""

    data: Callable[[], Mapping[str, Any]]
    draw: Callable[[], None]


def watch(source: Source, *, seconds: float, output: Format, pause: Callable[[float], None] = time.sleep) -> None:
    """Look every so many seconds until somebody interrupts it.

    What passes by itself is told, and looked at again; raises what else looking raises, and whatever the first look
    does.
    """
    out = console()
    if output.is_for_people and out.is_terminal and not out.is_dumb_terminal:
        _redraw(source, seconds, pause)
    else:
        _tell_changes(source, seconds, output, pause)


def _redraw(source: Source, seconds: float, pause: Callable[[float], None]) -> None:
    before = "\x1b[2J"
    while True:
        with redirect_stdout(_Screen()) as screen:
            try:
                source.draw()
            except HubError as err:
                if before or err.reason not in PASSING:
                    raise
                print(f"error: {printable(err.words)}")  # noqa: T201 - on the screen that is drawn
        head = f"every {seconds:g} s, {datetime.now().astimezone():%H:%M:%S %Z}; Ctrl-C ends"
        lines = [f"\x1b[2m{head}\x1b[22m", "", *screen.getvalue().splitlines()]
        sys.stdout.write(before + _HOME + "".join(f"{line}{_REST_OF_LINE}\n" for line in lines) + _REST)
        sys.stdout.flush()
        before = ""
        pause(seconds)


def _tell_changes(source: Source, seconds: float, output: Format, pause: Callable[[float], None]) -> None:
    seen: Sequence[Row] | None = None
    while True:
        try:
            rows = held(seen or (), source.data())
        except HubError as err:
            if seen is None or err.reason not in PASSING:
                raise
            report(err, output)
        else:
            for change in changes(seen, rows):
                _tell(change, output)
            sys.stdout.flush()
            seen = rows
        pause(seconds)


def _tell(change: Change, output: Format) -> None:
    at, row = format_time(datetime.now(UTC).replace(microsecond=0)), change.row
    if not output.is_for_people:
        write_item({"at": at, "change": change.kind, "preview": dict(row)}, output)
        return
    phase = row.get("phase") or row["lease"]["phase"]
    when = at
    if sys.stdout.isatty():
        from hub.output.times import local

        when = local(datetime.now(UTC))
    told: list[Any] = [when, f"{change.kind:<7}", f"{row['issue']}/{row['environment']}", phase, row["url"]]
    sys.stdout.write("  ".join(map(printable, told)) + "\n")


class _Screen(io.StringIO):
    """What is drawn on a terminal, kept until all of it is there."""

    def isatty(self) -> bool:
        """As the terminal that it is for."""
        return True
