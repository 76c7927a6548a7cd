"""Messages are kept up to date beside a worker, whatever becomes of the channel; a start waits for none of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.queue_contract import QUICK
from hub.actions.telling.telling import Telling
from hub.services.api.sign_in import SignIn
from hub.services.serve import parts
from hub.services.telling import telling
from hub.services.worker.service import working
from hub.settings import load_settings
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from hub.wiring import Hub
from hub.wiring.telling import open_telling
from worlds.http_server import HttpServer
from worlds.jira_server import JiraFront, JiraServer
from worlds.jira_server.site import Issue
from worlds.polling import until
from worlds.serving import Serving, job


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    url = sqlite_url(tmp_path / "hub.sqlite")
    database = Database(url)
    prepare(database)
    database.close()
    made = Serving(tmp_path / "state.git", url)
    yield made
    made.close()


def with_jira(serving: Serving, url: str) -> Hub:
    """The hub of a process that tells at the site there."""
    home = serving.path.parent
    settings = {
        "HOME": str(home), "RTB_HUB_CACHE": str(home / "cache"), "RTB_HUB_JIRA_URL": url,
        "RTB_HUB_JIRA_EMAIL": "hub@example.com", "RTB_HUB_JIRA_TOKEN": "ATATT3xFfGF0-secret",
        "RTB_HUB_JIRA_MESSAGES": "en",
    }  # fmt: skip
    return replace(serving.hub, settings=load_settings(settings))


def messages_of(serving: Serving, url: str) -> Telling:
    return open_telling(with_jira(serving, url), str(serving.path), serving.database)


def test_a_start_is_told_of_soon_and_its_end_too(serving: Serving) -> None:
    jira = JiraServer(issues={"RTB-1": Issue()})
    issue = jira.issues["RTB-1"]
    with JiraFront(jira) as front:
        messages = messages_of(serving, front.url)
        with working(serving.parts(), serving.jobs, pace=QUICK), telling(messages, serving.jobs):
            serving.put(job("op-1"))
            serving.ended("op-1")
            until(lambda: len(issue.comments) == len(issue.links) == 1, "nobody was told of the start")
            serving.put(job("op-2", "preview.stop"))
            serving.ended("op-2")
            until(
                lambda: all(one["object"]["status"]["resolved"] for one in issue.links.values()),
                "nobody was told of the end",
            )
    assert len(issue.comments) == 1
    assert jira.violations == []


def test_a_channel_that_does_not_answer_delays_no_job(serving: Serving) -> None:
    with HttpServer() as silent:
        silent.steps = [silent.waits()]
        messages = messages_of(serving, silent.url)
        with working(serving.parts(), serving.jobs, pace=QUICK), telling(messages, serving.jobs):
            serving.put(job("op-1"))
            assert (serving.ended("op-1").result or {})["change"] == "created"
            until(lambda: len(silent.seen) > 0, "the channel was not asked")
            serving.put(job("op-2", "preview.stop"))
            assert (serving.ended("op-2").result or {})["change"] == "removed"
            silent.is_over.set()


def test_all_in_one_process_tells_too(serving: Serving) -> None:
    """As `serve` puts its parts together."""
    jira = JiraServer(issues={"RTB-1": Issue()})
    with JiraFront(jira) as front:
        ours = with_jira(serving, front.url)
        sign_in = SignIn(serving.database, ours.clock, None)
        with parts(ours, str(serving.path), serving.database, sign_in):
            serving.put(job("op-1"))
            serving.ended("op-1")
            until(lambda: len(jira.issues["RTB-1"].comments) == 1, "nobody was told of the start")


def test_without_a_channel_nothing_runs(serving: Serving) -> None:
    none = open_telling(serving.hub, str(serving.path), serving.database)
    before = threading.active_count()
    with telling(none, serving.jobs):
        assert threading.active_count() == before
