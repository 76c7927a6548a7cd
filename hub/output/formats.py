"""In which formats a command prints, and the text that all of them are made of."""

from __future__ import annotations

import sys
from enum import StrEnum


class Format(StrEnum):
    """Output formats.

    `WIDE` has every column of a table however narrow the terminal is; `NAME` a name a line; `TEXT` the values of JSON
    with tabs between them.
    """

    TABLE = "table"
    WIDE = "wide"
    NAME = "name"
    JSON = "json"
    YAML = "yaml"
    TEXT = "text"

    @property
    def is_for_people(self) -> bool:
        """Whether it is words, rather than data."""
        return self in (Format.TABLE, Format.WIDE)


#: Formats, also those of single commands, whose errors are JSON.
FOR_MACHINES = frozenset({"json", "yaml", "sarif", "github"})


def write(text: str) -> None:
    """Write text to standard output as it is."""
    sys.stdout.write(text)


def printable(text: str) -> str:
    """`text` without control or invisible characters, so that nothing untrusted can move a terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
