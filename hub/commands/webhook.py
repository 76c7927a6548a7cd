"""`rtb-hub webhook`: what was delivered to the listener, and doing it again."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from generator.values.formats import format_time
from hub.output.console import Format, emit, printable
from hub.wiring import hub

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console

    from hub.queue.jobs import Jobs
    from hub.store.deliveries import DeliveryRow, DeliveryState, Source


def list_all(*, source: Source | None, state: DeliveryState | None, limit: int, output: Format) -> None:
    """Print deliveries, the newest first. Raises `ConfigError` (DatabaseRevision), `Transient`."""
    with _jobs() as jobs:
        from hub.store import deliveries

        with jobs.database.read() as connection:
            found = deliveries.listed(connection, source=source, state=state, limit=limit + 1)
    more, shown = len(found) > limit, found[:limit]
    data = {"deliveries": [_data(one) for one in shown], "more": more}
    emit(data, output, lambda console: _tell_list(console, shown, more=more))


def show(name: str, *, output: Format) -> None:
    """Print one delivery with its body. Raises `ConfigError` (NotFound, DatabaseRevision), `Transient`."""
    with _jobs() as jobs:
        from hub.actions.inbox.inbox import find

        found = find(jobs, name)
        job = jobs.get(found.job_id) if found.job_id else None
    # What is no UTF-8 stands as \xNN, so that the bytes can still be told.
    body = None if found.body is None else found.body.decode("utf-8", "backslashreplace")
    data = {
        **_data(found),
        "verifiedBy": found.verified_by,
        "headers": dict(found.headers),
        "jobState": job.state if job else None,
        "body": body,
    }

    def people(console: Console) -> None:
        from rich.text import Text

        for label, value in data.items():
            if label not in ("headers", "body"):
                console.print(Text.assemble((f"{label:<12}", "dim"), printable(str(value)) if value else "–"))
        for header, value in found.headers.items():
            console.print(Text(printable(f"{header}: {value}"), "dim"))
        console.print(Text("\n".join(map(printable, body.splitlines())) if body is not None else "(body deleted)"))

    emit(data, output, people)


def replay(name: str, *, output: Format) -> None:
    """Put the jobs of a delivery anew and tell. Raises `ConfigError` (NotFound, InvalidValue), `Transient`."""
    with _jobs() as jobs:
        from hub.actions.inbox import inbox

        kept = inbox.replay(jobs, name)
    if kept.error is not None:
        raise kept.error
    data = {"id": kept.id, "state": kept.state, "jobs": list(kept.jobs), "reason": kept.reason}

    def people(console: Console) -> None:
        told = f"put {', '.join(kept.jobs)}" if kept.jobs else printable(kept.reason or "")
        console.print(f"✓ {printable(kept.id)}: {told}", highlight=False)

    emit(data, output, people)


@contextmanager
def _jobs() -> Iterator[Jobs]:
    database = hub().database()
    from hub.queue.jobs import Jobs
    from hub.store import schema

    try:
        schema.check(database)
        yield Jobs(database)
    finally:
        database.close()


def _data(row: DeliveryRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": format_time(row.created_at),
        "source": row.source,
        "delivery": row.delivery_id,
        "event": row.event,
        "state": row.state,
        "reason": row.reason,
        "job": row.job_id,
    }


def _tell_list(console: Console, rows: Sequence[DeliveryRow], *, more: bool) -> None:
    from rich.text import Text

    from hub.output.columns import tell_table

    if not rows:
        console.print("nothing was delivered that is still kept")
        return
    headings = ("WHEN", "SOURCE", "EVENT", "STATE", "ID", "JOB OR REASON")
    cells = [
        (
            format_time(row.created_at),
            row.source,
            row.event,
            Text(row.state, "red" if row.state == "failed" else ""),
            row.id,
            printable(row.reason or row.job_id or ""),
        )
        for row in rows
    ]
    tell_table(console, headings, cells, wrapped="JOB OR REASON")
    if more:
        console.print("there is more: --limit 1000 shows more, --source and --state narrow it down")
