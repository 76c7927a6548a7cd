"""Ids of jobs, operations and rows: texts that databases, Redis and both sides of BullMQ take as they are."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Callable
from typing import Final

#: BullMQ's Node side refuses integers and `:`, and an empty id becomes an automatic one.
ID: Final = re.compile(r"[a-z][a-z0-9-]{1,79}")
_LONGEST: Final = 80


def new_id(kind: str, *, seconds: Callable[[], float] = time.time) -> str:
    """Such as `op-0198c0de-…`: a UUID of version 7 (RFC 9562), so that ids sort by the time they were made."""
    milliseconds = int(seconds() * 1000) & (1 << 48) - 1
    number = milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    digits = f"{number:032x}"
    return "-".join([kind, digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])


def derived(job_id: str, suffix: str) -> str:
    """The id of a job that comes of another: the same each time, and within the length of ids."""
    made = f"{job_id}-{suffix}"
    if len(made) <= _LONGEST:
        return made
    return f"{job_id[:30]}-{hashlib.sha256(made.encode()).hexdigest()[:24]}-{suffix}"[:_LONGEST]
