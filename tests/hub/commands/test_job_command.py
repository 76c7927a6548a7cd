"""`rtb-hub job`: what there is, why one is dead, and once more."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.queue.jobs import Jobs
from hub.store import audit
from hub.store.database import Database, sqlite_url
from worlds.commands import must, rtb_hub
from worlds.dead_jobs import with_dead_job
from worlds.serving import job


@pytest.fixture
def data(tmp_path: Path) -> dict[str, str]:
    """A database with a job that is dead, of hostile words, and one that is due."""
    with_dead_job(tmp_path)
    database = Database(sqlite_url(tmp_path / "hub.sqlite"))
    Jobs(database).put(job("op-2", issue="RTB-2"))
    database.close()
    return {"RTB_HUB_DATA": str(tmp_path), "RTB_HUB_ACTOR": "bob"}


def test_jobs_are_listed_with_why_they_failed(data: dict[str, str]) -> None:
    told = must("job", "list", **data)
    assert all(text in told.out for text in ("op-1", "op-2", "int/RTB-2", "images.web", "1 dead in jira-queue"))
    assert "\x1b" not in told.out
    dead = must("job", "list", "--state", "dead", "-o", "json", **data).json()
    assert [one["id"] for one in dead["jobs"]] == ["op-1"]
    assert dead["jobs"][0]["error"]["reason"] == "InvalidValue"
    assert dead["counts"] == [
        {"queue": "jira-queue", "state": "dead", "count": 1},
        {"queue": "jira-queue", "state": "pending", "count": 2},
    ]
    first = must("job", "list", "--limit", "1", "-o", "json", **data).json()
    assert ([one["id"] for one in first["jobs"]], first["more"]) == (["op-2"], True)


def test_one_is_shown_with_what_it_says(data: dict[str, str]) -> None:
    told = must("job", "show", "op-1", **data)
    assert all(text in told.out for text in ("issue: RTB-1", "images.web", "[InvalidValue]"))
    assert "\x1b" not in told.out
    assert must("job", "show", "op-1", "-o", "json", **data).json()["payload"]["issue"] == "RTB-1"
    missing = rtb_hub("job", "show", "op-3", **data)
    assert (missing.code, "job list --state dead" in missing.err) == (76, True)


def test_a_dry_run_of_a_retry_changes_nothing_and_is_refused_as_one(data: dict[str, str]) -> None:
    assert "op-1 would run again; nothing is written" in must("job", "retry", "op-1", "--dry-run", **data).out
    told = must("job", "retry", "op-1", "--dry-run", "-o", "json", **data).json()
    assert (told["dryRun"], told["id"], told["state"]) == (True, "op-1", "dead")
    assert must("job", "show", "op-1", "-o", "json", **data).json()["state"] == "dead"
    for name, why in (("op-2", "it is pending"), ("op-3", "there is no such job")):
        dry, real = (rtb_hub("job", "retry", name, *more, **data) for more in (("--dry-run",), ()))
        assert (dry.code, dry.err, why in dry.err) == (76, real.err, True)
    database = Database(sqlite_url(Path(data["RTB_HUB_DATA"]) / "hub.sqlite"))
    with database.read() as connection:
        assert audit.listed(connection) == []
    database.close()


def test_a_dead_job_runs_again_and_the_audit_log_says_who_asked(data: dict[str, str]) -> None:
    assert must("job", "retry", "op-1", "-o", "json", **data).json()["state"] == "pending"
    again = rtb_hub("job", "retry", "op-1", **data)
    assert (again.code, "it is pending" in again.err) == (76, True)
    database = Database(sqlite_url(Path(data["RTB_HUB_DATA"]) / "hub.sqlite"))
    with database.read() as connection:
        entries = [one.entry for one in audit.listed(connection)]
    database.close()
    assert [(one.who, one.via, one.action, one.object) for one in entries] == [("bob", "command", "retry", "op-1")]


def test_a_database_of_another_release_is_not_touched(tmp_path: Path) -> None:
    empty = rtb_hub("job", "list", RTB_HUB_DATA=str(tmp_path))
    assert (empty.code, "rtb-hub db upgrade" in empty.err, "RTB_HUB_DATA" in empty.err) == (71, True, True)
