"""`rtb-hub db`: the services' database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.output.console import Format, emit, printable
from hub.wiring import hub

if TYPE_CHECKING:
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
