"""One row for a message: taken by one at a time, free again when its holder is gone. On both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.store import messages
from hub.store.database import Database
from hub.store.messages import LEASE, MessageRow
from hub.store.tables import JOBS

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
KEY, CHANNEL = "int/RTB-1", "jira-comment"


class Clock:
    def __init__(self) -> None:
        self.now = NOW

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


def take(database: Database, token: str) -> MessageRow | None:
    with database.write() as connection:
        return messages.take(connection, database, KEY, CHANNEL, token=token)


def give_back(database: Database, row: MessageRow) -> bool:
    with database.write() as connection:
        return messages.give_back(connection, row)


def test_a_row_is_one_holders_until_it_is_given_back(database: Database) -> None:
    row = take(database, "a")
    assert row is not None
    assert (row.state, row.external_id, row.token, row.was_held) == ("open", None, "a", False)
    assert take(database, "b") is None
    told = {"digest": "d", "phase": "running"}
    assert give_back(database, replace(row, external_id="7", told=told, intent_at=NOW, look_at=NOW))
    again = take(database, "b")
    assert again is not None
    assert (again.id, again.external_id, again.told, again.was_held) == (row.id, "7", told, False)
    assert (again.intent_at, again.look_at) == (NOW, NOW)
    with database.read() as connection:
        assert set(messages.of_channel(connection, CHANNEL, ["int/RTB-2", KEY])) == {KEY}
        assert messages.of_channel(connection, "jira-link", [KEY]) == {}


def test_what_told_its_last_word_is_read_only_when_it_is_asked_for(database: Database) -> None:
    row = take(database, "a")
    assert row is not None

    def found() -> tuple[set[str], set[str]]:
        with database.read() as connection:
            several = [*(f"int/RTB-{number}" for number in range(2, 1200)), KEY]
            return {*messages.open_keys(connection, CHANNEL)}, {*messages.of_channel(connection, CHANNEL, several)}

    assert found() == ({KEY}, {KEY})
    assert give_back(database, replace(row, state="closed"))
    assert found() == (set(), {KEY})


def test_whoever_comes_after_one_that_died_knows_it(database: Database, clock: Clock) -> None:
    first = take(database, "a")
    assert first is not None
    clock.now += LEASE - timedelta(seconds=1)
    with database.write() as connection:
        assert messages.keep(connection, database, replace(first, external_id="7"))
    clock.now += LEASE - timedelta(seconds=1)
    assert take(database, "b") is None, "it was kept for as long again"
    clock.now += timedelta(seconds=1)
    second = take(database, "b")
    assert second is not None
    assert (second.external_id, second.was_held) == ("7", True)
    assert not give_back(database, replace(first, external_id="8")), "it is another's by now"
    assert give_back(database, second)
    third = take(database, "c")
    assert third is not None
    assert (third.external_id, third.was_held) == ("7", False)


def test_of_many_at_once_one_has_it(database: Database) -> None:
    got: list[Any] = []
    gate = threading.Barrier(8)

    def run(number: int) -> None:
        gate.wait(30)
        got.append(take(database, f"worker-{number}"))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(got) == 8
    assert sum(one is not None for one in got) == 1


def test_where_a_change_is_reviewed_is_the_newest_jobs_answer(database: Database) -> None:
    def add(number: int, result: Any, state: str = "done") -> None:
        row = {
            "id": f"op-{number}-review", "created_at": NOW, "queue": "q", "name": "request.review", "payload": {},
            "key": "review/prd/RTB-1", "replaces": False, "state": state, "run_at": NOW, "attempts": 1, "crashes": 0,
            "result": result,
        }  # fmt: skip
        with database.write() as connection:
            connection.execute(JOBS.insert().values(row))

    def url() -> str:
        with database.read() as connection:
            return messages.review_of(connection, "prd/RTB-1")

    assert url() == ""
    add(1, {"request": {"url": "https://forge/1"}})
    add(2, {"request": {"url": "https://forge/2"}})
    add(3, None, "dead")
    assert url() == "https://forge/2"
    add(4, {"request": None, "notYet": "no account"})
    assert url() == ""
