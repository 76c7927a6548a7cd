"""Whether a database has our schema, and giving it that: by migrations, or at once when it is new.

A process never migrates by itself; it refuses a schema that is not its own release's. `prepare` is for `rtb-hub serve`,
which owns its SQLite file.
"""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import inspect, text

from generator.errors import ConfigError, Fault, Reason, Remedy, RemedyKind
from hub.store.database import Database
from hub.store.tables import METADATA

MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION = "alembic_version"
#: One process migrates at a time. Any number that nobody else uses.
_TURN = 7_015_001


def revisions() -> tuple[str, ...]:
    """The revisions that this release knows, oldest first: the numbers that its migrations' files begin with."""
    names = (re.match(r"([0-9]{4})_", path.name) for path in (MIGRATIONS / "versions").glob("*.py"))
    return tuple(sorted(name[1] for name in names if name))


def revision(database: Database) -> str | None:
    """The database's revision; None: it has none. Raises as `Database.read`."""
    with database.read() as connection:
        if not inspect(connection).has_table(_VERSION):
            return None
        found: str | None = connection.execute(text(f"SELECT version_num FROM {_VERSION}")).scalar()  # noqa: S608
        return found


def check(database: Database) -> None:
    """Raise `ConfigError` (DatabaseRevision) unless the database's schema is this release's."""
    found, newest = revision(database), revisions()[-1]
    if found == newest:
        return
    if found is None:
        message = f"the database ({database.location}) has no schema yet"
    elif found in revisions():
        message = f"the database ({database.location}) has the schema {found}, and this release needs {newest}"
    else:
        raise _unknown(database, found)
    raise ConfigError(Reason.DATABASE_REVISION, Fault(message, remedy=Remedy(RemedyKind.UPGRADE_DATABASE)))


def upgrade(database: Database) -> tuple[str | None, str]:
    """Migrate to this release's schema; the revision before and after. Raises `ConfigError` (DatabaseRevision)."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.write() as connection:
        database.take_turns(connection, _TURN)
        there = inspect(connection).has_table(_VERSION)
        before = connection.execute(text(f"SELECT version_num FROM {_VERSION}")).scalar() if there else None  # noqa: S608
        if before is not None and before not in revisions():
            raise _unknown(database, before)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, revisions()[-1]


def prepare(database: Database) -> None:
    """Give a database that `serve` owns its schema: at once where there is nothing, else by migrations.

    A new one is made from the tables: Alembic takes as long to load as all else of a start. Raises as `upgrade`.
    """
    found = revision(database)
    if found == revisions()[-1]:
        return
    if found is not None:
        upgrade(database)
        return
    with database.write() as connection:
        if inspect(connection).has_table(_VERSION):
            return  # another process was quicker
        METADATA.create_all(connection)
        key = "version_num VARCHAR(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY"
        connection.execute(text(f"CREATE TABLE {_VERSION} ({key})"))
        connection.execute(text(f"INSERT INTO {_VERSION} VALUES (:newest)"), {"newest": revisions()[-1]})  # noqa: S608


def _unknown(database: Database, found: str) -> ConfigError:
    message = f"the database ({database.location}) has the schema {found[:40]!r}, which this release does not know"
    remedy = "use the release that made it, or a newer one: nothing was changed"
    return ConfigError(Reason.DATABASE_REVISION, Fault(message, allowed=", ".join(revisions()), remedy=remedy))
