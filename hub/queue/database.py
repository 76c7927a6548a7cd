"""The queue on the database alone: jobs are claimed from their table, by lease. For `serve` without Redis.

One thread claims, ends and renews; handlers give futures and block nobody here. What holds is in the contract suite
(`tests/contracts/queue_contract.py`).
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from generator.errors import HubError, Reason, Transient
from hub.queue.ending import ending_of
from hub.queue.jobs import Jobs
from hub.queue.port import Claimed, Finished, Handler, Pace
from hub.store import jobs as rows
from hub.store.jobs import Claim, Ending, JobRow
from hub.telemetry import metrics
from hub.telemetry.telemetry import SILENT, Telemetry

#: Jobs that one worker holds at most: as many as go in one commit.
MOST = 200
#: The pause after the database did not answer.
_AGAIN_SECONDS = 1.0


@dataclass(eq=False, slots=True)
class _Held:
    """A job in hand. `until`: seconds that only go forward, of this process, when its lease has run out."""

    row: JobRow
    until: float
    begun: float = 0.0
    future: Future[Finished] = field(default_factory=Future)


@dataclass(eq=False)
class DatabaseWorker:
    """Works on the jobs of `queues` (none: all), at most `most` at a time. Several may share one database."""

    jobs: Jobs
    handler: Handler
    queues: Collection[str] = ()
    pace: Pace = field(default_factory=Pace)
    most: int = MOST
    telemetry: Telemetry = SILENT
    seconds: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        """It holds nothing, and does not run."""
        self._changed = threading.Condition()
        self._held: dict[str, _Held] = {}
        self._ended: deque[_Held] = deque()
        self._news = self._stops = False
        self._failed = False
        self._renewed = self.seconds()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether its thread runs."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def is_well(self) -> bool:
        """Whether its thread runs and the database answered last."""
        return self.is_running and not self._failed

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._unlisten = self.jobs.listen(self._tell)
        self._thread = threading.Thread(target=self._run, name="rtb-hub-worker", daemon=True)
        self._thread.start()

    def stop(self) -> bool:
        """See `hub.queue.port.Worker`."""
        self._unlisten()
        with self._changed:
            self._stops = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        return not self._held

    def _tell(self) -> None:
        with self._changed:
            self._news = True
            self._changed.notify_all()

    def _run(self) -> None:
        deadline: float | None = None
        while True:
            with self._changed:
                stops, self._news = self._stops, False
            if stops and deadline is None:
                deadline = self.seconds() + self.pace.stop.total_seconds()
            pause = self._turn(claims=not stops)
            if deadline is not None:
                pause = min(pause, deadline - self.seconds())
                if not self._held or pause <= 0:
                    return
            with self._changed:
                if not self._news and not self._ended and self._stops == stops:
                    self._changed.wait(pause)

    def _turn(self, *, claims: bool) -> float:
        """One transaction, and what follows from it; seconds until time alone gives the next."""
        try:
            pause = self._end_renew_claim(claims=claims)
        except Exception as err:  # noqa: BLE001 - the loop must go on, whatever it is
            if isinstance(err, HubError) and not self._failed:
                self.telemetry.refused(err)
            elif not isinstance(err, HubError):
                self.telemetry.unexpected("round", err)
            self._failed = True
            return _AGAIN_SECONDS
        self._failed = False
        return pause

    def _end_renew_claim(self, *, claims: bool) -> float:
        database, begun, ended = self.jobs.database, self.seconds(), list(self._ended)
        open_ones = {name: one.row.token or "" for name, one in self._held.items() if one not in ended}
        renews = bool(open_ones) and begun - self._renewed >= self.pace.renew.total_seconds()
        room = self.most - len(open_ones) if claims else 0
        claimed: list[JobRow] = []
        with database.write() as connection:
            now = database.now(connection)
            endings = [self._end(connection, one, now) for one in ended]
            kept = rows.renew(connection, open_ones, until=now + self.pace.lease) if renews else set()
            if room:
                claimed = self._claim(connection, room, now)
            due = rows.next_due(connection, now=now, queues=self.queues)
        for one, ending in zip(ended, endings, strict=True):
            self._ended.remove(one)
            self._measure(one, ending, now)
            if self._held.get(one.row.id) is one:  # else its lease ran out, and it was claimed anew
                del self._held[one.row.id]
        until = begun + self.pace.lease.total_seconds()
        if renews:
            self._renewed = begun
            for name in open_ones:
                self._held[name].until = until if name in kept else begun
        for row in claimed:
            self._begin(row, until)
        if ended:
            self.jobs.notify()  # whoever waits for how they ended
        poll = self.pace.poll.total_seconds()
        return min(poll, max(0.0, (due - now).total_seconds())) if due else poll

    def _claim(self, connection: Connection, room: int, now: datetime) -> list[JobRow]:
        """Take jobs, `room` at most. An adapter that is told which to take does so here."""
        claim = Claim(secrets.token_hex(8), self.pace.lease, room, self.queues)
        return rows.claim(connection, self.jobs.database, claim, now=now)

    def _end(self, connection: Connection, held: _Held, now: datetime) -> Ending:
        database, row = self.jobs.database, held.row
        ending = ending_of(row, _outcome(held.future), now=now, pace=self.pace)
        try:
            with connection.begin_nested():
                rows.end(connection, database, row, ending, now=now)
        except (OperationalError, InterfaceError):
            raise  # the database's, and all of this is done again
        except Exception as err:  # noqa: BLE001 - one job's result keeps no other from ending
            self.telemetry.unexpected("request", err)
            ending = ending_of(row, err, now=now, pace=self.pace)
            rows.end(connection, database, row, ending, now=now)
        return ending

    def _measure(self, held: _Held, ending: Ending, now: datetime) -> None:
        row, seconds = held.row, self.seconds() - held.begun
        self.telemetry.observe(metrics.JOB_SECONDS, seconds, name=row.name, outcome=ending.state)
        if ending.state == "done" and row.name.startswith("preview."):
            waited = (now - row.created_at).total_seconds()
            self.telemetry.observe(metrics.OPERATION_SECONDS, waited, kind=row.name)

    def _begin(self, row: JobRow, until: float) -> None:
        held = self._held[row.id] = _Held(row, until, self.seconds())
        self.telemetry.count(metrics.JOB_ATTEMPTS, name=row.name)
        try:
            future = self.handler(Claimed(row, row.attempts - 1, lambda: self.seconds() < held.until))
        except Exception as err:  # noqa: BLE001 - the border of a job
            future = Future()
            future.set_exception(err)
        held.future = future
        future.add_done_callback(lambda _: self._note(held))

    def _note(self, held: _Held) -> None:
        with self._changed:
            self._ended.append(held)
            self._changed.notify_all()


def _outcome(future: Future[Finished]) -> Finished | BaseException:
    try:
        return future.exception() or future.result()
    except CancelledError as err:
        why = Transient(Reason.NOT_IN_TIME, "the worker ended before it came to this job")
        why.__cause__ = err
        return why
