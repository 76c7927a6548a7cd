"""Waiting for what another process or thread does, with an end that fails the test."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(holds: Callable[[], object], otherwise: Callable[[], object] | str, seconds: float = 120) -> None:
    """Return as soon as `holds()`; fail with `otherwise` when it never does. A busy machine only takes longer."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, otherwise if isinstance(otherwise, str) else otherwise()
        time.sleep(0.02)
