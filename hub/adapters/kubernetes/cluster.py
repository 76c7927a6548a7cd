"""Reading a cluster through its API server: what Argo CD says, namespaces, and what happens inside them.

Implements `reconcilers.ports.git.ClusterReader`. Only ever lists (`resources`). Of one preview ten lists are the most,
of however many fourteen, and pages. A kind inside a namespace that may not be read is told as `unread`; without
Applications and namespaces there is no answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from generator.errors import HubError, Transient
from hub.adapters.http import Sender, SenderParts
from hub.adapters.kubernetes import inside, objects
from hub.adapters.kubernetes.kubeconfig import connect
from hub.adapters.kubernetes.lists import Denied, Lists, NotServed
from hub.adapters.kubernetes.resources import (
    APPLICATIONS,
    BINDINGS,
    EVENTS,
    NAMESPACES,
    OF_EACH,
    OF_MANY,
    POLICIES,
    PROJECTS,
    SETS,
    Resource,
    needed,
)
from reconcilers.ports.cluster import ClusterState, NamespaceDetails
from reconcilers.ports.target_groups import TargetGroups, Targets

_PARALLEL = 8
#: Of more namespaces than this the whole cluster is listed.
_FEW = 2
_WARNINGS = "type=Warning"
_UNKNOWN = "this cluster does not know the kind"
_Trees = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Recorded:
    """Objects by `plural.group` as the API server lists them; `unread`: why a kind could not be read.

    `targets`: what AWS has of one whose Application and namespace are gone; None where it was not asked.
    """

    objects: Mapping[str, Sequence[dict[str, Any]]]
    unread: Mapping[str, str]
    targets: Targets | None = None

    @property
    def is_gone(self) -> bool:
        """True when neither Application nor namespace is there."""
        return not self.objects.get(str(APPLICATIONS)) and not self.objects.get(str(NAMESPACES))


@dataclass(frozen=True, slots=True)
class _Inside:
    """What was read inside namespaces, by kind; of each kind that was not, why."""

    found: Mapping[Resource, _Trees]
    unread: Mapping[Resource, str]
    unserved: Sequence[Resource]

    def __or__(self, other: _Inside) -> _Inside:
        return _Inside(
            {**self.found, **other.found}, {**self.unread, **other.unread}, [*self.unserved, *other.unserved]
        )

    def details(self, namespace: str) -> NamespaceDetails:
        """What of it is about one namespace."""
        found = {
            resource.kind: [
                t for t in trees if resource.is_of_cluster or t["metadata"].get("namespace", namespace) == namespace
            ]
            for resource, trees in self.found.items()
        }
        unread = {str(resource): why for resource, why in self.unread.items()}
        return inside.details(found, map(str, self.unserved), unread)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster by its kubeconfig context. Safe for threads. `groups` None: AWS may not be asked about it."""

    context: str
    sender: Sender
    groups: TargetGroups | None = None

    @property
    def lists(self) -> Lists:
        """What it lists."""
        return Lists(self.context, self.sender)

    def observe(self, argocd: str, *, preview: str | None = None, with_set: bool = True) -> ClusterState:
        """See the port. Applications before namespaces: three lists, two or three of one preview."""
        one = f"metadata.name={preview}" if preview else ""
        applications = self.lists.must(APPLICATIONS, argocd, fields=one)
        namespaces = self.lists.must(NAMESPACES, fields=one)
        sets = self.lists.must(SETS, argocd) if with_set or not applications else []
        return self._state(applications, sets, namespaces)

    def inspect(self, argocd: str) -> ClusterState:
        """See the port. Six lists, Applications before namespaces."""
        applications = self.lists.must(APPLICATIONS, argocd)
        sets, projects = self.lists.must(SETS, argocd), self.lists.must(PROJECTS, argocd)
        namespaces = self.lists.must(NAMESPACES)
        policies, bindings = self.lists.must(POLICIES), self.lists.must(BINDINGS)
        applied = {
            APPLICATIONS: [tree for tree in applications if not tree["metadata"].get("ownerReferences")],
            SETS: sets,
            PROJECTS: projects,
            POLICIES: policies,
            BINDINGS: bindings,
        }
        return self._state(
            applications,
            sets,
            namespaces,
            projects=frozenset(tree["metadata"]["name"] for tree in projects),
            policies=objects.policies(policies, bindings),
            installed={
                (resource.kind, tree["metadata"]["name"]): tree.get("spec") or {}
                for resource, trees in applied.items()
                for tree in trees
            },
        )

    def _state(self, applications: _Trees, sets: _Trees, namespaces: _Trees, **more: Any) -> ClusterState:
        ours = [objects.namespace(tree) for tree in namespaces]
        return ClusterState(
            context=self.context,
            applications={found.name: found for found in map(objects.application, applications)},
            sets={found.name: found for found in map(objects.application_set, sets)},
            namespaces={found.name: found for found in ours if found},
            **more,
        )

    def details(self, namespaces: Sequence[str]) -> Mapping[str, NamespaceDetails]:
        """See the port. Of two namespaces at most eight lists each, of more eleven in all."""
        if len(namespaces) > _FEW:
            read = self._read(OF_MANY)
            return {name: read.details(name) for name in namespaces}
        return {name: self._of_one(name, OF_EACH).details(name) for name in namespaces}

    def targets(self, namespace: str = "") -> Targets | None:
        """See the port."""
        if self.groups is None:
            return None
        try:
            return Targets(self.groups.of(namespace))
        except HubError as err:
            fault = err.faults[0]
            return Targets((), fault.message, fault.remedy, is_refused=not isinstance(err, Transient))

    def record(self, argocd: str, preview: str, *, applications: str, is_asked: bool) -> Recorded:
        """The objects that tell of one preview (`preview-rtb-123`), as they are. At most ten lists, all at a time.

        The ApplicationSet (`applications`) is asked for when it matters: no Application, or none that is wanted. A kind
        inside the namespace that may not be read is `unread`; without Applications and namespaces there is no answer.
        Where there is neither, and none is wanted, AWS is asked for its target groups. Raises as `observe`.
        """
        one, named = f"metadata.name={preview}", f"metadata.name={applications}"
        lists = self.lists
        with ThreadPoolExecutor(len(OF_EACH) + 3) as workers:
            asked = workers.submit(lists.must, APPLICATIONS, argocd, fields=one)
            place = workers.submit(lists.must, NAMESPACES, fields=one)
            chosen = None if is_asked else workers.submit(lists.must, SETS, argocd, fields=named)
            read = self._of_one(preview, OF_EACH, workers)
            found = {str(APPLICATIONS): asked.result(), str(NAMESPACES): place.result()}
            if not found[str(APPLICATIONS)]:
                chosen = chosen or workers.submit(lists.must, SETS, argocd, fields=named)
                if found[str(NAMESPACES)]:  # it may have gone after its namespace was read: look again
                    found[str(NAMESPACES)] = lists.must(NAMESPACES, fields=one)
            if chosen is not None:
                found[str(SETS)] = chosen.result()
        found |= {str(resource): trees for resource, trees in read.found.items()}
        unread = {**dict.fromkeys(read.unserved, _UNKNOWN), **read.unread}
        recorded = Recorded(found, {str(resource): why for resource, why in unread.items()})
        if is_asked or not recorded.is_gone:
            return recorded
        return replace(recorded, targets=self.targets(preview))

    def _of_one(
        self, namespace: str, resources: Iterable[Resource], workers: ThreadPoolExecutor | None = None
    ) -> _Inside:
        """What is inside one namespace, and what that asks for."""
        first = self._read(resources, namespace, workers)
        by_kind = {resource.kind: trees for resource, trees in first.found.items()}
        is_going = any(t["metadata"].get("deletionTimestamp") for trees in by_kind.values() for t in trees)
        aside = needed(by_kind, is_going=is_going)
        return first | self._read(aside, namespace, workers) if aside else first

    def _read(
        self, resources: Iterable[Resource], namespace: str = "", workers: ThreadPoolExecutor | None = None
    ) -> _Inside:
        """Several lists at a time, in one namespace or of the whole cluster. Raises `Transient` for any that fails."""
        chosen = [*resources]
        if workers is None:
            with ThreadPoolExecutor(_PARALLEL) as own:
                return self._read(chosen, namespace, own)
        answers = [*workers.map(lambda resource: self._one_kind(resource, namespace), chosen)]
        read = dict(zip(chosen, answers, strict=True))
        return _Inside(
            {resource: trees for resource, trees in read.items() if isinstance(trees, list)},
            {resource: why for resource, why in read.items() if isinstance(why, str)},
            [resource for resource, trees in read.items() if trees is None],
        )

    def _one_kind(self, resource: Resource, namespace: str) -> _Trees | str | None:
        """All objects of a kind, or why they may not be read; None where the cluster does not know the kind."""
        where = "" if resource.is_of_cluster else namespace
        fields = _WARNINGS if resource is EVENTS and not namespace else ""
        try:
            return self.lists.of(resource, where, fields=fields, labels="" if namespace else resource.selector)
        except NotServed:
            return None
        except Denied as err:
            return err.faults[0].message


def open_cluster(context: str, *, kubeconfig: str, parts: SenderParts) -> Cluster:
    """The cluster of a context. Raises what `connect` raises; nothing is asked of the cluster yet."""
    return Cluster(context, connect(context, kubeconfig, parts))
