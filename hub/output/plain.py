"""Text on standard output as it is, and text without what could move a terminal's cursor."""

from __future__ import annotations

import sys


def write(text: str) -> None:
    """Write text to standard output as it is."""
    sys.stdout.write(text)


def printable(text: str) -> str:
    """`text` without control or invisible characters, so that nothing untrusted can move a terminal's cursor."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
