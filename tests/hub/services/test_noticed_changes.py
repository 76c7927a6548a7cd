"""What Argo CD says of a preview is told at its issue when it changes, and not when somebody looks next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.adapters.kubernetes import watch
from hub.services import telling as service
from hub.services.telling import telling
from hub.services.worker.service import working
from hub.settings import load_settings
from hub.wiring.telling import open_telling
from worlds.jira_server import JiraFront, JiraServer
from worlds.jira_server.site import Issue
from worlds.kube_api import KubeApi
from worlds.polling import until
from worlds.serving import Serving, job, served

APPLICATIONS = "applications.argoproj.io"
TARGET = "preview-rtb-1"
OURS = {"labels": {"app.kubernetes.io/managed-by": "rtb-ai-hub", "preview.rtb-ai-hub/environment": "int"}}
OWNED = {"ownerReferences": [{"kind": "ApplicationSet", "name": "previews-int"}]}


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with served(tmp_path) as made:
        yield made


def status(health: str) -> dict[str, Any]:
    return {"sync": {"status": "Synced"}, "health": {"status": health}}


def test_a_change_is_told_when_a_watch_says_so(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "EVERY_SECONDS", 3600.0)
    monkeypatch.setattr(service, "APART_SECONDS", 0.01)
    monkeypatch.setattr(watch, "_FIRST_PAUSE", 0.001)
    jira, home = JiraServer(issues={"RTB-1": Issue()}), serving.path.parent
    with KubeApi() as api, JiraFront(jira) as front:
        settings = {
            "HOME": str(home), "RTB_HUB_CACHE": str(home / "cache"), "RTB_HUB_JIRA_URL": front.url,
            "RTB_HUB_JIRA_EMAIL": "hub@example.com", "RTB_HUB_JIRA_TOKEN": "ATATT3xFfGF0-secret",
            "RTB_HUB_JIRA_MESSAGES": "en", "RTB_HUB_CLUSTERS": "int=here",
            "KUBECONFIG": str(api.kubeconfig(home / "config")),
        }  # fmt: skip
        api.add("namespaces", TARGET, meta=OURS)
        tree = api.add(
            APPLICATIONS, TARGET, "argocd", meta={**OWNED, "resourceVersion": "1"}, spec={"project": "previews-int"},
            status=status("Progressing"),
        )  # fmt: skip
        messages = open_telling(
            replace(serving.hub, settings=load_settings(settings)), str(serving.path), serving.database
        )
        with working(serving.parts(), serving.jobs), telling(messages, serving.jobs):
            serving.put(job("op-1"))
            serving.ended("op-1")
            until(lambda: told(jira) == "starting", "nobody was told of the start")
            until(lambda: any(one.method == "WATCH" for one in api.requests), "nobody watches")
            (asked,) = (one for one in api.requests if one.method == "WATCH")
            assert (asked.resource, asked.namespace, "fieldSelector" in asked.query) == (APPLICATIONS, "argocd", False)
            tree["status"] = status("Healthy")
            api.tell(APPLICATIONS, "MODIFIED", {**tree, "metadata": {**tree["metadata"], "resourceVersion": "2"}})
            until(lambda: told(jira) == "running", "nobody was told that it runs")
    assert jira.violations == []


def told(jira: JiraServer) -> str:
    """The phase that the comment tells; empty: there is none."""
    comments = [*jira.issues["RTB-1"].comments.values()]
    return str(comments[0].body["content"][0]["content"][0]["attrs"]["text"]) if comments else ""
