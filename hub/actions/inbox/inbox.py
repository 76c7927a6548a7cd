"""The inbox: a delivery and the jobs of it are kept in one transaction, and once.

So what was acknowledged has its jobs, and what was not is delivered again without harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from generator.errors import ConfigError, Fault, HubError, Reason, Remedy, RemedyKind
from hub.actions.inbox.meaning import KEPT_HEADERS, Meaning, Named, meaning, named
from hub.actions.inbox.reading import read_body
from hub.queue.jobs import Jobs
from hub.store import buckets, deliveries
from hub.store.deliveries import DeliveryRow, DeliveryState, Source
from hub.store.ids import new_id
from hub.store.jobs import Job

_REASON_LENGTH = _HEADER_LENGTH = 500
#: New deliveries of one source that all listeners take together: 60 a second, and a burst of ten seconds' worth.
MOST_NEW, _WITHIN = 600, timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A delivery whose proof held. `headers` have small names."""

    source: Source
    headers: Mapping[str, str]
    body: bytes
    verified_by: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a delivery. `is_new` False: it was kept before. `error`: why it cannot be read."""

    id: str
    state: DeliveryState
    is_new: bool
    jobs: tuple[str, ...] = ()
    reason: str | None = None
    challenge: str | None = None
    error: HubError | None = None


@dataclass(frozen=True, slots=True)
class _Judged:
    which: Named
    found: Meaning
    error: ConfigError | None = None

    @property
    def state(self) -> DeliveryState:
        return "failed" if self.error else "processed" if self.found.jobs else "ignored"

    @property
    def reason(self) -> str | None:
        told = self.error.words if self.error else self.found.ignored
        return told.encode("ascii", "backslashreplace").decode()[:_REASON_LENGTH] if told else None


def accept(jobs: Jobs, arrived: Arrived) -> Kept:
    """Keep a delivery with its jobs.

    Raises `Transient` (DatabaseUnreachable) and, for too many new ones of a source, `ConfigError` (TooManyRequests):
    then nothing is kept.
    """
    judged = _judge(arrived.source, arrived.headers, arrived.body)
    database, found = jobs.database, judged.found.jobs
    with database.write() as connection:
        row = _row(arrived, judged, at=database.now(connection))
        is_new = deliveries.add(connection, database, row)
        if is_new:
            buckets.take(connection, database, f"webhook/{arrived.source}", most=MOST_NEW, within=_WITHIN)
        for one in found if is_new else ():
            jobs.put_in(connection, one)
    if is_new:
        jobs.notify()
    return _kept(row, judged, found, is_new=is_new)


def _row(arrived: Arrived, judged: _Judged, *, at: datetime) -> DeliveryRow:
    jobs, which = judged.found.jobs, judged.which
    return DeliveryRow(
        new_id("in"),
        at,
        arrived.source,
        which.delivery_id,
        which.event,
        {name: arrived.headers[name][:_HEADER_LENGTH] for name in KEPT_HEADERS if name in arrived.headers},
        arrived.verified_by,
        judged.state,
        judged.reason,
        jobs[0].id if jobs else None,
        arrived.body,
    )


def replay(jobs: Jobs, name: str) -> Kept:
    """Read a kept delivery again, by this release, and put its jobs anew, with ids of their own.

    Raises `ConfigError`: NotFound where none has this id, ours or its sender's; InvalidValue where its body is deleted.
    """
    found = find(jobs, name)
    if found.body is None:
        days = deliveries.BODY_KEPT.days
        fault = Fault(f"the body of {found.id} was deleted after {days} days", remedy="have its sender send it again")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    judged = _judge(found.source, found.headers, found.body)
    again = tuple(_again(one) for one in judged.found.jobs)
    with jobs.database.write() as connection:
        for one in again:
            jobs.put_in(connection, one)
        deliveries.note(connection, found.id, judged.state, judged.reason, again[0].id if again else found.job_id)
    jobs.notify()
    return _kept(found, judged, again, is_new=False)


def find(jobs: Jobs, name: str) -> DeliveryRow:
    """A kept delivery, by our id or its sender's. Raises `ConfigError` (NotFound)."""
    with jobs.database.read() as connection:
        found = deliveries.get(connection, name)
    if found is None:
        fault = Fault(f"no delivery {name[:100]!r} is kept", remedy=Remedy(RemedyKind.LIST_DELIVERIES))
        raise ConfigError(Reason.NOT_FOUND, fault)
    return found


def _judge(source: Source, headers: Mapping[str, str], body: bytes) -> _Judged:
    tree: Mapping[str, Any] | None = None
    try:
        tree = read_body(headers, body)
        which = named(source, headers, body, tree)
        return _Judged(which, meaning(source, which, tree))
    except ConfigError as err:
        return _Judged(named(source, headers, body, tree), Meaning(), err)


def _again(job: Job) -> Job:
    made = new_id("replay")
    return replace(job, id=made, payload={**job.payload, "id": made}, parent=job.id)


def _kept(row: DeliveryRow, judged: _Judged, jobs: tuple[Job, ...], *, is_new: bool) -> Kept:
    return Kept(
        row.id, judged.state, is_new, tuple(one.id for one in jobs), judged.reason, judged.found.challenge, judged.error
    )
