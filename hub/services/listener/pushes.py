"""Pushes to ECR, as EventBridge puts them into a queue: kept as deliveries, each once, with the jobs that follow.

A message is deleted only once its row is kept, one that cannot be read too: it is told of, and `webhook show` has it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from hub.actions.inbox.inbox import Arrived, accept
from hub.adapters.registry.sqs import EventQueue
from hub.reconciling.repeating import repeating
from hub.services.listener.receiving import Receiver

#: Between two looks; each waits for messages itself.
_PAUSE_SECONDS = 0.2
#: After what went wrong, and at most: it doubles.
_FIRST_SECONDS, _MOST_SECONDS = 1.0, 60.0


def taking_pushes(receiver: Receiver, queue: EventQueue | None) -> AbstractContextManager[None]:
    """While it lasts, what comes is taken; None: there is no queue."""
    if queue is None:
        return nullcontext()
    taker = Taker(receiver, queue)
    return repeating("pushes", taker.look, every_seconds=_PAUSE_SECONDS, telemetry=receiver.telemetry)


@dataclass(eq=False)
class Taker:
    """Takes what comes; after what went wrong it looks later and later."""

    receiver: Receiver
    queue: EventQueue
    _failed: int = 0
    _not_before: float = 0.0

    def look(self) -> None:
        """Take what is there, unless it is too early after what went wrong. Raises as `take`."""
        seconds = self.receiver.telemetry.seconds
        if self._failed and seconds() < self._not_before:
            return
        try:
            take(self.receiver, self.queue)
        except Exception:
            pause = min(_MOST_SECONDS, _FIRST_SECONDS * 2 ** min(self._failed, 10))
            self._failed, self._not_before = self._failed + 1, seconds() + pause
            raise
        self._failed = 0


def take(receiver: Receiver, queue: EventQueue) -> int:
    """Keep what is there, then have it not come again; how many messages. Raises what reading and keeping raise."""
    telemetry, messages = receiver.telemetry, queue.receive()
    kept = []
    try:
        for message in messages:
            begin = telemetry.seconds()
            one = accept(receiver.jobs, Arrived("ecr", {}, message.body, f"queue {queue.name}"))
            kept.append(message)
            outcome = one.state if one.is_new else "known"
            telemetry.delivery("ecr", outcome, seconds=telemetry.seconds() - begin, kept=one.id)
    finally:
        queue.delete(kept)
    return len(messages)
