"""Turns of the processes of one machine that write to one repository: who waits longest goes first.

Whoever's branch moved, and whoever comes while such a one waits, takes a ticket: a file that is named by since when it
waits, and held by a lock (flock) that ends with its process. The oldest that is held goes first. This orders those who
take part; the compare-and-swap of the commit alone keeps branches whole. So a turn that does not come in time, or a
folder that cannot be written to, keeps nobody from going on.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

_FOLDER, _NEW = "rtb-hub.turns", ".new-"
_WAIT_SECONDS, _LOOK_SECONDS = 60.0, 0.01


@dataclass(frozen=True, slots=True)
class Turns:
    """The tickets in a Git directory. Times are of the machine's clock since it was started, which processes share."""

    directory: Path
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    @contextmanager
    def turn(self, since: float, *, wait_seconds: float = _WAIT_SECONDS) -> Iterator[bool]:
        """Wait for the turn of one that waits `since`, and have it. Yields False where it did not come in time."""
        ticket = self._taken(since)
        if ticket is None:
            yield False
            return
        descriptor, path = ticket
        try:
            until = self.monotonic() + wait_seconds
            while not (is_first := self._is_first(path.name)) and self.monotonic() < until:
                self.sleep(_LOOK_SECONDS)
            yield is_first
        finally:
            with suppress(OSError):
                path.unlink()
            os.close(descriptor)

    def are_waited_for(self) -> bool:
        """Whether some process holds a ticket, or left one when it died."""
        return bool(self._tickets())

    def _tickets(self) -> list[str]:
        """Their names, the oldest first."""
        try:
            return sorted(one.name for one in (self.directory / _FOLDER).iterdir() if not one.name.startswith("."))
        except OSError:
            return []

    def _taken(self, since: float) -> tuple[int, Path] | None:
        folder, name = self.directory / _FOLDER, f"{max(0, int(since * 1e6)):020d}-{token_hex(8)}"
        new = folder / f"{_NEW}{name}"
        try:
            folder.mkdir(exist_ok=True)
            descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError:
            return None
        try:
            # Held before it has its name: nobody takes it for one that a dead process left.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            new.rename(folder / name)
        except OSError:
            os.close(descriptor)
            return None
        return descriptor, folder / name

    def _is_first(self, mine: str) -> bool:
        for name in self._tickets():
            if name >= mine:
                break
            if self._is_held(self.directory / _FOLDER / name):
                return False
        return True

    def _is_held(self, path: Path) -> bool:
        """Whether the process of a ticket lives. One that is left over is removed."""
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        except OSError:
            return True  # another user's
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        else:
            with suppress(OSError):
                path.unlink()
            return False
        finally:
            os.close(descriptor)
