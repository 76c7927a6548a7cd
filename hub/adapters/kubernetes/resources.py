"""The kinds that are read of a cluster, and which of them when.

The ClusterRole in templates/argocd/hub-reader.yaml.j2 allows listing these and no others, and watching `WATCHED`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.adapters.http import Route
from hub.adapters.kubernetes.fields import Tree, inner, mappings, text
from reconcilers.ports.cluster import MANAGED_BY

#: What is read of one preview beyond what nearly each needs: so much at most.
MOST_ASIDE = 2


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind as the API server's paths name it. `group` is empty for the core group.

    `selector`: of labels, for lists of the whole cluster: what the hub's templates make has it.
    """

    kind: str
    group: str
    version: str
    plural: str
    selector: str = ""
    is_of_cluster: bool = False

    def route(self, namespace: str = "") -> Route:
        """The route of the list, in one namespace or of the whole cluster."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        if namespace:
            return Route.of(f"{root}/namespaces/{{}}/{self.plural}", namespace)
        return Route.of(f"{root}/{self.plural}")

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


_OURS = f"app.kubernetes.io/managed-by={MANAGED_BY}"
_ADMISSION = "admissionregistration.k8s.io"
_SECRETS = "external-secrets.io"

APPLICATIONS = Resource("Application", "argoproj.io", "v1alpha1", "applications")
SETS = Resource("ApplicationSet", "argoproj.io", "v1alpha1", "applicationsets")
PROJECTS = Resource("AppProject", "argoproj.io", "v1alpha1", "appprojects")
NAMESPACES = Resource("Namespace", "", "v1", "namespaces", is_of_cluster=True)
POLICIES = Resource("ValidatingAdmissionPolicy", _ADMISSION, "v1", "validatingadmissionpolicies", is_of_cluster=True)
BINDINGS = Resource(
    "ValidatingAdmissionPolicyBinding", _ADMISSION, "v1", "validatingadmissionpolicybindings", is_of_cluster=True
)
PODS = Resource("Pod", "", "v1", "pods", _OURS)
DEPLOYMENTS = Resource("Deployment", "apps", "v1", "deployments", _OURS)
REPLICA_SETS = Resource("ReplicaSet", "apps", "v1", "replicasets", _OURS)
STATEFUL_SETS = Resource("StatefulSet", "apps", "v1", "statefulsets", _OURS)
JOBS = Resource("Job", "batch", "v1", "jobs", _OURS)
INGRESSES = Resource("Ingress", "networking.k8s.io", "v1", "ingresses", _OURS)
TARGETS = Resource("TargetGroupBinding", "elbv2.k8s.aws", "v1beta1", "targetgroupbindings")
EXTERNAL_SECRETS = Resource("ExternalSecret", _SECRETS, "v1", "externalsecrets", _OURS)
STORES = Resource("SecretStore", _SECRETS, "v1", "secretstores")
CLUSTER_STORES = Resource("ClusterSecretStore", _SECRETS, "v1", "clustersecretstores", is_of_cluster=True)
CLAIMS = Resource("PersistentVolumeClaim", "", "v1", "persistentvolumeclaims")
EVENTS = Resource("Event", "", "v1", "events")

#: Read of each preview.
OF_EACH = (PODS, DEPLOYMENTS, JOBS, INGRESSES, EXTERNAL_SECRETS, EVENTS)
#: Read of one preview where what was read asks for it, of many always: with Applications, sets and namespaces 14 lists.
_ASIDE = (STATEFUL_SETS, REPLICA_SETS, TARGETS, CLAIMS, CLUSTER_STORES)
OF_MANY = (*OF_EACH, *_ASIDE)
RESOURCES = (APPLICATIONS, SETS, PROJECTS, NAMESPACES, POLICIES, BINDINGS, *OF_MANY, STORES)
WATCHED = (APPLICATIONS, PODS, EVENTS)


def needed(found: Mapping[str, Sequence[Tree]], *, is_going: bool) -> list[Resource]:
    """What else tells of one preview, by what was read of it (`found`, by kind): at most `MOST_ASIDE`.

    `is_going`: it is being removed, and what holds it may be of any kind.
    """
    wanted: dict[Resource, None] = {}
    if is_going:
        wanted |= dict.fromkeys((TARGETS, CLAIMS))
    wanted |= dict.fromkeys(_told(found))
    return [*wanted][:MOST_ASIDE]


def _told(found: Mapping[str, Sequence[Tree]]) -> Iterator[Resource]:
    pods = found.get("Pod", ())
    about = {text(inner(event, "involvedObject").get("kind")) for event in found.get("Event", ())}
    owners = {text(owner.get("kind")) for pod in pods for owner in mappings(pod["metadata"].get("ownerReferences"))}
    for kind in ("SecretStore", "ClusterSecretStore"):
        if any(_lacks(secret, kind) for secret in found.get("ExternalSecret", ())):
            yield STORES if kind == "SecretStore" else CLUSTER_STORES
    if "StatefulSet" in about | owners:
        yield STATEFUL_SETS
    waiting = [pod for pod in pods if inner(pod, "status").get("phase") == "Pending"]
    if "PersistentVolumeClaim" in about or any(_has_claim(pod) for pod in waiting):
        yield CLAIMS
    if _has_two_templates(pods):
        yield REPLICA_SETS
    if "TargetGroupBinding" in about:
        yield TARGETS


def _lacks(secret: Tree, kind: str) -> bool:
    told = [c for c in mappings(inner(secret, "status").get("conditions")) if c.get("type") == "Ready"]
    reference = inner(secret, "spec", "secretStoreRef")
    return any(c.get("status") == "False" for c in told) and (text(reference.get("kind")) or "SecretStore") == kind


def _has_claim(pod: Tree) -> bool:
    return any("persistentVolumeClaim" in volume for volume in mappings(inner(pod, "spec").get("volumes")))


def _has_two_templates(pods: Sequence[Tree]) -> bool:
    seen: dict[Any, set[str]] = {}
    for pod in pods:
        for owner in mappings(pod["metadata"].get("ownerReferences")):
            name = text(owner.get("name"))
            if owner.get("kind") == "ReplicaSet":
                seen.setdefault(name.rpartition("-")[0], set()).add(name)
    return any(len(templates) > 1 for templates in seen.values())
