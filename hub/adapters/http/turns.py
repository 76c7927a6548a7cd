"""Calls that a server wants so many seconds apart: whoever comes too early sleeps until its turn."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.adapters.http.sender import SenderParts


@dataclass(eq=False)
class Turns:
    """Turns by a key. `seconds` only go forward. Safe for threads."""

    seconds: Callable[[], float]
    sleep: Callable[[float], object]
    _next: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, parts: SenderParts) -> Turns:
        """By the clock and sleep of a process's senders."""
        return cls(parts.seconds, parts.backoff.sleep)

    def wait(self, key: str, apart: float) -> None:
        """Wait for the next turn; the one after it comes `apart` seconds later."""
        with self._lock:
            now = self.seconds()
            turn = max(now, self._next.get(key, now))
            self._next[key] = turn + apart
        if turn > now:
            self.sleep(turn - now)
