"""Keeps messages up to date beside whatever else a process does: again and again, and soon after a change.

Previews are looked at once for all channels. Each channel has a lane of its own, which always goes by the newest look:
one that is slow, limited or away delays no other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from generator.errors import HubError
from hub.actions.telling.teller import Teller
from hub.actions.telling.telling import Telling
from hub.queue.jobs import Jobs
from hub.telemetry.telemetry import SILENT, Telemetry
from reconcilers.messages.model import Message

#: How often previews are looked at, and the least time between two looks.
EVERY_SECONDS: Final = 10.0
APART_SECONDS: Final = 2.0
#: What is in hand at the end is waited for so long; whoever comes next finds out what became of it.
_ENDS_SECONDS: Final = 5.0


@contextmanager
def telling(messages: Telling, jobs: Jobs, telemetry: Telemetry = SILENT) -> Iterator[None]:
    """While it lasts, messages are kept up to date in threads of their own; without a channel there are none.

    Nothing waits for it: a channel that fails delays no job, and no end of the process for long.
    """
    if not messages.tellers:
        yield
        return
    ends, wake = threading.Event(), threading.Event()
    lanes = [_Lane(teller, telemetry) for teller in messages.tellers]

    def run() -> None:
        while not ends.is_set():
            wake.clear()
            with _bordered(telemetry):
                found = messages.messages()
                for lane in lanes:
                    lane.take(found)
            ends.wait(APART_SECONDS)
            wake.wait(EVERY_SECONDS - APART_SECONDS)

    end = jobs.listen(wake.set)
    threads = [_started(run, "rtb-hub-telling"), *(_started(lane.run, lane.name) for lane in lanes)]
    try:
        with messages.noticing(wake.set):
            yield
    finally:
        end()
        ends.set()
        wake.set()
        for lane in lanes:
            lane.end()
        for thread in threads:
            thread.join(_ENDS_SECONDS / len(threads))


class _Lane:
    """One channel: brought up to date with what was looked at last, in a thread of its own."""

    def __init__(self, teller: Teller, telemetry: Telemetry) -> None:
        self.name = f"rtb-hub-lane-{teller.channel.name}"
        self._teller, self._telemetry = teller, telemetry
        self._is_changed = threading.Condition()
        self._newest: Sequence[Message] | None = None
        self._ends = False

    def take(self, messages: Sequence[Message]) -> None:
        with self._is_changed:
            self._newest = messages
            self._is_changed.notify_all()

    def end(self) -> None:
        self._teller.stop()
        with self._is_changed:
            self._ends = True
            self._is_changed.notify_all()

    def run(self) -> None:
        while True:
            with self._is_changed:
                self._is_changed.wait_for(lambda: self._ends or self._newest is not None)
                messages, self._newest = self._newest, None
                if self._ends or messages is None:
                    return
            with _bordered(self._telemetry):
                self._teller.bring_up_to_date(messages, goes_on=lambda: self._newest is None)


def _started(run: Callable[[], None], name: str) -> threading.Thread:
    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


@contextmanager
def _bordered(telemetry: Telemetry) -> Iterator[None]:
    """What goes wrong ends one turn, and is told; the next one goes on."""
    try:
        yield
    except HubError as err:
        telemetry.refused(err)
    except Exception as err:  # noqa: BLE001 - the next turn goes on, and the log tells of this one
        telemetry.unexpected("round", err)
