"""The list of rules has every id that is used, and no other; the crashes of before stay findings; SARIF is SARIF."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.errors import Location
from generator.objects.findings import Finding, Severity
from generator.objects.manifest import Identity, Manifest
from generator.validate.policy import PolicySettings
from generator.validate.rules import RULES
from generator.validate.sarif import sarif
from worlds.places import ROOT
from worlds.validating import VALIDATOR

_ID = re.compile(r'"((?:api|file|fargate|policy|schema)/[a-z-]+)"')


def test_the_list_has_every_rule_that_is_used() -> None:
    files = [*(ROOT / "generator" / "validate").rglob("*.py"), *(ROOT / "hub" / "actions").glob("*.py")]
    used = {name for path in files if path.name != "rules.py" for name in _ID.findall(path.read_text())}
    assert used == set(RULES)


#: Keys that rules look at, so that random objects reach them, and kinds that have rules.
KEYS = sorted(
    {
        *("metadata", "spec", "name", "generateName", "labels", "annotations", "namespace", "template", "selector"),
        *("matchLabels", "matchExpressions", "containers", "initContainers", "volumes", "volumeMounts", "ports", "port"),
        *("targetPort", "containerPort", "hostPort", "env", "envFrom", "valueFrom", "fieldRef", "fieldPath", "resources"),
        *("requests", "limits", "cpu", "memory", "livenessProbe", "httpGet", "tcpSocket", "exec", "lifecycle", "preStop"),
        *("strategy", "rollingUpdate", "maxSurge", "maxUnavailable", "type", "schedule", "timeZone", "jobTemplate"),
        *("rules", "http", "paths", "path", "pathType", "backend", "service", "host", "tls", "hosts", "ingress", "from"),
        *("ipBlock", "cidr", "except", "data", "binaryData", "items", "hard", "default", "accessModes", "tolerations"),
        *("affinity", "nodeAffinity", "securityContext", "seccompProfile", "subjects", "roleRef", "versions", "emptyDir"),
        *("argocd.argoproj.io/sync-wave", "replicas", "restartPolicy", "webhooks", "metrics", "key", "operator", "values"),
    }
)  # fmt: skip
KINDS = [
    *(("v1", kind) for kind in ("Pod", "Service", "ConfigMap", "Secret", "Namespace", "LimitRange", "ResourceQuota")),
    *(("v1", kind) for kind in ("PersistentVolumeClaim", "ReplicationController", "PodTemplate")),
    *(("apps/v1", kind) for kind in ("Deployment", "StatefulSet", "DaemonSet")),
    *(("batch/v1", kind) for kind in ("Job", "CronJob")),
    *(("networking.k8s.io/v1", kind) for kind in ("Ingress", "NetworkPolicy")),
    *(("rbac.authorization.k8s.io/v1", kind) for kind in ("Role", "RoleBinding")),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("policy/v1", "PodDisruptionBudget"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["", "1", "-1", "1e999999999", "999999999999999999999999%", "..", "*", "a" * 300, "\u0000", "Ⅷ", "x/y"]
    )
    | st.text(max_size=6)
)
HOSTILE = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=40,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.tuples(st.sampled_from(KINDS), HOSTILE, HOSTILE), min_size=1, max_size=3))
def test_no_object_makes_validation_end_otherwise_than_with_findings(
    drawn: list[tuple[tuple[str, str], Any, Any]],
) -> None:
    manifests = []
    for (version, kind), spec, more in drawn:
        tree = {
            "metadata": more,
            "spec": spec,
            **(more if isinstance(more, dict) else {}),
            "apiVersion": version,
            "kind": kind,
        }
        manifests.append(Manifest(tree, "f"))
    whole = PolicySettings("preview-rtb-1", registries=("a",))
    for finding in VALIDATOR.validate(
        manifests, kubernetes=["1.34"], settings=whole, locate=lambda _, path: Location("f")
    ):
        assert finding.rule in RULES
        assert finding.message
        assert str(finding)


SCHEMA = jsonschema_rs.Draft7Validator(  # draft 4 does not know the format of URI references
    json.loads((ROOT / "tests" / "generator" / "validate" / "sarif_schema.json").read_text()), validate_formats=True
)


def a_finding(rule: str, source: str, line: int | None, kind: str, severity: Severity) -> Finding:
    place = None if line is None else Location(source, line, 0)
    return Finding(rule, "is wrong", Identity("", "v1", kind, "a", "b"), source, ("a", 0), "mend it", severity, place)


@given(
    st.lists(
        st.builds(
            a_finding,
            st.sampled_from(sorted(RULES)),
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
            st.none() | st.integers(0, 1000),
            st.sampled_from(["", "Pod"]),
            st.sampled_from(["error", "warning", "note"]),
        ),
        max_size=4,
    )
)
def test_sarif_is_what_its_published_schema_says(findings: list[Finding]) -> None:
    assert [error.message for error in SCHEMA.iter_errors(sarif(findings, "1.0"))] == []


def test_the_schema_of_sarif_would_notice() -> None:
    log = sarif([a_finding("api/name", "f", 1, "", "error")], "1.0")
    result = log["runs"][0]["results"][0]
    result["level"], result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] = "bad", "a b"
    assert len(list(SCHEMA.iter_errors(log))) == 2


def test_sarif_names_files_as_uris_and_says_who_refuses() -> None:
    finding = Finding("api/name", "is missing", Identity("", "", "", "", ""), "a b/ü:x.yaml")
    (run,) = sarif([finding], "1.0")["runs"]
    (result,) = run["results"]
    assert result["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "a%20b/%C3%BC%3Ax.yaml"}}}]
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"].startswith("The name is missing")
    assert rule["properties"] == {"refusedBy": "the API server"}
