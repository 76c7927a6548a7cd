"""A worker with all its parts, from its start to its end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from hub.actions.parts import Parts
from hub.queue.database import DatabaseWorker
from hub.queue.jobs import Jobs
from hub.queue.port import Pace
from hub.services.worker.handling import JobHandler
from hub.telemetry.telemetry import SILENT, Telemetry
from hub.writing.committer import GroupCommitter

_PACE = Pace()


@contextmanager
def working(
    parts: Parts, jobs: Jobs, *, concurrency: int = 20, pace: Pace = _PACE, telemetry: Telemetry = SILENT
) -> Iterator[DatabaseWorker]:
    """A worker of the database's queue that runs within. `concurrency`: threads for jobs that need one.

    When it ends, it takes no more jobs and waits for those in hand, `pace.stop` at most; another worker does the rest.
    """
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="rtb-hub-job")
    committer = GroupCommitter(parts.writer)
    handler = JobHandler(parts, committer, jobs.database, pool)
    worker = DatabaseWorker(jobs, handler, pace=pace, telemetry=telemetry)
    worker.start()
    try:
        yield worker
    finally:
        is_whole = worker.stop()
        pool.shutdown(wait=is_whole, cancel_futures=True)
        if is_whole:
            committer.close()  # else a commit hangs, and its lease runs out
