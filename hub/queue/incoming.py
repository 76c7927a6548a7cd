"""A job that another program put into a queue of BullMQ: its row, or the row that says why it is not run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from generator.errors import ConfigError, Fault, Reason
from hub.queue.ending import error_data
from hub.queue.foreign import DEEPEST, MOST, fits, foreign, refused
from hub.queue.producers import NotProvedError, Producers, Proved
from hub.queue.redis import QUEUES
from hub.store import jobs as rows
from hub.store import relaying
from hub.store.database import Database
from hub.store.jobs import Job

_LATE = "it was signed too long ago, or in the future: a job is to be fetched within 24 hours of its requestedAt"


@dataclass(frozen=True, slots=True)
class Incoming:
    """`job`: what it becomes; `refused`: that where it does not prove who put it. `error`: that is so already."""

    job: Job
    refused: Job
    proved: Proved | None = None
    error: ConfigError | None = None

    @property
    def job_id(self) -> str:
        """Of the job that is run."""
        return self.job.id if self.error is None else self.refused.id

    def put(self, connection: Connection, database: Database, token: str, *, now: datetime) -> None:
        """Put its row, unless that is there. `token`: the id that BullMQ has it by. Raises as the database."""
        error = self.error
        if error is None and self.proved is not None and not self.proved.is_fresh(now):
            error = None if rows.get(connection, self.job.id) else _not_allowed(_LATE)
        if error is not None:
            if rows.add(connection, database, self.refused, now=now):
                rows.refuse(connection, self.refused.id, error_data(error), now=now)
        elif rows.add(connection, database, self.job, now=now):
            relaying.came(connection, self.job.id, token)


def incoming(queue: str, job: Any, producers: Producers | None) -> Incoming:
    """What BullMQ's job in `queue` is. `producers` None: nothing has to be signed."""
    job_id, name, added = str(job.id), str(job.name), int(job.timestamp or 0)
    is_kept = fits(job.data)
    not_run = refused(queue, job_id, name, job.data if is_kept else None, added=added)
    if not is_kept:
        allowed = f"{MOST:,} characters of JSON, {DEEPEST} levels deep"
        error = ConfigError(Reason.INVALID_VALUE, Fault("the job says too much to be kept", allowed=allowed))
        return Incoming(not_run, not_run, error=error)
    try:
        proved = producers.proved(QUEUES[queue], job_id, name, job.data) if producers is not None else None
    except NotProvedError as err:
        return Incoming(not_run, not_run, error=_not_allowed(str(err)))
    if proved is None:
        return Incoming(foreign(queue, job_id, name, job.data, added=added), not_run)
    return Incoming(foreign(queue, job_id, name, proved.data, added=added, by=proved.by), not_run, proved)


def _not_allowed(why: str) -> ConfigError:
    remedy = "sign it with a key of RTB_HUB_QUEUE_KEYS (docs/INSTALL.md, Jobs of other programs), and put it anew"
    return ConfigError(Reason.NOT_ALLOWED, Fault(f"the job does not prove who put it: {why}", remedy=remedy))
