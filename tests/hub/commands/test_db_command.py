"""`rtb-hub db upgrade`, on SQLite and on PostgreSQL."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hub.store.database import Database, sqlite_url
from hub.store.schema import check
from worlds.commands import must, rtb_hub


def test_a_new_database_gets_the_schema_once(tmp_path: Path) -> None:
    data = {"RTB_HUB_DATA": str(tmp_path / "data")}
    first = must("db", "upgrade", "--output", "json", **data).json()
    second = must("db", "upgrade", **data)
    assert (first["before"], first["after"] > "0000") == (None, True)
    assert f"{tmp_path / 'data' / 'hub.sqlite'} has the schema {first['after']} already" in second.out
    check(Database(sqlite_url(tmp_path / "data" / "hub.sqlite")))


def test_the_url_says_which_database(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "url").write_text(database_url)
    ran = must("db", "upgrade", RTB_HUB_DATABASE_URL_FILE=str(tmp_path / "url"))
    assert "already" in ran.out


def test_a_database_of_another_release_is_left_as_it_is(tmp_path: Path) -> None:
    must("db", "upgrade", RTB_HUB_DATA=str(tmp_path))
    database = Database(sqlite_url(tmp_path / "hub.sqlite"))
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    ran = rtb_hub("db", "upgrade", RTB_HUB_DATA=str(tmp_path))
    assert (ran.code, "9999" in ran.err) == (71, True)


def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    ran = rtb_hub("db", "upgrade", RTB_HUB_DATABASE_URL="postgresql://hub:s3cr3t@127.0.0.1:1/hub")
    assert (ran.code, "s3cr3t" in ran.err, "127.0.0.1/hub" in ran.err) == (70, False, True)


def test_where_the_services_are_not_installed_it_says_how(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    for name in [name for name in sys.modules if name.startswith("hub.store")]:
        monkeypatch.delitem(sys.modules, name)
    ran = rtb_hub("db", "upgrade", RTB_HUB_DATA=str(tmp_path))
    assert (ran.code, "rtb-ai-hub[services]" in ran.err) == (14, True)
