"""The adapter that reads clusters: what it asks, what it makes of the answers, and how it fails."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from generator.bootstrap.argocd import argocd_folder, render_argocd
from generator.errors import ConfigError, HubError, Reason, Stalled, Transient
from hub.adapters.http import Call, SenderParts
from hub.adapters.kubernetes import cluster as adapter
from hub.adapters.kubernetes import lists
from hub.adapters.kubernetes.cluster import Cluster
from hub.adapters.kubernetes.resources import RESOURCES, STORES, WATCHED
from hub.retrying import Backoff
from reconcilers.ports.cluster import (
    Application,
    Condition,
    Container,
    Event,
    ExternalSecret,
    Held,
    Ingress,
    Namespace,
    Pod,
    Policy,
    Workload,
)
from worlds.builders import LIBRARY, environment
from worlds.http_server import HttpServer
from worlds.kube_api import TOKEN, KubeApi, refusal

AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
TIME = "2026-11-23T01:00:00Z"
APPLICATIONS = "applications.argoproj.io"
POLICIES = "validatingadmissionpolicies.admissionregistration.k8s.io"
BINDINGS = "validatingadmissionpolicybindings.admissionregistration.k8s.io"


def open_cluster(context: str, *, kubeconfig: str) -> Cluster:
    parts = SenderParts(backoff=Backoff(tries=4, sleep=lambda _: None))
    return adapter.open_cluster(context, kubeconfig=kubeconfig, parts=parts)


@pytest.fixture
def api() -> Iterator[KubeApi]:
    with KubeApi() as server:
        yield server


@pytest.fixture
def cluster(api: KubeApi, tmp_path: Path) -> Cluster:
    return open_cluster("here", kubeconfig=str(api.kubeconfig(tmp_path / "config")))


def rules() -> list[dict[str, Any]]:
    """The rules of the ClusterRole that the hub's group has."""
    files = render_argocd(LIBRARY, environment())
    (role, binding, logs) = files[argocd_folder("int") / "hub-reader.yaml"]
    assert (role.kind, binding.data["roleRef"]["name"]) == ("ClusterRole", role.data["metadata"]["name"])
    assert logs.data["rules"] == [{"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}]
    return list(role.data["rules"])


def is_allowed(resource: str, verb: str) -> bool:
    plural, _, group = resource.partition(".")
    return any(group in r["apiGroups"] and plural in r["resources"] and verb in r["verbs"] for r in rules())


def test_everything_it_asks_is_a_list_that_its_group_may_make(api: KubeApi, cluster: Cluster) -> None:
    cluster.inspect("argocd")
    cluster.observe("argocd", preview="preview-rtb-1")
    cluster.details(["preview-rtb-1", "preview-rtb-2", "preview-rtb-3"])
    assert {r.resource for r in api.requests} == {str(r) for r in RESOURCES if r is not STORES}
    for request in api.requests:
        assert request.method == "GET"
        assert int(request.query["limit"]) <= 500
        assert is_allowed(request.resource, "list"), request.resource
    assert not is_allowed("secrets", "list")


def test_its_group_may_list_what_it_asks_and_nothing_else() -> None:
    granted = {(group, plural) for rule in rules() for group in rule["apiGroups"] for plural in rule["resources"]}
    assert granted == {(resource.group, resource.plural) for resource in RESOURCES}
    watched = {(group, one) for rule in rules() if "watch" in rule["verbs"] for group in rule["apiGroups"] for one in rule["resources"]}  # fmt: skip
    assert watched == {(resource.group, resource.plural) for resource in WATCHED}
    assert {verb for rule in rules() for verb in rule["verbs"]} == {"list", "watch"}
    assert not any("resourceNames" in rule or "nonResourceURLs" in rule for rule in rules())


def test_it_reads_what_argo_cd_says(api: KubeApi, cluster: Cluster) -> None:
    result = {"kind": "Service", "name": "a", "status": "SyncFailed", "message": "not permitted"}
    api.add(
        APPLICATIONS,
        "preview-rtb-1",
        "argocd",
        meta={
            "deletionTimestamp": TIME,
            "ownerReferences": [{"kind": "ApplicationSet", "name": "previews-int"}],
        },
        spec={"project": "previews-int"},
        status={
            "sync": {"status": "OutOfSync"},
            "health": {"status": "Missing"},
            "operationState": {"phase": "Failed", "message": "one failed", "syncResult": {"resources": [result, {"status": "Synced"}]}},
            "conditions": [{"type": "SyncError", "message": "x", "lastTransitionTime": TIME}],
        },
    )  # fmt: skip
    api.add(APPLICATIONS, "elsewhere", "other")
    api.add(
        "applicationsets.argoproj.io", "previews-int", "argocd",
        status={"conditions": [{"type": "ErrorOccurred", "status": "True", "reason": "R", "message": "bad file", "lastTransitionTime": TIME}]},
    )  # fmt: skip
    api.add("appprojects.argoproj.io", "previews-int", "argocd", spec={"description": "d"})
    state = cluster.inspect("argocd")
    assert state.applications == {
        "preview-rtb-1": Application(
            "preview-rtb-1", "previews-int", AT, "previews-int", AT,
            "OutOfSync", "Missing", "Failed", "one failed", ("Service a: not permitted",),
            (Condition("SyncError", "True", message="x", since=AT),),
        )
    }  # fmt: skip
    error = state.sets["previews-int"].error
    assert error == Condition("ErrorOccurred", "True", "R", "bad file", AT)
    assert state.projects == {"previews-int"}
    assert state.context == "here"
    assert state.installed == {
        ("ApplicationSet", "previews-int"): {},
        ("AppProject", "previews-int"): {"description": "d"},
    }


def test_it_reads_namespaces_that_are_ours_by_label_or_by_name(api: KubeApi, cluster: Cluster) -> None:
    ours = {"app.kubernetes.io/managed-by": "rtb-ai-hub", "preview.rtb-ai-hub/environment": "int"}
    gone = [{"type": "NamespaceContentRemaining", "status": "True", "reason": "R", "message": "M"}]
    api.add(
        "namespaces", "preview-rtb-1", meta={"labels": ours, "deletionTimestamp": TIME}, status={"conditions": gone}
    )
    api.add("namespaces", "rtb-platform", meta={"labels": ours})
    api.add("namespaces", "preview-of-somebody")
    api.add("namespaces", "kube-system")
    state = cluster.observe("argocd")
    assert state.namespaces == {
        "preview-rtb-1": Namespace(
            "preview-rtb-1", AT, "int", True, AT, (Condition("NamespaceContentRemaining", "True", "R", "M"),)
        ),
        "rtb-platform": Namespace("rtb-platform", AT, "int"),
        "preview-of-somebody": Namespace("preview-of-somebody", AT, "", False),
    }


def test_it_reads_which_policies_are_in_force(api: KubeApi, cluster: Cluster) -> None:
    rule = {"resourceRules": [{"resourceNames": ["previews-int"]}]}
    listed = [{"name": "guarded", "expression": "oldObject.metadata.name in ['previews-int', 'b'] && 'c' == 'c'"}]
    specs = {"guard": {"matchConstraints": rule}, "listing": {"matchConditions": listed}, "audited": {}, "unbound": {}}
    for name, spec in specs.items():
        api.add(POLICIES, name, spec=spec)
    api.add(BINDINGS, "guard", spec={"policyName": "guard", "validationActions": ["Deny"]})
    api.add(BINDINGS, "audited", spec={"policyName": "audited", "validationActions": ["Audit"]})
    assert cluster.inspect("argocd").policies == {
        "guard": Policy("guard", frozenset({"previews-int"}), True, True),
        "listing": Policy("listing", frozenset({"previews-int", "b"})),
        "audited": Policy("audited", is_bound=True),
        "unbound": Policy("unbound"),
    }


def test_it_reads_what_happens_inside_a_namespace(api: KubeApi, cluster: Cluster) -> None:
    inside = "preview-rtb-1"
    waits = {"name": "web", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
             "lastState": {"terminated": {"reason": "Error", "exitCode": 1}}}  # fmt: skip
    runs = {"name": "init", "ready": True, "restartCount": 0, "state": {"running": {}}}
    unscheduled = [{"type": "PodScheduled", "status": "False", "message": "no room"}]
    api.add(
        "pods",
        "web-1",
        inside,
        status={"phase": "Running", "initContainerStatuses": [runs], "containerStatuses": [waits]},
    )
    api.add("pods", "web-2", inside, status={"phase": "Pending", "conditions": unscheduled})
    api.add("pods", "elsewhere", "preview-rtb-2")
    api.add(
        "deployments.apps", "web", inside,
        spec={"replicas": 2, "template": {"spec": {"containers": [{"image": "i"}]}}},
        status={"readyReplicas": 1, "conditions": [{"type": "Available", "status": "False"}]},
    )  # fmt: skip
    api.add("jobs.batch", "seed", inside, spec={}, status={"succeeded": 1})
    api.add("ingresses.networking.k8s.io", "preview", inside,
            meta={"deletionTimestamp": TIME, "finalizers": ["group.ingress.k8s.aws/previews-0"]},
            status={"loadBalancer": {"ingress": [{"hostname": "h"}]}})  # fmt: skip
    api.add(
        "targetgroupbindings.elbv2.k8s.aws",
        "k8s-web",
        inside,
        meta={"deletionTimestamp": TIME, "finalizers": ["elbv2.k8s.aws/resources"]},
    )
    api.add("externalsecrets.external-secrets.io", "new", inside)
    api.add(
        "externalsecrets.external-secrets.io",
        "bad",
        inside,
        status={"conditions": [{"type": "Ready", "status": "False", "message": "no key"}]},
    )
    about = {"kind": "Pod", "name": "web-1"}
    api.add(
        "events",
        "e1",
        inside,
        type="Warning",
        involvedObject=about,
        reason="Unhealthy",
        message="503",
        lastTimestamp=TIME,
    )
    api.add(
        "events",
        "e2",
        inside,
        type="Warning",
        involvedObject=about,
        reason="Late",
        eventTime="2026-11-23T01:00:00.000001Z",
    )
    api.add("events", "e3", inside, type="Normal", involvedObject=about, reason="Pulled")
    found = cluster.details([inside])[inside]
    assert found.pods == (
        Pod("web-1", "Running", AT, containers=(
            Container("init", is_ready=True, is_running=True, is_init=True),
            Container("web", reason="CrashLoopBackOff", message="back-off", restarts=3, last_reason="Error", last_exit_code=1),
        )),
        Pod("web-2", "Pending", AT, unscheduled="no room", conditions=(Condition("PodScheduled", "False", message="no room"),)),
    )  # fmt: skip
    assert found.workloads == (
        Workload("Deployment", "web", 2, 1, ("i",), (Condition("Available", "False"),), created=AT),
        Workload("Job", "seed", 1, 1, created=AT),
    )
    assert found.ingresses == (Ingress("preview", True, created=AT, group="previews-0"),)
    assert set(found.held) == {
        Held("Ingress", "preview", AT, ("group.ingress.k8s.aws/previews-0",)),
        Held("TargetGroupBinding", "k8s-web", AT, ("elbv2.k8s.aws/resources",)),
    }
    assert found.secrets == (
        ExternalSecret("new", created=AT, target="new"),
        ExternalSecret("bad", False, "no key", created=AT, target="bad"),
    )
    assert [(e.reason, e.last) for e in found.events] == [("Unhealthy", AT), ("Late", AT.replace(microsecond=1))]
    assert found.events[0] == Event("Pod", "web-1", "Unhealthy", "503", AT)
    assert found.unserved == ()


def test_it_reads_all_pages(api: KubeApi, cluster: Cluster) -> None:
    api.page = 3
    for number in range(10):
        api.add(APPLICATIONS, f"preview-rtb-{number}", "argocd")
    assert len(cluster.observe("argocd").applications) == 10
    assert sum(r.resource == APPLICATIONS for r in api.requests) == 4


def test_one_preview_is_asked_for_by_name(api: KubeApi, cluster: Cluster) -> None:
    for number in (1, 2):
        api.add(APPLICATIONS, f"preview-rtb-{number}", "argocd")
        api.add("namespaces", f"preview-rtb-{number}")
    state = cluster.observe("argocd", preview="preview-rtb-2")
    assert list(state.applications) == list(state.namespaces) == ["preview-rtb-2"]


def test_applications_are_read_before_namespaces(api: KubeApi, cluster: Cluster) -> None:
    cluster.observe("argocd")
    asked = [r.resource for r in api.requests]
    assert asked.index(APPLICATIONS) < asked.index("namespaces")


def test_a_list_that_expires_half_way_is_begun_again(api: KubeApi, cluster: Cluster) -> None:
    api.page = 1
    for number in range(3):
        api.add(APPLICATIONS, f"preview-rtb-{number}", "argocd")
    answers = iter([None, refusal(410)])
    real = api.answer

    def once(method: str, path: str, authorization: str) -> tuple[int, bytes]:
        given = next(answers, None) if "/applications?" in path else None
        return given or real(method, path, authorization)

    api.answer = once  # type: ignore[method-assign]
    assert len(cluster.observe("argocd").applications) == 3


def test_a_server_that_is_busy_once_is_asked_again(api: KubeApi, cluster: Cluster) -> None:
    api.answers["namespaces"] = [refusal(503)]
    api.answers[APPLICATIONS] = [refusal(429)]
    assert cluster.observe("argocd").context == "here"


def failing(resource: str, *answers: tuple[int, bytes], text: str, kind: type[HubError], sentence: str) -> Any:
    return pytest.param(resource, list(answers), text, kind, id=sentence)


@pytest.mark.parametrize(
    ("resource", "answers", "text", "kind"),
    [
        failing(APPLICATIONS, refusal(403), text="allow listing applications.argoproj.io in namespace argocd", kind=Stalled, sentence="a refusal names verb, resource and namespace"),
        failing("namespaces", refusal(403), text="put this identity into the group rtb-hub-reader", kind=Stalled, sentence="a refusal says which group has the right"),
        failing(APPLICATIONS, refusal(403, 'User "system:anonymous" cannot list'), text="does not accept the credentials", kind=Stalled, sentence="nobody is told to sign in"),
        failing(APPLICATIONS, refusal(401), text="does not accept the credentials", kind=Stalled, sentence="old credentials are told"),
        failing(APPLICATIONS, *[refusal(503)] * 3, text="it answers 503 to a list of applications.argoproj.io", kind=Transient, sentence="a server in trouble is transient"),
        failing(APPLICATIONS, *[(200, b"<html>")] * 3, text="makes no sense", kind=Transient, sentence="an answer that is no JSON, each time, is a failed read"),
        failing(APPLICATIONS, (200, b"[]"), text="makes no sense", kind=Transient, sentence="an answer that is no object is a failed read"),
        failing(APPLICATIONS, (200, b"{}"), text="is no list", kind=Transient, sentence="an answer without items is a failed read, not an empty list"),
        failing(APPLICATIONS, (302, b""), text="(302)", kind=Transient, sentence="a redirect is not followed"),
        failing("namespaces", *[refusal(410)] * 9, text="changed faster than it could be read", kind=Transient, sentence="a list that always expires is a failed read"),
    ],
)  # fmt: skip
def test_a_read_that_fails_fails_the_observation(  # noqa: PLR0917
    api: KubeApi, cluster: Cluster, resource: str, answers: list[tuple[int, bytes]], text: str, kind: type[HubError]
) -> None:
    api.answers[resource] = answers
    with pytest.raises(kind) as caught:
        cluster.observe("argocd")
    assert text in str(caught.value)
    assert caught.value.reason in (Reason.CLUSTER_REFUSED, Reason.CLUSTER_UNREACHABLE)
    assert "here" in str(caught.value)


@pytest.mark.parametrize("resource", ["applications.argoproj.io", "namespaces", POLICIES])
def test_a_kind_that_is_not_served_is_no_empty_list(api: KubeApi, cluster: Cluster, resource: str) -> None:
    api.served.remove(resource)
    with pytest.raises(Stalled, match=r"does not serve"):
        cluster.inspect("argocd")


def test_inside_a_namespace_kinds_that_are_not_served_are_told(api: KubeApi, cluster: Cluster) -> None:
    api.served.remove("externalsecrets.external-secrets.io")
    assert cluster.details(["x"])["x"].unserved == ("externalsecrets.external-secrets.io",)


def test_a_kind_that_may_not_be_read_is_told_and_the_others_are_read(api: KubeApi, cluster: Cluster) -> None:
    api.add("deployments.apps", "web", "x")
    api.answers["pods"] = [refusal(403)]
    found = cluster.details(["x"])["x"]
    assert found.unread == {"pods": "cluster here does not allow listing pods in namespace x"}
    assert [one.name for one in found.workloads] == ["web"]


@pytest.mark.parametrize("answer", [refusal(401), refusal(503)], ids=["credentials that end", "a server in trouble"])
def test_details_that_cannot_be_read_are_an_error(api: KubeApi, cluster: Cluster, answer: tuple[int, bytes]) -> None:
    api.answers["pods"] = [answer] * 9
    with pytest.raises((Stalled, Transient)):
        cluster.details(["x"])


def waiting_for(kind: str, **spec: Any) -> dict[str, Any]:
    return {
        "spec": spec,
        "status": {"phase": "Pending"},
        "meta": {"ownerReferences": [{"kind": kind, "name": "web-1"}]},
    }


def test_one_preview_takes_ten_lists_at_most_whatever_is_wrong(api: KubeApi, cluster: Cluster) -> None:
    inside = "preview-rtb-1"
    api.add(APPLICATIONS, inside, "argocd")
    api.add("namespaces", inside)
    assert cluster.record("argocd", inside, applications="previews-int", is_asked=True).unread == {}
    assert len(api.requests) == 8
    api.add(
        "pods", "web-1", inside, **waiting_for("StatefulSet", volumes=[{"persistentVolumeClaim": {"claimName": "d"}}])
    )
    old = {"kind": "ReplicaSet", "name": "web-2"}
    api.add("pods", "web-2", inside, **waiting_for("ReplicaSet") | {"meta": {"ownerReferences": [old]}})
    api.add("pods", "web-3", inside, **waiting_for("ReplicaSet"))
    unready = {"conditions": [{"type": "Ready", "status": "False"}]}
    api.add(
        "externalsecrets.external-secrets.io", "env", inside, status=unready, spec={"secretStoreRef": {"name": "a"}}
    )
    for going in ({}, {"deletionTimestamp": TIME, "finalizers": ["x"]}):
        api.add("ingresses.networking.k8s.io", "preview", inside, meta=going)
        for is_asked in (True, False):
            api.requests.clear()
            cluster.record("argocd", inside, applications="previews-int", is_asked=is_asked)
            assert len(api.requests) == (10 if is_asked else 11)
        api.requests.clear()
        cluster.observe("argocd", preview=inside, with_set=False)
        cluster.details([inside])
        assert len(api.requests) == 10


def test_a_hundred_previews_take_fourteen_lists_and_their_pages(api: KubeApi, cluster: Cluster) -> None:
    ours = {"labels": {"app.kubernetes.io/managed-by": "rtb-ai-hub"}}
    names = [f"preview-rtb-{number}" for number in range(100)]
    for name in names:
        api.add(APPLICATIONS, name, "argocd")
        api.add("namespaces", name, meta=ours)
        api.add("pods", "web-1", name, meta=ours)
        api.add("pods", "web-2", name, meta=ours)
        api.add("events", "e", name, type="Warning", involvedObject={"kind": "Pod", "name": "web-1"}, reason="Failed")
        api.add("events", "n", name, type="Normal", involvedObject={"kind": "Pod", "name": "web-1"}, reason="Pulled")
    api.add("pods", "other", "kube-system")
    cluster.observe("argocd")
    found = cluster.details(names)
    assert len(api.requests) == 14
    assert all(len(found[name].pods) == 2 and len(found[name].events) == 1 for name in names)
    api.requests.clear()
    api.page = 60
    assert cluster.details(names) == found
    assert len(api.requests) == 11 + 3 + 1, "200 pods are four pages, 100 events two"


def test_a_namespace_that_went_while_it_was_read_is_gone(api: KubeApi, cluster: Cluster) -> None:
    there = {"items": [{"metadata": {"name": "preview-rtb-1", "creationTimestamp": TIME}}]}
    api.answers["namespaces"] = [(200, json.dumps(there).encode())]
    read = cluster.record("argocd", "preview-rtb-1", applications="previews-int", is_asked=False)
    assert read.objects["namespaces"] == []


def test_one_preview_is_read_in_little_more_than_its_slowest_list(api: KubeApi, cluster: Cluster) -> None:
    """All lists wait for one another at the server: were one asked for after another, the first would never end."""
    together = threading.Barrier(8, timeout=20)
    real = api.answer

    def meeting(method: str, path: str, authorization: str) -> tuple[int, bytes]:
        together.wait()
        return real(method, path, authorization)

    api.answer = meeting  # type: ignore[method-assign]
    api.add(APPLICATIONS, "preview-rtb-1", "argocd")
    cluster.record("argocd", "preview-rtb-1", applications="previews-int", is_asked=True)
    assert len(api.requests) == 8


@pytest.mark.parametrize(
    "item",
    [1, None, [], {}, {"metadata": 1}, {"metadata": {}}, {"metadata": {"name": 1, "creationTimestamp": TIME}},
     {"metadata": {"name": "x"}}, {"metadata": {"name": "x", "creationTimestamp": "soon"}}, {"metadata": {"name": "x", "creationTimestamp": "2026-02-30T00:00:00Z"}},
     {"metadata": {"name": "x", "creationTimestamp": TIME, "deletionTimestamp": 1}}],
    ids=["number", "null", "list", "empty", "no metadata", "no name", "name is a number", "no time", "no such time", "no such day", "deleted at a number"],
)  # fmt: skip
def test_what_is_no_object_fails_the_observation(api: KubeApi, cluster: Cluster, item: Any) -> None:
    api.answers["namespaces"] = [(200, json.dumps({"items": [item]}).encode())]
    with pytest.raises(Transient, match=r"namespaces makes no sense"):
        cluster.observe("argocd")


def test_a_list_that_never_ends_is_bounded(api: KubeApi, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MAX_PAGES", 3)
    api.answers[APPLICATIONS] = [(200, json.dumps({"items": [], "metadata": {"continue": "on"}}).encode())] * 9
    with pytest.raises(Transient, match=r"more than 3 pages"):
        cluster.observe("argocd")
    assert len(api.requests) == 3


def test_an_answer_without_end_is_an_error_of_that_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "LIMIT_BYTES", 1_000_000)
    with HttpServer() as server:
        server.steps = [server.drips(b"HTTP/1.1 200 OK\r\n\r\n[", b" " * 65_536, every=0.0)]
        config = KubeApi.kubeconfig(server, tmp_path / "config")  # type: ignore[arg-type] - only its address counts
        with pytest.raises(Transient, match=r"cannot read cluster here: its answer is larger"):
            open_cluster("here", kubeconfig=str(config)).observe("argocd")
    assert {seen.headers["authorization"] for seen in server.seen} == {f"Bearer {TOKEN}"}


def test_each_call_is_told_with_its_route_and_no_name_in_it(api: KubeApi, tmp_path: Path) -> None:
    calls: list[Call] = []
    parts = SenderParts(observe=calls.append)
    config = str(api.kubeconfig(tmp_path / "config"))
    adapter.open_cluster("here", kubeconfig=config, parts=parts).details(["preview-rtb-1"])
    assert {call.system for call in calls} == {"kubernetes"}
    assert "/api/v1/namespaces/{}/pods" in {call.operation for call in calls}
    assert not [call for call in calls if "rtb-1" in repr(call)]


@pytest.mark.parametrize("folder", ["", "below/"], ids=["beside the kubeconfig", "below it"])
def test_a_tokens_file_is_read_again_when_it_changes(api: KubeApi, tmp_path: Path, folder: str) -> None:
    """As of a service account, whose token is renewed in its file."""
    config = api.kubeconfig(tmp_path / "config")
    tree = json.loads(config.read_text())
    (tmp_path / "below").mkdir()
    token = tmp_path / f"{folder}token"
    token.write_text("old\n")
    tree["users"] = [{"name": "u", "user": {"tokenFile": f"{folder}token"}}]
    config.write_text(json.dumps(tree))
    cluster = open_cluster("here", kubeconfig=str(config))
    with pytest.raises(Stalled, match="does not accept"):
        cluster.observe("argocd")
    token.write_text(f"{TOKEN}\n")
    assert cluster.observe("argocd").context == "here"
    token.unlink()
    with pytest.raises(Stalled, match=r"its token's file .* cannot be read"):
        cluster.observe("argocd")
    token.write_text("\n")
    with pytest.raises(Stalled, match=r"the key for it is empty"):
        cluster.observe("argocd")


def test_a_cluster_that_does_not_answer_is_transient(api: KubeApi, tmp_path: Path) -> None:
    cluster = open_cluster("here", kubeconfig=str(api.kubeconfig(tmp_path / "config")))
    api.server.server_close()
    with pytest.raises(Transient, match=r"cannot read cluster here: no connection.*readyz"):
        cluster.observe("argocd")


def test_a_cluster_that_keeps_silent_is_transient(
    monkeypatch: pytest.MonkeyPatch, api: KubeApi, tmp_path: Path
) -> None:
    monkeypatch.setattr(lists, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = api.kubeconfig(tmp_path / "config")
        config.write_text(config.read_text().replace(api.url, f"http://127.0.0.1:{silent.getsockname()[1]}"))
        with pytest.raises(Transient, match=r"cannot read cluster here: no answer in time"):
            open_cluster("here", kubeconfig=str(config)).observe("argocd")


def test_credentials_that_are_not_accepted_are_told(api: KubeApi, tmp_path: Path) -> None:
    config = api.kubeconfig(tmp_path / "config", token="old")
    with pytest.raises(Stalled, match=r"does not accept the credentials") as caught:
        open_cluster("here", kubeconfig=str(config)).observe("argocd")
    assert "old" not in str(caught.value).split()


def test_an_unknown_context_is_told_with_the_known_and_the_nearest(api: KubeApi, tmp_path: Path) -> None:
    config = api.kubeconfig(tmp_path / "config", "rtb-int", "rtb-stg")
    with pytest.raises(ConfigError) as caught:
        open_cluster("rtb-itn", kubeconfig=str(config))
    fault = caught.value.faults[0]
    assert (caught.value.reason, fault.allowed, fault.nearest) == (
        Reason.UNKNOWN_CONTEXT,
        "rtb-int, rtb-stg",
        "rtb-int",
    )


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", "contexts: 1", "kind: Config", "contexts: [{name: here}]", "\x00", "contexts: [1]"]
)
def test_a_kubeconfig_that_cannot_be_used_is_told(tmp_path: Path, text: str | None) -> None:
    config = tmp_path / "config"
    if text is not None:
        config.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        open_cluster("here", kubeconfig=str(config))
    assert caught.value.reason in (Reason.INVALID_KUBECONFIG, Reason.UNKNOWN_CONTEXT)
    assert str(config) in str(caught.value)


def test_several_kubeconfigs_are_one_and_none_is_written(api: KubeApi, tmp_path: Path) -> None:
    paths = [api.kubeconfig(tmp_path / name, name) for name in ("one", "two")]
    before = [path.read_bytes() for path in paths]
    found = open_cluster("two", kubeconfig=":".join(map(str, paths)))
    assert found.observe("argocd").context == "two"
    assert [path.read_bytes() for path in paths] == before


def with_command(api: KubeApi, path: Path, script: str) -> str:
    """A kubeconfig whose credentials a command makes, as `aws eks get-token` does."""
    command = path.parent / "get-token"
    command.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    command.chmod(0o700)
    tree = json.loads(api.kubeconfig(path).read_text(encoding="utf-8"))
    plugin = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": str(command), "interactiveMode": "Never"}
    tree["users"] = [{"name": "u", "user": {"exec": plugin}}]
    path.write_text(json.dumps(tree), encoding="utf-8")
    return str(path)


def test_credentials_of_a_command_are_made_anew_when_they_are_old(api: KubeApi, tmp_path: Path) -> None:
    credential = json.dumps(
        {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "kind": "ExecCredential",
            "status": {"token": TOKEN, "expirationTimestamp": "2026-01-01T00:00:00Z"},
        }
    )
    calls = tmp_path / "calls"
    kubeconfig = with_command(api, tmp_path / "config", f"echo x >> {calls}\ncat <<'END'\n{credential}\nEND")
    cluster = open_cluster("here", kubeconfig=kubeconfig)
    cluster.observe("argocd")
    first = len(calls.read_text().split())
    cluster.observe("argocd")
    assert len(calls.read_text().split()) > first


def test_a_command_that_makes_no_credentials_is_told(api: KubeApi, tmp_path: Path) -> None:
    kubeconfig = with_command(api, tmp_path / "config", "echo 'the SSO session has expired' >&2; exit 255")
    with pytest.raises(Stalled, match=r"does not accept the credentials.*auth whoami"):
        open_cluster("here", kubeconfig=kubeconfig).observe("argocd")
