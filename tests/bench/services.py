"""Figures of the services, each with its goal: redeliveries, a webhook to its commit, starts by API, reading, events.

What is counted is to hold on any machine; what is timed depends on it.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from unittest.mock import patch

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

import streams

from generator.values.naming import IssueKey
from hub.queue.jobs import Jobs
from hub.services.api import access, keeping
from hub.services.api.snapshot import Snapshot
from hub.services.worker.service import working
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from reconcilers.ports.issues import Issue, IssueHistory
from worlds.api_world import api_world
from worlds.builders import digest
from worlds.commands import git
from worlds.delivering import from_jira, inbox, issue
from worlds.listed import listed_at
from worlds.places import ROOT
from worlds.postgres import shared_server
from worlds.served import on_loopback
from worlds.serving import IMAGES, Serving

ROUNDS, AT_ONCE, STARTS = 20, 50, 100
RULE = f"""\
projects:
  RTB:
    startOn: {{statusIds: ["10"]}}
    environments: [int]
    images:
      web: {{repository: registry.example.com/web, digest: "{digest()}"}}
      api: {{repository: registry.example.com/api, digest: "{digest()}"}}
"""


def main() -> None:
    """Print each."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with shared_server(folder / "server") as server, server.database() as url:
            for name, one in (("SQLite", sqlite_url(folder / "inbox.sqlite")), ("PostgreSQL", url)):
                kept, put = redelivered(_prepared(one))
                _tell(
                    f"{AT_ONCE} redeliveries at once x {ROUNDS}, {name}", f"{kept} kept, {put} jobs", f"{ROUNDS} each"
                )
        milliseconds = started_by_webhook(folder / "webhook") * 1000
        _tell("signed webhook to commit pushed, p95", f"{milliseconds:.0f} ms", "1000 ms")
        commits, seconds = started_by_api(folder / "api")
        _tell(f"{STARTS} starts by API", f"{commits} commits, all in {seconds:.1f} s", "5 commits")
        _tell("rtb-hub --server list : import urllib3", f"{listed_through_server():.2f} x", "2 x")
        _tell("a page of 10,000 previews : of 100", f"{page_of_many(folder / 'page'):.2f} x", "1.5 x")
    streams.main()


def _tell(what: str, found: str, goal: str) -> None:
    print(f"{what:<46}{found:<32}goal {goal}")


def redelivered(database: Database, *, rounds: int = ROUNDS, at_once: int = AT_ONCE) -> tuple[int, int]:
    """How many deliveries are kept, and jobs put, of `rounds` that each come `at_once` times together. Closes it."""
    here = inbox(Jobs(database))

    def send(name: str) -> None:
        headers = {key.lower(): value for key, value in from_jira(issue(), name=name).items()}
        here.receiver.receive("jira", headers, issue(), "")

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(send, [f"round-{number}" for number in range(rounds) for _ in range(at_once)]))
    found = len(here.kept()), len(here.put())
    database.close()
    return found


class _Ready:
    """Issues that are all in the status that starts."""

    def read(self, key: IssueKey) -> Issue:
        return Issue(key, "10", is_done=False, labels=frozenset())

    def history(self, key: IssueKey) -> IssueHistory:
        del key
        return IssueHistory(datetime(2020, 1, 1, tzinfo=UTC))

    def changed(self, projects: object, within: object, *, until: object = None) -> tuple[IssueKey, ...]:
        del projects, within, until
        return ()


def started_by_webhook(folder: Path, *, rounds: int = 20) -> float:
    """p95 of the seconds from a signed delivery of Jira's to the commit of its issue's preview, one after another."""
    serving = _serving(folder)
    work = folder / "work"
    git(folder, "clone", "-q", "-b", "main", str(serving.path), str(work))
    (work / "hub").mkdir(exist_ok=True)
    (work / "hub" / "services.yaml").write_text(RULE, encoding="utf-8")
    git(work, "add", "hub")
    git(work, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "Say what starts")
    git(work, "push", "-q")
    here, took = inbox(serving.jobs), []
    with working(serving.parts(), serving.jobs, issues=_Ready()):
        for number in range(1, rounds + 1):
            body = issue(f"RTB-{number}")
            begin = time.perf_counter()
            (job,) = here.send("jira", body, from_jira(body, name=f"d-{number}")).json()["jobs"]
            serving.ended(job)
            serving.ended(f"{job}-int")
            took.append(time.perf_counter() - begin)
    serving.close()
    return sorted(took)[int(len(took) * 0.95)]


def started_by_api(folder: Path, *, starts: int = STARTS) -> tuple[int, float]:
    """How many commits `starts` come to that are asked for together, and in how many seconds all are done."""
    serving = _serving(folder)
    limits = (patch.object(access, "WRITES_A_MINUTE", 10**6), patch.object(keeping, "OPEN_OPERATIONS", 10**6))
    with limits[0], limits[1], api_world(serving) as world, ThreadPoolExecutor(20) as pool:
        world.api.access.writes.a_minute = 10**6
        before, begin = len(serving.subjects()), time.perf_counter()

        def start(number: int) -> str:
            body = {"issue": f"RTB-{number + 1}", "environment": "int", "images": dict(IMAGES)}
            answer = world.client.post("/api/v1/previews", json=body, headers={"Authorization": "Bearer operator"})
            if answer.status_code != 202:
                raise RuntimeError(answer.text)
            return str(answer.json()["id"])

        for name in pool.map(start, range(starts)):
            serving.ended(name)
        seconds, commits = time.perf_counter() - begin, len(serving.subjects()) - before
    serving.close()
    return commits, seconds


def listed_through_server(*, rounds: int = 9) -> float:
    """How much longer `rtb-hub --server URL list` takes than Python that imports its HTTP client and ends; medians."""
    app = FastAPI()
    app.get("/api/v1/listing")(lambda: PlainTextResponse("no previews\n"))
    with on_loopback(app) as url:
        ran = [_seconds("-m", "hub.cli.main", "--server", url, "list") for _ in range(rounds)]
        imported = [_seconds("-c", "import urllib3") for _ in range(rounds)]
    return median(ran) / median(imported)


def _seconds(*arguments: str) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def page_of_many(folder: Path, *, few: int = 100, many: int = 10_000, rounds: int = 50) -> float:
    """How much longer a page of `many` previews takes by the API than one of `few`; medians of pages in turn."""
    serving = _serving(folder)
    with api_world(serving, works=False) as world:
        took: dict[int, list[float]] = {few: [], many: []}
        read, ends = world.api.feed.snapshot, datetime(2030, 1, 1, tzinfo=UTC)
        rows = tuple(listed_at(read, number, ends) for number in range(1, many + 1))
        snapshots = {count: Snapshot(read.at, read.heads, read.states, rows[:count]) for count in took}
        for count in [*took] * rounds:
            world.api.feed.snapshot = snapshots[count]
            begin = time.perf_counter()
            answer = world.client.get("/api/v1/previews", headers={"Authorization": "Bearer operator"})
            took[count].append(time.perf_counter() - begin)
            if answer.status_code != 200 or answer.json()["total"] != count:
                raise RuntimeError(answer.text)
    serving.close()
    return median(took[many]) / median(took[few])


def _serving(folder: Path) -> Serving:
    folder.mkdir()
    url = sqlite_url(folder / "hub.sqlite")
    _prepared(url).close()
    return Serving(folder / "state.git", url)


def _prepared(url: str) -> Database:
    database = Database(url)
    prepare(database)
    return database


if __name__ == "__main__":
    main()
