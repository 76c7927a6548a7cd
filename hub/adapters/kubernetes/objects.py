"""From the API server's JSON to `reconcilers.ports.cluster`. Knows fields of objects, nothing of how they are fetched.

Fields: Kubernetes API reference 1.34; Argo CD's types (pkg/apis/application/v1alpha1); External Secrets'
`ExternalSecret` v1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from generator.values.naming import NAMESPACE_PREFIX
from reconcilers.ports import cluster as observed

_MANAGED, _ENVIRONMENT = "app.kubernetes.io/managed-by", "preview.rtb-ai-hub/environment"
Tree = Mapping[str, Any]


def is_object(item: object) -> bool:
    """Whether an item of a list is an object of Kubernetes: it has a name and was made at a time."""
    meta = item.get("metadata") if isinstance(item, dict) else None
    if not isinstance(meta, dict) or not isinstance(meta.get("name"), str):
        return False
    return _is_time(meta.get("creationTimestamp")) and _is_time(meta.get("deletionTimestamp", "1970-01-01T00:00:00Z"))


def application(tree: Tree) -> observed.Application:
    """An Argo CD Application."""
    meta, status = tree["metadata"], tree.get("status") or {}
    operation = status.get("operationState") or {}
    results = (operation.get("syncResult") or {}).get("resources") or ()
    return observed.Application(
        name=meta["name"],
        project=(tree.get("spec") or {}).get("project") or "",
        created=_time(meta["creationTimestamp"]),
        owner=next((o["name"] for o in meta.get("ownerReferences") or () if o["kind"] == "ApplicationSet"), ""),
        deleting_since=_maybe_time(meta.get("deletionTimestamp")),
        sync=(status.get("sync") or {}).get("status") or "",
        health=(status.get("health") or {}).get("status") or "",
        operation=operation.get("phase") or "",
        operation_message=operation.get("message") or "",
        failures=tuple(
            f"{result.get('kind', '')} {result.get('name', '')}: {result.get('message', '')}"
            for result in results
            if result.get("status") == "SyncFailed"
        ),
        conditions=tuple(
            observed.Condition(c["type"], "True", message=c.get("message") or "", since=_since(c))
            for c in status.get("conditions") or ()
        ),
    )


def application_set(tree: Tree) -> observed.ApplicationSet:
    """An Argo CD ApplicationSet."""
    meta = tree["metadata"]
    return observed.ApplicationSet(
        name=meta["name"],
        created=_time(meta["creationTimestamp"]),
        deleting_since=_maybe_time(meta.get("deletionTimestamp")),
        conditions=_conditions(tree),
    )


def namespace(tree: Tree) -> observed.Namespace | None:
    """A namespace that is ours by its label, or a preview's by its name; None for any other."""
    meta = tree["metadata"]
    labels = meta.get("labels") or {}
    managed = labels.get(_MANAGED) == observed.MANAGED_BY
    if not managed and not meta["name"].startswith(NAMESPACE_PREFIX):
        return None
    return observed.Namespace(
        name=meta["name"],
        created=_time(meta["creationTimestamp"]),
        environment=labels.get(_ENVIRONMENT) or "",
        is_managed=managed,
        deleting_since=_maybe_time(meta.get("deletionTimestamp")),
        conditions=_conditions(tree),
    )


def policies(found: Iterable[Tree], bindings: Iterable[Tree]) -> dict[str, observed.Policy]:
    """ValidatingAdmissionPolicies by name, with whether a binding puts them in force."""
    actions: dict[str, set[str]] = {}
    for binding in bindings:
        spec = binding.get("spec") or {}
        actions.setdefault(spec.get("policyName") or "", set()).update(spec.get("validationActions") or ())
    result = {}
    for tree in found:
        name = tree["metadata"]["name"]
        rules = ((tree.get("spec") or {}).get("matchConstraints") or {}).get("resourceRules") or ()
        names = frozenset(n for rule in rules for n in rule.get("resourceNames") or ())
        result[name] = observed.Policy(name, names, name in actions, "Deny" in actions.get(name, ()))
    return result


