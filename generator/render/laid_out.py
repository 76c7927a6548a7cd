"""What the blueprint says of one component, as the parts of a pod: variables, ports, probes, files, other containers.

All of it is plain data, which templates print whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from generator.errors import ConfigError, Fault, Reason
from generator.model.blueprint import Blueprint
from generator.model.component_template import (
    EFS_VOLUME,
    FILES_VOLUME,
    BesideContainer,
    ComponentTemplate,
    NamedPort,
    Probe,
    Probes,
)
from generator.model.entry import Component, Preview
from generator.model.inputs import EnvironmentInputs
from generator.model.references import PASSWORD, SELF, Reference, resolved, whole
from generator.values.formats import check_secret
from generator.values.naming import preview_host

Values = dict[str, Any]
#: Where the hub has the External Secrets Operator put a generated password.
_PASSWORD_TEMPLATE: Final = "{{ .password }}"  # noqa: S105 - a place for one
_PROBES: Final = ("startup", "readiness", "liveness")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a component is: what the texts of its blueprint can refer to."""

    preview: Preview
    environment: EnvironmentInputs
    blueprint: Blueprint

    def template(self, name: str) -> ComponentTemplate:
        """What the blueprint says of a component."""
        return self.blueprint.spec.components[name]

    def host_of(self, name: str) -> str:
        """The host that a component is exposed at."""
        return preview_host(self.preview.metadata.name, self.environment.domain, self.template(name).host)

    def text(self, text: str, own: str | None) -> str:
        """A text of the blueprint with the values of its references; `own` is the component that says it."""
        return resolved(text, lambda reference: self._value(reference, own))

    def _value(self, reference: Reference, own: str | None) -> str:
        spec, metadata = self.preview.spec, self.preview.metadata
        host = preview_host(metadata.name, self.environment.domain)
        if reference.of == "preview":
            found = {
                "name": metadata.name,
                "issue": spec.issue,
                "namespace": self.preview.key.namespace,
                "branch": spec.branch or "",
                "owner": spec.lease.requested_by,
                "host": host,
                "url": f"https://{host}/",
            }
            return found[reference.name]
        if reference.of == "environment":
            return str(getattr(self.environment, reference.name))
        name = own if reference.of == SELF and own is not None else reference.of
        component = self.preview.spec.components.get(name)
        if reference.name == "port":
            port = self.template(name).port if component is None else component.port
            return str(service_port(self.template(name), port))
        if reference.name == "url":
            path = self.template(name).path if component is None else component.path
            return f"https://{self.host_of(name)}{path or '/'}"
        return name

    def secret(self, text: str, own: str | None, field: str) -> str:
        """A reference to a secret of the blueprint. Raises `ConfigError` (InvalidValue) for one that is not allowed."""
        reference = self.text(text, own)
        prefixes = self.environment.secret_prefixes
        try:
            check_secret(reference)
        except ValueError as err:
            raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, field)) from err
        if not reference.startswith(tuple(prefixes)):
            fault = Fault(
                f"secret name {reference!r} is not allowed in {self.environment.name}",
                field=field,
                allowed="names starting with " + ", ".join(prefixes),
                remedy="write ${environment.name} where names differ from environment to environment",
            )
            raise ConfigError(Reason.INVALID_VALUE, fault)
        return reference


def service_port(template: ComponentTemplate, port: int | None) -> int | None:
    """The number that a component's main port has inside the namespace: 80 where a service speaks HTTP."""
    return 80 if port is not None and template.role == "service" and template.protocol == "http" else port


def variables(place: Place, name: str, component: Component) -> tuple[dict[str, str], dict[str, Reference]]:
    """Plain variables of the blueprint that nothing asked for replaces, and those that are another's secret."""
    plain: dict[str, str] = {}
    kept: dict[str, Reference] = {}
    for variable, text in place.template(name).env.items():
        if variable in component.env or variable in component.secrets:
            continue
        reference = _generated(place, text, name)
        if reference is None:
            plain[variable] = place.text(text, name)
        elif reference.of in place.preview.spec.components:
            kept[variable] = reference
    return plain, kept


def _generated(place: Place, text: str, own: str) -> Reference | None:
    """The component and key of the generated secret that a text is; None: it is another text."""
    reference = whole(text)
    if reference is None or reference.of in ("preview", "environment"):
        return None
    name = own if reference.of == SELF else reference.of
    return Reference(name, reference.name) if reference.name in place.template(name).generated else None


def secrets(place: Place, name: str, component: Component) -> dict[str, str]:
    """All secrets of a component: the blueprint's, and over them those that were asked for."""
    own = {
        variable: place.secret(text, name, f"components.{name}.secrets.{variable}")
        for variable, text in place.template(name).secrets.items()
        if variable not in component.env and variable not in component.secrets
    }
    return own | component.secrets


