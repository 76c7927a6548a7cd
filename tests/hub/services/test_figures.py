"""The figures of services, each told by the process that knows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.queue_contract import QUICK, Hand, job
from generator.errors import ConfigError, Reason, Waiting
from hub.queue.database import DatabaseWorker
from hub.queue.jobs import Jobs
from hub.queue.port import Finished
from hub.services.listener.upkeep import sample
from hub.services.single import sample as sample_dashboard
from hub.store import catch_ups
from hub.store.catch_ups import CaughtUp
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from hub.telemetry import metrics
from worlds.api_world import api_world
from worlds.serving import Serving
from worlds.telling import Told


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    database = Database(sqlite_url(tmp_path / "hub.sqlite"))
    prepare(database)
    yield Jobs(database)
    database.close()


def test_a_worker_tells_of_each_job_it_did(jobs: Jobs) -> None:
    told, hand = Told(), Hand()
    worker = DatabaseWorker(jobs, hand, pace=QUICK, telemetry=told.telemetry)
    worker.start()
    for name, outcome in (
        ("one", Finished()),
        ("two", Waiting(Reason.IMAGE_NOT_THERE, "no image", retry_after_seconds=900)),
        ("three", ConfigError(Reason.INVALID_VALUE, "no job")),
    ):
        jobs.put(job(f"op-{name}", name="preview.start", key=""))
        hand.finish(f"op-{name}", outcome)
    assert worker.stop()
    start = {"name": "preview.start"}
    assert told.figure(metrics.JOB_ATTEMPTS, **start) == 3
    assert [told.figure(metrics.JOB_SECONDS, **start, outcome=one) for one in ("done", "waiting", "dead")] == [1, 1, 1]
    assert told.figure(metrics.OPERATION_SECONDS, kind="preview.start") == 1


def test_what_others_call_a_job_makes_no_series(jobs: Jobs) -> None:
    told, hand = Told(), Hand()
    worker = DatabaseWorker(jobs, hand, pace=QUICK, telemetry=told.telemetry)
    worker.start()
    for number in range(5):
        jobs.put(job(f"op-{number}", name=f"RTB-{number}", key=""))
        hand.finish(f"op-{number}")
    assert worker.stop()
    assert told.series(metrics.JOB_ATTEMPTS) == [{"name": metrics.OTHER}]


def test_a_listener_tells_of_what_waits_and_since_when(jobs: Jobs) -> None:
    told = Told()
    sample(jobs.database, told.telemetry)
    assert told.figure(metrics.JOBS, queue="jira-queue", state="pending") == 0
    with jobs.database.write() as connection:
        now = jobs.database.now(connection)
        catch_ups.keep(connection, jobs.database, "github/1", CaughtUp(good_at=now))
    jobs.put(job("op-1", run_at=now - timedelta(seconds=90)))
    jobs.put(job("op-2", run_at=now + timedelta(hours=1)))
    sample(jobs.database, told.telemetry)
    assert told.figure(metrics.JOBS, queue="jira-queue", state="pending") == 2
    assert 90 <= (told.figure(metrics.JOB_OLDEST, queue="jira-queue") or 0) < 150
    assert told.figure(metrics.JOB_OLDEST, queue="figma-queue") == 0
    assert told.figure(metrics.CATCH_UP_AT, source="github") == now.timestamp()


def test_a_dashboard_tells_of_requests_by_route_and_how_old_its_snapshot_is(tmp_path: Path, jobs: Jobs) -> None:
    told = Told()
    serving = Serving(tmp_path / "state.git", sqlite_url(tmp_path / "hub.sqlite"))
    with api_world(serving, works=False) as world:
        world.api.telemetry = told.telemetry
        world.get("/api/v1/previews", by="viewer")
        world.get("/api/v1/previews/int/RTB-1", by="viewer")
        world.get("/api/v1/previews/int/RTB-2", by="viewer")
        world.client.get("/no/such/path/RTB-7")
        world.get("/api/v1/previews", by=None)
        routes = {(one["route"], one["status"]) for one in told.series(metrics.REQUEST_SECONDS)}
        assert ("/api/v1/previews", "2xx") in routes
        assert ("/api/v1/previews", "4xx") in routes
        assert not any("RTB" in route for route, _ in routes)
        assert len(routes) <= 5
        sample_dashboard(world.api)
        assert told.figure(metrics.SSE_CLIENTS) == 0
        assert 0 <= (told.figure(metrics.SNAPSHOT_AGE) or 0) < 60
    serving.close()
