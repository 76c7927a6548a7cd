"""Containers of a pod: names, ports, variables, mounts, resources, security contexts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from generator.objects.cursor import Cursor
from generator.validate.api import formats
from generator.validate.api.checks import Found, amount, at_least, fits, given, once, one_of, readable, says
from generator.validate.api.probes import handlers

_ENV_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_FIELDS = frozenset(
    {
        *("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"),
        *("status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs", "spec.host"),
    }
)
#: Resources of a container that have no domain in their name.
_STANDARD = frozenset({"cpu", "memory", "ephemeral-storage"})
_HUGE = "hugepages-"


def containers(pod: Cursor, volumes: Sequence[str]) -> Found:
    """All containers of the pod spec at `pod`; `volumes` are the names that may be mounted."""
    init, plain, temporary = (pod.items(f) for f in ("initContainers", "containers", "ephemeralContainers"))
    named = [(c.text("name"), c.at("name")) for c in (*init, *plain, *temporary)]
    yield from once(named, "api/container", "container")
    if pod.get("containers") == []:
        yield pod.at("containers").finding("api/container", "is empty", "a pod has one container at least")
    grace = pod.number("terminationGracePeriodSeconds")
    for container in (*init, *plain, *temporary):
        yield from _container(container, volumes)
    for container in init:
        if container.get("restartPolicy") == "Always":
            yield from handlers(container, grace)
        else:
            for field in container.chosen(("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")):
                message = "is not allowed for an init container that ends"
                yield container.at(field).finding("api/container", message, "remove it, or set restartPolicy: Always")
    for container in plain:
        yield from handlers(container, grace)
    for together in (*((one,) for one in init), plain):  # init containers run one after the other
        yield from _host_ports(pod, together)


def _container(container: Cursor, volumes: Sequence[str]) -> Found:
    if container.data is None:
        yield container.finding("api/container", "is null", "write a container, or remove it")
    for field in ("name", "image"):
        yield from given(container, field, "api/container")
    if name := container.text("name"):
        yield from says(container.at("name"), formats.dns_label(name), "api/container", "rename it")
    yield from _ports(container)
    yield from _variables(container)
    yield from _mounts(container, volumes)
    resizes = container.items("resizePolicy")
    yield from once(
        [(one.text("resourceName"), one.at("resourceName")) for one in resizes], "api/resources", "resource"
    )
    yield from resources(container.at("resources"))
    yield from _security(container.at("securityContext"))


def _ports(container: Cursor) -> Found:
    ports = container.items("ports")
    yield from once([(p.text("name") or None, p.at("name")) for p in ports], "api/port", "port name")
    for port in ports:
        if port.text("name"):
            yield from fits(port.at("name"), formats.port_name, "api/port")
        if not port.data:  # null is an object without fields
            yield port.at("containerPort").finding("api/port", "is missing", "1 to 65535")
        yield from says(port.at("containerPort"), formats.port_number(port.get("containerPort")), "api/port", "fix it")
        if port.get("hostPort"):
            yield from says(port.at("hostPort"), formats.port_number(port.get("hostPort")), "api/port", "fix it")


def _host_ports(pod: Cursor, containers: Sequence[Cursor]) -> Found:
    ports = [p for container in containers for p in container.items("ports")]
    taken = [
        ((p.get("protocol") or "TCP", p.get("hostIP") or "", p.number("hostPort")), p.at("hostPort"))
        for p in ports
        if p.number("hostPort")
    ]
    yield from once(taken, "api/port", "host port")
    if pod.get("hostNetwork") is True:
        for port in ports:
            number = port.number("hostPort")
            if number and number != port.number("containerPort"):
                remedy = "make them equal: the pod is in the host's network"
                yield port.at("hostPort").finding("api/port", "differs from containerPort", remedy)


def _variables(container: Cursor) -> Found:
    for variable in container.items("env"):
        if variable.data is None or variable.get("name") in (None, ""):
            yield variable.at("name").finding("api/env", "is missing", "name the variable")
        yield from fits(variable.at("name"), formats.env_name, "api/env")
        source = variable.at("valueFrom")
        if source.data is None:
            continue
        if variable.get("value"):
            yield source.finding("api/env", "stands beside value", "keep one of them")
        yield from one_of(source, _ENV_SOURCES, "api/env")
        for reference in ("configMapKeyRef", "secretKeyRef"):
            place = source.at(reference)
            yield from given(place, "key", "api/env")
            yield from fits(place.at("key"), formats.data_key, "api/env")
        yield from _field(source.at("fieldRef", "fieldPath"))
    for source in container.items("envFrom"):
        yield from one_of(source, ("configMapRef", "secretRef"), "api/env")


def is_subscripted(path: str) -> bool:
    """Whether it is one label or annotation of a pod, by its key."""
    return path.startswith(("metadata.labels['", "metadata.annotations['")) and path.endswith("']")


def _field(place: Cursor) -> Found:
    path = place.data
    if isinstance(path, str) and path not in _FIELDS and not is_subscripted(path):
        remedy = (
            f"one of {', '.join(sorted(_FIELDS - {'spec.host'}))}, metadata.labels['KEY'], metadata.annotations['KEY']"
        )
        yield place.finding("api/env", f"{path[:80]!r} is no field of a pod that can be read", remedy)


def _mounts(container: Cursor, volumes: Sequence[str]) -> Found:
    mounts, devices = container.items("volumeMounts"), container.items("volumeDevices")
    paths = [(m.text("mountPath"), m.at("mountPath")) for m in mounts]
    yield from once([*paths, *((d.text("devicePath"), d.at("devicePath")) for d in devices)], "api/mount", "path")
    for place, path in [*((m, "mountPath") for m in mounts), *((d, "devicePath") for d in devices)]:
        yield from given(place, path, "api/mount")
        name = place.text("name")
        if name is not None and name not in volumes:
            known = f"one of {', '.join(volumes)}" if volumes else "add it to volumes"
            yield place.at("name").finding("api/mount", f"the pod has no volume {name[:80]!r}", known)
    for mount in mounts:
        if mount.get("subPath") and mount.get("subPathExpr"):
            yield mount.at("subPathExpr").finding("api/mount", "stands beside subPath", "keep one of them")
        for field in ("subPath", "subPathExpr"):
            yield from inner_path(mount.at(field))
        if mount.get("recursiveReadOnly") in ("IfPossible", "Enabled") and mount.get("readOnly") is not True:
            yield mount.at("recursiveReadOnly").finding("api/mount", "needs readOnly: true", "set readOnly")


def inner_path(place: Cursor) -> Found:
    """A path below another one: not absolute, and never up."""
    path = place.data
    if isinstance(path, str) and (path.startswith("/") or ".." in path.split("/")):
        yield place.finding("api/mount", f"{path[:80]!r} is not below its volume", "a relative path without '..'")


def resources(place: Cursor) -> Found:
    """Names and amounts of `requests` and `limits`: readable, not negative, a request not above its limit."""
    for which in ("requests", "limits"):
        for name, value in place.entries(which):
            yield from amount(value)
            if "/" not in name and name not in _STANDARD and not name.startswith(_HUGE):
                remedy = "cpu, memory, ephemeral-storage, hugepages-…, or a name with a domain such as nvidia.com/gpu"
                yield value.finding("api/resources", f"{name[:80]!r} is no resource of a container", remedy)
            else:
                yield from says(value, formats.qualified_name(name), "api/resources", "rename it")
    yield from _amounts(place, readable(place.at("limits")), readable(place.at("requests")))


def _amounts(place: Cursor, limits: Mapping[str, Decimal], requests: Mapping[str, Decimal]) -> Found:
    for which, amounts in (("limits", limits), ("requests", requests)):
        for name, found in amounts.items():
            if "/" in name and found % 1:
                message = f"{found.normalize()} is no whole number"
                yield place.at(which, name).finding("api/resources", message, "devices are whole")
    for name, asked in requests.items():
        limit, at = limits.get(name), place.at("requests", name)
        if name in _STANDARD:
            if limit is not None and asked > limit:
                yield at.finding("api/resources", "is more than the limit", "raise the limit")
        elif limit is None:
            yield at.finding("api/resources", "has no limit", "set the same limit: it cannot be shared")
        elif asked != limit:
            yield at.finding("api/resources", "differs from the limit", "make them equal: it cannot be shared")


def _security(place: Cursor) -> Found:
    if place.data is None:
        return
    if place.get("allowPrivilegeEscalation") is False and place.get("privileged") is True:
        at = place.at("allowPrivilegeEscalation")
        yield at.finding("api/security-context", "is false, but privileged is true", "remove privileged")
    yield from users(place)


def users(place: Cursor) -> Found:
    """Users, groups and the seccomp profile of a security context."""
    yield from at_least(place, 0, "runAsUser", "runAsGroup", "fsGroup", rule="api/security-context", highest=2**31 - 1)
    for field in place.chosen(("seccompProfile", "appArmorProfile")):
        profile = place.at(field)
        local = profile.get("type") == "Localhost"
        if local and not profile.get("localhostProfile"):
            yield profile.at("localhostProfile").finding("api/security-context", "is missing for Localhost", "set it")
        elif not local and profile.get("localhostProfile") is not None:
            remedy = "remove it, or set type: Localhost"
            yield profile.at("localhostProfile").finding("api/security-context", "stands without Localhost", remedy)