def generated(place: Place, name: str) -> dict[str, str]:
    """Keys of the component's Secret, each with the text that the External Secrets Operator makes it of."""
    made = place.template(name).generated
    return {
        key: _PASSWORD_TEMPLATE.join(place.text(part, name) for part in text.split(PASSWORD))
        for key, text in made.items()
    }


def env_list(kept: Mapping[str, Reference], database: bool) -> list[Values]:
    """Variables whose values are in a Secret made in the cluster, as a container has them."""
    told = {name: (reference.of, reference.name) for name, reference in kept.items()}
    if database:
        told = {"DATABASE_URL": ("postgres", "DATABASE_URL")} | told
    return [{"name": name, "valueFrom": {"secretKeyRef": {"name": of, "key": key}}} for name, (of, key) in told.items()]


def container_ports(template: ComponentTemplate, port: int | None) -> list[Values]:
    """The ports of a component's own container, the main one first."""
    main = [] if port is None else [_port(template.protocol, port, "tcp")]
    return main + _named_ports(template.ports)


def _named_ports(ports: Mapping[str, NamedPort]) -> list[Values]:
    return [_port(name, one.port, one.protocol) for name, one in ports.items()]


def _port(name: str, number: int, protocol: str) -> Values:
    return {"name": name, "containerPort": number, "protocol": "UDP" if protocol == "udp" else "TCP"}


def service_ports(template: ComponentTemplate, port: int | None) -> list[Values]:
    """The ports of the component's Service: its own, and its sidecars'."""
    main = [] if port is None else [_served(template.protocol, service_port(template, port), "tcp")]
    named = dict(template.ports)
    for sidecar in template.sidecars.values():
        named |= sidecar.ports
    return main + [_served(name, one.port, one.protocol) for name, one in named.items()]


def _served(name: str, number: int | None, protocol: str) -> Values:
    return {"name": name, "port": number, "targetPort": name, "protocol": "UDP" if protocol == "udp" else "TCP"}


def probes(template: ComponentTemplate, port: int | None, health_path: str | None) -> dict[str, Values | None]:
    """The probes of the component's own container: the blueprint's, else what its port and health path give."""
    numbers = template.port_numbers | ({} if port is None else {template.protocol: port})
    defaults = {} if port is None else _default_probes(template.protocol, health_path)
    return {
        f"{name}Probe": _probe(named, template.protocol, numbers) if named is not None else defaults.get(name)
        for name, named in _each(template.probes)
    }


def _default_probes(port: str, health_path: str | None) -> dict[str, Values]:
    """Probes by HTTP where a health path is known, else by opening the port. Five minutes to come up."""
    check: Values = {"httpGet": {"path": health_path, "port": port}} if health_path else {"tcpSocket": {"port": port}}
    return {
        "startup": {**check, "periodSeconds": 5, "failureThreshold": 60, "timeoutSeconds": 3},
        "readiness": {**check, "periodSeconds": 5, "failureThreshold": 3, "timeoutSeconds": 3},
        # Only whether it still answers: a slow dependency must not restart it.
        "liveness": {"tcpSocket": {"port": port}, "periodSeconds": 20, "failureThreshold": 3},
    }


def _each(named: Probes) -> list[tuple[str, Probe | None]]:
    return [(name, getattr(named, name)) for name in _PROBES]


def _probe(probe: Probe, main: str, numbers: Mapping[str, int]) -> Values | None:
    """A probe as a container has it; None: there is to be none."""
    port = probe.port or main
    checks: dict[str, Values] = {
        "http": {"httpGet": {"path": probe.path, "port": port}},
        "tcp": {"tcpSocket": {"port": port}},
        # By number: Kubernetes takes no name here.
        "grpc": {"grpc": {"port": numbers.get(port), **({"service": probe.service} if probe.service else {})}},
        "command": {"exec": {"command": probe.command}},
    }
    if probe.type not in checks:
        return None
    delay = {"initialDelaySeconds": probe.initial_delay_seconds} if probe.initial_delay_seconds else {}
    return {
        **checks[probe.type],
        **delay,
        "periodSeconds": probe.period_seconds,
        "failureThreshold": probe.failure_threshold,
        "timeoutSeconds": probe.timeout_seconds,
    }


def file_key(path: str) -> str:
    """The key of a file in its ConfigMap: its name, with a digest of its path, since two may have one name."""
    return f"{hashlib.sha256(path.encode()).hexdigest()[:8]}-{path.rpartition('/')[2]}"


