"""How the pods of manifests are reached: their ports, and what an Ingress exposes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from generator.values.formats import check_url_path
from hub.actions.importing.objects import Objects, Route, Workload
from hub.actions.importing.trees import Read, mappings_at, number_at, text_at

_PORT_NAME = re.compile(r"(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*")
#: Types of a Service that open it to others outside of the cluster.
_OPEN: Final = frozenset({"LoadBalancer", "NodePort"})
_HTTP_PORT: Final = 80


@dataclass
class Reached:
    """The ports of one component by their numbers, the main one apart; where it is exposed; and what is not taken."""

    main: int | None = None
    protocol: str = "tcp"
    path: str | None = None
    host: str | None = None
    #: Ports of Services, each with the number that the pods have there.
    served: dict[tuple[str, int], int] = field(default_factory=dict)
    #: (what, why).
    left: list[tuple[str, str]] = field(default_factory=list)

    def fields(self) -> dict[str, Any]:
        """The fields of a component that say so."""
        told = {"port": self.main, "protocol": self.protocol, "path": self.path, "host": self.host}
        return {key: value for key, value in told.items() if value is not None} if self.main is not None else {}

    def inside(self, service: str, port: int, name: str) -> str | None:
        """How others name a Service's port in a preview, where the component is called `name`; None: not at all."""
        number = self.served.get((service, port))
        if number is None:
            return None
        return f"{name}:${{{name}.port}}" if number == self.main else f"{name}:{number}"


def reached(workload: Workload, name: str, objects: Objects, hosts: dict[str, str | None]) -> Reached:
    """How a workload is reached as the component `name`.

    `hosts` has for each host of an Ingress the label that a component exposed there has in `host`: None is the
    preview's own. What it lacks is added.
    """
    found = Reached()
    services = objects.services_of(workload)
    for service in services:
        for told in mappings_at(objects.services[service], "spec", "ports"):
            own, number = number_at(told, "port"), workload.number_of(told.get("targetPort", told.get("port")))
            if own is None or number is None:
                found.left.append(
                    (f"Service {service}: port {text_at(told, 'name')}".strip(), "leads to no port of its pods")
                )
            elif text_at(told, "protocol") not in ("UDP", "SCTP"):
                found.served[service, own] = number
    for other in services[1:]:
        found.left.append((f"Service {other}", f"it is reached as {name} alone"))
    _expose(found, services, name, objects, hosts)
    if found.main is None and found.served:
        (_, port), number = next(iter(found.served.items()))
        # A component that speaks HTTP is at 80, as this one is: what names it without a port finds it.
        found.main, found.protocol = number, "http" if port == _HTTP_PORT else "tcp"
    return found


def _expose(found: Reached, services: list[str], name: str, objects: Objects, hosts: dict[str, str | None]) -> None:
    for route in _routes_to(services, objects):
        number = found.served.get((route.service, _number(objects.services[route.service], route.port) or 0))
        path = _path(route.path)
        where = f"{route.of}: {route.host}{route.path}"
        if number is None or path is None:
            found.left.append(
                (where, "leads to no port of its pods" if path else "its path is none that an Ingress has here")
            )
        elif found.path is not None:
            found.left.append((where, f"a component is exposed once: {name} is at {found.path}"))
        else:
            label = hosts.setdefault(route.host, _label(route.host, name) if hosts else None)
            found.main, found.protocol = number, "grpc" if route.is_grpc else "http"
            found.path, found.host = path, label
            if path != route.path:
                found.left.append((where, f"is exposed at {path}, and all below it"))


def _routes_to(services: list[str], objects: Objects) -> Iterator[Route]:
    """What an Ingress sends there; without one, Services that are open to others outside."""
    routes = [route for route in objects.routes if route.service in services]
    yield from routes
    for service in services if not routes else ():
        tree = objects.services[service]
        ports = mappings_at(tree, "spec", "ports")
        if text_at(tree, "spec", "type") in _OPEN and ports:
            grpc = "grpc" in f"{text_at(ports[0], 'appProtocol')} {text_at(ports[0], 'name')}".lower()
            yield Route(
                f"{text_at(tree, 'spec', 'type')} {service}", f"{service}.", "/", service, ports[0].get("port"), grpc
            )


def _number(service: Read, port: object) -> int | None:
    for one in mappings_at(service, "spec", "ports"):
        if port in (one.get("port"), one.get("name")):
            return number_at(one, "port")
    return None


def _path(text: str) -> str | None:
    """A path of an Ingress as a component has it: of a pattern, what stands before it."""
    plain = re.split(r"[(*^\[{\\$?]", text, maxsplit=1)[0]
    plain = plain.rstrip("/") or "/"
    try:
        return check_url_path(plain)
    except ValueError:
        return None


def _label(host: str, name: str) -> str:
    """A label for a further host: its own first one, unless that stands for any."""
    first = host.partition(".")[0]
    return (first if re.fullmatch(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?", first) else name)[:40].strip("-")


def port_names(container: Read, taken: dict[int, str], found: Reached) -> dict[str, dict[str, Any]]:
    """Further ports of a container by name. `taken` has the names of the pod's ports by number, and gets these."""
    named: dict[str, dict[str, Any]] = {}
    for port in mappings_at(container, "ports"):
        number, name = number_at(port, "containerPort"), text_at(port, "name")
        if number is None or not 0 < number < 65536 or number in taken or number == found.main:
            continue
        good = _PORT_NAME.fullmatch(name) and name not in {*taken.values(), found.protocol, "http", "grpc", "tcp"}
        taken[number] = name if good else f"port-{number}"
        grpc = "grpc" in name or "grpc" in text_at(port, "appProtocol")
        protocol = "udp" if port.get("protocol") == "UDP" else "grpc" if grpc else "tcp"
        named[taken[number]] = {"port": number, "protocol": protocol}
    return named


def served_besides(found: Reached, taken: dict[int, str]) -> dict[str, dict[str, Any]]:
    """Ports that a Service leads to and no container names."""
    more = dict.fromkeys(number for number in found.served.values() if number not in taken and number != found.main)
    taken |= {number: f"port-{number}" for number in more}
    return {f"port-{number}": {"port": number, "protocol": "tcp"} for number in more}
