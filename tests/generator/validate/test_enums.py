"""Values that Kubernetes' OpenAPI leaves open: wrong ones are refused with file, line, field, allowed and nearest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from generator.validate.enums import ENUMS, LEVELS
from generator.validate.schemas import VERSIONS
from worlds.validating import VALIDATOR, found

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
  - {name: a, image: a@sha256:b, %s}
  %s
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports:\n  - {port: 80, %s}\n  %s\n"
INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a}
spec:
  rules:
  - http:
      paths:
      - path: /
        %s
        backend: {service: {name: a, port: {name: b}}}
"""
WORKLOAD = """\
apiVersion: apps/v1
kind: %s
metadata: {name: a}
spec:
  %s
  selector: {matchLabels: {a: b}}
  template: {metadata: {labels: {a: b}}, spec: {containers: []}}
"""
CRON = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: a}
spec:
  schedule: "0 * * * *"
  %s
  jobTemplate: {spec: {%s, template: {spec: {containers: []}}}}
"""
NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  labels:\n    %s\n"
POLICY = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec:\n  podSelector: {}\n  %s\n"

ROWS: list[tuple[str, str, str, int, str, str]] = [
    # what, text, field, line, value, nearest
    ("Service type", SERVICE % ("name: a", "type: ClusterIp"), "spec.type", 7, "ClusterIp", "ClusterIP"),
    ("Service port protocol", SERVICE % ("protocol: tcp", "type: ClusterIP"), "spec.ports[0].protocol", 6, "tcp", "TCP"),
    ("Service affinity", SERVICE % ("name: a", "sessionAffinity: ClientIp"), "spec.sessionAffinity", 7, "ClientIp", "ClientIP"),
    ("imagePullPolicy", POD % ("imagePullPolicy: IfNotpresent", "a: b"), "spec.containers[0].imagePullPolicy", 6, "IfNotpresent", "IfNotPresent"),
    ("restartPolicy", POD % ("stdin: false", "restartPolicy: Allways"), "spec.restartPolicy", 7, "Allways", "Always"),
    ("dnsPolicy", POD % ("stdin: false", "dnsPolicy: Cluster"), "spec.dnsPolicy", 7, "Cluster", "ClusterFirst"),
    ("port protocol", POD % ("ports: [{containerPort: 80, protocol: HTTP}]", "a: b"), "spec.containers[0].ports[0].protocol", 6, "HTTP", ""),
    ("probe scheme", POD % ("livenessProbe: {httpGet: {port: 80, scheme: http}}", "a: b"), "spec.containers[0].livenessProbe.httpGet.scheme", 6, "http", "HTTP"),
    ("toleration", POD % ("stdin: false", "tolerations: [{operator: Exist}]"), "spec.tolerations[0].operator", 7, "Exist", "Exists"),
    ("seccomp profile", POD % ("stdin: false", "securityContext: {seccompProfile: {type: Runtime}}"), "spec.securityContext.seccompProfile.type", 7, "Runtime", "RuntimeDefault"),
    ("pathType", INGRESS % "pathType: prefix", "spec.rules[0].http.paths[0].pathType", 9, "prefix", "Prefix"),
    ("Deployment strategy", WORKLOAD % ("Deployment", "strategy: {type: RollingUpdates}"), "spec.strategy.type", 5, "RollingUpdates", "RollingUpdate"),
    ("StatefulSet update", WORKLOAD % ("StatefulSet", "updateStrategy: {type: Rolling}"), "spec.updateStrategy.type", 5, "Rolling", "RollingUpdate"),
    ("selector operator", WORKLOAD.replace("{matchLabels: {a: b}}", "{matchExpressions: [{key: a, operator: Is}]}") % ("Deployment", "replicas: 1"), "spec.selector.matchExpressions[0].operator", 6, "Is", ""),
    ("concurrencyPolicy", CRON % ("concurrencyPolicy: Forbidden", "parallelism: 1"), "spec.concurrencyPolicy", 6, "Forbidden", "Forbid"),
    ("completionMode", CRON % ("suspend: false", "completionMode: Index"), "spec.jobTemplate.spec.completionMode", 7, "Index", "Indexed"),
    ("policyTypes", POLICY % "policyTypes: [Ingres]", "spec.policyTypes[0]", 6, "Ingres", "Ingress"),
    ("Pod Security level", NAMESPACE % "pod-security.kubernetes.io/enforce: restrict", "pod-security.kubernetes.io/enforce", 6, "restrict", "restricted"),
    ("Pod Security version", NAMESPACE % 'pod-security.kubernetes.io/enforce-version: "1.34"', "", 6, "1.34", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "field", "line", "value", "close"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_a_wrong_value_is_told(  # noqa: PLR0917 - the columns of the table
    text: str, field: str, line: int, value: str, close: str, tmp_path: Path
) -> None:
    (finding,) = [f for f in found(tmp_path, text) if f.message == f"{value!r} is not allowed"]
    assert finding.location
    assert (finding.location.file, finding.location.line) == (str(tmp_path / "f.yaml"), line)
    assert field in str(finding)
    assert finding.remedy.startswith("allowed: ")
    assert finding.remedy.endswith(f"; did you mean {close!r}?") if close else "did you mean" not in finding.remedy


@pytest.mark.parametrize("level", LEVELS)
def test_levels_of_pod_security_are_taken(level: str, tmp_path: Path) -> None:
    labels = f"pod-security.kubernetes.io/warn: {level}\n    pod-security.kubernetes.io/warn-version: v1.34"
    assert found(tmp_path, NAMESPACE % labels) == []


def test_a_label_that_pod_security_does_not_know_is_told_with_the_nearest(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, NAMESPACE % "pod-security.kubernetes.io/enforced: restricted")
    assert (finding.rule, finding.location and finding.location.line) == ("policy/pod-security-label", 6)
    assert finding.remedy.endswith("did you mean 'pod-security.kubernetes.io/enforce'?")


def definitions(version: str) -> dict[str, Any]:
    """The bundle's definitions by group, version and name."""
    by_name: dict[str, Any] = {}
    for name, schema in VALIDATOR.bundle(version)._defs.items():
        by_name.setdefault(".".join(name.split(".")[-3:]), []).append(schema)
    return by_name


@pytest.mark.parametrize(("name", "field"), [(name, field) for name in ENUMS for field in ENUMS[name]])
def test_every_row_is_a_field_of_text_that_is_open_in_every_version(name: str, field: str) -> None:
    for version in VERSIONS:
        (schema,) = definitions(version)[name]
        schema = schema["properties"][field]
        schema = schema.get("items", schema)
        assert "string" in schema["type"]
        assert "enum" not in json.dumps(schema)


def test_no_value_stands_twice_and_each_is_taken(tmp_path: Path) -> None:
    assert all(len(set(values)) == len(values) for fields in ENUMS.values() for values in fields.values())
    for value in ENUMS["core.v1.ServiceSpec"]["type"]:
        more = "type: ExternalName, externalName: a.example.com" if value == "ExternalName" else f"type: {value}"
        service = SERVICE.replace("spec:\n  ports:\n  - {port: 80, %s}\n  %s\n", "spec: {ports: [{port: 80}], %s}\n")
        assert found(tmp_path, service % more) == []
