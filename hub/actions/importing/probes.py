"""Probes of a container of manifests as a blueprint has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from generator.values.formats import check_url_path
from hub.actions.importing.model import Leave
from hub.actions.importing.trees import Read, mapping_at, number_at, text_at, words_at

#: Kubernetes' name of a number → ours, the default of Kubernetes, the least and the most that a blueprint takes.
_NUMBERS: Final = {
    "periodSeconds": (10, 1, 3600),
    "failureThreshold": (3, 1, 1000),
    "timeoutSeconds": (1, 1, 60),
    "initialDelaySeconds": (0, 0, 3600),
}


def probes_of(container: Read, ports: Mapping[object, str | None], leave: Leave) -> dict[str, Any]:
    """The probes. `ports`: number or name → the name that the blueprint has for it; None is the main port."""
    found = {}
    for name in ("startup", "readiness", "liveness"):
        tree = mapping_at(container, f"{name}Probe")
        if tree and (probe := _probe(tree, f"{name}Probe", ports, leave)) is not None:
            found[name] = probe
    return found


def _probe(tree: Read, name: str, ports: Mapping[object, str | None], leave: Leave) -> dict[str, Any] | None:
    probe = _check(tree, name, ports, leave)
    if probe is None:
        return None
    for key, (default, least, most) in _NUMBERS.items():
        number = number_at(tree, key)
        number = default if number is None else number
        if not least <= number <= most:
            leave(f"{name}: {key}", f"{number} is not from {least} to {most}")
        probe[key] = min(max(number, least), most)
    return probe


def _check(tree: Read, name: str, ports: Mapping[object, str | None], leave: Leave) -> dict[str, Any] | None:
    if command := words_at(tree, "exec", "command"):
        return {"type": "command", "command": command}
    kinds = {"httpGet": "http", "tcpSocket": "tcp", "grpc": "grpc"}
    kind = next((one for one in kinds if one in tree), None)
    if kind is None:
        leave(name, "it is none that a blueprint has: http, tcp, grpc or a command")
        return None
    what = mapping_at(tree, kind)
    port = what.get("port")
    if port not in ports:
        leave(name, f"{port!r} is no port of the container that is told: add it to 'ports'")
        return None
    found: dict[str, Any] = {"type": kinds[kind]}
    if kind == "httpGet":
        try:
            found["path"] = check_url_path(text_at(what, "path") or "/")
        except ValueError:
            leave(name, "its path is none that probes take: see 'healthPath'")
            return None
        for key in sorted({"host", "scheme", "httpHeaders"} & what.keys()):
            if what[key] != "HTTP":
                leave(f"{name}: {key}", "a probe asks the container by HTTP, and nothing more")
    if kind == "grpc" and text_at(what, "service"):
        found["service"] = text_at(what, "service")
    return found if ports[port] is None else {**found, "port": ports[port]}
