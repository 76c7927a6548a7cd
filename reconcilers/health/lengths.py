"""Lengths of time in words."""

from __future__ import annotations

from datetime import timedelta


def for_how_long(length: timedelta) -> str:
    """A length of time for people: `45s`, `12m`, `3h`, `2d`."""
    seconds = max(0, int(length.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
