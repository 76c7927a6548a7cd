"""Following one preview: what watches tell at once, and what happens when one ends, breaks off or may not be had."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.adapters.http import SenderParts
from hub.adapters.kubernetes import watch, watching
from hub.adapters.kubernetes.cluster import open_cluster
from hub.adapters.kubernetes.watching import Followed
from hub.retrying import Backoff
from reconcilers.ports.target_groups import TargetGroup
from worlds.kube_api import CREATED, KubeApi, refusal

TARGET = "preview-rtb-1"
APPLICATIONS = "applications.argoproj.io"
SECONDS = 20.0


@pytest.fixture
def api() -> Iterator[KubeApi]:
    with KubeApi() as server:
        server.add(APPLICATIONS, TARGET, "argocd", meta={"resourceVersion": "1"})
        server.add("namespaces", TARGET)
        yield server


@pytest.fixture
def followed(api: KubeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Followed]:
    monkeypatch.setattr(watch, "_FIRST_PAUSE", 0.001)
    parts = SenderParts(backoff=Backoff(tries=2, sleep=lambda _: None))
    cluster = open_cluster("here", kubeconfig=str(api.kubeconfig(tmp_path / "config")), parts=parts)
    with Followed(cluster, "argocd", TARGET, "previews-int", again=3600) as one:
        yield one


def pod(name: str, version: str, **status: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": TARGET, "creationTimestamp": CREATED, "resourceVersion": version}
    return {"metadata": meta, "status": status}


def pods(followed: Followed) -> dict[str, Any]:
    return {tree["metadata"]["name"]: tree for tree in followed.recorded().objects.get("pods", ())}


def until(followed: Followed, holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < ends, "in time"
        followed.wait(0.5)


def watches(api: KubeApi, resource: str) -> list[dict[str, str]]:
    return [dict(r.query) for r in [*api.requests] if r.method == "WATCH" and r.resource == resource]


def test_a_change_is_seen_at_once_and_costs_no_request(api: KubeApi, followed: Followed) -> None:
    assert pods(followed) == {}
    until(followed, lambda: sum(r.method == "WATCH" for r in [*api.requests]) == 3)
    assert len(api.requests) == 11, "eight lists and three watches"
    api.tell("pods", "ADDED", pod("web-1", "5", phase="Pending"))
    until(followed, lambda: "web-1" in pods(followed))
    api.tell("pods", "MODIFIED", pod("web-1", "6", phase="Running"))
    until(followed, lambda: pods(followed)["web-1"]["status"]["phase"] == "Running")
    api.tell("pods", "DELETED", pod("web-1", "7"))
    until(followed, lambda: pods(followed) == {})
    assert len(api.requests) == 11


def test_a_change_wakes_who_waits_within_a_second(api: KubeApi, followed: Followed) -> None:
    pods(followed)
    until(followed, lambda: bool(watches(api, "pods")))
    took = []
    for number in range(5):
        begun = time.monotonic()
        api.tell("pods", "ADDED", pod(f"web-{number}", str(number + 5)))
        until(followed, lambda name=f"web-{number}": name in pods(followed))  # type: ignore[misc]
        took.append(time.monotonic() - begun)
    assert sorted(took)[2] <= 1.0


def test_a_watch_that_ends_goes_on_where_it_was(api: KubeApi, followed: Followed) -> None:
    pods(followed)
    api.tell("pods", "BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": "77"}})
    api.close("pods")
    until(followed, lambda: len(watches(api, "pods")) > 1)
    assert watches(api, "pods")[0]["allowWatchBookmarks"] == "true"
    assert "resourceVersion" not in watches(api, "pods")[0]
    assert watches(api, "pods")[1]["resourceVersion"] == "77"


def test_what_is_cut_off_in_the_middle_comes_again(api: KubeApi, followed: Followed) -> None:
    pods(followed)
    api.tell("pods", "ADDED", pod("web-1", "5"))
    api.tell("pods", "ADDED", pod("web-2", "6"), cut=True)
    until(followed, lambda: len(watches(api, "pods")) > 1)
    assert watches(api, "pods")[1]["resourceVersion"] == "5"
    api.tell("pods", "ADDED", pod("web-2", "6"))
    until(followed, lambda: {"web-1", "web-2"} == {*pods(followed)})


class Groups:
    asked: list[str]

    def __init__(self) -> None:
        self.asked = []

    def of(self, namespace: str = "") -> tuple[TargetGroup, ...]:
        self.asked.append(namespace)
        return (TargetGroup("k8s-previewr-web-1", "arn", namespace),)


def test_aws_is_asked_when_the_application_goes_last_and_only_a_watch_told_it(api: KubeApi, followed: Followed) -> None:
    groups = Groups()
    followed.cluster, followed.is_asked = replace(followed.cluster, groups=groups), False
    api.objects["namespaces"].clear()
    assert (followed.recorded().targets, groups.asked) == (None, [])
    application = api.objects[APPLICATIONS].pop()
    api.tell(APPLICATIONS, "DELETED", application)
    until(followed, lambda: followed.recorded().is_gone)
    targets = followed.recorded().targets
    assert targets is not None
    assert ([one.namespace for one in targets.found], groups.asked) == ([TARGET], [TARGET]), "asked once"


def test_what_nobody_watches_is_read_when_the_application_goes(api: KubeApi, followed: Followed) -> None:
    """Else its namespace, as it was read before, would look as if nothing removed it."""
    assert followed.recorded().objects["namespaces"]
    (namespace,) = api.objects["namespaces"]
    namespace["metadata"]["deletionTimestamp"] = CREATED
    application = api.objects[APPLICATIONS].pop()
    api.tell(APPLICATIONS, "DELETED", application)
    until(followed, lambda: not followed.recorded().objects[APPLICATIONS])
    (left,) = followed.recorded().objects["namespaces"]
    assert left["metadata"]["deletionTimestamp"] == CREATED
    now = followed.seconds()
    followed.seconds = lambda: now + watching.LEFT_SECONDS
    api.objects["namespaces"].clear()
    assert followed.recorded().is_gone


@pytest.mark.parametrize("how", ["event", "answer"])
def test_a_watch_whose_place_is_gone_begins_again(api: KubeApi, followed: Followed, how: str) -> None:
    pods(followed)
    api.tell("pods", "ADDED", pod("web-1", "5"))
    if how == "answer":
        until(followed, lambda: bool(watches(api, "pods")))
        api.refused["pods"] = [refusal(410)]
        api.close("pods")
    else:
        api.tell("pods", "ERROR", {"kind": "Status", "code": 410})
    until(followed, lambda: bool(watches(api, "pods")[1:]) and "resourceVersion" not in watches(api, "pods")[-1])


def test_a_watch_that_may_not_be_had_leaves_reading_anew(api: KubeApi, followed: Followed) -> None:
    api.refused["pods"] = [refusal(403)] * 100_000
    followed.again = 0
    pods(followed)
    api.add("pods", "web-1", TARGET)
    assert {*pods(followed)} == {"web-1"}


def test_reading_anew_mends_what_a_watch_missed_and_keeps_what_it_told_meanwhile(
    api: KubeApi, followed: Followed
) -> None:
    api.add("pods", "gone", TARGET, meta={"resourceVersion": "3"})
    assert {*pods(followed)} == {"gone"}
    api.objects["pods"].clear()
    reading, told = threading.Event(), threading.Event()
    real = api.answer

    def slow(method: str, path: str, authorization: str) -> tuple[int, bytes]:
        answered = real(method, path, authorization)
        if "/pods?" in path:
            reading.set()
            assert told.wait(SECONDS)
        return answered

    api.answer = slow  # type: ignore[method-assign]

    def tell() -> None:
        assert reading.wait(SECONDS)
        api.tell("pods", "ADDED", pod("web-1", "9"))
        ends = time.monotonic() + SECONDS
        while "web-1" not in followed._kept.get("pods", {}) and time.monotonic() < ends:
            followed.wait(0.05)
        told.set()

    followed.again = 0
    thread = threading.Thread(target=tell)
    thread.start()
    found = pods(followed)
    thread.join()
    assert {*found} == {"web-1"}
