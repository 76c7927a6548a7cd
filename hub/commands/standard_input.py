"""Standard input, for commands that take `-` for it."""

from __future__ import annotations

import sys


def read_stdin(most: int) -> bytes:
    """At most so many bytes of it."""
    return sys.stdin.buffer.read(most)
