"""The worker: jobs become commits that name them, once, whoever is killed when."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.queue_contract import QUICK, job_when
from generator.errors import Reason
from hub.queue.port import Claimed
from hub.services.worker.handling import JobHandler
from hub.services.worker.service import working
from hub.store import freezes
from hub.store.database import Database, sqlite_url
from hub.store.freezes import Freeze
from hub.store.ids import ID, derived, new_id
from hub.store.jobs import Claim, JobRow, claim
from hub.store.schema import prepare
from hub.writing.committer import GroupCommitter
from worlds.approving import TEAM, laid_out
from worlds.builders import image
from worlds.commands import git, must
from worlds.forking import Forks
from worlds.git_http import GitServer
from worlds.serving import Serving, faults, job
from worlds.valkey import Valkey, valkey
from worlds.worker_process import hasty


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    url = sqlite_url(tmp_path / "hub.sqlite")
    database = Database(url)
    prepare(database)
    database.close()
    made = Serving(tmp_path / "state.git", url)
    yield made
    made.close()


def test_a_start_is_committed_and_its_result_says_where(serving: Serving) -> None:
    with working(serving.parts(), serving.jobs, pace=QUICK):
        serving.put(job("op-1", ttl="8h", branch="feature/RTB-1-login"))
        done = serving.ended("op-1")
    (told,) = must("list", "--repo", serving.path, "--output", "json").json()["previews"]
    assert done.result is not None
    assert (done.result["change"], done.result["url"]) == ("created", told["url"])
    assert (told["lease"]["requestedBy"], told["branch"], told["lease"]["ttl"]) == (
        "alice",
        "feature/RTB-1-login",
        "8h",
    )
    assert serving.operations() == ["op-1"]
    (event,) = must("history", "--repo", serving.path, "--output", "json").json()["events"]
    assert (event["commit"], event["details"]["Operation"]) == (done.result["commit"], "op-1")


def test_a_preview_is_started_extended_stopped_and_revived_in_order(serving: Serving) -> None:
    with working(serving.parts(), serving.jobs, pace=QUICK):
        serving.put(job("op-1"))
        first = serving.ended("op-1").result or {}
        serving.put(
            job("op-2", "preview.extend", by="2h", ifEnds=first["ends"]),
            job("op-3", "preview.extend", by="2h", ifEnds=first["ends"]),
            job("op-4", "preview.stop", reason="done"),
            job("op-5", "preview.revive"),
        )
        results = [serving.ended(name).result or {} for name in ("op-2", "op-3", "op-4", "op-5")]
    assert [one["change"] for one in results] == ["extended", "unchanged", "removed", "revived"]
    assert results[0]["ends"] == results[1]["ends"] > first["ends"]
    assert serving.operations() == ["op-1", "op-2", "op-4", "op-5"]


def test_what_arrives_together_is_a_few_commits(serving: Serving) -> None:
    serving.put(
        *(
            job(
                f"op-{n}",
                issue=f"RTB-{n}",
                images={"web": "registry.example.com/w@sha256:" + "a" * 64},
                blueprint="web",
            )
            for n in range(1, 31)
        )
    )
    with working(serving.parts(), serving.jobs, pace=QUICK):
        results = [serving.ended(f"op-{n}").result or {} for n in range(1, 31)]
    assert {one["change"] for one in results} <= {"created", "queued"}
    assert len(serving.subjects()) <= 3
    assert len(serving.operations()) == 30


def test_a_stop_everywhere_is_one_in_each_environment_where_there_is_something(serving: Serving) -> None:
    with working(serving.parts(), serving.jobs, pace=QUICK):
        serving.put(job("op-1"), job("op-2", environment="stg"))
        serving.ended("op-1")
        serving.ended("op-2")
        serving.put(job("op-3", "preview.stop", environment=None))
        assert serving.ended("op-3").result == {"environments": ["int", "stg"]}
        assert {(serving.ended(f"op-3-{name}").result or {})["change"] for name in ("int", "stg")} == {"removed"}
    assert must("list", "--repo", serving.path, "--output", "json").json()["previews"] == []


def test_only_ones_own_is_stopped_where_the_job_says_so(serving: Serving) -> None:
    with working(serving.parts(), serving.jobs, pace=QUICK):
        serving.put(job("op-1"), job("op-2", "preview.stop", ifStartedBy="jira"))
        dead = serving.ended("op-2", "dead")
        serving.put(job("op-3", "preview.stop", ifStartedBy="alice"))
        serving.ended("op-3")
    assert dead.error is not None
    assert dead.error["reason"] == "NotAllowed"
    assert "is alice's" in faults(dead)[0]["message"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"issue": "rtb-1"}, "issue"),
        ({"images": {"web": "a b"}}, "images.web"),
        ({"ttl": "9 days"}, "ttl"),
        ({"imagse": {}}, "imagse"),
        ({"requestedBy": {"kind": "person", "id": "a\nb", "via": "api"}}, "requestedBy.id"),
        ({"reason": "x" * 501}, "reason"),
        ({"blueprint": "web", "images": {"web": "registry.example.com/web:latest"}}, "components.web.image"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_poison_job_is_dead_with_its_fault_and_others_go_on(
    serving: Serving, changed: dict[str, Any], field: str
) -> None:
    bad = job("op-1", issue="RTB-2")
    with working(serving.parts(), serving.jobs, pace=QUICK):
        serving.put(
            type(bad)("op-1", "jira-queue", "preview.start", {**bad.payload, **changed}, "int/RTB-2"), job("op-2")
        )
        dead = serving.ended("op-1", "dead")
        serving.ended("op-2")
    assert field in [one.get("field", "") for one in faults(dead)]


def test_a_job_that_nothing_does_is_dead(serving: Serving) -> None:
    with working(serving.parts(), serving.jobs, pace=QUICK):
        serving.put(job("op-1", "preview.strat"))
        assert "preview.start" in faults(serving.ended("op-1", "dead"))[0]["allowed"]


def test_a_job_of_a_newer_schema_is_left_to_a_newer_worker(serving: Serving) -> None:
    new = job("op-1")
    with working(serving.parts(), serving.jobs, pace=QUICK):
        serving.put(type(new)("op-1", "jira-queue", new.name, {**new.payload, "schema": "rtb-hub/job/v2", "more": 1}))
        waits = serving.ended("op-1", "waiting")
    assert "newer worker" in faults(waits)[0]["message"]


def test_nothing_starts_while_a_freeze_holds_and_what_is_there_ends(serving: Serving) -> None:
    now = datetime.now(UTC)
    with working(serving.parts(), serving.jobs, pace=QUICK):
        serving.put(job("op-1"))
        serving.ended("op-1")
        with serving.database.write() as connection:
            freezes.add(connection, Freeze("freeze-1", now, "int", "audit", "bob", now + timedelta(hours=1)))
        serving.put(
            job("op-2", issue="RTB-2"), job("op-3", issue="RTB-2", environment="stg"), job("op-4", "preview.stop")
        )
        frozen = serving.ended("op-2", "dead")
        serving.ended("op-3")
        serving.ended("op-4")
        with serving.database.write() as connection:
            assert freezes.lift(connection, "freeze-1", by="carol", now=datetime.now(UTC))
            assert not freezes.lift(connection, "freeze-1", by="carol", now=datetime.now(UTC))
        assert serving.jobs.retry("op-2")
        serving.ended("op-2")
    assert frozen.error is not None
    assert frozen.error["reason"] == "Frozen"
    assert "audit (bob)" in faults(frozen)[0]["message"]


def test_in_a_gated_environment_the_forge_is_told_by_a_job_of_its_own(serving: Serving, tmp_path: Path) -> None:
    laid_out(tmp_path / "gated.git", "{kind: local}")
    git(tmp_path / "gated.git", "config", "--add", "rtb-hub.member", f"{TEAM} bob")
    gated = Serving(tmp_path / "gated.git", serving.url)
    with working(gated.parts(), gated.jobs, pace=QUICK):
        gated.put(job("op-1", environment="prd"))
        assert gated.ended("op-1").result is not None
        request = (gated.ended("op-1-review").result or {})["request"]
        gated.put(job("op-2", "preview.stop", environment="prd"))
        assert (gated.ended("op-2").result or {})["change"] == "withdrawn"
        closed = (gated.ended("op-2-review").result or {})["request"]
    assert (request["number"], request["state"]) == (1, "open")
    assert (closed["number"], closed["state"]) == (1, "closed")
    assert gated.operations("prd") == []
    gated.close()


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks("worlds.worker_process:main") as server:
        yield server


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as made:
        yield made


def killed_at(forks: Forks, serving: Serving, number: int, when: str, *, redis: str = "") -> None:
    """Have a worker go on until it dies at a commit; see `worlds.worker_process`."""
    process = forks.start(serving.path, serving.url, redis, number, when)
    assert (process.read(), process.wait()) == ("", -signal.SIGKILL)


def test_a_worker_killed_between_push_and_note_leaves_one_commit(serving: Serving, forks: Forks) -> None:
    serving.put(job("op-1"), job("op-2", issue="RTB-2"))
    killed_at(forks, serving, 1, "after")
    (pushed,), before = serving.subjects(), serving.operations()
    assert (before[0], serving.jobs.counts()) == ("op-1", {("jira-queue", "active"): 2})
    with working(serving.parts(), serving.jobs, pace=QUICK):
        done = [serving.ended(name) for name in ("op-1", "op-2")]
    assert (serving.subjects()[-1], serving.operations()) == (pushed, ["op-1", "op-2"])
    changes = ["done before" if name in before else "created" for name in ("op-1", "op-2")]
    assert [(one.crashes, (one.result or {})["change"]) for one in done] == [(1, change) for change in changes]


@pytest.mark.parametrize("queue", ["database", "BullMQ"])
def test_workers_killed_again_and_again_lose_no_job_and_do_none_twice(
    serving: Serving, forks: Forks, server: Valkey, queue: str
) -> None:
    redis = server.url if queue == "BullMQ" else ""
    names = [f"op-{number}" for number in range(1, 61)]
    web = {"web": image("web")}
    serving.put(*(job(name, issue=f"RTB-{name[3:]}", images=web, blueprint="web") for name in names))
    for number, when in ((1, "before"), (2, "after"), (2, "within")):  # fewer than a job is given up after
        killed_at(forks, serving, number, when, redis=redis)
    with hasty(), working(serving.parts(), serving.jobs, pace=QUICK, redis_url=redis or None):
        results = [serving.ended(name).result or {} for name in names]
    assert sorted(serving.operations()) == sorted(names)
    assert {one["change"] for one in results} <= {"created", "queued", "done before"}


@pytest.mark.parametrize("name", ["preview.extend", "preview.stop", "preview.revive"])
def test_a_second_run_of_what_was_done_changes_nothing(serving: Serving, name: str) -> None:
    with working(serving.parts(), serving.jobs, pace=QUICK):
        serving.put(job("op-1"))
        first = serving.ended("op-1").result or {}
        if name == "preview.revive":
            serving.put(job("op-0", "preview.stop"))
            serving.ended("op-0")
        said = {"by": "1h", "ifEnds": first["ends"]} if name == "preview.extend" else {}
        serving.put(job("op-2", name, **said))
        done = serving.ended("op-2")
    before = serving.subjects()
    with ThreadPoolExecutor(1) as pool, GroupCommitter(serving.parts().writer) as committer:
        handler = JobHandler(serving.parts(), committer, serving.database, pool)
        again = handler(Claimed(done, attempts=1, is_held=lambda: True)).result()
    assert (again.result["change"], again.result["commit"]) == ("done before", (done.result or {})["commit"])
    assert serving.subjects() == before


def test_a_worker_that_lost_its_lease_writes_nothing(serving: Serving) -> None:
    serving.put(job("op-1"))
    row = claimed(serving)
    with ThreadPoolExecutor(1) as pool, GroupCommitter(serving.parts().writer) as committer:
        handler = JobHandler(serving.parts(), committer, serving.database, pool)
        error = handler(Claimed(row, attempts=0, is_held=lambda: False)).exception()
    assert isinstance(error, Exception)
    assert "another worker goes on" in str(error)
    assert serving.subjects() == []


def claimed(serving: Serving) -> JobRow:
    database = serving.database
    with database.write() as connection:
        wanted = Claim("t", timedelta(minutes=1))
        (row,) = claim(connection, database, wanted, now=database.now(connection))
    return row


def test_a_repository_that_does_not_answer_is_asked_again_later(serving: Serving, tmp_path: Path) -> None:
    with GitServer(tmp_path) as server:
        store = serving.hub.store(server.url("state.git"))
        server.is_down = True
        with working(serving.parts(store), serving.jobs, pace=QUICK):
            serving.put(job("op-1"))
            row = job_when(serving, "op-1", lambda row: row.error is not None)
            server.is_down = False
            done = serving.ended("op-1")
    assert (row.error["reason"], (done.result or {})["change"]) == ("RepositoryUnreachable", "created")


def test_ids_are_taken_by_every_queue_and_sort_by_time() -> None:
    ids = [new_id("op", seconds=lambda at=at: at) for at in (1.0, 1795000000.0, 1795000000.001, 4e9)]  # type: ignore[misc]
    assert ids == sorted(ids)
    assert all(ID.fullmatch(one) and one[17] == "7" for one in ids)
    long = ["a" * 79 + end for end in "bc"]
    made = [derived(one, "review") for one in (*long, "op-1")]
    assert made[2] == "op-1-review"
    assert len({*made}) == 3
    assert all(ID.fullmatch(one) for one in made)


def test_what_is_unplanned_is_refused_with_its_reason(serving: Serving) -> None:
    serving.put(job("op-1", "preview.stop"))
    with working(serving.parts(), serving.jobs, pace=QUICK):
        dead = serving.ended("op-1", "dead")
    assert dead.error is not None
    assert dead.error["reason"] == Reason.PREVIEW_NOT_FOUND


def test_a_start_that_redis_wakes_is_committed(serving: Serving) -> None:
    with valkey() as server, working(serving.parts(), serving.jobs, pace=QUICK, redis_url=server.url):
        serving.put(job("op-1"))
        done = serving.ended("op-1")
    assert done.result is not None
    assert (done.result["change"], serving.operations()) == ("created", ["op-1"])
