"""A number with what it counts, as people read it."""

from __future__ import annotations


def counted(count: int, one: str, several: str = "") -> str:
    """`1 object`, `2 objects`; `several` is the plural where an "s" does not make it: `2 entries`."""
    return f"{count} {one if count == 1 else several or one + 's'}"
