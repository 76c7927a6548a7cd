"""The values templates see, computed from entry, environment and blueprint. Templates lay out; this computes.

Everything is plain data (mappings, lists, text, whole numbers, truth values, None), made below in `template_values`.
"""

from __future__ import annotations

import re
from typing import Any

from generator.model.blueprint import Blueprint
from generator.model.component_template import ComponentTemplate
from generator.model.entry import Component, Preview
from generator.model.inputs import EnvironmentInputs
from generator.model.reach import EgressRule
from generator.objects.pods import COMPUTE_LABEL, DATA_IN_POD, DATA_LABEL
from generator.render import laid_out as parts
from generator.render.laid_out import Place, digest
from generator.values.formats import split_secret
from generator.values.naming import preview_host
from generator.values.networks import metadata_within

#: Room in the quota for pods that replace others, beside the asked ones.
SPARE_PODS = 4
#: Of what must have ended before the others start: after what pods need (-10), before all else (0).
EARLY_WAVE = "-5"
_NOT_IN_LABELS = re.compile(r"[^A-Za-z0-9_.-]+")

Values = dict[str, Any]


def template_values(preview: Preview, environment: EnvironmentInputs, blueprint: Blueprint) -> Values:
    """All values for one preview. Components and environment must fit the blueprint (`generator.render.request`).

    Raises `ConfigError` (InvalidValue) for a secret of the blueprint that the environment does not allow.
    """
    spec = preview.spec
    place = Place(preview, environment, blueprint)
    early = _early(preview, blueprint)
    components = [_component(name, place, is_early=name in early) for name in sorted(spec.components)]
    common = [c for c in components if blueprint.spec.components[c["name"]].is_common]
    services = [c for c in common if c["role"] == "service"]
    values: Values = {
        "preview": _preview(preview, environment),
        "environment": {
            "name": environment.name,
            "account": environment.account,
            "region": environment.region,
            "podSecurityVersion": f"v{environment.kubernetes}",
        },
        "labels": _labels(preview.metadata.name),
        "limits": {
            "cpu": environment.cpu,
            "memory": environment.memory,
            "storage": environment.storage,
            "pods": str(sum(c["replicas"] for c in components) + SPARE_PODS),
        },
        "compute": spec.compute,
        "isolation": environment.isolation.model_dump(by_alias=True),
        "egress": [_egress(rule) for rule in environment.isolation.egress],
        "secretStore": environment.secret_store,
        "pullSecrets": _pull_secrets(place),
        "efs": parts.efs_of(place),
        "components": components,
        "services": services,
        "deployed": [c for c in common if c["role"] in ("service", "worker", "database")],
        "served": [c for c in common if c["servicePorts"]],
        "jobs": [c for c in common if c["role"] == "job"],
        "scheduled": [c for c in common if c["role"] == "scheduled"],
        "exposed": sorted((c for c in services if c["path"] is not None), key=lambda c: (-len(c["path"]), c["path"])),
        "hosts": _hosts(services),
        "configured": [c for c in components if c["configName"] is not None],
        "secretive": [c for c in components if c["secretName"] is not None],
        "generating": [c for c in common if c["generated"]],
        "withFiles": [c for c in common if c["files"]],
    }
    values |= {c["role"]: c for c in components if c["role"] in ("database", "job")}
    return values


def owner_label(owner: str) -> str:
    """`owner` as a label value, to select by: other characters become '-', 63 at most. The annotation has it whole."""
    return _NOT_IN_LABELS.sub("-", owner)[:63].strip("-_.") or "unknown"


def _early(preview: Preview, blueprint: Blueprint) -> set[str]:
    """The components that come before the others: jobs that must have ended, and what those wait for."""
    found: set[str] = set()
    more = {
        name
        for name in preview.spec.components
        if blueprint.spec.components[name].when == "before" and blueprint.spec.components[name].is_common
    }
    while more:
        found |= more
        more = {other for name in more for other in blueprint.spec.components[name].needs} - found
    return found & preview.spec.components.keys()


def _hosts(services: list[Values]) -> list[Values]:
    """The hosts that are exposed, the preview's first, each with its components, the longest path first."""
    exposed = sorted((c for c in services if c["path"] is not None), key=lambda c: (-len(c["path"]), c["path"]))
    hosts: dict[str, list[Values]] = {}
    for component in exposed:
        hosts.setdefault(component["host"], []).append(component)
    return [{"host": host, "components": hosts[host]} for host in sorted(hosts, key=lambda host: (len(host), host))]


def _pull_secrets(place: Place) -> list[Values]:
    """Secrets with a registry's credentials, each by its name in the namespace and in the store."""
    found = []
    for index, text in enumerate(place.blueprint.spec.pull_secrets):
        key, part = split_secret(place.secret(text, None, f"pullSecrets.{index}"))
        found.append({"name": f"pull-{index}", "key": key, "property": part})
    return found


