"""Trying again: how often, after which pause, and for which errors. The one place for loops that do.

A loop that only waits for something to come true (a lock, a phase) does not try again, and is not here.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from generator.errors import HubError, Moved

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often something is tried, and how long between two tries.

    Full jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog): any time up to a bound that doubles,
    so that writers who met once do not meet again. `random` gives a number from 0 up to 1. Where each try finds its way
    barred five times in six, as beside four writers and a loop without a pause, one of these fails in 80 times.
    """

    tries: int = 24
    first_seconds: float = 0.05
    most_seconds: float = 3.0
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random

    def seconds(self, failed: int) -> float:
        """How long to pause after `failed` tries, counted from 1."""
        return self.random() * min(self.most_seconds, self.first_seconds * 2.0 ** min(failed - 1, 30))

    def pause(self, failed: int) -> None:
        """Sleep after `failed` tries, counted from 1."""
        self.sleep(self.seconds(failed))

    def attempts(self) -> Iterator[int]:
        """The numbers of the tries, from 1; a pause lies between two. Ends after the last, without one."""
        for attempt in range(1, self.tries + 1):
            yield attempt
            if attempt < self.tries:
                self.pause(attempt)


def retried(attempt: Callable[[], T], *, on: type[HubError], backoff: Backoff) -> T:
    """The result of `attempt`, made anew while it raises `on`, but `backoff.tries` times. Raises the last one."""
    for failed in range(1, backoff.tries):
        try:
            return attempt()
        except on:
            backoff.pause(failed)
    return attempt()


def planned_anew(attempt: Callable[[], T], *, backoff: Backoff = Backoff()) -> T:
    """The result of `attempt` (observe, plan, commit), made anew while others move the branch meanwhile."""
    return retried(attempt, on=Moved, backoff=backoff)
