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
    or empty; `operation`: Running, Terminating, Succeeded, Failed, Error or empty, begun at `operation_since`. `owner`
    is the ApplicationSet that made it; `failures` are objects that the last sync could not apply and hooks that
    failed, with the message.
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
    operation_since: datetime | None = None
    finalizers: tuple[str, ...] = ()


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
    finalizers: tuple[str, ...] = ()


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
    """A container as its pod's status tells. `reason`, `message`: why it waits, or how it ended when it has.

    `exit_code`: of a container that has ended and not been started again. `last_*`: how it ended before. `message` of
    an ended one is what the process left (`terminationMessagePolicy`): text of the program, up to 2 KiB.
    """

    name: str
    is_ready: bool = False
    is_running: bool = False
    reason: str = ""
    message: str = ""
    restarts: int = 0
    last_reason: str = ""
    last_exit_code: int | None = None
    last_message: str = ""
    last_ended: datetime | None = None
    exit_code: int | None = None
    running_since: datetime | None = None
    image: str = ""
    is_init: bool = False


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod. `unscheduled`: why the scheduler found no place for it, empty when it did.

    `scheduled_since` is None where no condition tells that it was scheduled. `conditions` are all of the status,
    `gates` the condition types of its readiness gates. `owner`: kind and name of its controller; `template`: the label
    that tells ReplicaSets of one Deployment apart. `needs`: names of the Secrets it refers to. `compute`: the label
    `rtb.hub/compute`. `keeps_data`: what it has on its disk is wanted, and ends with it.
    """

    name: str
    phase: str
    created: datetime
    deleting_since: datetime | None = None
    unscheduled: str = ""
    containers: tuple[Container, ...] = ()
    uid: str = ""
    scheduled_since: datetime | None = None
    conditions: tuple[Condition, ...] = ()
    gates: tuple[str, ...] = ()
    scheduler: str = ""
    compute: str = ""
    owner: tuple[str, str] = ("", "")
    template: str = ""
    reason: str = ""
    message: str = ""
    needs: frozenset[str] = frozenset()
    keeps_data: bool = False

    def condition(self, type_: str) -> Condition | None:
        """One condition by its type."""
        return next((c for c in self.conditions if c.type == type_), None)


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment, a StatefulSet or a Job with its conditions.

    `wanted` and `ready` count pods; `images` are those of its pod template. `newest`: the ReplicaSet that a Deployment
    brings up, where it says so.
    """

    kind: str
    name: str
    wanted: int = 1
    ready: int = 0
    images: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    uid: str = ""
    created: datetime | None = None
    newest: str = ""

    def condition(self, type_: str) -> Condition | None:
        """One condition by its type."""
        return next((c for c in self.conditions if c.type == type_), None)


@dataclass(frozen=True, slots=True)
class Ingress:
    """An Ingress. `has_address`: a load balancer answers for it. `group`: of its load balancer, empty when unknown."""

    name: str
    has_address: bool = False
    uid: str = ""
    created: datetime | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class ExternalSecret:
    """An ExternalSecret. `is_ready` None: its operator has not looked at it. `target`: the Secret that it makes."""

    name: str
    is_ready: bool | None = None
    message: str = ""
    uid: str = ""
    created: datetime | None = None
    since: datetime | None = None
    target: str = ""
    store: str = ""


@dataclass(frozen=True, slots=True)
class SecretStore:
    """A SecretStore or ClusterSecretStore. `is_ready` None: its operator has not looked at it."""

    kind: str
    name: str
    is_ready: bool | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A PersistentVolumeClaim."""

    name: str
    phase: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """An object that is being deleted and held by finalizers."""

    kind: str
    name: str
    since: datetime
    finalizers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """A warning event about one object. `uid`: the object's; `container`: the one of a pod; `source`: who reports.

    `count` times between `first` and `last`.
    """

    kind: str
    name: str
    reason: str
    message: str
    last: datetime | None = None
    uid: str = ""
    first: datetime | None = None
    count: int = 1
    source: str = ""
    container: str = ""


@dataclass(frozen=True, slots=True)
class NamespaceDetails:
    """What happens inside one namespace. `unserved`: kinds that this cluster does not know.

    `unread`: kinds that could not be read (`plural.group`), with the reason. Nothing follows from their absence.
    `targets`: names of TargetGroupBindings, each of which stands for a target group in AWS.
    """

    pods: tuple[Pod, ...] = ()
    workloads: tuple[Workload, ...] = ()
    ingresses: tuple[Ingress, ...] = ()
    secrets: tuple[ExternalSecret, ...] = ()
    held: tuple[Held, ...] = ()
    events: tuple[Event, ...] = ()
    unserved: tuple[str, ...] = ()
    stores: tuple[SecretStore, ...] = ()
    claims: tuple[Claim, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
