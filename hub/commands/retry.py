"""Planning anew when others moved the branch between our look and our commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from generator.errors import Moved

TRIES = 5
T = TypeVar("T")


def planned_anew(attempt: Callable[[], T]) -> T:
    """The result of `attempt` (observe, plan, commit), made again while the branch moves, `TRIES` times at most."""
    for _ in range(TRIES - 1):
        try:
            return attempt()
        except Moved:
            continue
    return attempt()
