"""A design that changed: told by a job of Figma's queue, shown on the previews that are older."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.queue_contract import QUICK
from generator.errors import ConfigError
from hub.queue.foreign import foreign
from hub.queue.payloads import SCHEMA, DesignChanged, parsed
from hub.services.worker.service import working
from hub.store.database import Database, sqlite_url
from hub.store.designs import changed
from hub.store.schema import prepare
from hub.views.listing.rows import DesignChange
from worlds.api_world import api_world
from worlds.serving import Serving, job

URL = "https://www.figma.com/design/AbC123/Login-page?node-id=1-2"


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    url = sqlite_url(tmp_path / "hub.sqlite")
    database = Database(url)
    prepare(database)
    database.close()
    made = Serving(tmp_path / "state.git", url)
    yield made
    made.close()


def said(**more: Any) -> dict[str, Any]:
    who = {"kind": "person", "id": "dana", "via": "figma"}
    return {"schema": SCHEMA, "id": "figma-1", "issue": "RTB-1", "url": URL, "requestedBy": who, **more}


@pytest.mark.parametrize(
    "url",
    [
        "http://www.figma.com/design/AbC123/x", "https://figma.com.evil.example.com/design/a/b",
        "https://evil.example.com/design/AbC123", "https://figma.com@evil.example.com/design/a", "javascript:alert(1)",
        "https://www.figma.com/design/a/<script>", "https://www.figma.com/", "https://www.figma.com:8443/design/a/b",
        "https://www.figma.com/design/a\n", "https://www.figma.com/design/" + "a" * 1000,
    ],
)  # fmt: skip
def test_only_files_of_figma_are_taken(url: str) -> None:
    with pytest.raises(ConfigError):
        parsed("design.changed", said(url=url))


@pytest.mark.parametrize("url", [URL, "https://figma.com/file/abc", "https://www.figma.com/proto/a/B%20C?x=1&y=2#z"])
def test_links_as_figma_copies_them_are(url: str) -> None:
    assert isinstance(parsed("design.changed", said(url=url)), DesignChanged)


def test_a_change_marks_the_previews_that_are_older(serving: Serving) -> None:
    with working(serving.parts(), serving.jobs, pace=QUICK):
        serving.put(job("op-1"), job("op-2", issue="RTB-2"))
        serving.ended("op-1")
        serving.ended("op-2")
        serving.put(foreign("figma-queue", "figma-1", "design.changed", said(), added=1))
        result = serving.ended("figma-1").result or {}
    assert (result["issue"], result["url"]) == ("RTB-1", URL)
    later = datetime.now(UTC) + timedelta(hours=1)
    with serving.database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE jobs SET result = ? WHERE id = 'figma-1'",
            (f'{{"issue":"RTB-1","url":"{URL}","changedAt":"{later.isoformat()}"}}',),
        )
    with api_world(serving) as world:
        marks = {
            one["issue"]: one["designChange"] for one in world.get("/api/v1/previews", by="viewer").json()["previews"]
        }
        text = world.get("/api/v1/previews/int/RTB-1/shown", by="viewer", headers={"accept": "text/plain"}).text
        listing = world.get("/api/v1/listing", by="viewer", headers={"accept": "text/plain"}).text
    assert marks == {"RTB-1": {"url": URL, "at": later.strftime("%Y-%m-%dT%H:%M:%SZ")}, "RTB-2": None}
    for told in (text, listing):
        assert f"design changed since RTB-1 in int was asked for: {URL}" in told


def test_the_newest_change_of_an_issue_counts_and_the_rest_is_read_once(serving: Serving) -> None:
    with working(serving.parts(), serving.jobs, pace=QUICK):
        for number in (1, 2):
            payload = said(id=f"figma-{number}", url=f"https://figma.com/file/v{number}")
            serving.put(foreign("figma-queue", f"figma-{number}", "design.changed", payload, added=1))
            serving.ended(f"figma-{number}")
    with serving.database.read() as connection:
        found, newest = changed(connection, since=0)
        again, _ = changed(connection, since=newest + 1000)
    assert isinstance(found["RTB-1"], DesignChange)
    assert found["RTB-1"].url == "https://figma.com/file/v2"
    assert again == {}
