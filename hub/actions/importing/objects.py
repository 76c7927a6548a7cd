"""Objects of manifests, by what they are to each other: pods, what selects and exposes them, what they read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from generator.objects.manifest import Manifest
from hub.actions.importing.trees import Read, at, mapping_at, mappings_at, number_at, text_at

#: Kinds that run pods, each with the path of the pod's template.
RUNNING: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("", "Pod"): (),
    ("apps", "Deployment"): ("spec", "template"),
    ("apps", "StatefulSet"): ("spec", "template"),
    ("apps", "DaemonSet"): ("spec", "template"),
    ("apps", "ReplicaSet"): ("spec", "template"),
    ("batch", "Job"): ("spec", "template"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
}
_READ: Final = frozenset({("", "Service"), ("", "ConfigMap"), ("", "Secret"), ("networking.k8s.io", "Ingress")})
#: Routes of the Gateway API (gateway-api.sigs.k8s.io/reference/spec), which send requests as an Ingress does.
_GATEWAY: Final = frozenset({("gateway.networking.k8s.io", "HTTPRoute"), ("gateway.networking.k8s.io", "GRPCRoute")})
_LOCAL_NAME = re.compile(r"([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)(?:\.[a-z0-9-]+(?:\.svc(?:\.cluster\.local\.?)?)?)?")


@dataclass(frozen=True, slots=True)
class Workload:
    """An object that runs pods: `template` is the pod's, `pod` its spec."""

    manifest: Manifest
    template: Read

    @property
    def kind(self) -> str:
        """The object's kind, such as Deployment."""
        return self.manifest.kind

    @property
    def name(self) -> str:
        """The object's name."""
        return text_at(self.manifest.metadata, "name")

    @property
    def pod(self) -> Read:
        """The spec of its pods."""
        return mapping_at(self.template, "spec")

    @property
    def labels(self) -> Read:
        """The labels of its pods."""
        return mapping_at(self.template, "metadata", "labels")

    @property
    def annotations(self) -> Read:
        """The object's own annotations."""
        return mapping_at(self.manifest.metadata, "annotations")

    def containers(self) -> list[Read]:
        """The containers that run side by side."""
        return mappings_at(self.pod, "containers")

    def number_of(self, port: object) -> int | None:
        """The number of one of its ports, by number or name; None: there is none of this name."""
        if isinstance(port, int) and not isinstance(port, bool):
            return port if 0 < port < 65536 else None
        for container in self.containers():
            for one in mappings_at(container, "ports"):
                if one.get("name") == port:
                    return number_at(one, "containerPort")
        return None


@dataclass(frozen=True, slots=True)
class Route:
    """What an Ingress or a route of a gateway sends where: a host ('' = any), a path, and a Service with its port.

    `of` is that object, for people; the port a number or a name.
    """

    of: str
    host: str
    path: str
    service: str
    port: object
    is_grpc: bool


@dataclass
class Objects:
    """The objects that a blueprint is made of, and the others."""

    workloads: list[Workload] = field(default_factory=list)
    services: dict[str, Read] = field(default_factory=dict)
    config_maps: dict[str, Read] = field(default_factory=dict)
    secrets: dict[str, Read] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    #: Ingress → the names of its annotations.
    annotations: dict[str, str] = field(default_factory=dict)
    others: list[Manifest] = field(default_factory=list)

    @classmethod
    def of(cls, manifests: Iterable[Manifest]) -> Objects:
        """Sorted by what they are."""
        found = cls()
        named = {"Service": found.services, "ConfigMap": found.config_maps, "Secret": found.secrets}
        for one in manifests:
            if one.group_kind in RUNNING:
                found.workloads.append(Workload(one, mapping_at(one.data, *RUNNING[one.group_kind])))
            elif one.group_kind in _GATEWAY:
                found.routes += _of_gateway(one)
            elif one.group_kind not in _READ:
                found.others.append(one)
            elif one.kind == "Ingress":
                found.routes += _routes(one)
                if keys := mapping_at(one.metadata, "annotations"):
                    found.annotations[text_at(one.metadata, "name")] = ", ".join(sorted(map(str, keys)))[:200]
            else:
                named[one.kind][text_at(one.metadata, "name")] = one.data
        return found

    def services_of(self, workload: Workload) -> list[str]:
        """Names of the Services that select its pods, those without an address of their own last; of jobs, none."""
        if workload.kind in ("Job", "CronJob"):
            return []
        found = [name for name, one in self.services.items() if _selects(one, workload.labels)]
        return sorted(found, key=lambda name: text_at(self.services[name], "spec", "clusterIP") == "None")

    def texts_of(self, config_map: str) -> dict[str, str] | None:
        """What a ConfigMap has; None: there is none of this name."""
        if config_map not in self.config_maps:
            return None
        return {str(key): str(text) for key, text in mapping_at(self.config_maps[config_map], "data").items()}

    def keys_of(self, secret: str) -> list[str] | None:
        """The keys of a Secret, never what it holds; None: there is none of this name."""
        if secret not in self.secrets:
            return None
        tree = self.secrets[secret]
        return [*map(str, {**mapping_at(tree, "data"), **mapping_at(tree, "stringData")})]


def local_name(host: str) -> str | None:
    """The Service that a host names within a cluster: `db`, `db.shop.svc`; None: it can be none."""
    match = _LOCAL_NAME.fullmatch(host)
    return match[1] if match else None


def _selects(service: Read, labels: Read) -> bool:
    selector = mapping_at(service, "spec", "selector")
    return bool(selector) and all(at(labels, str(key)) == value for key, value in selector.items())


def _routes(ingress: Manifest) -> Iterator[Route]:
    name, spec = text_at(ingress.metadata, "name"), ingress.data.get("spec")
    words = " ".join(f"{key}={value}" for key, value in mapping_at(ingress.metadata, "annotations").items())
    is_grpc = re.search(r"backend-protocol(-version)?=GRPCS?\b", words, re.IGNORECASE) is not None

    def route(host: str, path: str, backend: Read) -> Route:
        port = mapping_at(backend, "service", "port")
        return Route(
            f"Ingress {name}",
            host,
            path,
            text_at(backend, "service", "name"),
            port.get("number", port.get("name")),
            is_grpc,
        )

    for rule in mappings_at(spec, "rules"):
        for one in mappings_at(rule, "http", "paths"):
            yield route(text_at(rule, "host"), text_at(one, "path") or "/", mapping_at(one, "backend"))
    if default := mapping_at(spec, "defaultBackend"):
        yield route("", "/", default)


def _of_gateway(manifest: Manifest) -> Iterator[Route]:
    """The routes of an HTTPRoute or a GRPCRoute, whose matches by method or header count as all of a path."""
    told, spec = f"{manifest.kind} {text_at(manifest.metadata, 'name')}", manifest.data.get("spec")
    names = at(spec, "hostnames")
    hosts = [str(one) for one in names] if isinstance(names, list) and names else [""]
    for rule in mappings_at(spec, "rules"):
        paths = [text_at(one, "path", "value") or "/" for one in mappings_at(rule, "matches")] or ["/"]
        for backend in mappings_at(rule, "backendRefs"):
            for host, path in ((host, path) for host in hosts for path in dict.fromkeys(paths)):
                service, port = text_at(backend, "name"), backend.get("port")
                yield Route(told, host, path, service, port, manifest.kind == "GRPCRoute")
