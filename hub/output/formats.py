"""In which formats a command prints."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """Output formats."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