def details(found: Mapping[str, Iterable[Tree]], unserved: Iterable[str]) -> observed.NamespaceDetails:
    """What happens inside one namespace. `found`: objects by kind."""
    every = [(kind, tree) for kind, trees in found.items() if kind != "Event" for tree in trees]
    return observed.NamespaceDetails(
        pods=tuple(map(_pod, found.get("Pod", ()))),
        workloads=tuple(
            _workload(kind, tree) for kind in ("Deployment", "StatefulSet", "Job") for tree in found.get(kind, ())
        ),
        ingresses=tuple(
            observed.Ingress(t["metadata"]["name"], bool(_status(t).get("loadBalancer", {}).get("ingress")))
            for t in found.get("Ingress", ())
        ),
        secrets=tuple(map(_secret, found.get("ExternalSecret", ()))),
        held=tuple(
            observed.Held(kind, meta["name"], _time(meta["deletionTimestamp"]), tuple(meta["finalizers"]))
            for kind, meta in ((kind, tree["metadata"]) for kind, tree in every)
            if meta.get("deletionTimestamp") and meta.get("finalizers")
        ),
        events=tuple(_event(t) for t in found.get("Event", ()) if t.get("type") == "Warning"),
        unserved=tuple(unserved),
    )


def _pod(tree: Tree) -> observed.Pod:
    meta, status = tree["metadata"], _status(tree)
    scheduled: Tree = next((c for c in status.get("conditions") or () if c["type"] == "PodScheduled"), {})
    containers = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    return observed.Pod(
        name=meta["name"],
        phase=status.get("phase") or "",
        created=_time(meta["creationTimestamp"]),
        deleting_since=_maybe_time(meta.get("deletionTimestamp")),
        unscheduled=(scheduled.get("message") or "not scheduled") if scheduled.get("status") == "False" else "",
        containers=tuple(map(_container, containers)),
    )


def _container(status: Tree) -> observed.Container:
    state, last = status.get("state") or {}, (status.get("lastState") or {}).get("terminated") or {}
    now = state.get("waiting") or state.get("terminated") or {}
    return observed.Container(
        name=status["name"],
        is_ready=bool(status.get("ready")),
        is_running="running" in state,
        reason=now.get("reason") or "",
        message=now.get("message") or "",
        restarts=status.get("restartCount") or 0,
        last_reason=last.get("reason") or "",
        last_exit_code=last.get("exitCode"),
    )


def _workload(kind: str, tree: Tree) -> observed.Workload:
    spec, status = tree.get("spec") or {}, _status(tree)
    wanted = spec.get("completions", 1) if kind == "Job" else spec.get("replicas", 1)
    ready = status.get("succeeded" if kind == "Job" else "readyReplicas") or 0
    containers = ((spec.get("template") or {}).get("spec") or {}).get("containers") or ()
    images = tuple(container["image"] for container in containers)
    return observed.Workload(kind, tree["metadata"]["name"], wanted, ready, images, _conditions(tree))


def _secret(tree: Tree) -> observed.ExternalSecret:
    ready = next((c for c in _status(tree).get("conditions") or () if c["type"] == "Ready"), None)
    if ready is None:
        return observed.ExternalSecret(tree["metadata"]["name"])
    return observed.ExternalSecret(tree["metadata"]["name"], ready["status"] == "True", ready.get("message") or "")


def _event(tree: Tree) -> observed.Event:
    about, series = tree.get("involvedObject") or {}, tree.get("series") or {}
    last = series.get("lastObservedTime") or tree.get("lastTimestamp") or tree.get("eventTime")
    return observed.Event(
        about.get("kind") or "",
        about.get("name") or "",
        tree.get("reason") or "",
        tree.get("message") or "",
        _maybe_time(last),
    )


def _conditions(tree: Tree) -> tuple[observed.Condition, ...]:
    return tuple(
        observed.Condition(c["type"], c["status"], c.get("reason") or "", c.get("message") or "", _since(c))
        for c in _status(tree).get("conditions") or ()
    )


def _status(tree: Tree) -> Tree:
    return tree.get("status") or {}


def _since(condition: Tree) -> datetime | None:
    return _maybe_time(condition.get("lastTransitionTime"))


def _maybe_time(text: str | None) -> datetime | None:
    return _time(text) if text else None


def _time(text: str) -> datetime:
    """RFC 3339 with Z and up to six digits of a second, as the API server writes it."""
    return datetime.fromisoformat(text)


def _is_time(text: object) -> bool:
    try:
        return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
