"""A log within what an assistant can use: its last lines, none too long, and without what looks like a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hub.telemetry.redaction import HIDDEN, redacted

#: Lines, characters of one, and of all together. Redaction takes time by the square of a line's length.
MOST_LINES, LINE_CHARACTERS, LOG_CHARACTERS = 500, 1000, 40_000
#: So much more of a line is looked at: a token that is cut off is told by what follows.
_BEYOND = 200
_END_OF_KEY = re.compile(r"-----END [A-Z ]{0,40}PRIVATE KEY-----")


def shortened(log: Mapping[str, Any]) -> dict[str, Any]:
    """A log (`hub.commands.logs.log_data`) with fewer `lines`, and how many are `leftOut` before them."""
    every: list[str] = log["lines"]
    kept: list[str] = []
    size = 0
    for line in reversed(every[-MOST_LINES:]):
        size += min(len(line), LINE_CHARACTERS) + 1
        if size > LOG_CHARACTERS:
            break
        kept.append(line[: LINE_CHARACTERS + _BEYOND])
    text = "\n".join(reversed(kept))
    end = _END_OF_KEY.search(text)
    if end is not None and "-----BEGIN" not in text[: end.start()]:  # the lines begin within a key
        text = HIDDEN + text[end.end() :]
    lines = [_cut(line) for line in redacted(text).split("\n")] if kept else []
    return {**log, "lines": lines, "leftOut": len(every) - len(kept)}


def _cut(line: str) -> str:
    return line if len(line) <= LINE_CHARACTERS else f"{line[:LINE_CHARACTERS]}…"
