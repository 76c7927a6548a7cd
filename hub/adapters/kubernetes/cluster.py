"""Reading a cluster through its API server. Sending is `hub.adapters.http`; lists are paged here, and read as JSON.

Implements `reconcilers.ports.git.ClusterReader`. Only ever lists: what it lists is `RESOURCES`, and the ClusterRole in
templates/argocd/hub-reader.yaml.j2 allows it. One read that fails fails the observation: there is no half answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from generator.bootstrap.argocd import READER
from generator.errors import Fault, Reason, Stalled, Transient
from hub.adapters.http import Answer, Request, Route, Sender, SenderParts
from hub.adapters.kubernetes import inside, objects
from hub.adapters.kubernetes.kubeconfig import connect
from hub.retrying import retried
from reconcilers.ports.cluster import ClusterState, NamespaceDetails

PAGE = 500
#: 500 pods with everything that is said about each are some ten megabytes.
LIMIT_BYTES = 64 * 1024 * 1024
TIMEOUT_SECONDS = 30.0
MAX_PAGES = 400
_RESTARTS = 3
_PARALLEL = 8


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind as the API server's paths name it. `group` is empty for the core group."""

    kind: str
    group: str
    version: str
    plural: str

    def route(self, namespace: str = "") -> Route:
        """The route of the list, in one namespace or of the whole cluster."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        if namespace:
            return Route.of(f"{root}/namespaces/{{}}/{self.plural}", namespace)
        return Route.of(f"{root}/{self.plural}")

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


_APPLICATIONS = Resource("Application", "argoproj.io", "v1alpha1", "applications")
_SETS = Resource("ApplicationSet", "argoproj.io", "v1alpha1", "applicationsets")
_PROJECTS = Resource("AppProject", "argoproj.io", "v1alpha1", "appprojects")
_NAMESPACES = Resource("Namespace", "", "v1", "namespaces")
_ADMISSION = "admissionregistration.k8s.io"
_POLICIES = Resource("ValidatingAdmissionPolicy", _ADMISSION, "v1", "validatingadmissionpolicies")
_BINDINGS = Resource("ValidatingAdmissionPolicyBinding", _ADMISSION, "v1", "validatingadmissionpolicybindings")
_IN_NAMESPACE = (
    Resource("Pod", "", "v1", "pods"),
    Resource("Deployment", "apps", "v1", "deployments"),
    Resource("StatefulSet", "apps", "v1", "statefulsets"),
    Resource("Job", "batch", "v1", "jobs"),
    Resource("Ingress", "networking.k8s.io", "v1", "ingresses"),
    Resource("TargetGroupBinding", "elbv2.k8s.aws", "v1beta1", "targetgroupbindings"),
    Resource("ExternalSecret", "external-secrets.io", "v1", "externalsecrets"),
    Resource("Event", "", "v1", "events"),
)
#: Everything that is ever listed.
RESOURCES = (_APPLICATIONS, _SETS, _PROJECTS, _NAMESPACES, _POLICIES, _BINDINGS, *_IN_NAMESPACE)


@dataclass(frozen=True, slots=True)
class Recorded:
    """Objects by `plural.group` as the API server lists them; `unread`: why a kind could not be read."""

    objects: Mapping[str, Sequence[dict[str, Any]]]
    unread: Mapping[str, str]


class _NotServed(Exception):  # noqa: N818 - an answer, not an error: the API server does not know the kind
    pass


class _Expired(Transient):
    """A list that expired half-way has to be begun again."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster by its kubeconfig context. Safe for threads."""

    context: str
    sender: Sender

    def observe(self, argocd: str, *, preview: str | None = None) -> ClusterState:
        """See the port. Six lists, Applications before namespaces."""
        one = f"metadata.name={preview}" if preview else ""
        applications = self._argocd(_APPLICATIONS, argocd, fields=one)
        sets, projects = self._argocd(_SETS, argocd), self._argocd(_PROJECTS, argocd)
        namespaces = [objects.namespace(tree) for tree in self._served(_NAMESPACES, fields=one)]
        policies, bindings = self._served(_POLICIES), self._served(_BINDINGS)
        applied = {
            _APPLICATIONS: [tree for tree in applications if not tree["metadata"].get("ownerReferences")],
            _SETS: sets,
            _PROJECTS: projects,
            _POLICIES: policies,
            _BINDINGS: bindings,
        }
        return ClusterState(
            context=self.context,
            applications={found.name: found for found in map(objects.application, applications)},
            sets={found.name: found for found in map(objects.application_set, sets)},
            projects=frozenset(tree["metadata"]["name"] for tree in projects),
            namespaces={found.name: found for found in namespaces if found},
            policies=objects.policies(policies, bindings),
            installed={
                (resource.kind, tree["metadata"]["name"]): tree.get("spec") or {}
                for resource, trees in applied.items()
                for tree in trees
            },
        )

    def details(self, namespaces: Sequence[str]) -> Mapping[str, NamespaceDetails]:
        """See the port. Eight lists a namespace, several namespaces at a time."""
        with ThreadPoolExecutor(_PARALLEL) as workers:
            return dict(zip(namespaces, workers.map(self._details, namespaces), strict=True))

    def record(self, argocd: str, preview: str, *, applications: str, is_asked: bool) -> Recorded:
        """The objects that tell of one preview (`preview-rtb-123`), as they are. Ten lists, several at a time.

        The ApplicationSet (`applications`) is asked for when it matters: no Application, or none that is wanted. A kind
        inside the namespace that may not be read is `unread`; without Applications and namespaces there is no answer.
        Raises as `observe`.
        """
        one = f"metadata.name={preview}"
        with ThreadPoolExecutor(len(_IN_NAMESPACE)) as workers:
            inner = workers.map(lambda resource: self._recorded(resource, preview), _IN_NAMESPACE)
            found = {str(_APPLICATIONS): self._argocd(_APPLICATIONS, argocd, fields=one)}
            found[str(_NAMESPACES)] = self._served(_NAMESPACES, fields=one)
            if not found[str(_APPLICATIONS)] or not is_asked:
                found[str(_SETS)] = self._argocd(_SETS, argocd, fields=f"metadata.name={applications}")
            read = dict(zip(map(str, _IN_NAMESPACE), inner, strict=True))
        found |= {name: trees for name, trees in read.items() if isinstance(trees, list)}
        return Recorded(found, {name: why for name, why in read.items() if isinstance(why, str)})

    def _recorded(self, resource: Resource, namespace: str) -> list[dict[str, Any]] | str:
        """All objects of a kind in a namespace, or why they may not be read."""
        try:
            return self._list(resource, namespace)
        except _NotServed:
            return "this cluster does not know the kind"
        except Stalled as err:
            return err.faults[0].message

    def _details(self, namespace: str) -> NamespaceDetails:
        found: dict[str, list[dict[str, Any]]] = {}
        unserved = []
        for resource in _IN_NAMESPACE:
            try:
                found[resource.kind] = self._list(resource, namespace)
            except _NotServed:
                unserved.append(str(resource))
        return inside.details(found, unserved)

    def _argocd(self, resource: Resource, namespace: str, *, fields: str = "") -> list[dict[str, Any]]:
        try:
            return self._list(resource, namespace, fields=fields)
        except _NotServed:
            remedy = "install Argo CD there, or name the context of the environment's own cluster"
            fault = Fault(f"cluster {self.context} has no Argo CD: it does not serve {resource}", remedy=remedy)
            raise Stalled(Reason.CLUSTER_REFUSED, fault) from None

    def _served(self, resource: Resource, *, fields: str = "") -> list[dict[str, Any]]:
        try:
            return self._list(resource, fields=fields)
        except _NotServed:
            remedy = "Kubernetes 1.30 or later is needed"
            fault = Fault(f"cluster {self.context} does not serve {resource}", remedy=remedy)
            raise Stalled(Reason.CLUSTER_REFUSED, fault) from None

    def _list(self, resource: Resource, namespace: str = "", *, fields: str = "") -> list[dict[str, Any]]:
        """All objects, page by page. A list that expires half-way (410) is begun again, never stitched together."""
        again = replace(self.sender.parts.backoff, tries=_RESTARTS)
        return retried(lambda: list(self._pages(resource, namespace, fields)), on=_Expired, backoff=again)

    def _pages(self, resource: Resource, namespace: str, fields: str) -> Iterator[dict[str, Any]]:
        query = {"limit": str(PAGE)} | ({"fieldSelector": fields} if fields else {})
        for _ in range(MAX_PAGES):
            answer = self._get(resource, namespace, query)
            items, meta = answer.get("items"), answer.get("metadata") or {}
            if not isinstance(items, list) or not isinstance(meta, dict):
                raise self._unreachable(f"its answer to a list of {resource} is no list")
            if not all(map(objects.is_object, items)):
                raise self._unreachable(f"its answer to a list of {resource} makes no sense")
            yield from items
            following = meta.get("continue")
            if not following:
                return
            query["continue"] = str(following)
        raise self._unreachable(f"the list of {resource} has more than {MAX_PAGES} pages")

    def _get(self, resource: Resource, namespace: str, query: Mapping[str, str]) -> dict[str, Any]:
        answer = self.sender.send(
            Request(
                route=resource.route(namespace),
                purpose=f"read cluster {self.context}",
                query=tuple(query.items()),
                timeout_seconds=TIMEOUT_SECONDS,
                limit_bytes=LIMIT_BYTES,
                may_repeat=True,
            )
        )
        return self._checked(answer, resource, namespace)

    def _checked(self, answer: Answer, resource: Resource, namespace: str) -> dict[str, Any]:
        if answer.status == 404:
            raise _NotServed
        if answer.status == 410:
            message = f"cluster {self.context}: the list of {resource} changed faster than it could be read"
            raise _Expired(Reason.CLUSTER_UNREACHABLE, message)
        if answer.status in (401, 403):
            raise self._forbidden(answer, resource, namespace)
        if answer.status == 429 or answer.status >= 500:
            raise self._unreachable(f"it answers {answer.status} to a list of {resource}")
        if answer.status != 200 or not isinstance(answer.data, dict):
            raise self._unreachable(f"its answer ({answer.status}) to a list of {resource} makes no sense")
        return answer.data

    def _forbidden(self, answer: Answer, resource: Resource, namespace: str) -> Stalled:
        said = answer.data.get("message", "") if isinstance(answer.data, dict) else ""
        if answer.status == 401 or "system:anonymous" in str(said):
            remedy = f"sign in anew and try 'kubectl --context {self.context} auth whoami'"
            return Stalled(
                Reason.CLUSTER_REFUSED,
                Fault(f"cluster {self.context} does not accept the credentials of this context", remedy=remedy),
            )
        where = f" in namespace {namespace}" if namespace else ""
        remedy = (
            f"put this identity into the group {READER} (on EKS: an access entry with that Kubernetes group) and apply"
            " argocd/<environment>/hub-reader.yaml, which gives the group its rights"
        )
        message = f"cluster {self.context} does not allow listing {resource}{where}"
        return Stalled(Reason.CLUSTER_REFUSED, Fault(message, remedy=remedy))

    def _unreachable(self, why: str) -> Transient:
        fault = Fault(f"cannot read cluster {self.context}: {why}", remedy=self.sender.peer.remedy)
        return Transient(Reason.CLUSTER_UNREACHABLE, fault)


def open_cluster(context: str, *, kubeconfig: str, parts: SenderParts) -> Cluster:
    """The cluster of a context. Raises what `connect` raises; nothing is asked of the cluster yet."""
    return Cluster(context, connect(context, kubeconfig, parts))
