"""Planning anew when others moved the branch between our look and our commit."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from generator.errors import Moved

TRIES = 12
#: The longest pause after the first try, doubled after each further one, up to the cap.
FIRST_SECONDS, CAP_SECONDS = 0.05, 3.0
T = TypeVar("T")


def planned_anew(
    attempt: Callable[[], T],
    *,
    sleep: Callable[[float], object] = time.sleep,
    between: Callable[[float, float], float] = random.uniform,
) -> T:
    """The result of `attempt` (observe, plan, commit), made again while the branch moves, `TRIES` times at most.

    Each pause is any length up to a bound that doubles ("full jitter"): writers that met once do not meet again.
    `between` draws it. Raises the last `Moved`.
    """
    bound = FIRST_SECONDS
    for _ in range(TRIES - 1):
        try:
            return attempt()
        except Moved:
            sleep(between(0, bound))
            bound = min(bound * 2, CAP_SECONDS)
    return attempt()
