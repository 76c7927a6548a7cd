"""What was kept for long enough is deleted, a batch at a time, by one process; what is open stays for ever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from hub.store import audit, retention
from hub.store.audit import Entry
from hub.store.database import Database
from hub.store.tables import AUDIT, DELIVERIES, JOBS, METADATA, OPERATIONS
from worlds.commands import must, rtb_hub

DAY = timedelta(days=1)
NONE = {"deliveries": 0, "bodies": 0, "operations": 0, "jobs": 0, "audit": 0}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


def now() -> datetime:
    return datetime.now(UTC)


def add_job(
    database: Database, name: str, *, state: str = "done", days: float = 366, parent: str | None = None
) -> None:
    at = now() - days * DAY
    row: dict[str, Any] = {
        "id": name, "created_at": at, "queue": "q", "name": "n", "payload": {}, "key": "", "replaces": False,
        "state": state, "run_at": at, "attempts": 1, "crashes": 0, "parent": parent,
        "ended_at": at if state in ("done", "dead", "superseded") else None,
    }  # fmt: skip
    with database.write() as connection:
        connection.execute(JOBS.insert().values(row))


def add_operation(database: Database, job: str, *, days: float = 366) -> None:
    row = {
        "id": job, "created_at": now() - days * DAY, "kind": "preview.start", "key": "int/RTB-1", "request": {},
        "requested_by": "alice", "via": "api", "principal": "alice", "job_id": job,
    }  # fmt: skip
    with database.write() as connection:
        connection.execute(OPERATIONS.insert().values(row))


def add_delivery(database: Database, name: str, *, days: float) -> None:
    row = {
        "id": name, "created_at": now() - days * DAY, "source": "github", "delivery_id": name, "event": "push",
        "headers": {}, "body": b"x", "verified_by": "secret", "state": "ignored",
    }  # fmt: skip
    with database.write() as connection:
        connection.execute(DELIVERIES.insert().values(row))


def add_audit(database: Database, *, days: float) -> None:
    with database.write() as connection:
        audit.add(connection, Entry("alice", "api", "preview.start", "int/RTB-1", "allowed"), now=now() - days * DAY)


def left(database: Database) -> dict[str, set[str]]:
    with database.read() as connection:
        return {
            table.name: set(connection.execute(select(table.c.id)).scalars())
            for table in (DELIVERIES, JOBS, OPERATIONS)
        }


def fill(database: Database) -> None:
    for name, days in (("young", 13.9), ("bodiless", 14.1), ("gone", 90.1)):
        add_delivery(database, name, days=days)
    for state in ("pending", "sent", "active", "waiting"):
        add_job(database, f"open-{state}", state=state, days=4000)
        add_operation(database, f"open-{state}", days=4000)
    for state in ("done", "dead", "superseded"):
        add_job(database, f"old-{state}", state=state)
        add_job(database, f"new-{state}", state=state, days=364)
    add_operation(database, "old-done")
    add_operation(database, "new-done", days=4000)  # asked for long ago, and ended since
    add_job(database, "review", parent="new-done")  # an operation that is kept tells of it
    for days in (364, 366):
        add_audit(database, days=days)


def test_what_is_old_goes_and_what_is_open_stays(database: Database) -> None:
    fill(database)
    counts = {"deliveries": 1, "bodies": 1, "operations": 1, "jobs": 3, "audit": 1}
    with database.read() as connection:
        assert retention.due(connection, now=now()) == counts
    assert retention.prune(database) == counts
    found = left(database)
    assert found["deliveries"] == {"young", "bodiless"}
    kept = {f"open-{state}" for state in ("pending", "sent", "active", "waiting")} | {"new-done"}
    assert found["operations"] == kept
    assert found["jobs"] == {*kept, "new-dead", "new-superseded", "review"}
    assert retention.prune(database) == NONE


def test_it_goes_by_bounded_transactions_and_turns(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    monkeypatch.setattr(retention, "MOST_BATCHES", 2)
    for number in range(8):
        add_delivery(database, f"d{number}", days=100)
        add_audit(database, days=400)
    told = [retention.prune(database) for _ in range(3)]
    assert [(one or {})["deliveries"] for one in told] == [6, 2, 0]
    assert [(one or {})["audit"] for one in told] == [6, 2, 0]


def test_of_two_at_once_one_does_it(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("one file, one process")
    add_delivery(database, "old", days=100)
    with database.write() as connection:
        assert database.try_turn(connection, retention._TURN)
        assert retention.prune(database) is None
    assert retention.prune(database) == {**NONE, "deliveries": 1}


def test_every_table_that_grows_by_what_comes_in_is_pruned() -> None:
    pruned = {kind.table.name for kind in retention._KINDS}
    # The others grow by what people set up or by what there is; sign-ins have an end of their own.
    few = {
        "principals", "identities", "service_tokens", "freezes", "messages", "catch_ups", "buckets",
        "sessions", "refresh_tokens", "signing_keys", "devices", "slack_links",
    }  # fmt: skip
    assert set(METADATA.tables) - few <= pruned


def test_the_command_prints_and_does(database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTB_HUB_DATABASE_URL", database_url)
    fill(database)
    dry = must("db", "prune", "--dry-run", "--output", "json").json()
    assert (dry["dryRun"], dry["rows"]["jobs"]) == (True, 3)
    assert "would delete 1 deliveries, 1 bodies of deliveries" in must("db", "prune", "--dry-run").out
    assert "deleted 1 deliveries" in must("db", "prune").out
    assert "deleted nothing" in must("db", "prune").out


def test_no_database_of_another_schema_is_pruned(database: Database, database_url: str) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert rtb_hub("db", "prune", RTB_HUB_DATABASE_URL=database_url).code == 71
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(AUDIT)).scalar_one() == 0
