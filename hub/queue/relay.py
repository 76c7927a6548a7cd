"""The relay: has Redis wake a worker for each job of the database that may run.

It leases jobs, commits, and only then talks to Redis: a transaction never waits for it. Several may run. What was sent
and nobody began is looked for now and then, and sent again when Redis has lost it (emptied, failed over).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bullmq import Queue  # type: ignore[import-untyped]
from redis.asyncio import Redis

from generator.errors import HubError
from hub.queue.jobs import Jobs
from hub.queue.redis import QUEUES, check, client, refuse_evicting
from hub.store import jobs as rows
from hub.store import relaying
from hub.store.jobs import JobRow
from hub.telemetry import metrics
from hub.telemetry.telemetry import SILENT, Telemetry

_AT_ONCE = 200
_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class RelayPace:
    """`lease`: so long a relay may take to send. `poll`: how often it looks for what other processes put.

    `look`: how long after it was sent a job is looked for in Redis; `sweep`: how often.
    """

    lease: timedelta = timedelta(seconds=10)
    poll: timedelta = timedelta(milliseconds=500)
    look: timedelta = timedelta(minutes=2)
    sweep: timedelta = timedelta(minutes=1)


_PACE = RelayPace()


@dataclass(eq=False)
class Relay:
    """Sends wake-ups to the Redis at `url` until it is told to stop, in a thread of its own."""

    jobs: Jobs
    url: str
    pace: RelayPace = field(default_factory=RelayPace)
    telemetry: Telemetry = SILENT

    def __post_init__(self) -> None:
        """It does not run."""
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self._stops = self._failed = False
        self._swept: float | None = None
        self._worked = self.telemetry.seconds()

    @property
    def is_well(self) -> bool:
        """Whether its thread runs, and database and Redis answered last."""
        return self._thread is not None and self._thread.is_alive() and not self._failed

    def start(self) -> None:
        """Begin."""
        self._unlisten = self.jobs.listen(self._tell)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="rtb-hub-relay", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End. What it has leased is sent by another, or by the next."""
        self._unlisten()
        self._stops = True
        self._tell()
        if self._thread is not None:
            self._thread.join()

    def _tell(self) -> None:
        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(self._news.set)
            except RuntimeError:
                return  # it has ended

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not self._stops:
            try:
                async with client(self.url) as redis:
                    refuse_evicting(await redis.info("memory"))
                    await self._send_from(redis)
            except Exception as err:  # noqa: BLE001 - it must go on, whatever it is
                if not self._failed:
                    self._tell_failure(err)
                self._failed = True
                self.telemetry.gauge(metrics.RELAY_LAG, self.telemetry.seconds() - self._worked)
                await self._pause(_AGAIN_SECONDS)

    def _tell_failure(self, err: Exception) -> None:
        if isinstance(err, HubError):
            self.telemetry.refused(err)
        else:
            self.telemetry.unexpected("round", err)

    async def _send_from(self, redis: Redis) -> None:
        queues = {name: Queue(full, {"connection": redis}) for name, full in QUEUES.items()}
        while not self._stops:
            self._news.clear()
            leased, lag, pause = await asyncio.to_thread(self._lease)
            await self._send(queues, leased)
            await self._sweep(queues)
            self._failed, self._worked = False, self.telemetry.seconds()
            self.telemetry.gauge(metrics.RELAY_LAG, lag)
            if len(leased) < _AT_ONCE:
                await self._pause(pause)

    async def _pause(self, seconds: float) -> None:
        if not self._stops:
            try:
                await asyncio.wait_for(self._news.wait(), seconds)
            except TimeoutError:
                return

    def _lease(self) -> tuple[list[JobRow], float, float]:
        """What was leased, the seconds that the first of it was due before, and those until there may be more."""
        database = self.jobs.database
        with database.write() as connection:
            now = database.now(connection)
            leased = relaying.lease(connection, database, lease=self.pace.lease, limit=_AT_ONCE, now=now)
            due = rows.next_due(connection, now=now)
        poll = self.pace.poll.total_seconds()
        lag = max((now - one.run_at).total_seconds() for one in leased) if leased else 0.0
        return leased, lag, min(poll, max(0.0, (due - now).total_seconds())) if due else poll

    async def _send(self, queues: dict[str, Any], leased: Sequence[JobRow]) -> None:
        if not leased:
            return
        try:
            for name, queue in queues.items():
                wakes = [_wake(one) for one in leased if one.queue == name]
                if wakes:
                    await queue.addBulk(wakes)
        except Exception:
            await asyncio.to_thread(self._unsend, leased)
            raise
        await asyncio.to_thread(self._note_sent, leased)

    def _unsend(self, leased: Sequence[JobRow]) -> None:
        with self.jobs.database.write() as connection:
            relaying.unsent(connection, {one.id: one.token or "" for one in leased})

    def _note_sent(self, sent: Sequence[JobRow]) -> None:
        database = self.jobs.database
        with database.write() as connection:
            relaying.sent(connection, sent, look=database.now(connection) + self.pace.look)

    async def _sweep(self, queues: dict[str, Any]) -> None:
        now = self.telemetry.seconds()
        if self._swept is not None and now - self._swept < self.pace.sweep.total_seconds():
            return
        self._swept = now
        late = await asyncio.to_thread(self._overdue)
        there: list[JobRow] = []
        lost: list[JobRow] = []
        for one in late:
            queue = queues.get(one.queue)
            is_there = queue is not None and await queue.getJob(one.token) is not None
            (there if is_there else lost).append(one)
        if there:
            await asyncio.to_thread(self._note_sent, there)
        if lost:
            await asyncio.to_thread(self._unsend, lost)
            self.telemetry.count(metrics.SWEEP_RECOVERED, len(lost))
            self._news.set()

    def _overdue(self) -> list[JobRow]:
        database = self.jobs.database
        with database.write() as connection:
            return relaying.overdue(connection, limit=10 * _AT_ONCE, now=database.now(connection))


@contextmanager
def relayed(jobs: Jobs, url: str, telemetry: Telemetry = SILENT, *, pace: RelayPace = _PACE) -> Iterator[Relay]:
    """A relay that runs within. Raises `ConfigError` (InvalidValue) for a Redis that evicts; one may be down."""
    check(url)
    relay = Relay(jobs, url, pace, telemetry)
    relay.start()
    try:
        yield relay
    finally:
        relay.stop()


def _wake(row: JobRow) -> dict[str, Any]:
    """What Redis is told of a job: its id alone, for the rest is in the database."""
    opts = {"jobId": row.token, "attempts": 1, "removeOnComplete": True, "removeOnFail": True}
    return {"name": row.name, "data": {"wake": row.id}, "opts": opts}
