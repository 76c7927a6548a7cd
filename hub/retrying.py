"""Planning anew when others moved the branch between our look and our commit."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from generator.errors import Moved

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often something is tried, and how long between two tries.

    Full jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog): any time up to a bound that doubles,
    so that writers who met once do not meet again. `random` gives a number from 0 up to 1.
    """

    tries: int = 12
    first_seconds: float = 0.05
    most_seconds: float = 3.0
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random

    def pause(self, failed: int) -> None:
        """Sleep after `failed` tries, counted from 1."""
        self.sleep(self.random() * min(self.most_seconds, self.first_seconds * 2.0 ** min(failed - 1, 30)))


def planned_anew(attempt: Callable[[], T], *, backoff: Backoff = Backoff()) -> T:
    """The result of `attempt` (observe, plan, commit), made anew while the branch moves, but `backoff.tries` times."""
    for failed in range(1, backoff.tries):
        try:
            return attempt()
        except Moved:
            backoff.pause(failed)
    return attempt()
