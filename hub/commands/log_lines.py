"""How a log is told to people, whoever has read it."""

from __future__ import annotations

from hub.output.console import printable


def heading(container: str, pod: str, *, is_previous: bool) -> str:
    """Which log follows, for people."""
    return f"{'the run before of ' if is_previous else ''}container {container} of pod {pod}:"


def told_line(line: str) -> str:
    """A line for people, with its end: nothing in it reaches the terminal but text."""
    return f"{printable(line.replace(chr(9), '    ').rstrip(chr(13)))}\n"
