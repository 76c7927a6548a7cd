"""What is sent to a server and arrives there after its sender gave up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(kw_only=True)
class Late:
    """A server with a clock, by which effects arrive; a subclass calls `arrive` before it answers. Safe for threads."""

    clock: Callable[[], datetime] = field(default=lambda: datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
    _late: list[tuple[datetime, Callable[[], object]]] = field(default_factory=list, init=False, repr=False)
    _lock: Any = field(default_factory=threading.RLock, init=False, repr=False)

    def later(self, at: datetime, act: Callable[[], object]) -> None:
        with self._lock:
            self._late.append((at, act))

    def arrive(self) -> None:
        """Let come what was sent before and is due by now."""
        with self._lock:
            due = [one for one in self._late if one[0] <= self.clock()]
            self._late = [one for one in self._late if one[0] > self.clock()]
            for _, act in due:
                act()
