"""In which formats a command prints."""

from __future__ import annotations

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
