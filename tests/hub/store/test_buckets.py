"""Token buckets hold for all who share a database, whatever its clock does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from generator.errors import ConfigError, Reason
from hub.store import buckets
from hub.store.database import Database

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(database_url: str, clock: Clock) -> Iterator[Database]:
    made = Database(database_url, clock=clock)
    yield made
    made.close()


def gets(database: Database, name: str = "write/alice") -> bool:
    try:
        with database.write() as connection:
            buckets.take(connection, database, name, most=6, within=MINUTE)
    except ConfigError as err:
        assert err.reason is Reason.TOO_MANY_REQUESTS
        return False
    return True


def test_so_many_are_had_at_once_and_come_back_evenly(database: Database, clock: Clock) -> None:
    assert [gets(database) for _ in range(8)] == [True] * 6 + [False] * 2
    assert gets(database, "write/bob")
    clock.now += timedelta(seconds=9.9)
    assert not gets(database)
    clock.now += timedelta(seconds=10.2)
    assert [gets(database) for _ in range(3)] == [True, True, False]
    clock.now += timedelta(days=400)
    assert [gets(database) for _ in range(7)] == [True] * 6 + [False]


def test_a_clock_that_goes_back_gives_and_takes_nothing(database: Database, clock: Clock) -> None:
    assert [gets(database) for _ in range(5)] == [True] * 5
    clock.now = NOW - timedelta(minutes=10)
    assert gets(database)
    for minutes in (-10, 0):
        clock.now = NOW + timedelta(minutes=minutes)
        assert not gets(database)
    clock.now = NOW + timedelta(seconds=10)
    assert gets(database)


def test_of_many_at_once_no_more_than_those_get_one(database: Database) -> None:
    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(lambda _: gets(database), range(40))) == 6
