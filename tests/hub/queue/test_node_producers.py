"""Node programs put jobs into BullMQ's queues, by the versions of it that they use, and the worker here runs them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from test_producers import ED, OTHER, jwk

from contracts.queue_contract import QUICK, at_once, job, working
from generator.errors import Reason, Transient
from hub.queue.bullmq import BullWorker
from hub.queue.jobs import Jobs
from hub.queue.port import Claimed, Finished
from hub.queue.producers import read_producers
from hub.queue.relay import RelayPace, relayed
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.node_producing import installed, produce
from worlds.places import ROOT
from worlds.serving import payload
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


def test_what_node_signs_is_run_and_nothing_else(producer: Path, server: Valkey, tmp_path: Path) -> None:
    with server.client() as one:
        one.flushall()
    (program,) = re.findall(r"```js\n(.*?)```", (ROOT / "docs" / "INSTALL.md").read_text(encoding="utf-8"), re.DOTALL)
    (producer / "signed.mjs").write_text(program, encoding="utf-8")
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [jwk("ed")]}))
    database = Database(sqlite_url(tmp_path / "hub.sqlite"))
    prepare(database)
    jobs, pem = Jobs(database), (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    keys = [key.private_bytes(*pem, serialization.NoEncryption()).decode() for key in (ED, OTHER)]
    asked = {"issue": "RTB-1", "environment": "int", "reason": WORDS, "requestedAt": datetime.now(UTC).isoformat()}
    said = [{"name": "preview.extend", "data": {**payload(f"op-{number}"), **asked}} for number in (1, 2)]
    plain = {"name": "preview.extend", "data": {**payload("op-3"), **asked}, "opts": {"jobId": "op-3"}}
    trusted = read_producers(tmp_path / "keys.json", takes_unsigned=False)
    worker = BullWorker(jobs, at_once(lambda _: Finished()), pace=QUICK, url=server.url, producers=trusted)
    with relayed(jobs, server.url, pace=RelayPace(poll=timedelta(milliseconds=20))), working(worker):
        produce(producer, server.port, "{jira-queue}", said[0], by={"producer": "ed", "key": keys[0]})
        produce(producer, server.port, "{jira-queue}", said[1], by={"producer": "ed", "key": keys[1]})
        produce(producer, server.port, "{jira-queue}", plain)
        pause = threading.Event()
        for _ in range(1500):
            if jobs.counts() == {("jira-queue", "done"): 1, ("jira-queue", "dead"): 2}:
                break
            pause.wait(0.02)
    done = jobs.get("op-1")
    assert done is not None
    assert (done.state, done.payload["reason"], done.payload["requestedBy"]["id"]) == (
        "done",
        WORDS,
        "alice, as told by ed",
    )
    dead = jobs.listed(state="dead")
    assert all(one.id.startswith("jira-queue-") and list(one.payload) == ["refused"] for one in dead)
    assert sorted((one.error or {})["faults"][0]["message"].partition(": ")[2] for one in dead) == [
        "it is not signed",
        "its signature does not hold",
    ]
    database.close()
