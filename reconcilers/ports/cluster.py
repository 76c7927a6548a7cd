"""What was read of a cluster, in our words: Argo CD's objects, namespaces, and what happens inside chosen ones.

Nothing here decides. Times are aware and UTC, as the API server wrote them. Texts come from the cluster and are not to
be trusted. A reader that cannot read everything raises: an absent object was looked for and is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

MANAGED_BY = "rtb-ai-hub"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of an object (Kubernetes API conventions, "typical status properties").

    Conditions of an Argo CD Application have no status: they hold while they are there, and read as `True`.
    """

    type: str
    status: str
    reason: str = ""
    message: str = ""
    since: datetime | None = None

    @property
    def holds(self) -> bool:
        """True when the status is `True`."""
        return self.status == "True"


@dataclass(frozen=True, slots=True)
class Application:
    """An Argo CD Application.

    `sync`: Synced, OutOfSync, Unknown or empty; `health`: Healthy, Progressing, Degraded, Suspended, Missing, Unknown
    or empty; `operation`: Running, Terminating, Succeeded, Failed, Error or empty. `owner` is the ApplicationSet that
    made it; `failures` are objects that the last sync could not apply, with the message.
    """

    name: str
    project: str
    created: datetime
    owner: str = ""
    deleting_since: datetime | None = None
    sync: str = ""
    health: str = ""
    operation: str = ""
    operation_message: str = ""
    failures: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class ApplicationSet:
    """An Argo CD ApplicationSet."""

    name: str
    created: datetime
    deleting_since: datetime | None = None
    conditions: tuple[Condition, ...] = ()

    @property
    def error(self) -> Condition | None:
        """The condition ErrorOccurred while it holds: the set then makes, changes and removes nothing."""
        return next((c for c in self.conditions if c.type == "ErrorOccurred" and c.holds), None)


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace that is ours by label or by name. `environment` is its label, empty when it has none."""

    name: str
    created: datetime
    environment: str = ""
    is_managed: bool = True
    deleting_since: datetime | None = None
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """A ValidatingAdmissionPolicy.

    `names`: the object names it is about, empty for all. `denies`: a binding puts it in force with the action Deny.
    """

    name: str
    names: frozenset[str] = frozenset()
    is_bound: bool = False
    denies: bool = False


@dataclass(frozen=True, slots=True)
class ClusterState:
    """One observation of a cluster, all by name; Applications and namespaces are of one preview when asked so.

    `installed`: the specs as they are of what an administrator applies, by kind and name.
    """

    context: str
    applications: Mapping[str, Application] = field(default_factory=dict)
    sets: Mapping[str, ApplicationSet] = field(default_factory=dict)
    projects: frozenset[str] = frozenset()
    namespaces: Mapping[str, Namespace] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    installed: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Container:
    """A container that does not run, or runs and is not ready. `last_*`: how it ended before."""

    name: str
    is_ready: bool = False
    is_running: bool = False
    reason: str = ""
    message: str = ""
    restarts: int = 0
    last_reason: str = ""
    last_exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod. `unscheduled`: why the scheduler found no place for it, empty when it did."""

    name: str
    phase: str
    created: datetime
    deleting_since: datetime | None = None
    unscheduled: str = ""
    containers: tuple[Container, ...] = ()


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment, a StatefulSet or a Job with its conditions.

    `wanted` and `ready` count pods; `images` are those of its pod template.
    """

    kind: str
    name: str
    wanted: int = 1
    ready: int = 0
    images: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()

    def condition(self, type_: str) -> Condition | None:
        """One condition by its type."""
        return next((c for c in self.conditions if c.type == type_), None)


@dataclass(frozen=True, slots=True)
class Ingress:
    """An Ingress. `has_address`: a load balancer answers for it."""

    name: str
    has_address: bool = False


@dataclass(frozen=True, slots=True)
class ExternalSecret:
    """An ExternalSecret. `is_ready` None: its operator has not looked at it."""

    name: str
    is_ready: bool | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """An object that is being deleted and held by finalizers."""

    kind: str
    name: str
    since: datetime
    finalizers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """A warning event about one object."""

    kind: str
    name: str
    reason: str
    message: str
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class NamespaceDetails:
    """What happens inside one namespace. `unserved`: kinds that this cluster does not know."""

    pods: tuple[Pod, ...] = ()
    workloads: tuple[Workload, ...] = ()
    ingresses: tuple[Ingress, ...] = ()
    secrets: tuple[ExternalSecret, ...] = ()
    held: tuple[Held, ...] = ()
    events: tuple[Event, ...] = ()
    unserved: tuple[str, ...] = ()
