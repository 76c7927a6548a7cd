"""A services' database with what needs a person."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from generator.errors import ConfigError, Fault, Reason
from hub.actions.inbox.inbox import Arrived, accept
from hub.queue.ending import ending_of
from hub.queue.jobs import Jobs
from hub.queue.port import Pace
from hub.store import jobs
from hub.store.database import Database, sqlite_url
from hub.store.jobs import Claim
from hub.store.schema import prepare
from worlds.delivering import from_github, pull
from worlds.serving import job


def with_dead_job(folder: Path) -> None:
    """In `folder` (RTB_HUB_DATA): the job op-1, dead, with words that nobody should trust; a delivery `guid-1`."""
    database = Database(sqlite_url(folder / "hub.sqlite"))
    prepare(database)
    put = Jobs(database)
    put.put(job("op-1"))
    why = ConfigError(Reason.INVALID_VALUE, Fault("no \x1b[31msuch image", field="images.web", allowed="a digest"))
    with database.write() as connection:
        now = database.now(connection)
        (row,) = jobs.claim(connection, database, Claim("token", timedelta(minutes=1)), now=now)
        jobs.end(connection, database, row, ending_of(row, why, now=now, pace=Pace()), now=now)
    body = pull()
    headers = {name.lower(): value for name, value in from_github(body, guid="guid-1").items()}
    accept(put, Arrived("github", headers, body, "github-webhook"))
    database.close()
