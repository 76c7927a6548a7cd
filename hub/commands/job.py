"""`rtb-hub job`: what the worker has to do, did and gave up, and having it done again."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from generator.errors import ConfigError, Fault, Reason, Remedy, RemedyKind
from generator.values.formats import format_time
from hub.output.console import Format, emit, fault_data, printable
from hub.output.remedies import fault_line
from hub.wiring import Hub, hub

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from rich.console import Console

    from hub.queue.jobs import Jobs
    from hub.store.jobs import JobRow, State

_STYLES = {"dead": "red", "waiting": "yellow", "active": "cyan", "done": "green"}


def list_all(*, state: State | None, limit: int, output: Format) -> None:
    """Print jobs, the newest first. Raises `ConfigError` (DatabaseRevision), `Transient`."""
    with _jobs(hub()) as jobs:
        found = jobs.listed(state=state, limit=limit + 1)
        counted = sorted(jobs.counts().items())
    more, shown = len(found) > limit, found[:limit]
    counts = [{"queue": queue, "state": one, "count": count} for (queue, one), count in counted]
    data = {"jobs": [_data(one) for one in shown], "counts": counts, "more": more}

    def people(console: Console) -> None:
        _tell_list(console, shown)
        told = ", ".join(f"{count} {one} in {queue}" for (queue, one), count in counted)
        console.print(told or "there are no jobs")
        if more:
            console.print("there is more: --limit 1000 shows more, --state narrows it down")

    emit(data, output, people)


def show(job_id: str, *, output: Format) -> None:
    """Print one job with what it says. Raises `ConfigError` (NotFound, DatabaseRevision), `Transient`."""
    with _jobs(hub()) as jobs:
        found = jobs.get(job_id)
    if found is None:
        raise _not_found(f"there is no job {job_id[:80]!r}")
    data = {**_data(found), "result": found.result, "payload": dict(found.payload)}

    def people(console: Console) -> None:
        from rich.text import Text

        for label, value in data.items():
            if label not in ("error", "payload", "result"):
                told = "–" if value in (None, "") else printable(str(value))
                console.print(Text.assemble((f"{label:<10}", "dim"), told))
        for kind, held in (("payload", found.payload), ("result", found.result or {})):
            for name, value in held.items():
                console.print(Text.assemble((f"{kind:<10}", "dim"), printable(f"{name}: {value}")))
        for line in _why(found):
            console.print(Text.assemble((f"{'error':<10}", "red"), printable(line)))

    emit(data, output, people)


def retry(job_id: str, *, dry_run: bool = False, output: Format) -> None:
    """Have a dead job run again, and tell; with `dry_run` only tell.

    Raises `ConfigError` (NotFound, DatabaseRevision), `Transient`.
    """
    ours = hub()
    with _jobs(ours) as jobs:
        from hub.store import audit

        found = jobs.get(job_id)
        if found is None or found.state != "dead" or not (dry_run or jobs.retry(job_id)):
            is_now = f"it is {found.state}" if found else "there is no such job"
            raise _not_found(f"{job_id[:80]!r} cannot be tried again: {is_now}, and only what is dead can")
        if dry_run:
            would = f"{printable(job_id)} would run again; nothing is written"
            emit({"dryRun": True, **_data(found)}, output, lambda console: console.print(would))
            return
        database = jobs.database
        with database.write() as connection:
            entry = audit.Entry(ours.settings.actor, "command", "retry", job_id, "allowed")
            audit.add(connection, entry, now=database.now(connection))
        again = jobs.get(job_id) or found
    emit(
        _data(again), output, lambda console: console.print(f"✓ {printable(job_id)} runs again: a worker takes it next")
    )


def _not_found(message: str) -> ConfigError:
    return ConfigError(Reason.NOT_FOUND, Fault(message, remedy=Remedy(RemedyKind.LIST_DEAD_JOBS)))


@contextmanager
def _jobs(ours: Hub) -> Iterator[Jobs]:
    database = ours.database()
    from hub.queue.jobs import Jobs
    from hub.store import schema

    try:
        schema.check(database)
        yield Jobs(database)
    finally:
        database.close()


def _data(row: JobRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "queue": row.queue,
        "name": row.name,
        "key": row.key or None,
        "state": row.state,
        "attempts": row.attempts,
        "crashes": row.crashes,
        "createdAt": _moment(row.created_at),
        "runAt": _moment(row.run_at),
        "endedAt": _moment(row.ended_at),
        "parent": row.parent,
        "error": _error(row),
    }


def _error(row: JobRow) -> dict[str, Any] | None:
    from hub.queue.ending import faults_of

    if row.error is None:
        return None
    return {"reason": row.error["reason"], "faults": [fault_data(fault) for fault in faults_of(row.error)]}


def _why(row: JobRow) -> list[str]:
    from hub.queue.ending import faults_of

    return [f"{fault_line(fault)} [{row.error['reason']}]" for fault in faults_of(row.error)] if row.error else []


def _moment(at: datetime | None) -> str | None:
    return format_time(at.replace(microsecond=0)) if at else None


def _tell_list(console: Console, rows: Sequence[JobRow]) -> None:
    from hub.output.columns import Cell, tell_table

    if not rows:
        return
    cells = [
        (
            _moment(row.created_at) or "",
            row.name,
            row.key or "–",
            Cell(row.state, _STYLES.get(row.state, "")),
            str(row.attempts),
            row.id,
            printable("; ".join(_why(row))),
        )
        for row in rows
    ]
    tell_table(console, ("WHEN", "JOB", "PREVIEW", "STATE", "TRIES", "ID", "WHY"), cells, wrapped="WHY")
