"""While PostgreSQL takes no connections: nothing is acknowledged, nothing is taken, reading goes on; then all of it does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contracts.queue_contract import PATIENCE, QUICK
from hub.queue.jobs import Jobs
from hub.services.binding import answers
from hub.services.worker.service import working
from hub.store.database import Database
from worlds.api_world import api_world
from worlds.delivering import from_jira, inbox, issue
from worlds.serving import IMAGES, Serving, job


@dataclass
class Breakable:
    """A database of its own on the real server."""

    server: Any
    url: str

    @contextmanager
    def down(self) -> Iterator[None]:
        name = self.url.rpartition("/")[2]
        self.server.say(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        self.server.say(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        try:
            yield
        finally:
            self.server.say(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


@pytest.fixture
def breakable(postgres: Any, postgres_template: str) -> Iterator[Breakable]:
    with postgres.database(like=postgres_template) as url:
        yield Breakable(postgres, url)


def wait_for(holds: Callable[[], bool]) -> None:
    """Until it holds; of what lasts."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_listener_acknowledges_nothing_and_takes_it_the_next_time(breakable: Breakable) -> None:
    database = Database(breakable.url)
    here, is_up = inbox(Jobs(database)), answers(database)
    assert is_up()
    with breakable.down():
        refused = here.send("jira", issue(), from_jira(issue()))
        assert (refused.status_code, refused.headers["retry-after"], is_up()) == (503, "10", False)
    assert here.send("jira", issue(), from_jira(issue())).status_code == 202
    assert (len(here.kept()), len(here.put()), is_up()) == (1, 1, True)
    database.close()


def test_a_worker_takes_nothing_and_goes_on(breakable: Breakable, tmp_path: Path) -> None:
    serving = Serving(tmp_path / "state.git", breakable.url)
    with working(serving.parts(), serving.jobs, pace=QUICK) as worker:
        serving.put(job("op-1"))
        serving.ended("op-1")
        with breakable.down():
            wait_for(lambda: not worker.is_well)
            assert worker.is_running
        serving.put(job("op-2", issue="RTB-2"))
        serving.ended("op-2")
        wait_for(lambda: worker.is_well)
    assert serving.operations() == ["op-1", "op-2"]
    serving.close()


def test_a_dashboard_reads_on_and_says_that_it_cannot_write(breakable: Breakable, tmp_path: Path) -> None:
    serving = Serving(tmp_path / "state.git", breakable.url)
    body = {"issue": "RTB-1", "environment": "int", "images": dict(IMAGES)}
    with api_world(serving, works=False) as world:
        with breakable.down():
            assert world.get("/api/v1/previews", by="viewer").status_code == 200
            refused = world.post("/api/v1/previews", by="operator", json=body)
            assert (refused.status_code, refused.json()["reason"]) == (503, "DatabaseUnreachable")
        assert world.post("/api/v1/previews", by="operator", json=body).status_code == 202
    assert len(serving.jobs.listed()) == 1
    serving.close()
