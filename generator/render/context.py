"""The values templates see, computed from entry, environment and blueprint. Templates lay out; this computes.

Everything is plain data (mappings, lists, text, whole numbers, truth values, None), made below in `template_values`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from generator.model.blueprint import Blueprint
from generator.model.entry import Component, Preview
from generator.model.inputs import EnvironmentInputs
from generator.model.reach import EgressRule
from generator.objects.pods import COMPUTE_LABEL, DATA_IN_POD, DATA_LABEL
from generator.values.formats import split_secret
from generator.values.networks import metadata_within

#: Room in the quota for pods that replace others, beside the asked ones.
SPARE_PODS = 4
_NOT_IN_LABELS = re.compile(r"[^A-Za-z0-9_.-]+")

Values = dict[str, Any]


def template_values(preview: Preview, environment: EnvironmentInputs, blueprint: Blueprint) -> Values:
    """All values for one preview. Components and environment must fit the blueprint (`generator.render.request`)."""
    spec = preview.spec
    components = [
        _component(name, component, preview=preview, environment=environment, blueprint=blueprint)
        for name, component in sorted(spec.components.items())
    ]
    services = [c for c in components if c["role"] == "service"]
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
        "components": components,
        "services": services,
        "exposed": sorted((c for c in services if c["path"] is not None), key=lambda c: (-len(c["path"]), c["path"])),
        "configured": [c for c in components if c["configName"] is not None],
        "secretive": [c for c in components if c["secretName"] is not None],
    }
    values |= {c["role"]: c for c in components if c["role"] in ("database", "job")}
    return values


def preview_host(name: str, domain: str) -> str:
    """The host a preview (`rtb-123`) is exposed at: one label below the environment's domain, one wildcard for all."""
    return f"{name}.{domain}"


def owner_label(owner: str) -> str:
    """`owner` as a label value, to select by: other characters become '-', 63 at most. The annotation has it whole."""
    return _NOT_IN_LABELS.sub("-", owner)[:63].strip("-_.") or "unknown"


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


def _environment(component: Component, preview: Preview, environment: EnvironmentInputs, *, is_service: bool) -> Values:
    """The plain variables: what every service is told, under what was asked for."""
    secret = component.secrets.keys()
    host = preview_host(preview.metadata.name, environment.domain)
    told = {"PORT": str(component.port), "PREVIEW_URL": f"https://{host}/"}
    return {name: value for name, value in told.items() if is_service and name not in secret} | component.env


def _egress(rule: EgressRule) -> Values:
    """A rule as a NetworkPolicy has it, nodes' metadata and credentials left out."""
    block: Values = {"cidr": rule.cidr}
    if left_out := metadata_within(rule.cidr):
        block["except"] = left_out
    return {"to": [{"ipBlock": block}], "ports": [{"protocol": rule.protocol, "port": port} for port in rule.ports]}


def _component(
    name: str, component: Component, *, preview: Preview, environment: EnvironmentInputs, blueprint: Blueprint
) -> Values:
    laid_out = blueprint.spec.components[name]
    labels = _labels(preview.metadata.name, name)
    exposed = {"preview.rtb-ai-hub/exposed": "true"} if component.path is not None else {}
    data = {DATA_LABEL: DATA_IN_POD} if laid_out.role == "database" else {}
    secrets = []
    for variable, reference in sorted(component.secrets.items()):
        key, part = split_secret(reference)
        secrets.append({"name": variable, "key": key, "property": part})
    env = _environment(component, preview, environment, is_service=laid_out.role == "service")
    runs = component.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {
        "name": name,
        "role": laid_out.role,
        "database": laid_out.database and not {"DATABASE_URL"} & (component.env.keys() | component.secrets.keys()),
        "image": component.image,
        "port": component.port,
        "path": component.path,
        "replicas": component.replicas,
        "command": component.command,
        "args": component.args,
        "runAsUser": component.run_as_user,
        "env": env,
        "secrets": secrets,
        "configName": f"{name}-env" if env else None,
        "secretName": f"{name}-secrets" if secrets else None,
        "configDigest": _digest({"env": env, "secrets": secrets}),
        "jobName": f"{name}-{_digest(runs)[:10]}",
        "labels": labels,
        "selector": {"app.kubernetes.io/name": name, "preview.rtb-ai-hub/issue": preview.metadata.name},
        "podLabels": labels | exposed | data | {COMPUTE_LABEL: preview.spec.compute},
        "resources": {"cpu": component.cpu, "memory": component.memory, "ephemeral-storage": component.storage},
        "storage": component.storage,
        "healthCheckPath": component.health_path or "/",
        **_probes(component.health_path),
    }


def _probes(health_path: str | None) -> dict[str, Mapping[str, Any]]:
    """Probes by HTTP where a health path is known, else by opening the port. Five minutes to come up."""
    check: Mapping[str, Any] = (
        {"httpGet": {"path": health_path, "port": "http"}} if health_path else {"tcpSocket": {"port": "http"}}
    )
    return {
        "startupProbe": {**check, "periodSeconds": 5, "failureThreshold": 60, "timeoutSeconds": 3},
        "readinessProbe": {**check, "periodSeconds": 5, "failureThreshold": 3, "timeoutSeconds": 3},
        # Only whether it still answers: a slow dependency must not restart it.
        "livenessProbe": {"tcpSocket": {"port": "http"}, "periodSeconds": 20, "failureThreshold": 3},
    }


def _digest(tree: Any) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:32]
