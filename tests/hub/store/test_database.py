"""The database: schema and migrations, transactions, errors that say what to do, on SQLite and on PostgreSQL."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, select, text

from generator.errors import ConfigError, Reason, Transient
from hub.store import schema
from hub.store.database import Database, sqlite_url
from hub.store.tables import DELIVERIES, FREEZES, METADATA
from worlds.postgres import Server

NOW = datetime(2026, 11, 27, 2, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        made = Database(sqlite_url(tmp_path / "deep" / "hub.sqlite"))
        yield made
        made.close()
        return
    with request.getfixturevalue("postgres").database() as url:
        made = Database(url)
        yield made
        made.close()


def shape(database: Database) -> dict[str, Any]:
    """All that the database says of its tables."""
    with database.read() as connection:
        seen = inspect(connection)
        return {
            table: {
                "columns": {
                    column["name"]: (str(column["type"]), column["nullable"]) for column in seen.get_columns(table)
                },
                "key": seen.get_pk_constraint(table),
                "unique": sorted(one["name"] or "" for one in seen.get_unique_constraints(table)),
                "indexes": sorted((one["name"] or "", tuple(one["column_names"])) for one in seen.get_indexes(table)),
                "foreign": seen.get_foreign_keys(table),
            }
            for table in sorted(seen.get_table_names())
        }


def test_migrations_and_tables_come_to_the_same(empty: Database, database: Database) -> None:
    if empty.is_sqlite != database.is_sqlite:
        pytest.skip("of two kinds")
    assert schema.upgrade(empty) == (None, schema.revisions()[-1])
    assert set(shape(empty)) == {*METADATA.tables, "alembic_version"}
    assert shape(empty) == shape(database)
    assert schema.upgrade(empty) == (schema.revisions()[-1], schema.revisions()[-1])
    schema.check(empty)


def test_a_database_without_a_schema_is_refused_and_nothing_is_made(empty: Database) -> None:
    with pytest.raises(ConfigError, match="has no schema yet") as refused:
        schema.check(empty)
    assert refused.value.reason is Reason.DATABASE_REVISION
    assert shape(empty) == {}


def test_an_unknown_revision_is_refused_by_all(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = shape(database)
    for act in (schema.check, schema.upgrade, schema.prepare):
        with pytest.raises(ConfigError, match="'9999', which this release does not know") as refused:
            act(database)
        assert refused.value.reason is Reason.DATABASE_REVISION
    assert shape(database) == before


def test_one_that_is_made_twice_at_once_is_made_once(empty: Database) -> None:
    schema.prepare(empty)
    schema.prepare(empty)
    schema.check(empty)


def row(name: str) -> dict[str, Any]:
    return {
        "id": name, "created_at": NOW, "source": "github", "delivery_id": "same", "event": "push",
        "headers": {"a\0b": "한글 \ud800"}, "body": b"\0\xff", "verified_by": "hmac", "state": "new",
    }  # fmt: skip


def test_of_two_alike_one_is_added_and_both_are_told(database: Database) -> None:
    told = []
    for name in ("one", "two"):
        with database.write() as connection:
            added = database.insert(DELIVERIES).values(row(name)).on_conflict_do_nothing().returning(DELIVERIES.c.id)
            told.append(connection.execute(added).first())
    assert [bool(one) for one in told] == [True, False]


def test_what_is_kept_comes_back_as_it_was(database: Database) -> None:
    with database.write() as connection:
        connection.execute(DELIVERIES.insert().values(row("one")))
        seoul = NOW.astimezone(timezone(timedelta(hours=9)))
        freeze = {"id": "f", "created_at": seoul, "scope": "*", "reason": "", "by": "a", "until": seoul}
        connection.execute(FREEZES.insert().values(freeze))
    with database.read() as connection:
        kept = connection.execute(select(DELIVERIES)).one()
        until = connection.execute(select(FREEZES.c.until).where(FREEZES.c.until <= NOW)).scalar_one()
    assert (kept.headers, kept.body, kept.created_at) == (row("one")["headers"], b"\0\xff", NOW)
    assert (until, until.utcoffset()) == (NOW, timedelta(0))


def test_a_time_without_its_offset_is_a_mistake(database: Database) -> None:
    with pytest.raises(Exception, match="no offset"), database.write() as connection:
        connection.execute(DELIVERIES.insert().values({**row("one"), "created_at": NOW.replace(tzinfo=None)}))


def test_an_exception_undoes_the_transaction(database: Database) -> None:
    def fail() -> None:
        with database.write() as connection:
            connection.execute(DELIVERIES.insert().values(row("one")))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with database.read() as connection:
        assert connection.execute(select(DELIVERIES)).first() is None


def test_threads_write_one_after_another_and_none_is_refused(database: Database) -> None:
    def write(number: int) -> None:
        with database.write() as connection:
            connection.execute(DELIVERIES.insert().values({**row(f"d{number}"), "delivery_id": str(number)}))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with database.read() as connection:
        assert len(connection.execute(select(DELIVERIES)).all()) == 20


def test_its_own_clock_is_the_databases(database: Database) -> None:
    with database.read() as connection:
        assert abs(database.now(connection) - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_server_that_is_not_there_is_transient_and_names_no_password() -> None:
    gone = Database("postgresql://hub:s3cr3t@127.0.0.1:1/hub")
    with pytest.raises(Transient) as refused, gone.read():
        pass
    assert refused.value.reason is Reason.DATABASE_UNREACHABLE
    assert "127.0.0.1/hub" in str(refused.value)
    assert "s3cr3t" not in str(refused.value)


def test_a_server_that_comes_back_is_used_again(postgres: Server, postgres_template: str) -> None:
    with postgres.database(like=postgres_template) as url:
        database = Database(url)
        schema.check(database)
        postgres.say("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rtb-hub'")
        schema.check(database)
        database.close()


@pytest.mark.parametrize(
    "url", ["mysql://a/b", "sqlite://", "sqlite:///:memory:", "postgresql+asyncpg://a/b", "postgresql://host", "x", ""]
)
def test_another_kind_of_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError, match="the database's URL cannot be used; allowed: postgresql://") as refused:
        Database(url)
    assert refused.value.faults[0].field == "RTB_HUB_DATABASE_URL"


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "own" / "hub.sqlite"))
    schema.prepare(database)
    with database.write() as connection:
        connection.execute(DELIVERIES.insert().values(row("one")))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "own").iterdir()}
    assert modes["hub.sqlite"] == modes["hub.sqlite-wal"] == 0o600
    database.close()


def test_text_that_is_not_unicode_is_refused(database: Database) -> None:
    with pytest.raises(ConfigError, match="not valid Unicode") as told, database.read() as connection:
        connection.execute(select(FREEZES).where(FREEZES.c.id == "RTB-1\udcff"))
    assert told.value.reason is Reason.INVALID_VALUE
