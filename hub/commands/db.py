"""`rtb-hub db`: the services' database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.output.console import Format, emit, printable
from hub.wiring import hub

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console


def upgrade(*, output: Format) -> None:
    """Bring it to this release's schema and tell. Raises `ConfigError` (DatabaseRevision), `Transient`."""
    database = hub().database()
    from hub.store import schema

    before, after = schema.upgrade(database)
    database.close()

    def people(console: Console) -> None:
        was = f"was {before}" if before else "was empty"
        told = f"has the schema {after} already" if before == after else f"has the schema {after}; it {was}"
        console.print(f"✓ {printable(database.location)} {told}")

    emit({"database": database.location, "before": before, "after": after}, output, people)


def prune(*, dry_run: bool, output: Format) -> None:
    """Delete what was kept for long enough and tell, or tell what would be. Raises `ConfigError`, `Transient`."""
    database = hub().database()
    from hub.store import retention, schema

    try:
        schema.check(database)
        if dry_run:
            with database.read() as connection:
                counts: Mapping[str, int] | None = retention.due(connection, now=database.now(connection))
        else:
            counts = retention.prune(database)
    finally:
        database.close()

    def people(console: Console) -> None:
        if counts is None:
            console.print("another process deletes just now; nothing was done here")
            return
        told = ", ".join(f"{count} {_KINDS[name]}" for name, count in counts.items() if count) or "nothing"
        console.print(f"would delete {told}" if dry_run else f"✓ deleted {told}", highlight=False)

    emit({"database": database.location, "dryRun": dry_run, "rows": counts}, output, people)


_KINDS = {
    "deliveries": "deliveries",
    "bodies": "bodies of deliveries",
    "operations": "operations",
    "jobs": "jobs",
    "audit": "rows of the audit log",
}


def grants(*, apply: bool, prefix: str, output: Format) -> None:
    """Print the SQL of the services' roles, or carry it out and tell. Raises `ConfigError`, `Transient`."""
    ours = hub()
    from hub.wiring import needing_services

    with needing_services():
        from hub.store import grants as store
        from hub.store import schema
    if apply:
        database = ours.database()
        try:
            schema.check(database)
            store.apply(database, prefix)
        finally:
            database.close()
    told = [*store.statements(prefix)]
    names = store.roles(prefix)

    def people(console: Console) -> None:
        if apply:
            console.print(f"✓ granted to {', '.join(names.values())}")
        else:
            for one in told:
                console.print(f"{one};", markup=False, highlight=False, soft_wrap=True)

    emit({"roles": dict(names), "statements": told, "applied": apply}, output, people)
