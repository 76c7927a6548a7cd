"""Printing what a server says: data as it is, words without anything that could do more to a terminal than style it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

from generator.errors import Fault, Reason, Stalled
from hub.output.formats import Format, printable, write

#: Styles (SGR) and links to https (OSC 8), as Rich writes them.
_STYLE = re.compile(r"\x1b\[[0-9;]{0,20}m|\x1b\]8;[a-z0-9=;]{0,40};(?:https://[\x21-\x7e]{1,500})?\x1b\\")


def is_terminal() -> bool:
    """Whether people read it on a terminal."""
    return sys.stdout.isatty()


def emit(data: Callable[[], Any], text: Callable[[], str], output: Format) -> None:
    """Print data for machines, or words for people."""
    if output.is_for_people:
        told = harmless(text(), styled=is_terminal())
        write(_localized(told) if is_terminal() else told)
    else:
        from hub.output.machines import write_data

        write_data(data(), output)


def _localized(text: str) -> str:
    """What the server said in UTC, in the zone of who reads."""
    from hub.output.console import is_translated
    from hub.output.times import localized

    return localized(text, korean=is_translated())


def harmless(text: str, *, styled: bool) -> str:
    """Text with its line ends, and with nothing else that is not printable but styles, where they are wanted."""
    return "\n".join(_line(line, styled=styled) for line in text.split("\n"))


def _line(line: str, *, styled: bool) -> str:
    if line.isprintable():
        return line
    if not styled:
        return printable(_STYLE.sub("", line))
    parts, begin = [], 0
    for found in _STYLE.finditer(line):
        parts += [printable(line[begin : found.start()]), found[0]]
        begin = found.end()
    return "".join([*parts, printable(line[begin:])])


def mapping(data: Any, purpose: str) -> dict[str, Any]:
    """An answer that has to be an object. Raises `Stalled` (ServerRefused)."""
    if not isinstance(data, dict):
        fault = Fault(f"cannot {purpose}: the answer is not what a hub of this release says")
        raise Stalled(Reason.SERVER_REFUSED, fault)
    return data
