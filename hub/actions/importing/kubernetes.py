"""A first blueprint of manifests: workloads become components, what they read and are reached by their fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from generator.errors import ConfigError, Fault, Location, Reason
from generator.objects.manifest import Manifest
from generator.values.formats import image_digest
from hub.actions.importing.model import (
    Imported,
    NotTaken,
    Tree,
    check_number,
    component_name,
    imported,
    label_of,
    library_of,
    secret_of,
    unpinned,
)
from hub.actions.importing.objects import Objects, Workload
from hub.actions.importing.pods import Pods, when_of
from hub.actions.importing.reached import reached
from hub.actions.importing.trees import mappings_at, text_at
from hub.actions.importing.variables import Surroundings
from hub.actions.manifest_files import ManifestFiles

#: Kinds that need nothing said: a preview has one of its own.
_SILENT: Final = frozenset(
    {"Namespace", "ServiceAccount", "PodDisruptionBudget", "NetworkPolicy", "ResourceQuota", "LimitRange"}
)
_WHY: Final = {
    "HorizontalPodAutoscaler": "a preview has the number of pods that its blueprint says: see 'replicas'",
    "Role": "pods of a preview have no rights in the cluster",
    "RoleBinding": "pods of a preview have no rights in the cluster",
    "ClusterRole": "pods of a preview have no rights in the cluster",
    "ClusterRoleBinding": "pods of a preview have no rights in the cluster",
    "PersistentVolumeClaim": "content of volumes ends with the pod",
    "ExternalSecret": "name its secrets in 'secrets'",
    "TCPRoute": "a preview is opened by HTTP and gRPC alone",
    "TLSRoute": "a preview is opened by HTTP and gRPC alone",
    "CustomResourceDefinition": "kinds are of the cluster: its platform installs them",
}
_NOT_OPEN: Final = "nothing of it is opened from outside: give the component that people open 'path: /'"


def import_objects(files: ManifestFiles, source: str, name: str) -> Imported:
    """A blueprint `name` of these objects, told as those of `source`.

    Raises `ConfigError` (InvalidValue) for files that cannot be read, and when none of them runs anything.
    """
    if files.findings:
        faults = [Fault(one.message, one.location, remedy=one.remedy) for one in files.findings]
        raise ConfigError(Reason.INVALID_VALUE, faults)
    objects = Objects.of(files.manifests)
    left = [NotTaken("", one, "is no object of a cluster") for one in files.skipped]
    left += _others(objects.others)
    workloads = [*_running(objects, left)]
    if not workloads:
        fault = Fault(
            "runs nothing", Location(source), allowed="a Deployment, StatefulSet, Job, CronJob or another that does"
        )
        raise ConfigError(Reason.INVALID_VALUE, fault)
    check_number(len(workloads), "workloads", source)
    names = _names(workloads, objects)
    surroundings = _surroundings(workloads, names, objects)
    hosts: dict[str, str | None] = {}
    found = [reached(one, name, objects, hosts) for one, name in zip(workloads, names, strict=True)]
    surroundings.reached |= dict(zip(names, found, strict=True))
    components: dict[str, Tree] = {}
    for workload, component, its in zip(workloads, names, found, strict=True):
        if component in surroundings.library:
            components[component] = _of_library(workload, component, surroundings, left)
            if its.path is not None:
                left.append(NotTaken(component, "Ingress", "components of the library are not exposed"))
            continue
        pods = Pods(workload, component, its, surroundings)
        components[component] = pods.component()
        left += pods.left
    if not any(one.path is not None for one in found) and any(one.main is not None for one in found):
        left.append(NotTaken("", "path", _NOT_OPEN))
    left += _unused(objects)
    pulling = {text_at(one, "name") for each in workloads for one in mappings_at(each.pod, "imagePullSecrets")} - {""}
    pull_secrets = [*map(secret_of, sorted(pulling))]
    left += [NotTaken("", "imagePullSecrets", f"put its value into the store, as {one}") for one in pull_secrets]
    return imported(name, source, components, left, pull_secrets)


def _others(manifests: list[Manifest]) -> Iterator[NotTaken]:
    for one in manifests:
        if one.kind not in _SILENT:
            why = _WHY.get(one.kind, "a blueprint has no object of its kind: a template beside it may")
            yield NotTaken("", f"{one.kind} {text_at(one.metadata, 'name')}", why)


def _running(objects: Objects, left: list[NotTaken]) -> Iterator[Workload]:
    for one in objects.workloads:
        if not one.containers():
            left.append(NotTaken("", f"{one.kind} {one.name}", "has no containers"))
        elif when_of(one) is None:
            left.append(NotTaken("", f"{one.kind} {one.name}", "is a hook that no preview runs"))
        else:
            yield one


def _names(workloads: list[Workload], objects: Objects) -> list[str]:
    """A name for each component: that of its Service, by which others know it, else its own."""
    found: list[str] = []
    for one in workloads:
        text = next(iter(objects.services_of(one)), "") or one.name
        name = component_name(label_of(text, 40, "component"))
        free = (
            each
            for number in range(len(workloads) + 1)
            if (each := f"{name}-{number}" if number else name) not in found
        )
        found.append(next(free))
    return found


def _surroundings(workloads: list[Workload], names: list[str], objects: Objects) -> Surroundings:
    of_services = {
        service: name for one, name in zip(workloads, names, strict=True) for service in objects.services_of(one)
    }
    library: dict[str, tuple[str, str | None]] = {}
    image_of: dict[str, str] = {}
    for one, name in zip(workloads, names, strict=True):
        image = text_at(one.containers()[0], "image")
        used = library_of(image) if one.kind not in ("Job", "CronJob") else None
        if used is not None:
            library[name] = used
        else:
            image_of.setdefault(image, name)
    return Surroundings(objects, of_services, library, {}, image_of)


def _of_library(workload: Workload, name: str, surroundings: Surroundings, left: list[NotTaken]) -> Tree:
    used, _ = surroundings.library[name]
    told = f"the library's {used} has its own; user and database are 'preview'"
    own = workload.containers()[0]
    fields = sorted({"env", "envFrom", "command", "args", "ports", "volumeMounts", "resources"} & own.keys())
    more = [*workload.containers()[1:], *mappings_at(workload.pod, "initContainers")]
    lacking = [*fields, *(f"container {text_at(one, 'name')}" for one in more)]
    left += [NotTaken(name, what, told) for what in lacking]
    tree: dict[str, Any] = {"summary": f"{workload.kind} {workload.name}"[:200], "use": used}
    image = text_at(own, "image")
    if image_digest(image):
        return {**tree, "image": image}
    left.append(NotTaken(name, "image", unpinned(image)))
    return tree


def _unused(objects: Objects) -> Iterator[NotTaken]:
    """Services, ConfigMaps and routes that lead to no workload, or that none reads."""
    led = {service for one in objects.workloads for service in objects.services_of(one)}
    for service in sorted(objects.services.keys() - led):
        yield NotTaken("", f"Service {service}", "selects no pods of the manifests")
    for route in objects.routes:
        if route.service not in led:
            yield NotTaken("", f"{route.of}: {route.host}{route.path}", "leads to no pods of the manifests")
    texts = str([one.template for one in objects.workloads])
    for ingress, keys in sorted(objects.annotations.items()):
        yield NotTaken("", f"Ingress {ingress}: {keys}", "the load balancer is the environment's")
    for config_map in sorted(objects.config_maps):
        if repr(config_map) not in texts:
            yield NotTaken("", f"ConfigMap {config_map}", "no pod reads it")
    for secret in sorted(objects.secrets):
        if repr(secret) not in texts:
            yield NotTaken("", f"Secret {secret}", "no pod reads it")
