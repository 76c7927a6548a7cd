"""What every queue must do: one suite for the database's own and for the one that Redis wakes.

`QueueContract` is inherited by a test class that gives a `world` fixture. Workers are real, with threads of their own;
a test waits for what must come, never for time to pass. `Hand` is a handler that a test holds in its hand.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

import pytest

from generator.errors import ConfigError, Fault, HubError, Moved, Reason, Stalled, Transient, Waiting
from hub.queue.jobs import Jobs
from hub.queue.port import Claimed, Finished, Handler, Pace, Worker
from hub.store import jobs as rows
from hub.store.jobs import Claim, Job, JobRow

#: So long a test waits for what must come.
PATIENCE = 30.0
QUICK = Pace(
    lease=timedelta(seconds=20), renew=timedelta(seconds=5), poll=timedelta(milliseconds=20),
    first=timedelta(milliseconds=10), most=timedelta(milliseconds=40), stop=timedelta(seconds=25),
)  # fmt: skip


class World(Protocol):
    """One queue. `jobs` puts and lists; `worker` makes one that is not started yet."""

    jobs: Jobs

    def worker(self, handler: Handler, *, pace: Pace = QUICK, most: int = 200) -> Worker: ...


class Hand:
    """A handler whose jobs the test ends itself. `seen`: each job that was begun, in order."""

    def __init__(self) -> None:
        self.seen: list[Claimed] = []
        self._futures: dict[str, list[Future[Finished]]] = {}
        self._changed = threading.Condition()

    def __call__(self, claimed: Claimed) -> Future[Finished]:
        future: Future[Finished] = Future()
        with self._changed:
            self.seen.append(claimed)
            self._futures.setdefault(claimed.row.id, []).append(future)
            self._changed.notify_all()
        return future

    @property
    def ids(self) -> list[str]:
        return [one.row.id for one in self.seen]

    def wait(self, *ids: str, times: int = 1) -> None:
        """Until these jobs were begun so often."""
        with self._changed:
            told = self._changed.wait_for(lambda: all(self.ids.count(one) >= times for one in ids), PATIENCE)
        assert told, f"only {self.ids} were begun"

    def finish(self, job_id: str, finished: Finished | HubError | Exception | None = None) -> None:
        """End the newest run of a job."""
        self.wait(job_id)
        future = self._futures[job_id][-1]
        if isinstance(finished, Exception):
            future.set_exception(finished)
        else:
            future.set_result(finished or Finished())


def at_once(outcome: Callable[[Claimed], Finished]) -> Handler:
    """A handler that is done when it returns."""

    def handle(claimed: Claimed) -> Future[Finished]:
        future: Future[Finished] = Future()
        try:
            future.set_result(outcome(claimed))
        except Exception as err:  # noqa: BLE001 - whatever a test raises
            future.set_exception(err)
        return future

    return handle


@contextmanager
def working(*workers: Worker) -> Iterator[None]:
    for one in workers:
        one.start()
    try:
        yield
    finally:
        for one in workers:
            one.stop()


def job(job_id: str, *, queue: str = "jira-queue", name: str = "preview.start", **given: Any) -> Job:
    return Job(job_id, queue, name, {"n": job_id}, **given)


def state_of(world: World, name: str) -> str:
    found = world.jobs.get(name)
    assert found is not None
    return found.state


def until(world: World, name: str, *states: str) -> JobRow:
    """The job, once it is in one of these states: ones that last, since a look may miss one that passes."""
    return job_when(world, name, lambda row: row.state in states)


def job_when(world: World, name: str, holds: Callable[[JobRow], bool]) -> JobRow:
    """The job, once that holds of it; looked at when jobs change and ten times a second."""
    changed = threading.Event()
    unlisten = world.jobs.listen(changed.set)
    end = time.monotonic() + PATIENCE
    try:
        while True:
            changed.clear()
            found = world.jobs.get(name)
            assert found is not None
            if holds(found):
                return found
            assert time.monotonic() < end, f"{name} is {found.state}, which it should not stay: {found.error}"
            changed.wait(0.1)
    finally:
        unlisten()


class QueueContract:
    def test_a_job_runs_once_with_what_was_put_and_keeps_its_result(self, world: World) -> None:
        seen: list[JobRow] = []

        def handle(claimed: Claimed) -> Finished:
            seen.append(claimed.row)
            assert (claimed.attempts, claimed.is_held()) == (0, True)
            return Finished({"commit": "한글"})

        with working(world.worker(at_once(handle))):
            assert world.jobs.put(Job("op-1", "jira-queue", "preview.start", {"이슈": "RTB-1 \0"}, "int/RTB-1"))
            done = until(world, "op-1", "done")
        assert [(one.id, one.payload, one.key) for one in seen] == [("op-1", {"이슈": "RTB-1 \0"}, "int/RTB-1")]
        assert (done.result, done.error, done.attempts, done.crashes) == ({"commit": "한글"}, None, 1, 0)

    def test_a_job_that_is_known_is_not_put_again(self, world: World) -> None:
        with working(world.worker(at_once(lambda _: Finished()))):
            assert world.jobs.put(job("op-1"))
            until(world, "op-1", "done")
            assert not world.jobs.put(job("op-1"))
        assert state_of(world, "op-1") == "done"

    @pytest.mark.parametrize("name", ["", "12", "a:b", "Op-1", "op", "op_1" * 30, "op-\n"])
    def test_an_id_that_a_queue_would_not_take_is_refused(self, world: World, name: str) -> None:
        if name == "op":
            assert world.jobs.put(job(name))
            return
        with pytest.raises(ConfigError) as refused:
            job(name)
        assert refused.value.faults[0].field == "id"

    def test_what_was_put_before_the_worker_came_runs_in_order(self, world: World) -> None:
        for number in range(5):
            world.jobs.put(job(f"op-{number}", key="int/RTB-1"))
        order: list[str] = []
        handler = at_once(lambda claimed: order.append(claimed.row.id) or Finished())  # type: ignore[func-returns-value]
        with working(world.worker(handler)):
            until(world, "op-4", "done")
        assert order == [f"op-{number}" for number in range(5)]

    def test_jobs_of_one_key_run_one_at_a_time_and_others_beside_them(self, world: World) -> None:
        hand = Hand()
        for number, key in enumerate(("int/RTB-1", "int/RTB-1", "int/RTB-2", "", ""), 1):
            world.jobs.put(job(f"op-{number}", key=key))
        with working(world.worker(hand)):
            hand.wait("op-1", "op-3", "op-4", "op-5")
            assert "op-2" not in hand.ids
            hand.finish("op-1")
            hand.wait("op-2")
            for name in ("op-2", "op-3", "op-4", "op-5"):
                hand.finish(name)
            until(world, "op-2", "done")

    @pytest.mark.parametrize("kind", [Transient, Moved])
    def test_what_may_pass_is_tried_again_and_its_last_error_is_kept_meanwhile(
        self, world: World, kind: type[HubError]
    ) -> None:
        hand = Hand()
        with working(world.worker(hand)):
            world.jobs.put(job("op-1", key="int/RTB-1"))
            hand.finish("op-1", kind(Reason.REPOSITORY_UNREACHABLE, "gone"))
            hand.wait("op-1", times=2)
            kept = world.jobs.get("op-1")
            assert kept is not None
            assert kept.error is not None
            assert kept.error["reason"] == "RepositoryUnreachable"
            hand.finish("op-1")
            done = until(world, "op-1", "done")
        assert [one.attempts for one in hand.seen] == [0, 1]
        assert (done.error, done.attempts) == (None, 2)

    def test_another_of_the_key_waits_for_what_is_tried_again(self, world: World) -> None:
        hand = Hand()
        slow = replace(QUICK, first=timedelta(hours=1), most=timedelta(hours=1))
        with working(world.worker(hand, pace=slow)):
            world.jobs.put(job("op-1", key="int/RTB-1", replaces=True))
            hand.finish("op-1", Transient(Reason.REPOSITORY_UNREACHABLE, "gone"))
            until(world, "op-1", "pending")
            world.jobs.put(job("op-2", key="int/RTB-1", name="preview.extend"))
            world.jobs.put(job("op-3", key="int/RTB-2"))
            hand.finish("op-3")
            until(world, "op-3", "done")
            assert state_of(world, "op-2") == "pending"

    def test_one_that_replaces_goes_ahead_of_what_is_tried_again_and_makes_it_needless(self, world: World) -> None:
        hand = Hand()
        slow = replace(QUICK, first=timedelta(hours=1), most=timedelta(hours=1))
        with working(world.worker(hand, pace=slow)):
            world.jobs.put(job("op-1", key="int/RTB-1", replaces=True))
            world.jobs.put(job("op-2", key="int/RTB-1", name="preview.extend"))
            hand.finish("op-1", Transient(Reason.REPOSITORY_UNREACHABLE, "gone"))
            until(world, "op-1", "pending")
            world.jobs.put(job("op-3", key="int/RTB-1", replaces=True, name="preview.stop"))
            hand.wait("op-3")
            hand.finish("op-3")
            replaced = until(world, "op-1", "superseded")
            hand.finish("op-2")
            until(world, "op-2", "done")
        assert replaced.result == {"by": "op-3"}
        assert hand.ids == ["op-1", "op-3", "op-2"]

    def test_what_waits_is_no_failure_and_is_woken(self, world: World) -> None:
        hand = Hand()
        with working(world.worker(hand)):
            world.jobs.put(job("op-1", key="int/RTB-1"))
            hand.finish("op-1", Waiting(Reason.NOT_IN_TIME, "no image yet", retry_after_seconds=3000))
            waits = until(world, "op-1", "waiting")
            assert waits.error is not None
            assert waits.error["faults"][0]["message"] == "no image yet"
            assert world.jobs.wake(["int/RTB-2"]) == 0
            assert world.jobs.wake(["int/RTB-1", "int/RTB-2"]) == 1
            hand.wait("op-1", times=2)
            hand.finish("op-1")
            until(world, "op-1", "done")

    def test_what_waits_is_looked_at_again_by_itself(self, world: World) -> None:
        hand = Hand()
        with working(world.worker(hand)):
            world.jobs.put(job("op-1"))
            hand.finish("op-1", Waiting(Reason.NOT_IN_TIME, "no image yet", retry_after_seconds=0.02))
            hand.wait("op-1", times=2)
            hand.finish("op-1")
            until(world, "op-1", "done")

    @pytest.mark.parametrize("kind", [ConfigError, Stalled])
    def test_what_is_refused_is_dead_with_its_faults_and_keeps_nobody_back(
        self, world: World, kind: type[HubError]
    ) -> None:
        hand = Hand()
        with working(world.worker(hand)):
            world.jobs.put(job("op-1", key="int/RTB-1", queue="figma-queue"))
            world.jobs.put(job("op-2", key="int/RTB-1"))
            hand.finish("op-1", kind(Reason.INVALID_VALUE, Fault("no such size", field="web.cpu", allowed="250m")))
            hand.finish("op-2")
            until(world, "op-2", "done")
        (dead,) = world.jobs.listed(state="dead")
        assert dead.error == {
            "reason": "InvalidValue",
            "faults": [{"message": "no such size", "field": "web.cpu", "allowed": "250m"}],
        }
        assert world.jobs.counts() == {("figma-queue", "dead"): 1, ("jira-queue", "done"): 1}

    def test_a_mistake_of_ours_is_dead_too_and_the_worker_goes_on(self, world: World) -> None:
        def handle(claimed: Claimed) -> Future[Finished]:
            if claimed.row.id == "op-1":
                raise KeyError("before a future")
            return at_once(lambda _: Finished({"set": {1}} if claimed.row.id == "op-2" else {}))(claimed)

        worker = world.worker(handle)
        with working(worker):
            for name in ("op-1", "op-2", "op-3"):
                world.jobs.put(job(name))
            until(world, "op-3", "done")
            errors = [until(world, name, "dead").error for name in ("op-1", "op-2")]
            assert worker.is_well
        assert [error["reason"] for error in errors if error] == ["Unexpected", "Unexpected"]

    def test_a_dead_job_runs_again_when_somebody_says_so(self, world: World) -> None:
        hand = Hand()
        with working(world.worker(hand)):
            world.jobs.put(job("op-1"))
            hand.finish("op-1", Stalled(Reason.REPOSITORY_REFUSED, "a hook"))
            until(world, "op-1", "dead")
            assert not world.jobs.retry("op-2")
            assert world.jobs.retry("op-1")
            hand.wait("op-1", times=2)
            assert not world.jobs.retry("op-1")
            hand.finish("op-1")
            done = until(world, "op-1", "done")
        assert (hand.seen[1].attempts, done.error) == (1, None)

    def test_follow_ups_are_put_with_the_end_and_only_then(self, world: World) -> None:
        hand = Hand()
        with working(world.worker(hand)):
            world.jobs.put(job("op-1"))
            hand.wait("op-1")
            assert world.jobs.get("op-1-review") is None
            hand.finish("op-1", Finished(follow_ups=(job("op-1-review", name="request.review", parent="op-1"),)))
            hand.finish("op-1-review")
            assert until(world, "op-1-review", "done").parent == "op-1"

    def test_a_job_is_not_run_before_its_time(self, world: World) -> None:
        hand = Hand()
        with world.jobs.database.read() as connection:
            now = world.jobs.database.now(connection)
        with working(world.worker(hand)):
            world.jobs.put(job("op-1", run_at=now + timedelta(hours=1)))
            world.jobs.put(job("op-2"))
            hand.finish("op-2")
            until(world, "op-2", "done")
        assert hand.ids == ["op-2"]

    def test_a_worker_that_stops_waits_for_its_jobs_and_takes_no_more(self, world: World) -> None:
        hand = Hand()
        worker = world.worker(hand)
        worker.start()
        world.jobs.put(job("op-1", key="int/RTB-1"))
        world.jobs.put(job("op-2", key="int/RTB-1"))
        hand.wait("op-1")
        ended: list[bool] = []
        stopping = threading.Thread(target=lambda: ended.append(worker.stop()))
        stopping.start()
        deadline = time.monotonic() + PATIENCE
        while (
            not vars(worker)["_stops"] and time.monotonic() < deadline
        ):  # finished before, the next one is rightly taken
            time.sleep(0.001)
        hand.finish("op-1")
        stopping.join(PATIENCE)
        assert (ended, state_of(world, "op-1"), state_of(world, "op-2")) == ([True], "done", "pending")

    def test_one_that_does_not_end_in_time_is_left_to_the_next_worker(self, world: World) -> None:
        hand = Hand()
        brief = replace(QUICK, lease=timedelta(milliseconds=300), renew=timedelta(milliseconds=50), stop=timedelta(0))
        worker = world.worker(hand, pace=brief)
        worker.start()
        world.jobs.put(job("op-1"))
        hand.wait("op-1")
        assert not worker.stop()
        with working(world.worker(hand)):
            hand.wait("op-1", times=2)
            first, second = hand.seen
            assert (first.is_held(), second.is_held()) == (False, True)
            hand.finish("op-1")
            done = until(world, "op-1", "done")
        assert (second.attempts, done.crashes) == (1, 1)

    def test_a_lease_is_renewed_while_a_job_runs(self, world: World) -> None:
        hand = Hand()
        brief = replace(QUICK, lease=timedelta(seconds=5), renew=timedelta(milliseconds=40))
        with working(world.worker(hand, pace=brief)):
            world.jobs.put(job("op-1"))
            hand.wait("op-1")
            begin = world.jobs.get("op-1")
            assert begin is not None
            assert begin.lease_until is not None
            _wait_until(lambda: _lease(world, "op-1") > begin.lease_until + timedelta(seconds=1))
            assert hand.seen[0].is_held()
            hand.finish("op-1")
            assert until(world, "op-1", "done").crashes == 0

    def test_a_job_that_five_workers_died_on_is_dead(self, world: World) -> None:
        world.jobs.put(job("op-1", key="int/RTB-1"))
        world.jobs.put(job("op-2", key="int/RTB-1"))
        for number in range(rows.MOST_CRASHES):
            claimed = _claimed(world, f"t{number}", timedelta(0))
            assert [(one.id, one.crashes) for one in claimed] == [("op-1", number)]
        hand = Hand()
        with working(world.worker(hand)):
            dead = until(world, "op-1", "dead")
            hand.finish("op-2")
            until(world, "op-2", "done")
        assert dead.error is not None
        assert "died 5 times" in dead.error["faults"][0]["message"]

    def test_who_lost_its_claim_ends_nothing(self, world: World) -> None:
        world.jobs.put(job("op-1"))
        (first,) = _claimed(world, "one", timedelta(0))
        (second,) = _claimed(world, "two", timedelta(minutes=1))
        database = world.jobs.database
        with database.write() as connection:
            now = database.now(connection)
            follow_up = job("op-1-review")
            late = rows.end(connection, database, first, rows.Ending("done", follow_ups=(follow_up,)), now=now)
            held = rows.renew(connection, {"op-1": "one"}, until=now)
            right = rows.renew(connection, {"op-1": "two"}, until=now + timedelta(minutes=2))
        assert (late, held, right) == (False, set(), {"op-1"})
        assert (state_of(world, "op-1"), world.jobs.get("op-1-review")) == ("active", None)
        assert second.token == "two"

    def test_several_workers_run_each_job_once_and_one_at_a_time_for_each_key(self, world: World) -> None:
        jobs, keys = 400, 40
        with world.jobs.database.write() as connection:
            for number in range(jobs):
                world.jobs.put_in(connection, job(f"op-{number}", key=f"int/RTB-{number % keys}"))
        lock = threading.Lock()
        running: set[str] = set()
        order: dict[str, list[int]] = {}
        overlaps: list[str] = []

        def handle(claimed: Claimed) -> Finished:
            key = claimed.row.key
            with lock:
                overlaps.extend({key} & running)
                running.add(key)
                order.setdefault(key, []).append(int(claimed.row.id[3:]))
            os.sched_yield()
            with lock:
                running.remove(key)
            return Finished()

        with ThreadPoolExecutor(8) as pool, working(*(world.worker(partial(pool.submit, handle)) for _ in range(3))):
            world.jobs.notify()
            for number in range(jobs - keys, jobs):
                until(world, f"op-{number}", "done")
        assert world.jobs.counts() == {("jira-queue", "done"): jobs}
        assert overlaps == []
        assert all(numbers == sorted(numbers) and len(numbers) == jobs // keys for numbers in order.values())


def _claimed(world: World, token: str, lease: timedelta) -> list[JobRow]:
    database = world.jobs.database
    with database.write() as connection:
        return rows.claim(connection, database, Claim(token, lease, limit=1), now=database.now(connection))


def _lease(world: World, name: str) -> Any:
    found = world.jobs.get(name)
    assert found is not None
    return found.lease_until


def _wait_until(is_true: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.02)):
        if is_true():
            return
        pause.wait(0.02)
    raise AssertionError("it never came true")
