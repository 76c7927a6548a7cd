"""`rtb-hub logs`, `open`, `status` and `orphans` against an API server."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES, UNHEALTHY
from worlds.commands import IMAGES, Ran, must, rtb_hub
from worlds.kube_api import KubeApi, refusal
from worlds.repositories import state_repository

TARGET = "preview-rtb-123"
APPLICATIONS = "applications.argoproj.io"
OURS = {"labels": {"app.kubernetes.io/managed-by": "rtb-ai-hub", "preview.rtb-ai-hub/environment": "int"}}
OWNED = {"ownerReferences": [{"kind": "ApplicationSet", "name": "previews-int"}]}
UP = {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}
LONG_AGO = "2020-01-01T00:00:00Z"


@dataclass
class Place:
    state: Path
    api: KubeApi
    kubeconfig: Path

    def run(self, *arguments: object) -> Ran:
        at = ("--repo", self.state, "--cluster", "here", "--kubeconfig", self.kubeconfig)
        return rtb_hub(*arguments, "--env", "int", *at)

    def pod(self, name: str, status: dict[str, Any], **meta: Any) -> None:
        owner = {"ownerReferences": [{"kind": "ReplicaSet", "name": "web-7d9f8b6c5"}], **meta}
        self.api.add("pods", name, TARGET, meta=owner, status={"phase": "Running", "containerStatuses": [status]})


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    state = tmp_path / "state.git"
    state_repository(state)
    must("start", "RTB-123", "--env", "int", *IMAGES, "--repo", state)
    with KubeApi() as api:
        api.add(APPLICATIONS, TARGET, "argocd", spec={"project": "previews-int"}, meta=OWNED, status=copy.deepcopy(UP))
        api.add("namespaces", TARGET, meta=OURS)
        yield Place(state, api, api.kubeconfig(tmp_path / "config"))


def test_the_log_is_of_the_newest_pod_and_no_control_sign_reaches_the_terminal(place: Place) -> None:
    place.pod("web-7d9f8b6c5-a", {"name": "web", "state": {"running": {}}}, creationTimestamp="2026-11-23T00:00:00Z")
    place.pod("web-7d9f8b6c5-b", {"name": "web", "state": {"running": {}}})
    place.api.log = b"listening\n\x1b[2Jbad \xff\n"
    ran = place.run("logs", "RTB-123", "web", "--tail", "7", "--since", "10m")
    assert ran.code == 0
    assert ran.out == "listening\n\\x1b[2Jbad \ufffd\n"
    asked = place.api.requests[-1]
    assert (asked.resource, asked.namespace) == ("pods/log", TARGET)
    assert asked.query == {"container": "web", "tailLines": "7", "limitBytes": "4194304", "sinceSeconds": "600"}
    told = place.run("logs", "RTB-123", "web", "-o", "json").json()
    assert (told["pod"], told["previous"], told["lines"][0]) == ("web-7d9f8b6c5-b", False, "listening")


def test_of_one_that_crashes_the_log_is_that_of_the_run_before(place: Place) -> None:
    last = {"terminated": {"reason": "Error", "exitCode": 1}}
    place.pod("web-1", {"name": "web", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": last})
    place.api.log = b"boom\n"
    assert place.run("logs", "RTB-123", "web", "-o", "json").json()["previous"] is True
    assert place.api.requests[-1].query["previous"] == "true"
    assert place.run("logs", "RTB-123", "web", "--current", "-o", "json").json()["previous"] is False


def test_a_container_that_never_ran_has_no_log(place: Place) -> None:
    last = {"terminated": {"reason": "StartError", "exitCode": 128, "message": "executable file not found"}}
    place.pod("web-1", {"name": "web", "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": last})
    ran = place.run("logs", "RTB-123", "web")
    assert ran.code == CODES[Reason.PREVIEW_FAILED]
    assert "never ran, so there is no log: executable file not found" in ran.err
    assert not any(r.resource == "pods/log" for r in place.api.requests)


def test_who_may_not_read_logs_is_told_of_the_role(place: Place) -> None:
    place.pod("web-1", {"name": "web", "state": {"running": {}}})
    place.api.answers["pods/log"] = [refusal(403)]
    ran = place.run("logs", "RTB-123", "web")
    assert ran.code == CODES[Reason.CLUSTER_REFUSED]
    assert "kubectl create clusterrolebinding rtb-hub-logs --clusterrole=rtb-hub-logs --group=rtb-hub-reader" in ran.err
    ran = place.run("logs", "RTB-123", "wep")
    assert (ran.code, "did you mean: web" in ran.err) == (CODES[Reason.INVALID_VALUE], True)


def test_the_address_of_one_that_runs_is_printed_and_of_no_other(place: Place) -> None:
    ran = place.run("open", "RTB-123")
    assert (ran.code, ran.out) == (0, "https://rtb-123.int.preview.example.com/\n")
    assert place.run("open", "RTB-123", "-o", "json").json()["phase"] == "running"
    place.api.objects[APPLICATIONS][0]["status"]["health"]["status"] = "Progressing"
    ran = place.run("open", "RTB-123")
    assert (ran.code, ran.out) == (CODES[Reason.PREVIEW_FAILED], "")
    place.api.requests.clear()
    assert place.run("open", "RTB-123", "--force").code == 0
    assert place.api.requests == []


def test_status_is_one_line_and_with_watch_ends_when_it_runs(place: Place) -> None:
    assert place.run("status", "RTB-123").out == "running\n"
    told = place.run("status", "RTB-123", "--watch", "-o", "json").json()
    assert (told["phase"], told["issue"]) == ("running", "RTB-123")
    assert place.run("status", "RTB-9", "--watch").out.endswith("removed\n")
    place.api.objects[APPLICATIONS][0]["status"]["health"]["status"] = "Progressing"
    ran = place.run("status", "RTB-123", "--watch", "--timeout", "1s")
    assert ran.code == CODES[Reason.NOT_IN_TIME]
    assert "starting" in ran.out


def test_every_kind_of_orphan_is_told_with_what_helps(place: Place) -> None:
    assert place.run("orphans").code == 0
    place.api.objects[APPLICATIONS].clear()
    left = {**OURS, "creationTimestamp": LONG_AGO}
    place.api.add("namespaces", "preview-rtb-7", meta=left)
    place.api.add("jobs.batch", "seed-1", "preview-rtb-7", meta=OURS)
    place.api.add("persistentvolumeclaims", "data", "preview-rtb-7")
    gone = {"deletionTimestamp": LONG_AGO, "finalizers": ["group.ingress.k8s.aws/previews-0"]}
    place.api.add("ingresses.networking.k8s.io", "preview", "preview-rtb-7", meta=gone)
    place.api.add("targetgroupbindings.elbv2.k8s.aws", "k8s-web", "preview-rtb-7")
    place.api.add(APPLICATIONS, "preview-rtb-8", "argocd", spec={"project": "previews-int"}, meta={**OWNED, "creationTimestamp": LONG_AGO})  # fmt: skip
    place.api.add(APPLICATIONS, "preview-rtb-9", "argocd", spec={"project": "previews-int"}, meta={"creationTimestamp": LONG_AGO})  # fmt: skip
    ran = place.run("orphans", "-o", "json")
    assert ran.code == UNHEALTHY
    told = {(one["kind"], one["subject"]): one["remedy"] for one in ran.json()["orphans"]}
    assert told.keys() == {
        ("namespace-left-over", "Namespace preview-rtb-7"),
        ("held-by-finalizer", "Ingress preview"),
        ("left-in-namespace", "Job seed-1"),
        ("left-in-namespace", "PersistentVolumeClaim data"),
        ("left-in-namespace", "TargetGroupBinding k8s-web"),
        ("application-without-entry", "Application preview-rtb-8"),
        ("application-without-entry", "Application preview-rtb-9"),
    }
    assert "kubectl delete namespace preview-rtb-7" in told["namespace-left-over", "Namespace preview-rtb-7"]
    assert "doctor" in told["application-without-entry", "Application preview-rtb-8"]
    assert "kubectl delete application -n argocd preview-rtb-9" in told["application-without-entry", "Application preview-rtb-9"]  # fmt: skip
    assert {r.method for r in place.api.requests} == {"GET"}
    assert "7 left over or missing" in place.run("orphans").out
