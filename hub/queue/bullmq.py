"""The queue that Redis wakes: BullMQ brings wake-ups, the database says what is true.

A wake-up is held in Redis for as long as its job is in hand, so that whoever counts BullMQ's lists sees the work. What
it says to run may not run any more, or not now; then it is used up, and the relay sends another when it may.
BullMQ's own retries, delays and limits are not relied on; its time for stalled jobs only brings a wake-up back.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bullmq import Worker  # type: ignore[import-untyped]
from sqlalchemy import Connection

from hub.queue.database import DatabaseWorker
from hub.queue.foreign import as_text
from hub.queue.incoming import Incoming, incoming
from hub.queue.producers import Producers
from hub.queue.redis import QUEUES, blocking
from hub.store import jobs as rows
from hub.store import relaying
from hub.store.ids import ID
from hub.store.jobs import Claim, JobRow

_AGAIN_SECONDS = 1.0
#: A second end of a worker fails a stalled job for good, whatever its attempts are; ours are counted in the database.
_STALLS = 1000
#: Milliseconds. What a worker that died had fetched, and not yet put into the database, is back in the list after both
#: intervals and the lock's time: sooner than its jobs there, whose leases run out. One that is back too soon does no
#: harm, since its job is held in the database.
_LOCK, _STALLED = 10_000, 5_000
_OPTIONS = {
    "lockDuration": _LOCK, "stalledInterval": _STALLED, "maxStalledCount": _STALLS, "runRetryDelay": 1000,
    "removeOnComplete": {"age": 3600, "count": 1000}, "removeOnFail": {"age": 604_800}, "autorun": False,
}  # fmt: skip


@dataclass(eq=False, slots=True)
class _Wake:
    """A wake-up in hand. `token`: its id in Redis. `foreign`: what to put first, of one that somebody else sent."""

    job_id: str
    token: str
    foreign: Incoming | None = None
    is_seen: bool = False
    used: Future[None] = field(default_factory=Future)


@dataclass(eq=False)
class BullWorker(DatabaseWorker):
    """Works on the jobs that the Redis at `url` wakes it for. A `Relay` has to run somewhere.

    `producers`: those who sign what they put; None: nothing has to be signed.
    """

    url: str = ""
    producers: Producers | None = None

    def __post_init__(self) -> None:
        """It holds nothing, and does not run."""
        super().__post_init__()
        self._wakes: list[_Wake] = []
        self._looked: list[_Wake] = []  # in a transaction that may still fail
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closes = asyncio.Event()
        self._is_forced = False
        self._reading: threading.Thread | None = None
        self._ends = threading.Event()
        self._answers = True

    @property
    def is_running(self) -> bool:
        """Whether its threads run."""
        return super().is_running and self._reading is not None and self._reading.is_alive()

    @property
    def is_well(self) -> bool:
        """Whether its threads run, and database and Redis answered last."""
        return super().is_well and self._answers

    def start(self) -> None:
        """See `hub.queue.port.Worker`."""
        super().start()
        self._reading = threading.Thread(target=lambda: asyncio.run(self._read()), name="rtb-hub-bullmq", daemon=True)
        self._reading.start()

    def stop(self) -> bool:
        """See `hub.queue.port.Worker`. Wake-ups that were not looked at are sent again by a relay."""
        self._ends.set()
        is_whole = super().stop()
        with self._changed:
            left, self._wakes = self._wakes, []
        unseen = {one.job_id: one.token for one in left if not one.is_seen}
        try:
            if unseen:
                with self.jobs.database.write() as connection:
                    relaying.unsent(connection, unseen)
        finally:
            for one in left:
                if not one.is_seen or is_whole:
                    one.used.set_result(None)
            self._close(is_whole=is_whole)
        return is_whole

    def _close(self, *, is_whole: bool) -> None:
        self._is_forced = not is_whole
        if self._loop is not None and self._reading is not None:
            self._loop.call_soon_threadsafe(self._closes.set)
            self._reading.join(self.pace.stop.total_seconds() + 5)

    async def _read(self) -> None:
        self._loop = asyncio.get_running_loop()
        names = [name for name in QUEUES if not self.queues or name in self.queues]
        await asyncio.gather(*(self._read_queue(name) for name in names))

    async def _read_queue(self, name: str) -> None:
        async def process(job: Any, token: str) -> None:
            del token
            wake = _wake_of(name, job, self.producers)
            with self._changed:
                self._wakes.append(wake)
                self._news = True
                self._changed.notify_all()
            await asyncio.wrap_future(wake.used)

        while not self._closes.is_set():
            options = {**_OPTIONS, "connection": blocking(self.url), "concurrency": self.most}
            worker = Worker(QUEUES[name], process, options)
            worker.on("error", self._note_error)
            worker.on("active", self._note_answer)
            running, closing = asyncio.ensure_future(worker.run()), asyncio.ensure_future(self._closes.wait())
            await asyncio.wait({running, closing}, return_when=asyncio.FIRST_COMPLETED)
            if closing.done():
                await worker.close(force=self._is_forced)
            closing.cancel()
            await asyncio.wait({running})
            if not running.cancelled() and (error := running.exception()) is not None:
                self._note_error(error)
            if not self._closes.is_set():
                await asyncio.sleep(_AGAIN_SECONDS)

    def _note_error(self, err: Any, *_: Any) -> None:
        if self._answers and isinstance(err, Exception) and not self._ends.is_set():
            self.telemetry.unexpected("round", err)
        self._answers = False

    def _note_answer(self, *_: Any) -> None:
        self._answers = True

    def _end_renew_claim(self, *, claims: bool) -> float:
        self._looked = []
        pause = super()._end_renew_claim(claims=claims)
        with self._changed:
            for one in self._looked:
                one.is_seen = True
            self._looked = []
            used = [one for one in self._wakes if one.is_seen and one.job_id not in self._held]
            self._wakes = [one for one in self._wakes if one not in used]
        for one in used:
            one.used.set_result(None)
        return pause

    def _claim(self, connection: Connection, room: int, now: datetime) -> list[JobRow]:
        with self._changed:
            wakes = [one for one in self._wakes if not one.is_seen][:room]
        if not wakes:
            return []
        for one in wakes:
            if one.foreign is not None:
                one.foreign.put(connection, self.jobs.database, one.token, now=now)
        only = {one.job_id for one in wakes}
        claim = Claim(secrets.token_hex(8), self.pace.lease, room, self.queues, only)
        claimed = rows.claim(connection, self.jobs.database, claim, now=now)
        taken = {row.id for row in claimed}
        relaying.unsent(connection, {one.job_id: one.token for one in wakes if one.job_id not in taken})
        self._looked = wakes
        return claimed


def _wake_of(queue: str, job: Any, producers: Producers | None) -> _Wake:
    data, token = job.data, as_text(str(job.id))
    wake = data.get("wake") if isinstance(data, dict) and len(data) == 1 else None
    if isinstance(wake, str) and ID.fullmatch(wake):
        return _Wake(wake, token)
    made = incoming(queue, job, producers)
    return _Wake(made.job_id, token, made)