def _preview(preview: Preview, environment: EnvironmentInputs) -> Values:
    lease, host = preview.spec.lease, preview_host(preview.metadata.name, environment.domain)
    return {
        "name": preview.metadata.name,
        "namespace": preview.key.namespace,
        "issue": preview.spec.issue,
        "branch": preview.spec.branch,
        "shard": preview.spec.shard,
        "owner": lease.requested_by,
        "ownerLabel": owner_label(lease.requested_by),
        "host": host,
        "url": f"https://{host}/",
    }


def _labels(part_of: str, component: str | None = None) -> dict[str, str]:
    labels = {
        "app.kubernetes.io/managed-by": "rtb-ai-hub",
        "app.kubernetes.io/part-of": part_of,
        "preview.rtb-ai-hub/issue": part_of,
    }
    return labels | ({"app.kubernetes.io/name": component} if component else {})


def _environment(component: Component, place: Place, own: dict[str, str], *, is_service: bool) -> Values:
    """The plain variables: what every service is told, under the blueprint's `own`, under what was asked for."""
    secret = component.secrets.keys()
    host = preview_host(place.preview.metadata.name, place.environment.domain)
    told = {"PORT": str(component.port), "PREVIEW_URL": f"https://{host}/"}
    return {name: value for name, value in told.items() if is_service and name not in secret} | own | component.env


def _egress(rule: EgressRule) -> Values:
    """A rule as a NetworkPolicy has it, nodes' metadata and credentials left out."""
    block: Values = {"cidr": rule.cidr}
    if left_out := metadata_within(rule.cidr):
        block["except"] = left_out
    return {"to": [{"ipBlock": block}], "ports": [{"protocol": rule.protocol, "port": port} for port in rule.ports]}


def _component(name: str, place: Place, *, is_early: bool) -> Values:
    preview, template, component = place.preview, place.template(name), place.preview.spec.components[name]
    labels = _labels(preview.metadata.name, name)
    exposed = {"preview.rtb-ai-hub/exposed": "true"} if component.path is not None else {}
    data = {DATA_LABEL: DATA_IN_POD} if template.role == "database" else {}
    references = []
    secrets = parts.secrets(place, name, component)
    for variable, reference in sorted(secrets.items()):
        key, part = split_secret(reference)
        references.append({"name": variable, "key": key, "property": part})
    own, kept = parts.variables(place, name, component)
    env = _environment(component, place, own, is_service=template.role == "service")
    runs = component.model_dump(mode="json", by_alias=True, exclude_none=True)
    database = template.database and not {"DATABASE_URL"} & (component.env.keys() | secrets.keys())
    made = parts.generated(place, name)
    values: Values = {
        "name": name,
        "role": template.role,
        "database": database,
        "image": component.image,
        "port": component.port,
        "portName": template.protocol,
        "protocol": template.protocol,
        "path": component.path,
        "host": place.host_of(name),
        "replicas": component.replicas,
        "command": component.command or template.command,
        "args": component.args or template.args,
        "runAsUser": component.run_as_user or template.run_as_user,
        "env": env,
        "secrets": references,
        "generated": made,
        "variables": parts.env_list(kept, database),
        "configName": f"{name}-env" if env else None,
        "secretName": f"{name}-secrets" if secrets else None,
        "files": {parts.file_key(path): text for path, text in template.files.items()},
        "labels": labels,
        "selector": {"app.kubernetes.io/name": name, "preview.rtb-ai-hub/issue": preview.metadata.name},
        "podLabels": labels | exposed | data | {COMPUTE_LABEL: preview.spec.compute},
        "resources": {"cpu": component.cpu, "memory": component.memory, "ephemeral-storage": component.storage},
        "storage": component.storage,
        "healthCheckPath": component.health_path or "/",
        "wave": EARLY_WAVE if is_early else None,
        "when": template.when,
        "schedule": template.schedule,
        **parts.probes(template, component.port, component.health_path),
    }
    values |= _pod_parts(place, name, values, template)
    # A Job cannot be changed: what is laid out otherwise is another one.
    is_whole = template.is_common and template.role == "job"
    return values | {"jobName": f"{name}-{digest(values if is_whole else runs)[:10]}"}


def _pod_parts(place: Place, name: str, values: Values, template: ComponentTemplate) -> Values:
    """What a component's pods have beside their own container, and the digest by which they are made anew."""
    sources = [("configMapRef", values["configName"]), ("secretRef", values["secretName"])]
    env_from = [{kind: {"name": source}} for kind, source in sources if source is not None]
    shared = {"env": values["variables"], "envFrom": env_from, "resources": values["resources"]}
    config: Values = {"env": values["env"], "secrets": values["secrets"]}
    config |= {"files": values["files"]} if values["files"] else {}
    return {
        "configDigest": digest(config),
        "otherContainers": parts.other_containers(place, name, shared),
        "containerPorts": parts.container_ports(template, values["port"]),
        "servicePorts": parts.service_ports(template, values["port"]),
        "mounts": parts.mounts_of(place, name),
        "volumes": parts.volumes_of(place, name, values["storage"]),
        "keepsData": template.role == "database",
    }
