"""Ending between two steps: SIGTERM and SIGINT end a pause, and never a step."""

from __future__ import annotations

import os
import select
import signal
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interruption:
    """While it is entered, the first signal asks to end and the second one is the system's again.

    A pipe rather than an event: an event's lock may be held when the handler runs.
    """

    def __enter__(self) -> Interruption:
        """Take the signals over."""
        self._asked, self._ask = os.pipe()
        os.set_blocking(self._ask, False)
        self._before: dict[signal.Signals, Any] = {one: signal.signal(one, self._handle) for one in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give them back."""
        for one, handler in self._before.items():
            signal.signal(one, handler)
        os.close(self._asked)
        os.close(self._ask)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        for one, handler in self._before.items():
            signal.signal(one, handler)
        os.write(self._ask, b".")

    def pause(self, seconds: float) -> bool:
        """Wait, at most `seconds`. True, at once, when it is time to end."""
        ready, _, _ = select.select([self._asked], [], [], seconds)
        return bool(ready)
