"""Reading a cluster through its API server, with the `kubernetes` client's kubeconfig, credentials and TLS.

Implements `reconcilers.ports.git.ClusterReader`. Only ever lists: what it lists is `RESOURCES`, and the ClusterRole in
templates/argocd/hub-reader.yaml.j2 allows it. One read that fails fails the observation: there is no half answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from generator.bootstrap.argocd import READER
from generator.errors import Fault, Reason, Stalled, Transient
from hub.adapters.kubernetes import objects
from hub.adapters.kubernetes.kubeconfig import Connection, connect
from reconcilers.ports.cluster import ClusterState, NamespaceDetails

PAGE = 500
_TRIES = 2
_RESTARTS = 3
_PARALLEL = 8


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind as the API server's paths name it. `group` is empty for the core group."""

    kind: str
    group: str
    version: str
    plural: str

    def path(self, namespace: str = "") -> str:
        """The path of the list, in one namespace or of the whole cluster."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{namespace}/{self.plural}" if namespace else f"{root}/{self.plural}"

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


class _NotServed(Exception):  # noqa: N818 - an answer, not an error: the API server does not know the kind
    pass


class _Expired(Exception):  # noqa: N818 - the list has to be begun again
    pass


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster by its kubeconfig context. Safe for threads."""

    context: str
    connection: Connection

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

    def _details(self, namespace: str) -> NamespaceDetails:
        found: dict[str, list[dict[str, Any]]] = {}
        unserved = []
        for resource in _IN_NAMESPACE:
            try:
                found[resource.kind] = self._list(resource, namespace)
            except _NotServed:
                unserved.append(str(resource))
        return objects.details(found, unserved)

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
        for _ in range(_RESTARTS):
            try:
                return list(self._pages(resource, namespace, fields))
            except _Expired:
                continue
        message = f"cluster {self.context}: the list of {resource} changed faster than it could be read"
        raise Transient(Reason.CLUSTER_UNREACHABLE, message)

    def _pages(self, resource: Resource, namespace: str, fields: str) -> Iterator[dict[str, Any]]:
        query = {"limit": str(PAGE)} | ({"fieldSelector": fields} if fields else {})
        while True:
            answer = self._get(resource, namespace, query)
            items = answer.get("items")
            if not isinstance(items, list):
                raise self._unreachable(f"its answer to a list of {resource} is no list")
            yield from items
            following = (answer.get("metadata") or {}).get("continue")
            if not following:
                return
            query["continue"] = following

    def _get(self, resource: Resource, namespace: str, query: Mapping[str, str]) -> dict[str, Any]:
        from urllib3.exceptions import HTTPError, SSLError

        url = f"{self.connection.server}{resource.path(namespace)}?{urlencode(query)}"
        for attempt in range(_TRIES):
            last = attempt == _TRIES - 1
            try:
                response = self.connection.pool.request(
                    "GET", url, headers=self.connection.headers(), retries=False, redirect=False
                )
            except SSLError as err:
                remedy = "check certificate-authority-data of the cluster in the kubeconfig"
                fault = Fault(f"the certificate of cluster {self.context} is not accepted: {err}", remedy=remedy)
                raise Stalled(Reason.CLUSTER_REFUSED, fault) from err
            except HTTPError as err:
                if last:
                    raise self._unreachable(_said(err)) from err
                continue
            if response.status == 429 or response.status >= 500:
                if last:
                    raise self._unreachable(f"it answers {response.status} to a list of {resource}")
                continue
            break
        return self._checked(response.status, response.data, resource, namespace)

    def _checked(self, status: int, body: bytes, resource: Resource, namespace: str) -> dict[str, Any]:
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if status == 404:
            raise _NotServed
        if status == 410:
            raise _Expired
        if status in (401, 403):
            raise self._forbidden(status, answer, resource, namespace)
        if status != 200 or not isinstance(answer, dict):
            raise self._unreachable(f"its answer ({status}) to a list of {resource} makes no sense")
        return answer

    def _forbidden(self, status: int, answer: Any, resource: Resource, namespace: str) -> Stalled:
        said = answer.get("message", "") if isinstance(answer, dict) else ""
        if status == 401 or "system:anonymous" in said:
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
        remedy = f"check the network, the VPN and 'kubectl --context {self.context} get --raw /readyz'"
        fault = Fault(f"cannot read cluster {self.context}: {why}", remedy=remedy)
        return Transient(Reason.CLUSTER_UNREACHABLE, fault)


def open_cluster(context: str, *, kubeconfig: str) -> Cluster:
    """The cluster of a context. Raises what `connect` raises; nothing is asked of the cluster yet."""
    return Cluster(context, connect(context, kubeconfig))


def _said(err: Exception) -> str:
    """What went wrong in a few words; the long form repeats pool and address."""
    name = type(err).__name__.removesuffix("Error")
    words = {
        "NewConnection": "no connection",
        "ConnectTimeout": "no answer in time",
        "ReadTimeout": "no answer in time",
    }
    return words.get(name, f"{name}: {str(err).rsplit(': ', 1)[-1]}")
