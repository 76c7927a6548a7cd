"""The queue that Redis wakes keeps the contract of queues too, on a real Valkey; and what only it has to hold."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bullmq import Queue, Worker
from bullmq.worker import default_maximum_block_timeout
from redis.asyncio.connection import parse_url

from contracts.queue_contract import QUICK, Hand, QueueContract, at_once, job, until, working
from generator.errors import ConfigError, Reason, Transient
from hub.queue import bullmq
from hub.queue.bullmq import BullWorker
from hub.queue.foreign import foreign
from hub.queue.jobs import Jobs
from hub.queue.payloads import parsed
from hub.queue.port import Claimed, Finished, Handler, Pace
from hub.queue.redis import blocking, check
from hub.queue.relay import Relay, RelayPace
from hub.store import relaying as leasing
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from hub.store.tables import JOBS
from worlds.valkey import Valkey, valkey

RELAY = RelayPace(poll=timedelta(milliseconds=20))


class Relayed(BullWorker):
    """A worker with a relay of its own beside it."""

    def start(self) -> None:
        self.relay = Relay(self.jobs, self.url, RELAY)
        self.relay.start()
        super().start()

    def stop(self) -> bool:
        self.relay.stop()
        return super().stop()


@dataclass
class BullWorld:
    jobs: Jobs
    url: str

    def worker(self, handler: Handler, *, pace: Pace = QUICK, most: int = 200) -> Relayed:
        return Relayed(self.jobs, handler, pace=pace, most=most, url=self.url)


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as made:
        yield made


@pytest.fixture
def world(server: Valkey, tmp_path: Path) -> Iterator[BullWorld]:
    url = sqlite_url(tmp_path / "hub.sqlite")
    database = Database(url)
    prepare(database)
    database.close()
    yield from emptied(server, url)


def emptied(server: Valkey, database_url: str) -> Iterator[BullWorld]:
    with server.client() as one:
        one.flushall()
    database = Database(database_url)
    yield BullWorld(Jobs(database), server.url)
    database.close()


class TestBullmqQueue(QueueContract):
    """On SQLite and on PostgreSQL."""

    @pytest.fixture
    def world(self, server: Valkey, database_url: str) -> Iterator[BullWorld]:  # type: ignore[override]
        yield from emptied(server, database_url)

    def test_what_a_database_does_not_take_as_text_keeps_no_other_from_running(self, world: BullWorld) -> None:
        said = {"issue": "RTB-1", "environment": "int"}
        with working(world.worker(_noting([]))):
            asyncio.run(_add(world.url, "op-1", "preview.start\0", said))
            asyncio.run(_add(world.url, "op-2", "preview.start", {**said, "environment": "in\0t"}))
            asyncio.run(_add(world.url, "op-3", "preview.start", {**said, "environment": "\ud800"}))
            asyncio.run(_add(world.url, "op-4", "preview.start", said))
            all_of(world, "done", 4)
        names = [row.name if row else None for row in map(world.jobs.get, ("op-1", "op-2", "op-3", "op-4"))]
        assert names == ["preview.start\ufffd", "preview.start", "preview.start", "preview.start"]

    @pytest.mark.parametrize(
        ("name", "data"),
        [("op-1", {"wake": "op-2\0"}), ("op-1", {"wake": "\ud800"}), ("op-1\0", {"wake": "op-2"}), ("op-1\0", {})],
        ids=["a wake-up with NUL", "one of half a sign", "an id with NUL", "a job of that id"],
    )
    def test_an_id_that_is_none_keeps_no_other_from_running(self, world: BullWorld, name: str, data: Any) -> None:
        asyncio.run(_add(world.url, name, "preview.start", data))
        asyncio.run(_add(world.url, "op-2", "preview.start", {}))
        with working(world.worker(_noting([]))):
            _wait_for(lambda: ("op-2", "done") in [(one.id, one.state) for one in world.jobs.listed()])


SWEEPING = replace(RELAY, look=timedelta(milliseconds=50), sweep=timedelta(milliseconds=20))


@contextmanager
def relaying(world: BullWorld, pace: RelayPace = RELAY) -> Iterator[Relay]:
    relay = Relay(world.jobs, world.url, pace)
    relay.start()
    try:
        yield relay
    finally:
        relay.stop()


def all_of(world: BullWorld, state: str, number: int) -> None:
    _wait_for(lambda: world.jobs.counts() == {("jira-queue", state): number})


class TestRedis:
    def test_what_a_listener_died_before_sending_is_sent_by_another(
        self, world: BullWorld, server: Valkey, tmp_path: Path
    ) -> None:
        with relaying(world):
            other = Database(sqlite_url(tmp_path / "hub.sqlite"))  # its process told no relay, and is gone
            Jobs(other).put(job("op-1"))
            other.close()
            all_of(world, "sent", 1)
        with server.client() as one:
            assert one.lrange("bull:{jira-queue}:wait", 0, -1) == ["op-1"]

    def test_what_is_emptied_is_sent_again_and_runs_once(self, world: BullWorld, server: Valkey) -> None:
        for number in range(20):
            world.jobs.put(job(f"op-{number}"))
        with relaying(world):
            all_of(world, "sent", 20)
        with server.client() as one:
            assert one.llen("bull:{jira-queue}:wait") == 20
            one.flushall()
        seen: list[str] = []
        worker = BullWorker(world.jobs, _noting(seen), pace=QUICK, url=world.url)
        with world.jobs.database.write() as connection:  # as two minutes later
            connection.execute(JOBS.update().values(lease_until=world.jobs.database.now(connection)))
        with relaying(world, SWEEPING), working(worker):
            all_of(world, "done", 20)
        assert sorted(seen) == sorted(f"op-{number}" for number in range(20))

    def test_while_it_is_down_jobs_are_taken_and_run_once_it_is_back(self, world: BullWorld) -> None:
        seen: list[str] = []
        with valkey() as own:
            world.url = own.url
            worker = BullWorker(world.jobs, _noting(seen), pace=QUICK, url=own.url)
            with relaying(world, SWEEPING) as relay, working(worker):
                world.jobs.put(job("op-0"))
                until(world, "op-0", "done")
                own.kill()
                for number in range(1, 11):
                    world.jobs.put(job(f"op-{number}"))
                _wait_for(lambda: not relay.is_well)
                own.begin()
                all_of(world, "done", 11)
                assert relay.is_well
        assert sorted(seen) == sorted(f"op-{number}" for number in range(11))

    def test_one_that_evicts_is_refused_and_one_that_is_down_is_not(self, world: BullWorld) -> None:
        with valkey("--maxmemory-policy", "allkeys-lru") as evicting:
            with pytest.raises(ConfigError) as refused:
                check(evicting.url)
            assert refused.value.faults[0].allowed == "noeviction"
            world.url = evicting.url
            world.jobs.put(job("op-1"))
            with relaying(world) as relay:
                _wait_for(lambda: relay._failed)
            with evicting.client() as one:
                assert one.keys() == []
        assert not check(evicting.url)
        with pytest.raises(ConfigError):
            check("http://127.0.0.1")

    def test_a_relay_that_died_before_it_sent_is_followed_by_another(self, world: BullWorld) -> None:
        world.jobs.put(job("op-1"))
        database = world.jobs.database
        for _ in range(2):
            with database.write() as connection:
                now = database.now(connection)
                leased = leasing.lease(connection, database, lease=timedelta(0), limit=9, now=now)
                assert [one.id for one in leased] == ["op-1"]
        hand = Hand()
        with working(world.worker(hand)):
            hand.finish("op-1")
            assert until(world, "op-1", "done").attempts == 1

    def test_two_wake_ups_for_one_job_run_it_once(self, world: BullWorld, server: Valkey) -> None:
        hand = Hand()
        with working(world.worker(hand), world.worker(hand)):
            world.jobs.put(job("op-1"))
            hand.wait("op-1")
            asyncio.run(_add(world.url, "op-1.again", "preview.start", {"wake": "op-1"}))
            asyncio.run(_add(world.url, "op-9.again", "preview.start", {"wake": "op-9"}))
            hand.finish("op-1")
            until(world, "op-1", "done")
            _wait_for(lambda: _in_redis(server) == 0)
        assert hand.ids == ["op-1"]

    @pytest.mark.parametrize("url", ["redis://u:p@127.0.0.1:1/2", "unix:///run/redis?db=2&socket_timeout=3"])
    def test_a_worker_without_jobs_is_not_cut_off_while_it_blocks(self, url: str) -> None:
        told = parse_url(blocking(url))
        assert told["socket_timeout"] > default_maximum_block_timeout
        assert {**told, "socket_timeout": 3.0} == {"socket_timeout": 3.0, **parse_url(url)}


class TestForeign:
    def test_a_job_that_others_put_is_kept_first_and_run_once(self, world: BullWorld) -> None:
        payload = {**job("op-1").payload, "issue": "RTB-1", "environment": "int"}
        payload["requestedBy"] = {"kind": "person", "id": "alice", "via": "api"}
        hand = Hand()
        with working(world.worker(hand)):
            asyncio.run(_add(world.url, "figma-1", "preview.start", payload, queue="{figma-queue}"))
            hand.finish("figma-1", Transient(Reason.REPOSITORY_UNREACHABLE, "gone"))
            hand.wait("figma-1", times=2)
            asyncio.run(_add(world.url, "figma-1", "preview.start", payload, queue="{figma-queue}"))
            hand.finish("figma-1")
            done = until(world, "figma-1", "done")
        assert (done.queue, done.key, done.replaces, done.attempts) == ("figma-queue", "int/RTB-1", True, 2)
        who = {"kind": "service", "id": "alice, as told by figma", "via": "figma"}
        assert done.payload["requestedBy"] == who

    def test_what_a_worker_died_on_before_it_was_kept_is_run_by_another(
        self, world: BullWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asyncio.run(_add(world.url, "figma-1", "preview.start", job("op-1").payload, queue="{figma-queue}"))
        asyncio.run(_fetched_and_left(world.url, "{figma-queue}"))
        monkeypatch.setitem(bullmq._OPTIONS, "stalledInterval", 50)
        with working(world.worker(_noting([]))):
            _wait_for(lambda: world.jobs.counts() == {("figma-queue", "done"): 1})

    def test_that_is_run_no_later_than_what_it_had_kept(self) -> None:
        back = timedelta(milliseconds=bullmq._OPTIONS["lockDuration"] + 2 * bullmq._OPTIONS["stalledInterval"])
        assert back <= Pace().lease

    def test_one_that_may_not_run_yet_is_sent_again_by_another_id(self, world: BullWorld) -> None:
        hand = Hand()
        with working(world.worker(hand)):
            world.jobs.put(job("op-1", key="int/RTB-1", name="preview.extend"))
            hand.wait("op-1")
            said = {"issue": "RTB-1", "environment": "int"}
            asyncio.run(_add(world.url, "figma-1", "preview.extend", said, queue="{figma-queue}"))
            _wait_for(lambda: world.jobs.get("figma-1") is not None)
            hand.finish("op-1")
            hand.finish("figma-1")
            until(world, "figma-1", "done")

    @pytest.mark.parametrize("name", ["12", "a:b", "Op_1", "한글", "x" * 300])
    def test_a_strange_id_is_the_same_for_the_same_job_only(self, name: str) -> None:
        one = foreign("jira-queue", name, "preview.start", {}, added=1)
        assert one == foreign("jira-queue", name, "preview.start", {}, added=1)
        assert one.id != foreign("jira-queue", name, "preview.start", {}, added=2).id

    @pytest.mark.parametrize("data", [None, [], "text", 7, {"issue": 7}, {"requestedBy": [], "environment": {}}])
    def test_data_that_is_none_becomes_a_row_that_says_so_when_it_runs(self, data: Any) -> None:
        made = foreign("jira-queue", "op-1", "preview.start", data, added=1)
        assert made.key == ""
        with pytest.raises(ConfigError):
            parsed(made.name, made.payload)


def _noting(seen: list[str]) -> Handler:
    def run(claimed: Claimed) -> Finished:
        seen.append(claimed.row.id)
        return Finished()

    return at_once(run)


def _in_redis(server: Valkey) -> int:
    """How many wake-ups are waiting or in hand."""
    with server.client() as one:
        return int(one.llen("bull:{jira-queue}:wait") + one.llen("bull:{jira-queue}:active"))


def _wait_for(is_true: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(3000):
        if is_true():
            return
        pause.wait(0.01)
    raise AssertionError("it never came true")


async def _add(url: str, name: str, kind: str, data: Any, *, queue: str = "{jira-queue}") -> None:
    made = Queue(queue, {"connection": url})
    await made.add(kind, data, {"jobId": name, "attempts": 3})
    await made.close()


async def _fetched_and_left(url: str, queue: str) -> None:
    """Take a job as a worker does that is killed at once."""
    worker = Worker(queue, _never, {"connection": url, "lockDuration": 100, "autorun": False})
    assert await worker.getNextJob("of-a-worker-that-died") is not None
    await worker.close(force=True)


async def _never(*_: Any) -> None:
    raise AssertionError("it runs")
