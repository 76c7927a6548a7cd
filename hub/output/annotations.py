"""GitHub's formats for a job: workflow commands that annotate lines, and the summary in Markdown.

Source: docs.github.com, workflow commands for GitHub Actions; escaping as `actions/toolkit` does it (core/src/command).
Nothing untrusted may end a line, a property or a table's cell, or begin a command.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from generator.errors import Location
from hub.output.console import printable

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = _DATA | {":": "%3A", ",": "%2C"}


def annotation(where: Location, title: str, message: str) -> str:
    """One `::error …` command with its line break. A place without a file annotates the job as a whole."""
    place = {"file": where.file, "line": str(where.line) if where.line else "", "title": title}
    properties = ",".join(f"{name}={_escaped(value, _PROPERTY)}" for name, value in place.items() if value)
    return f"::error {properties}::{_escaped(message, _DATA)}\n"


def plain_line(text: str) -> str:
    """`text` as a line of a job's log that is no workflow command, in neither of the two forms there are."""
    return printable(text).replace("::", ": :").replace("##[", "## [")


def markdown_table(headings: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells show their text as it is, whatever is in it."""
    lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in (tuple(headings), *rows)]
    columns = len(lines[0].split(" | "))
    lines.insert(1, "|" + " --- |" * columns)
    return "\n".join(lines) + "\n"


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(character, character) for character in printable(text))


def _cell(text: str) -> str:
    """Every character that could mean something in Markdown or HTML, as a numeric reference."""
    return "".join(c if c.isalnum() or c in " .-/" else f"&#{ord(c)};" for c in printable(text))
