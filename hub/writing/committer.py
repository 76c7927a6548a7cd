"""Requests that arrive together land in one commit and one push.

What holds, each with a test in tests/hub/writing/test_group_commit.py:

* Nothing is acknowledged before the push that holds it is done, and each caller learns its own outcome, once.
* Who arrives while a round is under way is in the next one. Who comes alone waits for nobody.
* Where several come together, more do: after a round of several, or one while which several came, the next begins once
  as long again has passed, `WINDOW` at most, or nobody came for `QUIET`. So they are fewer, and each answer is late by
  no more than a round takes.
* Who gives up, or fails, takes nobody along; the committer goes on.

Several committers on several machines are safe: the store compares and swaps. This one only spares them the races.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import TypeVar

from generator.errors import Reason, Transient
from hub.writing.writer import Item, Writer, Written
from reconcilers.lifecycle.batch import Outcome, Submission

O = TypeVar("O", bound=Outcome)  # noqa: E741 - an outcome
#: Requests in one commit at most: what is rendered before the first of them is acknowledged.
MOST = 200
#: Seconds: how long more are let come where several came, at most, and as long as the last came so lately.
WINDOW, QUIET = 0.5, 0.15


class GroupCommitter:
    """Takes submissions from many threads and writes them in one of its own, together. Close it, or use `with`."""

    def __init__(
        self,
        writer: Writer,
        *,
        most: int = MOST,
        window: float = WINDOW,
        quiet: float = QUIET,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._writer, self._most, self._seconds = writer, most, seconds
        self._window, self._quiet = window, quiet
        self._gathers_until = 0.0
        self._pending: deque[Item] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def submit(self, submission: Submission[O]) -> Future[Written[O]]:
        """Hand one in. Cancelling the future withdraws it until its round begins. Raises `RuntimeError` once closed."""
        item = Item(submission)
        with self._changed:
            if self._closed:
                raise RuntimeError("the committer is closed")
            self._pending.append(item)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="rtb-hub-group-commit", daemon=True)
                self._thread.start()
            self._changed.notify()
        return item.future

    def write(self, submission: Submission[O], *, timeout_seconds: float | None = None) -> Written[O]:
        """Hand one in and wait. Raises what `Writer.write` raises, and `Transient` (NotInTime) when the time is up."""
        future = self.submit(submission)
        try:
            return future.result(timeout_seconds)
        except TimeoutError as err:
            withdrawn = future.cancel()
            if future.done() and not withdrawn:
                return future.result()
            what = f"{submission.key} in {submission.environment} was not written within {timeout_seconds:g} s"
            then = (
                "nothing was changed; try again" if withdrawn else "it may still be written: look before you ask again"
            )
            raise Transient(Reason.NOT_IN_TIME, what, remedy=then) from err

    def close(self) -> None:
        """Take no more, and return when everything taken is answered."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> GroupCommitter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while items := self._taken():
            begun = self._seconds()
            left = self._writer.round(items)
            ended = self._seconds()
            with self._changed:
                self._pending.extendleft(reversed(left))
                waiting = len(self._pending)
            are_several = len(items) > 1 or waiting > 1
            self._gathers_until = ended + min(ended - begun, self._window) if are_several else 0.0
            if not waiting:
                self._writer.prepare()

    def _taken(self) -> list[Item]:
        """The next round's items, first come first served, without those given up; empty when closed and drained."""
        while True:
            with self._changed:
                while not self._pending and not self._closed:
                    self._changed.wait()
                if not self._pending:
                    return []
                self._gather()
                taken = [self._pending.popleft() for _ in range(min(self._most, len(self._pending)))]
            going = [item for item in taken if item.future.running() or item.future.set_running_or_notify_cancel()]
            if going:
                return going

    def _gather(self) -> None:
        """Let more come where several came. The lock is held, and given up while it waits."""
        while not self._closed and len(self._pending) < self._most:
            before, left = len(self._pending), self._gathers_until - self._seconds()
            if left <= 0:
                return
            self._changed.wait(min(left, self._quiet))
            if len(self._pending) == before:
                return
