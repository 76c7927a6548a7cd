"""How a text file differs from before, for people."""

from __future__ import annotations

import difflib


def difference(path: str, before: str, after: str) -> str:
    """A unified diff of the file at `path`, a line each; empty where there is none."""
    lines = (before.splitlines(keepends=True), after.splitlines(keepends=True))
    return "".join(difflib.unified_diff(*lines, f"a/{path}", f"b/{path}"))
