"""The queue on the database alone keeps the contract of queues, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from contracts.queue_contract import QUICK, QueueContract
from hub.queue.database import DatabaseWorker
from hub.queue.jobs import Jobs
from hub.queue.port import Handler, Pace
from hub.store.database import Database


@dataclass
class DatabaseWorld:
    jobs: Jobs

    def worker(self, handler: Handler, *, pace: Pace = QUICK, most: int = 200) -> DatabaseWorker:
        return DatabaseWorker(self.jobs, handler, pace=pace, most=most)


class TestDatabaseQueue(QueueContract):
    @pytest.fixture
    def world(self, database_url: str) -> Iterator[DatabaseWorld]:
        database = Database(database_url)
        yield DatabaseWorld(Jobs(database))
        database.close()
