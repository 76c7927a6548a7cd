"""One database: connections, transactions, its clock, and whether its schema is ours.

SQLite: WAL, `synchronous=FULL` (what was acknowledged survives a power failure), writes begin IMMEDIATE, and threads
of one process take turns, since SQLite's own waiting is a pause that grows. PostgreSQL: bounded in time everywhere, so
that a lock that somebody holds is an error and no standstill.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from generator.errors import ConfigError, Fault, Reason, Transient

_BUSY_SECONDS = 10
_STATEMENT_SECONDS = 30
_ALLOWED = "postgresql://USER:PASSWORD@HOST/NAME or sqlite:///FILE"


class Cursor(Protocol):
    """What of a driver's connection the hooks below use."""

    def execute(self, statement: str) -> Any: ...  # noqa: D102


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


class Database:
    """The database at a URL. Threads may share one. `clock`: another than its own, for tests."""

    def __init__(self, url: str, *, clock: Callable[[], datetime] | None = None) -> None:
        """Opens no connection. Raises `ConfigError` (InvalidValue) for a URL of another kind."""
        parsed = _parsed(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self._clock = clock
        self._turn = threading.Lock()
        #: For people, without credentials.
        self.location = (
            f"sqlite {parsed.database}" if self.is_sqlite else f"{parsed.host or 'socket'}/{parsed.database}"
        )
        self._engine = _sqlite_engine(parsed) if self.is_sqlite else _postgresql_engine(parsed)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that ends with the block; an exception undoes it.

        Raises `Transient` (DatabaseUnreachable) for a database that cannot be reached or is busy for too long.
        """
        with self._turn if self.is_sqlite else nullcontext(), _declared(self.location), self._engine.begin() as one:
            yield one

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that writes nothing. Raises as `write`."""
        with _declared(self.location), self._engine.connect() as plain:
            connection = plain.execution_options(rtb_hub_reads=True)
            with connection.begin():
                yield connection

    def now(self, connection: Connection) -> datetime:
        """The database's own time, which all processes that share it go by."""
        if self._clock is not None:
            return self._clock()
        if self.is_sqlite:
            return datetime.now(UTC)  # one file, one machine
        now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return now.astimezone(UTC)

    def take_turns(self, connection: Connection, name: int) -> None:
        """Until its transaction ends nobody else is past this line with the same `name`."""
        if not self.is_sqlite:  # BEGIN IMMEDIATE does it there
            connection.execute(text("SELECT pg_advisory_xact_lock(:name)"), {"name": name})

    def try_turn(self, connection: Connection, name: int) -> bool:
        """As `take_turns`, but at once False where somebody else has the turn."""
        if self.is_sqlite:
            return True
        tried = text("SELECT pg_try_advisory_xact_lock(:name)")
        return bool(connection.execute(tried, {"name": name}).scalar_one())

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that can be told what to do about a row that is there.

        Ask for the row with `returning()`: the number of rows is -1 by psycopg, added or not (sqlalchemy#10974).
        """
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
        name = parsed.get_backend_name()
    except (ArgumentError, ValueError) as err:
        raise _not_a_database() from err
    if name == "sqlite" and parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg") and parsed.database:
        return parsed.set(drivername="postgresql+psycopg")
    raise _not_a_database()


def _not_a_database() -> ConfigError:
    fault = Fault("the database's URL cannot be used", field="RTB_HUB_DATABASE_URL", allowed=_ALLOWED)
    return ConfigError(Reason.INVALID_VALUE, fault)


@contextmanager
def _declared(location: str) -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as err:
        origin = getattr(err, "orig", None) or err
        why = str(origin).strip().partition("\n")[0][:200]
        message = f"the database ({location}) does not answer: {type(origin).__name__}: {why}"
        remedy = "it is tried again; look whether it runs and has room"
        raise Transient(Reason.DATABASE_UNREACHABLE, Fault(message, remedy=remedy)) from err
    except UnicodeEncodeError as err:  # such as an argument whose bytes are not UTF-8
        message = "a given text is not valid Unicode"
        raise ConfigError(Reason.INVALID_VALUE, Fault(message, allowed="Unicode text")) from err


def _sqlite_engine(url: URL) -> Engine:
    path = Path(url.database or "")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # for its owner only, like what SQLite puts beside it
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS}, pool_size=8, max_overflow=32)

    def opened(connection: Any, record: object) -> None:
        del record
        connection.isolation_level = None  # transactions begin as said below
        for line in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {line}")

    def begun(connection: Connection) -> None:
        reads = connection.get_execution_options().get("rtb_hub_reads")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    event.listen(engine, "connect", opened)
    event.listen(engine, "begin", begun)
    return engine


def _postgresql_engine(url: URL) -> Engine:
    limits = {
        "statement_timeout": _STATEMENT_SECONDS,
        "lock_timeout": _BUSY_SECONDS,
        "idle_in_transaction_session_timeout": 2 * _STATEMENT_SECONDS,
    }
    options = " ".join(f"-c {name}={seconds * 1000}" for name, seconds in limits.items())
    connect: dict[str, Any] = {"connect_timeout": 5, "options": options, "application_name": "rtb-hub"}
    return create_engine(url, connect_args=connect, pool_pre_ping=True, pool_size=8, max_overflow=8, pool_timeout=10)
