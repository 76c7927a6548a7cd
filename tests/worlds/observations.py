"""Builders of what is read of a cluster, in our words; a test names only what it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from generator.errors import HubError
from reconcilers.ports.cluster import (
    Application,
    ApplicationSet,
    ClusterState,
    Condition,
    Container,
    Event,
    ExternalSecret,
    Held,
    Ingress,
    Namespace,
    NamespaceDetails,
    Pod,
    Policy,
    Workload,
)
from reconcilers.ports.target_groups import Targets
from worlds.builders import NOW

TARGET = "preview-rtb-123"


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


def application(name: str = TARGET, project: str = "previews-int", **fields: Any) -> Application:
    """A healthy Application that its set made."""
    healthy = Application(
        name, project, ago(hours=1), owner=project, sync="Synced", health="Healthy", operation="Succeeded"
    )
    return replace(healthy, **fields)


def namespace(name: str = TARGET, **fields: Any) -> Namespace:
    return replace(Namespace(name, ago(hours=1), "int"), **fields)


def condition(type_: str, message: str = "", status: str = "True", **fields: Any) -> Condition:
    return Condition(type_, status, message=message, **fields)


def stopped_set(message: str = "unable to process file 'x'", name: str = "previews-int") -> ApplicationSet:
    return ApplicationSet(name, ago(hours=1), conditions=(condition("ErrorOccurred", message),))


def working_set(name: str = "previews-int") -> ApplicationSet:
    return ApplicationSet(name, ago(hours=1), conditions=(condition("ErrorOccurred", status="False"),))


def pod(name: str = "web-1", phase: str = "Pending", *containers: Container, **fields: Any) -> Pod:
    return replace(Pod(name, phase, ago(minutes=2), containers=containers), **fields)


def waiting(reason: str, message: str = "", name: str = "web", **fields: Any) -> Container:
    return Container(name, reason=reason, message=message, **fields)


def deployment(name: str = "web", ready: int = 0, *conditions: Condition, **fields: Any) -> Workload:
    return Workload("Deployment", name, 1, ready, conditions=conditions, **fields)


def event(reason: str, message: str, name: str = "web-1", kind: str = "Pod", **fields: Any) -> Event:
    return Event(kind, name, reason, message, **fields)


def held(
    kind: str = "Ingress", name: str = "preview", finalizer: str = "group.ingress.k8s.aws/previews-0", **length: float
) -> Held:
    return Held(kind, name, ago(**(length or {"seconds": 20})), (finalizer,))


def details(*things: Any) -> NamespaceDetails:
    """Details of a namespace, each thing sorted to its kind."""
    kinds = {
        "pods": Pod,
        "workloads": Workload,
        "ingresses": Ingress,
        "secrets": ExternalSecret,
        "held": Held,
        "events": Event,
    }
    found = {name: tuple(t for t in things if isinstance(t, kind)) for name, kind in kinds.items()}
    assert sum(map(len, found.values())) == len(things)
    return NamespaceDetails(**found)


def cluster(*things: Any, **fields: Any) -> ClusterState:
    """A cluster with everything an administrator installs for int, and these Applications and namespaces."""
    applications = [application("rtb-platform", "rtb-platform", owner="")]
    applications += [t for t in things if isinstance(t, Application)]
    sets = [t for t in things if isinstance(t, ApplicationSet)] or [working_set()]
    state = ClusterState(
        context="here",
        applications={a.name: a for a in applications},
        sets={s.name: s for s in sets},
        projects=frozenset({"default", "previews-int", "rtb-platform"}),
        namespaces={n.name: n for n in things if isinstance(n, Namespace)},
        policies={
            "rtb-hub-preview-tracking": Policy("rtb-hub-preview-tracking", is_bound=True, denies=True),
            "rtb-hub-guard-deletion": Policy(
                "rtb-hub-guard-deletion", frozenset({"previews-int", "rtb-platform"}), is_bound=True, denies=True
            ),
        },
    )
    return replace(state, **fields)


@dataclass
class FakeCluster:
    """A reader of prepared answers. `error` is raised by `observe`, `details_error` by `details`."""

    state: ClusterState = field(default_factory=cluster)
    inside: Mapping[str, NamespaceDetails] = field(default_factory=dict)
    error: HubError | None = None
    details_error: HubError | None = None
    asked: list[str] = field(default_factory=list)
    aws: Targets | None = None

    @property
    def context(self) -> str:
        return self.state.context

    def inspect(self, argocd: str) -> ClusterState:
        return self.observe(argocd)

    def observe(self, argocd: str, *, preview: str | None = None, with_set: bool = True) -> ClusterState:
        assert argocd == "argocd"
        if self.error:
            raise self.error
        if preview is None:
            return self.state
        return replace(
            self.state,
            applications={n: a for n, a in self.state.applications.items() if n == preview},
            namespaces={n: found for n, found in self.state.namespaces.items() if n == preview},
        )

    def targets(self, namespace: str = "") -> Targets | None:
        found = self.aws
        self.asked.append(f"aws {namespace}".strip())
        return found and replace(found, found=tuple(t for t in found.found if namespace in ("", t.namespace)))

    def details(self, namespaces: Sequence[str]) -> Mapping[str, NamespaceDetails]:
        if self.details_error:
            raise self.details_error
        self.asked += namespaces
        return {name: self.inside.get(name, NamespaceDetails()) for name in namespaces}