def efs_of(place: Place) -> Values | None:
    """The preview's volume on the environment's file system; None: no component has one.

    Raises `ConfigError` (InvalidValue) where the environment names no file system.
    """
    efs, namespace = place.environment.efs, place.preview.key.namespace
    named = [name for name in place.preview.spec.components if place.template(name).keeps_files]
    if not named:
        return None
    if efs is None:
        remedy = "set efs in the environment's file, or take a volume of the kind empty"
        message = f"has a volume of the kind efs, and {place.environment.name} names no file system"
        faults = [Fault(message, field=f"components.{name}.volumes", remedy=remedy) for name in named]
        raise ConfigError(Reason.INVALID_VALUE, faults)
    return {"volume": efs.volume(namespace), "claim": efs.claim, "handle": efs.handle}


def mounts_of(place: Place, component: str) -> list[Values]:
    """Where every container of the pod has volumes and files. On EFS each has a folder of its own."""
    template, own = place.template(component), f"{place.preview.metadata.name}/{component}"
    volumes = [
        {"name": name, "mountPath": one.path}
        if one.kind == "empty"
        else {"name": EFS_VOLUME, "mountPath": one.path, "subPath": f"{own}/{name}"}
        for name, one in template.volumes.items()
    ]
    files = [
        {"name": FILES_VOLUME, "mountPath": path, "subPath": file_key(path), "readOnly": True}
        for path in template.files
    ]
    return volumes + files


def volumes_of(place: Place, name: str, storage: str) -> list[Values]:
    """The pod's volumes. Raises as `efs_of`."""
    template = place.template(name)
    found: list[Values] = [
        {"name": volume, "emptyDir": {"sizeLimit": one.size or storage}}
        for volume, one in template.volumes.items()
        if one.kind == "empty"
    ]
    if template.keeps_files and (efs := efs_of(place)) is not None:
        found.append({"name": EFS_VOLUME, "persistentVolumeClaim": {"claimName": efs["claim"]}})
    return found + ([{"name": FILES_VOLUME, "configMap": {"name": f"{name}-files"}}] if template.files else [])


def other_containers(place: Place, name: str, shared: Values) -> list[Values]:
    """Containers that are started before the component's own: those it waits for, `init`, and `sidecars`.

    Sidecars come last among them and go on (Kubernetes, "Sidecar Containers"), so that `init` ends before they start.
    `shared` has what the component's own container is told, `env` and `envFrom`, and its resources.
    """
    template = place.template(name)
    found = [_waiting(place, other, shared) for other in template.needs if other in place.preview.spec.components]
    for beside, container in template.init.items():
        found.append(_beside(place, name, (beside, container), shared))
    for beside, container in template.sidecars.items():
        numbers = {port: one.port for port, one in container.ports.items()}
        tree = _beside(place, name, (beside, container), shared)
        told = {f"{probe}Probe": _probe(named, "", numbers) for probe, named in _each(container.probes) if named}
        found.append({**tree, "restartPolicy": "Always", **{key: one for key, one in told.items() if one is not None}})
    return found


def _waiting(place: Place, other: str, shared: Values) -> Values:
    component, template = place.preview.spec.components[other], place.template(other)
    user = component.run_as_user or template.run_as_user
    command = f"until {place.text(template.ready or 'true', other)}; do sleep 2; done"
    return {
        **_secured(f"wait-for-{other}", component.image, user, shared["resources"]),
        "command": ["sh", "-c", command],
    }


def _beside(place: Place, name: str, one: tuple[str, BesideContainer], shared: Values) -> Values:
    beside, container = one
    own = place.preview.spec.components
    source = container.image_of or name
    if container.image is None and source not in own:
        fault = Fault(f"runs the image of {source}, and none of it is asked for", field=f"components.{name}.{beside}")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    resources = {"cpu": container.cpu, "memory": container.memory, "ephemeral-storage": container.storage}
    tree = _secured(beside, container.image or own[source].image, container.run_as_user, resources)
    env = [*shared["env"]] if container.share_env else []
    taken = {*container.env}
    env = [variable for variable in env if variable["name"] not in taken]
    for variable, text in container.env.items():
        reference = _generated(place, text, name)
        if reference is None:
            env.append({"name": variable, "value": literal(place.text(text, name))})
        elif reference.of in own:
            env += env_list({variable: reference}, database=False)
    optional: Values = {
        "command": container.command,
        "args": container.args,
        "env": env,
        "envFrom": shared["envFrom"] if container.share_env else [],
        "ports": _named_ports(container.ports),
        "volumeMounts": mounts_of(place, name),
    }
    return tree | {key: value for key, value in optional.items() if value}


def literal(value: str) -> str:
    """A variable's value that a container is told letter by letter: Kubernetes replaces `$(NAME)`, and `$$` by `$`."""
    return value.replace("$", "$$")


def _secured(name: str, image: str, user: int | None, resources: Values) -> Values:
    context: Values = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    if user is not None:
        context["runAsUser"] = user
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": context,
        "resources": {"requests": resources, "limits": resources},
    }


def digest(tree: Any) -> str:
    """A digest of plain data, as a name or an annotation has it."""
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:32]
