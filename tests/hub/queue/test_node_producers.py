"""Node programs put jobs into BullMQ's queues, by the versions of it that they use, and the worker here runs them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.queue_contract import QUICK, at_once, job, working
from generator.errors import Reason, Transient
from hub.queue.bullmq import BullWorker
from hub.queue.jobs import Jobs
from hub.queue.port import Claimed, Finished
from hub.queue.relay import RelayPace, relayed
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.node_producing import installed, produce
from worlds.valkey import Valkey, valkey

WORDS = "디자인이 바뀜 ✓"


@pytest.fixture(scope="module", params=["bullmq5", "bullmq6"])
def producer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one version of BullMQ, as its lock file says."""
    return installed(request.param, tmp_path_factory.mktemp("node") / request.param)


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as made:
        yield made


def test_what_node_puts_is_run_once_whatever_its_options_are(producer: Path, server: Valkey, tmp_path: Path) -> None:
    with server.client() as one:
        one.flushall()
    database = Database(sqlite_url(tmp_path / "hub.sqlite"))
    prepare(database)
    jobs, seen = Jobs(database), []

    def run(claimed: Claimed) -> Finished:
        seen.append((claimed.row.id, claimed.row.payload["reason"]))
        if claimed.row.id == "op-1" and not claimed.attempts:
            raise Transient(Reason.REPOSITORY_UNREACHABLE, "gone")
        return Finished()

    said = {**job("op-1").payload, "issue": "RTB-1", "environment": "int", "reason": WORDS}
    plain = {"name": "preview.extend", "data": said, "opts": {"jobId": "op-1", "attempts": 5, "backoff": 1}}
    others = [{**plain, "opts": opts} for opts in ({"jobId": "op-2", "priority": 3}, {"jobId": "op-3", "delay": 5}, {})]
    worker = BullWorker(jobs, at_once(run), pace=QUICK, url=server.url)
    with relayed(jobs, server.url, pace=RelayPace(poll=timedelta(milliseconds=20))), working(worker):
        produce(producer, server.port, "{jira-queue}", plain, *others, plain)
        produce(producer, server.port, "{figma-queue}", {**plain, "opts": {"jobId": "figma-1"}})
        pause = threading.Event()
        for _ in range(1500):
            if jobs.counts() == {("jira-queue", "done"): 4, ("figma-queue", "done"): 1}:
                break
            pause.wait(0.02)
    numbered = {name for name, _ in seen} - {"op-1", "op-2", "op-3", "figma-1"}
    assert [name.startswith("jira-queue-") for name in numbered] == [True], "BullMQ numbered it"
    assert len(seen) == 6, "each once, and the first once more"
    assert {reason for _, reason in seen} == {WORDS}
    database.close()
