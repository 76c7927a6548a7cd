"""A state repository with a database beside it, and what services are put together from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from contracts.queue_contract import QUICK, until
from hub.actions.parts import Parts
from hub.queue.jobs import Jobs
from hub.queue.payloads import SCHEMA
from hub.settings import load_settings
from hub.store.database import Database, sqlite_url
from hub.store.jobs import Job, JobRow
from hub.store.schema import prepare
from hub.wiring import Hub
from reconcilers.ports.git import GitStore
from worlds.builders import image
from worlds.commands import git
from worlds.repositories import state_repository

IMAGES = {"web": image("web"), "api": image("api")}
REPLACES = frozenset({"preview.start", "preview.stop", "preview.revive"})


def payload(job_id: str, issue: str = "RTB-1", environment: str | None = "int", **said: Any) -> dict[str, Any]:
    """What a job says, of alice."""
    who = {"kind": "person", "id": "alice", "via": "api"}
    return {
        "schema": SCHEMA, "id": job_id, "issue": issue, "environment": environment, "requestedBy": who, **said
    }  # fmt: skip


def job(
    job_id: str, name: str = "preview.start", issue: str = "RTB-1", environment: str | None = "int", **said: Any
) -> Job:
    """A job on a preview; a start says its images."""
    if name == "preview.start":
        said.setdefault("images", IMAGES)
    key = f"{environment}/{issue}" if environment else ""
    return Job(job_id, "jira-queue", name, payload(job_id, issue, environment, **said), key, name in REPLACES)


@dataclass
class Serving:
    """The shipped environments in a bare repository at `path`, and jobs in the database at `url`."""

    path: Path
    url: str

    def __post_init__(self) -> None:
        if not self.path.exists():
            state_repository(self.path)
        self.database = Database(self.url)
        self.jobs = Jobs(self.database)
        self.hub = Hub(load_settings({"HOME": str(self.path.parent), "RTB_HUB_CACHE": str(self.path.parent / "cache")}))

    def parts(self, store: GitStore | None = None) -> Parts:
        return self.hub.parts_of(store or self.hub.store(str(self.path)))

    def put(self, *jobs: Job) -> None:
        with self.database.write() as connection:
            for one in jobs:
                self.jobs.put_in(connection, one)
        self.jobs.notify()

    def configured(self, text: str) -> None:
        """Commit `hub/services.yaml` on main, as a person would."""
        work = self.path.parent / "work"
        git(self.path.parent, "clone", "-q", "-b", "main", str(self.path), str(work))
        (work / "hub").mkdir(exist_ok=True)
        (work / "hub" / "services.yaml").write_text(text)
        git(work, "add", "hub")
        git(work, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "Say what starts")
        git(work, "push", "-q")

    def ended(self, job_id: str, *states: str) -> JobRow:
        """The job, once it is done, or in one of `states`."""
        return until(self, job_id, *(states or ("done",)))  # type: ignore[arg-type]

    def subjects(self, branch: str = "main") -> list[str]:
        """Of the commits after the layout's, the newest first."""
        return git(self.path, "log", "--format=%s", branch).splitlines()[:-1]

    def operations(self, branch: str = "main") -> list[str]:
        """The operations that commits name, the oldest first."""
        told = git(self.path, "log", "--reverse", "--format=%(trailers:key=Operation,valueonly)", branch)
        return told.split()

    def close(self) -> None:
        self.database.close()


@contextmanager
def served(folder: Path) -> Iterator[Serving]:
    """A state repository without previews, and an empty database, both in `folder`, which is made."""
    folder.mkdir(exist_ok=True)
    url = sqlite_url(folder / "hub.sqlite")
    database = Database(url)
    prepare(database)
    database.close()
    made = Serving(folder / "state.git", url)
    try:
        yield made
    finally:
        made.close()


BRIEF = {"lease": timedelta(milliseconds=600), "renew": timedelta(milliseconds=100), "poll": QUICK.poll}


def faults(row: JobRow) -> list[Mapping[str, Any]]:
    assert row.error is not None
    return list(row.error["faults"])
