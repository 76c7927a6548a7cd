"""What happens inside a namespace: from the API server's JSON to `reconcilers.ports.cluster.NamespaceDetails`.

Fields: Kubernetes API reference 1.34 (Pod, Event v1, Deployment, StatefulSet, Job, Ingress); External Secrets'
`ExternalSecret` and `ClusterSecretStore` v1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from generator.objects.pods import DATA_IN_POD, DATA_LABEL
from hub.adapters.kubernetes.fields import Tree, inner, mapping, mappings, moment, number, text, texts
from hub.adapters.kubernetes.objects import conditions, created
from reconcilers.ports import cluster as observed

_COMPUTE, _TEMPLATE = "rtb.hub/compute", "pod-template-hash"
_REVISION = "deployment.kubernetes.io/revision"
_GROUP = "group.ingress.k8s.aws/"
_IN_FIELD_PATH = re.compile(r"spec\.(?:init)?[cC]ontainers\{([^}]*)\}")
#: How a Deployment's condition Progressing names the ReplicaSet that it brings up (deployment_util, progress.go).
_REPLICA_SET = re.compile(r"(?:ReplicaSet|replica set) \"([^\"]+)\"")
_MOST_SECRETS = 100


def details(
    found: Mapping[str, Iterable[Tree]], unserved: Iterable[str] = (), unread: Mapping[str, str] | None = None
) -> observed.NamespaceDetails:
    """What happens inside one namespace. `found`: objects by kind; `unread`: why a kind is not among them."""
    every = [(kind, tree) for kind, trees in found.items() if kind != "Event" for tree in trees]
    newest = _newest(found.get("ReplicaSet", ()))
    return observed.NamespaceDetails(
        pods=tuple(map(_pod, found.get("Pod", ()))),
        workloads=tuple(
            _workload(kind, tree, newest)
            for kind in ("Deployment", "StatefulSet", "Job")
            for tree in found.get(kind, ())
        ),
        ingresses=tuple(map(_ingress, found.get("Ingress", ()))),
        secrets=tuple(map(_secret, found.get("ExternalSecret", ()))),
        held=tuple(_held(every)),
        events=tuple(_event(tree) for tree in found.get("Event", ()) if tree.get("type") == "Warning"),
        unserved=tuple(unserved),
        stores=tuple(
            _store(kind, tree) for kind in ("SecretStore", "ClusterSecretStore") for tree in found.get(kind, ())
        ),
        claims=tuple(
            observed.Claim(tree["metadata"]["name"], text(inner(tree, "status").get("phase")))
            for tree in found.get("PersistentVolumeClaim", ())
        ),
        unread=unread or {},
        targets=tuple(tree["metadata"]["name"] for tree in found.get("TargetGroupBinding", ())),
    )


def _held(every: Iterable[tuple[str, Tree]]) -> Iterator[observed.Held]:
    for kind, tree in every:
        since = moment(tree["metadata"].get("deletionTimestamp"))
        finalizers = tuple(texts(tree["metadata"].get("finalizers")))
        if since and finalizers:
            yield observed.Held(kind, tree["metadata"]["name"], since, finalizers)


def _pod(tree: Tree) -> observed.Pod:
    meta, spec, status = tree["metadata"], inner(tree, "spec"), inner(tree, "status")
    told = conditions(tree)
    scheduled = next((c for c in told if c.type == "PodScheduled"), None)
    labels = inner(meta, "labels")
    owner: Tree = next((o for o in mappings(meta.get("ownerReferences")) if o.get("controller", True)), {})
    return observed.Pod(
        name=meta["name"],
        phase=text(status.get("phase")),
        created=created(tree),
        deleting_since=moment(meta.get("deletionTimestamp")),
        unscheduled=(scheduled.message or "not scheduled") if scheduled and scheduled.status == "False" else "",
        containers=(
            *(_container(c, is_init=True) for c in mappings(status.get("initContainerStatuses"))),
            *(_container(c, is_init=False) for c in mappings(status.get("containerStatuses"))),
        ),
        uid=text(meta.get("uid")),
        scheduled_since=scheduled.since or created(tree) if scheduled and scheduled.holds else None,
        conditions=told,
        gates=tuple(text(gate.get("conditionType")) for gate in mappings(spec.get("readinessGates"))),
        scheduler=text(spec.get("schedulerName")),
        compute=text(labels.get(_COMPUTE)),
        keeps_data=labels.get(DATA_LABEL) == DATA_IN_POD,
        owner=(text(owner.get("kind")), text(owner.get("name"))),
        template=text(labels.get(_TEMPLATE)),
        reason=text(status.get("reason")),
        message=text(status.get("message")),
        needs=frozenset(_secrets_of(spec)),
    )


def _secrets_of(spec: Tree) -> Iterator[str]:
    """Names of Secrets that a pod refers to: variables and volumes."""
    found: list[object] = []
    for container in (*mappings(spec.get("initContainers")), *mappings(spec.get("containers"))):
        found += [inner(one, "secretRef").get("name") for one in mappings(container.get("envFrom"))]
        found += [inner(one, "valueFrom", "secretKeyRef").get("name") for one in mappings(container.get("env"))]
    found += [inner(one, "secret").get("secretName") for one in mappings(spec.get("volumes"))]
    return (name for name in found[:_MOST_SECRETS] if isinstance(name, str) and name)


def _container(status: Tree, *, is_init: bool) -> observed.Container:
    state, last = inner(status, "state"), inner(status, "lastState", "terminated")
    ended = mapping(state.get("terminated"))
    now = mapping(state.get("waiting")) or ended
    return observed.Container(
        name=text(status.get("name")),
        is_ready=status.get("ready") is True,
        is_running="running" in state,
        reason=text(now.get("reason")),
        message=text(now.get("message")),
        restarts=number(status.get("restartCount")),
        last_reason=text(last.get("reason")),
        last_exit_code=_exit_code(last),
        last_message=text(last.get("message")),
        last_ended=moment(last.get("finishedAt")),
        exit_code=_exit_code(ended),
        running_since=moment(inner(state, "running").get("startedAt")),
        image=text(status.get("image")),
        is_init=is_init,
    )


def _exit_code(ended: Tree) -> int | None:
    code = ended.get("exitCode")
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _newest(replica_sets: Iterable[Tree]) -> Mapping[str, str]:
    """By Deployment the ReplicaSet of its latest revision (annotation of the Deployment controller)."""
    latest: dict[str, tuple[int, str]] = {}
    for tree in replica_sets:
        meta = tree["metadata"]
        owner: Tree = next((o for o in mappings(meta.get("ownerReferences")) if o.get("kind") == "Deployment"), {})
        revision = text(inner(meta, "annotations").get(_REVISION))
        key = (int(revision) if revision.isdecimal() and len(revision) < 19 else 0, meta["name"])
        name = text(owner.get("name"))
        latest[name] = max(latest.get(name, key), key)
    return {name: replica_set for name, (_, replica_set) in latest.items() if name}


def _workload(kind: str, tree: Tree, newest: Mapping[str, str]) -> observed.Workload:
    spec, status, name = inner(tree, "spec"), inner(tree, "status"), tree["metadata"]["name"]
    told = conditions(tree)
    progress = next((c.message for c in told if c.type == "Progressing"), "") if kind == "Deployment" else ""
    named = _REPLICA_SET.search(progress)
    return observed.Workload(
        kind=kind,
        name=name,
        wanted=number(spec.get("completions" if kind == "Job" else "replicas"), 1),
        ready=number(status.get("succeeded" if kind == "Job" else "readyReplicas")),
        images=tuple(text(c.get("image")) for c in mappings(inner(spec, "template", "spec").get("containers"))),
        conditions=told,
        uid=text(tree["metadata"].get("uid")),
        created=created(tree),
        newest=newest.get(name, "") or (named.group(1) if named else ""),
    )


def _ingress(tree: Tree) -> observed.Ingress:
    meta = tree["metadata"]
    group = next((f.removeprefix(_GROUP) for f in texts(meta.get("finalizers")) if f.startswith(_GROUP)), "")
    return observed.Ingress(
        name=meta["name"],
        has_address=bool(inner(tree, "status", "loadBalancer").get("ingress")),
        uid=text(meta.get("uid")),
        created=created(tree),
        group=group or text(inner(tree, "spec").get("ingressClassName")),
    )


def _secret(tree: Tree) -> observed.ExternalSecret:
    name, spec = tree["metadata"]["name"], inner(tree, "spec")
    ready = next((c for c in conditions(tree) if c.type == "Ready"), None)
    return observed.ExternalSecret(
        name=name,
        is_ready=None if ready is None else ready.holds,
        message=ready.message if ready else "",
        uid=text(tree["metadata"].get("uid")),
        created=created(tree),
        since=ready.since if ready else None,
        target=text(inner(spec, "target").get("name")) or name,
        store=text(inner(spec, "secretStoreRef").get("name")),
    )


def _store(kind: str, tree: Tree) -> observed.SecretStore:
    ready = next((c for c in conditions(tree) if c.type == "Ready"), None)
    return observed.SecretStore(
        kind, tree["metadata"]["name"], None if ready is None else ready.holds, ready.message if ready else ""
    )


def _event(tree: Tree) -> observed.Event:
    about, series = inner(tree, "involvedObject"), inner(tree, "series")
    last = series.get("lastObservedTime") or tree.get("lastTimestamp") or tree.get("eventTime")
    first = tree.get("firstTimestamp") or tree.get("eventTime")
    container = _IN_FIELD_PATH.fullmatch(text(about.get("fieldPath")))
    return observed.Event(
        kind=text(about.get("kind")),
        name=text(about.get("name")),
        reason=text(tree.get("reason")),
        message=text(tree.get("message")),
        last=moment(last),
        uid=text(about.get("uid")),
        first=moment(first),
        count=max(1, number(tree.get("count"), 1), number(series.get("count"))),
        source=text(inner(tree, "source").get("component")) or text(tree.get("reportingComponent")),
        container=container.group(1) if container else "",
    )
