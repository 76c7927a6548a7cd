"""One service in a process of its own: a dashboard that puts jobs, a worker that commits them, a database between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hub.store import schema
from hub.store.database import Database, sqlite_url
from worlds.builders import image
from worlds.commands import must, rtb_hub
from worlds.jira_server import Issue, JiraFront, JiraServer
from worlds.kube_api import KubeApi
from worlds.polling import until
from worlds.processes import Process, call
from worlds.repositories import state_repository
from worlds.valkey import valkey


@pytest.fixture
def processes() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_what_a_dashboard_is_asked_for_a_worker_commits(tmp_path: Path, processes: ExitStack) -> None:
    repo, url = state_repository(tmp_path / "state.git"), sqlite_url(tmp_path / "hub.sqlite")
    database = Database(url)
    schema.prepare(database)
    database.close()
    where = ("--repo", str(repo), "--port", "0")
    redis = processes.enter_context(valkey()).url
    jira = processes.enter_context(JiraFront(JiraServer(issues={"RTB-1": Issue()})))
    told = {
        "RTB_HUB_JIRA_URL": jira.url, "RTB_HUB_JIRA_EMAIL": "hub@example.com", "RTB_HUB_JIRA_TOKEN": "a-token-of-jira",
        "RTB_HUB_JIRA_MESSAGES": "en",
    }  # fmt: skip
    worker = Process(tmp_path, "worker", *where, RTB_HUB_DATABASE_URL=url, RTB_HUB_REDIS_URL=redis, **told)
    processes.callback(worker.end)
    api = processes.enter_context(KubeApi())
    looks = {"RTB_HUB_CLUSTERS": "int=here", "KUBECONFIG": str(api.kubeconfig(tmp_path / "config"))}
    page = Process(tmp_path, "dashboard", *where, "--metrics-port", "0", RTB_HUB_DATABASE_URL=url, **looks)
    processes.callback(page.end)
    health, beside = worker.say(r":(\d+)/metrics"), page.say(r":(\d+)/metrics")
    port, link = page.say(r":(\d+) is ready"), page.say(r"(/api/\S+)$")
    assert [call(one, "GET", "/healthz")[0] for one in (health, beside, port)] == [200] * 3
    assert json.loads(call(health, "GET", "/readyz")[1])["parts"] == {"database": "ok", "worker": "ok"}
    assert json.loads(call(beside, "GET", "/readyz")[1])["parts"] == {"database": "ok", "repository": "ok"}
    assert "process_resident_memory_bytes" in call(beside, "GET", "/metrics")[1]
    told = 'rtb_hub_phase_previews{environment="int",phase="running"} 0'
    until(lambda: told in call(beside, "GET", "/metrics")[1], "figures of previews are told")
    assert call(port, "GET", "/metrics")[0] in (401, 403, 404), "figures are not for browsers"
    cookie = call(port, "GET", link)[2]["Set-Cookie"].partition(";")[0]
    asked = {"issue": "RTB-1", "environment": "int", "blueprint": "web", "images": {"web": image("web")}}
    headers = {"Cookie": cookie, "X-RTB-Request": "1", "Prefer": "wait=30"}
    _, done, _ = call(port, "POST", "/api/v1/previews", asked, **headers)
    assert json.loads(done)["result"]["change"] == "created", done
    assert [one["issue"] for one in must("list", "--output", "json", "--repo", repo).json()["previews"]] == ["RTB-1"]
    comments = jira.site.issues["RTB-1"].comments
    until(lambda: len(comments) == 1, "nobody was told at the issue")
    assert (worker.end(), page.end()) == (0, 0)


def test_a_worker_refuses_a_redis_that_evicts(tmp_path: Path) -> None:
    repo, url = state_repository(tmp_path / "state.git"), sqlite_url(tmp_path / "hub.sqlite")
    database = Database(url)
    schema.prepare(database)
    database.close()
    with valkey("--maxmemory-policy", "allkeys-lru") as evicting:
        given = {"RTB_HUB_DATABASE_URL": url, "RTB_HUB_REDIS_URL": evicting.url}
        ran = rtb_hub("serve", "worker", "--repo", repo, "--port", "0", **given)
    assert (ran.code, "evict" in ran.err) == (14, True), ran.err


@pytest.mark.parametrize("service", ["worker", "dashboard"])
def test_a_database_of_another_schema_is_refused(tmp_path: Path, service: str) -> None:
    repo = state_repository(tmp_path / "state.git")
    url = {"RTB_HUB_DATABASE_URL": sqlite_url(tmp_path / "empty.sqlite")}
    assert rtb_hub("serve", service, "--repo", repo, "--port", "0", **url).code == 71


def test_addresses_are_for_one_service_alone(tmp_path: Path) -> None:
    assert rtb_hub("serve", "--host", "0.0.0.0", "--repo", tmp_path).code == 2
    assert rtb_hub("serve", "worker", "--metrics-port", "0", "--repo", tmp_path).code == 2
    assert rtb_hub("serve", "--metrics-port", "0").code == 2
