"""Trying again: how often, after which pause, and for which errors. The one place for loops that do.

A loop that only waits for something to come true (a lock, a phase) does not try again, and is not here.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from generator.errors import HubError, Moved

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often something is tried, and how long between two tries.

    Full jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog): any time up to a bound that doubles,
    so that writers who met once do not meet again. `random` gives a number from 0 up to 1. `shorter_after`: after so
    many the bound is halved again, down to four times the first: of those who compete, who lost most tries most often.
    """

    tries: int = 24
    first_seconds: float = 0.05
    most_seconds: float = 3.0
    shorter_after: int | None = None
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random

    def seconds(self, failed: int) -> float:
        """How long to pause after `failed` tries, counted from 1."""
        return self.random() * self._bound(failed)

    def _bound(self, failed: int) -> float:
        growing = min(self.most_seconds, self.first_seconds * 2.0 ** min(failed - 1, 30))
        if self.shorter_after is None or failed <= self.shorter_after:
            return growing
        longest = self._bound(self.shorter_after)
        return max(4 * self.first_seconds, longest / 2.0 ** min(failed - self.shorter_after, 30))

    def pause(self, failed: int) -> None:
        """Sleep after `failed` tries, counted from 1."""
        self.sleep(self.seconds(failed))

    def attempts(self) -> Iterator[int]:
        """The numbers of the tries, from 1; a pause lies between two. Ends after the last, without one."""
        for attempt in range(1, self.tries + 1):
            yield attempt
            if attempt < self.tries:
                self.pause(attempt)


#: For those who compete for a branch: on one machine they take turns, between machines chance decides. Of 32 starts by
#: 8 with a mirror each, who asked again at once, one lost 20 times in a row.
COMPETING = Backoff(tries=40, shorter_after=6)


class Turns(Protocol):
    """Who of those on this machine that compete for a branch goes first. Times are `time.monotonic()`, in seconds."""

    def turn(self, since: float) -> AbstractContextManager[bool]:
        """Wait for the turn of one that competes `since`, and have it; False: it did not come in time."""

    def are_waited_for(self) -> bool:
        """Whether others wait for theirs."""


@contextmanager
def in_turn(turns: Turns | None, since: float, *, has_lost: bool) -> Iterator[bool | None]:
    """Go on at once (None), or in turn where one that lost (this one, or others) waits.

    Yields whether the turn came, True; False: in time it did not, and one goes on all the same.
    """
    if turns is None or not (has_lost or turns.are_waited_for()):
        yield None
        return
    with turns.turn(since) as has_come:
        yield has_come


def retried(attempt: Callable[[], T], *, on: type[HubError], backoff: Backoff) -> T:
    """The result of `attempt`, made anew while it raises `on`, but `backoff.tries` times. Raises the last one."""
    for failed in range(1, backoff.tries):
        try:
            return attempt()
        except on:
            backoff.pause(failed)
    return attempt()


def planned_anew(attempt: Callable[[], T], *, backoff: Backoff = COMPETING) -> T:
    """The result of `attempt` (observe, plan, commit), made anew while others move the branch meanwhile."""
    return retried(attempt, on=Moved, backoff=backoff)
