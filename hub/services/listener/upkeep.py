"""What a listener does beside listening, since it is always there: old rows are deleted, senders are asked again.

Several listeners do it at once; each thing is done by one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Literal

from sqlalchemy import Connection, and_, exists, or_, select

from hub.actions.inbox.meaning import QUEUE
from hub.queue.jobs import Jobs
from hub.queue.payloads import SCHEMA
from hub.reconciling.repeating import repeating
from hub.services.listener.receiving import Receiver
from hub.settings import Settings
from hub.store import catch_ups
from hub.store import jobs as rows
from hub.store.database import Database
from hub.store.jobs import OPEN, Job
from hub.store.retention import prune
from hub.store.tables import JOBS
from hub.telemetry import metrics
from hub.telemetry.telemetry import Telemetry

CatchUpSource = Literal["github", "jira"]
_RETAIN_SECONDS, _LOOK_SECONDS, _SAMPLE_SECONDS = 3600.0, 30.0, 10.0
#: One that came to nothing, such as by a wrong key, is not put again at once: somebody has to see to it.
_AFTER_DEAD: Final = timedelta(hours=1)


@contextmanager
def upkeep(receiver: Receiver, sources: Sequence[CatchUpSource], every: timedelta) -> Iterator[None]:
    """While it lasts: retention every hour, and a `catch.up` job of each source `every` so often."""
    telemetry, database = receiver.telemetry, receiver.jobs.database

    def ask() -> None:
        for source in sources:
            put_catch_up(receiver.jobs, source, every)

    with ExitStack() as stack:
        stack.enter_context(
            repeating("retention", partial(prune, database), every_seconds=_RETAIN_SECONDS, telemetry=telemetry)
        )
        stack.enter_context(repeating("catch-up", ask, every_seconds=_LOOK_SECONDS, telemetry=telemetry))
        figures = partial(sample, database, telemetry)
        stack.enter_context(repeating("figures", figures, every_seconds=_SAMPLE_SECONDS, telemetry=telemetry))
        yield


def sample(database: Database, telemetry: Telemetry) -> None:
    """Tell how many jobs there are, and how long they wait. Raises `Transient` (DatabaseUnreachable)."""
    with database.read() as connection:
        now = database.now(connection)
        counted = {(queue, str(state)): count for (queue, state), count in rows.counts(connection).items()}
        oldest = rows.oldest_due(connection, now=now)
        looked = catch_ups.last_good(connection)
    for queue in metrics.QUEUE.values or ():
        for state in metrics.JOB_STATE.values or ():
            telemetry.gauge(metrics.JOBS, counted.get((queue, state), 0), queue=queue, state=state)
        since = (now - oldest[queue]).total_seconds() if queue in oldest else 0.0
        telemetry.gauge(metrics.JOB_OLDEST, since, queue=queue)
    for source, at in looked.items():
        telemetry.gauge(metrics.CATCH_UP_AT, at.timestamp(), source=source)


def kept_up(receiver: Receiver, settings: Settings) -> AbstractContextManager[None]:
    """`upkeep` as the settings say: of the senders whose deliveries are taken. Raises as `Receiver.unset`."""
    unset = receiver.unset()
    known: tuple[CatchUpSource, ...] = ("github", "jira")
    sources = [one for one in known if one not in unset or (one == "jira" and settings.jira_url is not None)]
    return upkeep(receiver, sources, timedelta(minutes=settings.catch_up_minutes))


def put_catch_up(jobs: Jobs, source: CatchUpSource, every: timedelta) -> bool:
    """Put the job of this interval of the database's time, unless it is there or one before it is still open.

    False: it was not put. Raises `Transient` (DatabaseUnreachable).
    """
    with jobs.database.write() as connection:
        now = jobs.database.now(connection)
        interval = int(now.timestamp()) // max(1, int(every.total_seconds()))
        name, key = f"catch-up-{source}-{interval}", f"catch-up/{source}"
        if _is_held_up(connection, key, now):
            return False
        payload = {
            "schema": SCHEMA, "id": name, "source": source,
            "requestedBy": {"kind": "service", "id": "listener", "via": "catch-up"},
        }  # fmt: skip
        is_new = jobs.put_in(connection, Job(name, QUEUE, "catch.up", payload, key, replaces=True))
    if is_new:
        jobs.notify()
    return is_new


def _is_held_up(connection: Connection, key: str, now: datetime) -> bool:
    dead = and_(JOBS.c.state == "dead", JOBS.c.ended_at > now - _AFTER_DEAD)
    either = exists().where(JOBS.c.key == key, or_(JOBS.c.state.in_(OPEN), dead))
    return bool(connection.execute(select(either)).scalar())
