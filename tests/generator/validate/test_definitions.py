"""Custom kinds: definitions made strict, those that are bundled, and kinds of which only a part is known."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from generator.errors import ConfigError
from generator.objects.manifest import Manifest
from generator.validate.definitions import KindName, strict_schemas
from generator.validate.policy import PolicySettings
from worlds.places import ROOT
from worlds.validating import VALIDATOR, found

CRDS = ROOT / "generator" / "crds"
SOURCES: list[dict[str, Any]] = json.loads((CRDS / "sources.json").read_text())
BUNDLED = sorted(CRDS.glob("*.json.gz"))
BY_HAND = sorted(path for path in CRDS.glob("*.json") if path.name != "sources.json")


def definition(schema: Any, **more: Any) -> dict[str, Any]:
    versions = [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]
    return {"spec": {"group": "example.com", "names": {"kind": "Widget"}, "versions": versions, **more}}


def faults(spec: Any, schema: Any) -> list[tuple[str, str]]:
    """(rule, last key) of what is wrong with a Widget whose spec has this schema."""
    whole = {"type": "object", "properties": {"spec": schema, "status": {"type": "object"}}}
    validator = VALIDATOR.knowing(strict_schemas(definition(whole), "c.yaml"))
    tree = {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "a"},
        "spec": spec,
        "status": {"x": 1},
    }
    findings = validator.validate([Manifest(tree, "f")], kubernetes=["1.34"], settings=PolicySettings())
    return [(finding.rule, str(finding.field[-1])) for finding in findings]


TEXT, NUMBER = {"type": "string"}, {"type": "integer", "format": "int32"}
CASES: list[tuple[str, Any, Any, list[tuple[str, str]]]] = [
    ("an unknown field", {"a": TEXT}, {"b": 1}, [("schema/unknown-field", "b")]),
    ("null for no value", {"a": TEXT, "b": {"type": "object", "properties": {"c": TEXT}}}, {"a": None, "b": None}, []),
    ("null in an enumeration", {"a": {"type": "string", "enum": ["x"]}}, {"a": None}, []),
    ("null beside a combination", {"a": {"anyOf": [{"minLength": 1}, {"pattern": "x"}], "type": "string"}}, {"a": None}, []),
    ("a number of 32 bits", {"a": NUMBER}, {"a": 2**31}, [("schema/value", "a")]),
    ("int or string", {"a": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}}, {"a": "1"}, []),
    ("int or string, a list", {"a": {"x-kubernetes-int-or-string": True}}, {"a": []}, [("schema/type", "a")]),
    ("unknown fields preserved", {"a": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}, {"a": {"b": 1}}, []),
    ("an object without fields", {"a": {"type": "object"}}, {"a": {"b": 1}}, [("schema/unknown-field", "b")]),
    ("a mapping", {"a": {"type": "object", "additionalProperties": TEXT}}, {"a": {"b": 1}}, [("schema/type", "b")]),
    ("an embedded object", {"a": {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}}, {"a": {"kind": "A"}}, [("schema/required", "apiVersion")]),
    ("in a list", {"a": {"type": "array", "items": {"type": "object", "properties": {"c": TEXT}}}}, {"a": [{"d": 1}]}, [("schema/unknown-field", "d")]),
    ("an exclusive bound", {"a": {"type": "integer", "minimum": 1, "exclusiveMinimum": True}}, {"a": 1}, [("schema/value", "a")]),
    ("null in a mapping", {"a": {"type": "object", "additionalProperties": TEXT}}, {"a": {"b": None}}, []),
    ("a value twice in a set", {"a": {"type": "array", "x-kubernetes-list-type": "set", "items": TEXT}}, {"a": ["x", "x"]}, [("schema/duplicate", "a")]),
    ("a key twice in a map", {"a": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n", "p"], "items": {"type": "object", "properties": {"n": TEXT, "p": {**TEXT, "default": "TCP"}}}}}, {"a": [{"n": "x"}, {"n": "x", "p": "UDP"}, {"n": "x", "p": "TCP"}]}, [("schema/duplicate", "2")]),
    ("an address", {"a": {**TEXT, "format": "ipv4"}}, {"a": "fd00::1"}, [("schema/value", "a")]),
    ("bytes", {"a": {**TEXT, "format": "byte"}}, {"a": "no base64"}, [("schema/value", "a")]),
    ("a format that nobody checks", {"a": {**TEXT, "format": "uri"}}, {"a": "no uri"}, []),
    ("a combination names no fields", {"a": TEXT, "b": TEXT}, {"b": "x"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("properties", "spec", "told"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_definition_made_strict(properties: Any, spec: Any, told: list[tuple[str, str]]) -> None:
    schema = {"type": "object", "properties": properties, "anyOf": [{"required": []}, {"properties": {"z": TEXT}}]}
    assert faults(spec, schema) == told


def test_what_has_a_default_need_not_be_there() -> None:
    schema = {"type": "object", "required": ["a", "b"], "properties": {"a": {**TEXT, "default": "x"}, "b": TEXT}}
    assert faults({"a": None}, schema) == [("schema/required", "b")]


ADDRESS = {
    "type": "object",
    "properties": {"type": {**TEXT, "default": "IP"}, "value": TEXT},
    "oneOf": [
        {"properties": {"type": {"enum": ["IP"]}, "value": {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}}},
        {"properties": {"type": {"not": {"enum": ["IP"]}}}},
    ],
}


@pytest.mark.parametrize(
    ("spec", "is_taken"),
    [
        ({"value": "10.0.0.1"}, True),
        ({"value": "fd00::1"}, True),
        ({"value": "a.example.com"}, False),
        ({"type": "Name", "value": "a.example.com"}, True),
    ],
)
def test_a_default_chooses_among_schemas(spec: Any, is_taken: bool) -> None:
    assert (faults(spec, ADDRESS) == []) is is_taken


def test_replicas_that_kubectl_scales_are_not_negative() -> None:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"replicas": NUMBER}}}}
    tree = definition(schema)
    tree["spec"]["versions"][0]["subresources"] = {"scale": {"specReplicasPath": ".spec.replicas"}}
    (made,) = strict_schemas(tree, "c.yaml").values()
    assert made["properties"]["spec"]["properties"]["replicas"]["minimum"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {},
        {"spec": 1},
        definition(None),
        definition({"properties": [1]}),
        definition({"properties": {"a": None}}),
    ],
)
def test_what_is_no_definition_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError, match="no CustomResourceDefinition"):
        strict_schemas(wrong, "c.yaml")


def loose(schema: Any, path: str = "") -> list[str]:
    """Places of object schemas that let unknown fields pass, but for those within combinations."""
    places = []
    if isinstance(schema, dict):
        if (
            schema.get("type") in ("object", ["object", "null"])
            and "properties" in schema
            and "additionalProperties" not in schema
        ):
            places.append(path)
        for key, value in schema.items():
            if key not in ("allOf", "anyOf", "oneOf", "not", "if", "enum", "required", "status"):
                places += loose(value, f"{path}/{key}")
    return places


#: Where the definitions themselves say that unknown fields are kept, beside some that they name.
KEPT = re.compile(r"/(values|valuesObject|patches?|jobTemplate|template|podTemplateSpec|metadata)(/|$)")


def test_every_bundled_schema_can_be_used_and_is_strict() -> None:
    names = set()
    for path in BUNDLED:
        kind, _, rest = path.name.removesuffix(".json.gz").partition(".")
        group, _, version = rest.rpartition(".")
        schema = json.loads(gzip.decompress(path.read_bytes()))
        jsonschema_rs.Draft202012Validator({**schema, "$defs": {"ObjectMeta": {}}})
        assert [place for place in loose(schema["properties"].get("spec", {})) if not KEPT.search(place)] == []
        assert not set(re.findall(r'"(x-kubernetes[^"]*)":', json.dumps(schema)))
        names.add(f"{group}/{version} {kind}")
    assert names == {kind for source in SOURCES for kind in source["kinds"]}


def pins(folder: Path) -> dict[str, str]:
    return dict(re.findall(r"^(?:require)?\s+(\S+\.\S+/\S+) (v\S+)", (folder / "go.mod").read_text(), re.MULTILINE))


def test_what_is_bundled_is_what_is_pinned_and_what_the_control_plane_has() -> None:
    ours = pins(ROOT / "tools" / "crds")
    assert {source["module"]: source["version"] for source in SOURCES} == ours
    sums = (ROOT / "tools" / "crds" / "go.sum").read_text().splitlines()
    assert all(f"{source['module']} {source['version']} {source['sum']}" in sums for source in SOURCES)
    for name in ("crds", "plane"):
        theirs = pins(ROOT / "tests" / "e2e" / "modules" / name)
        assert {module: version for module, version in theirs.items() if module in ours}.items() <= ours.items()


@pytest.mark.parametrize("path", BY_HAND, ids=[path.stem for path in BY_HAND])
def test_a_part_of_a_kind_never_says_that_there_is_no_such_field(path: Path) -> None:
    kind, _, rest = path.stem.partition(".")
    group, _, version = rest.rpartition(".")
    whole = (CRDS / f"{path.name}.gz").exists()
    tree = {"apiVersion": f"{group}/{version}", "kind": kind, "metadata": {"name": "x"}, "spec": {"zzz": 1}}
    findings = VALIDATOR.validate([Manifest(tree, "f")], kubernetes=["1.34"], settings=PolicySettings())
    of_it = {(finding.rule, finding.severity) for finding in findings if finding.field == ("spec", "zzz")}
    assert of_it == {("schema/unknown-field", "error") if whole else ("schema/not-known-here", "warning")}


VALID = """
argoproj.io/v1alpha1 Application {project: default, destination: {server: https://kubernetes.default.svc, namespace: a}, source: {repoURL: https://charts.example.com, chart: web, targetRevision: 1.2.3, helm: {valueFiles: [a.yaml], parameters: [{name: a, value: b}]}}}
argoproj.io/v1alpha1 Application {project: default, destination: {name: a}, sources: [{repoURL: a, path: b, kustomize: {namePrefix: c-}}, {repoURL: a, ref: values}]}
argoproj.io/v1alpha1 ApplicationSet {generators: [{list: {elements: [{a: b}]}}, {clusters: {selector: {matchLabels: {a: b}}}}], template: {metadata: {name: '{{a}}'}, spec: {project: default, destination: {}, source: {repoURL: a, path: b}}}}
argoproj.io/v1alpha1 ApplicationSet {generators: [{matrix: {generators: [{git: {repoURL: a, revision: b, directories: [{path: c}]}}, {list: {elements: []}}]}}, {merge: {mergeKeys: [a], generators: [{pullRequest: {github: {owner: a, repo: b}}}]}}, {scmProvider: {github: {organization: a}}}], template: {metadata: {name: a}, spec: {project: default, destination: {}}}}
argoproj.io/v1alpha1 AppProject {syncWindows: [{kind: allow, schedule: '* * * * *', duration: 1h, applications: ['*']}]}
argoproj.io/v1alpha1 Rollout {replicas: 1, selector: {matchLabels: {a: b}}, strategy: {canary: {steps: [{setWeight: 20}]}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: b}]}}}
external-secrets.io/v1 ExternalSecret {secretStoreRef: {name: a, kind: SecretStore}, dataFrom: [{find: {name: {regexp: '.*'}}}]}
external-secrets.io/v1 ClusterSecretStore {provider: {vault: {server: https://vault, path: secret, version: v2, auth: {kubernetes: {mountPath: a, role: b}}}}}
external-secrets.io/v1 SecretStore {provider: {gcpsm: {projectID: a}}}
external-secrets.io/v1alpha1 PushSecret {secretStoreRefs: [{name: a}], selector: {secret: {name: b}}, data: [{match: {secretKey: a, remoteRef: {remoteKey: b}}}]}
karpenter.k8s.aws/v1 EC2NodeClass {amiFamily: AL2, role: a, amiSelectorTerms: [{alias: al2@v20261001}], subnetSelectorTerms: [{id: subnet-0a}], securityGroupSelectorTerms: [{id: sg-0a}], kubelet: {maxPods: 110}}
karpenter.k8s.aws/v1 EC2NodeClass {amiFamily: Windows2022, role: a, amiSelectorTerms: [{alias: windows2022@latest}], subnetSelectorTerms: [{id: subnet-0a}], securityGroupSelectorTerms: [{id: sg-0a}]}
monitoring.coreos.com/v1 ServiceMonitor {selector: {matchLabels: {a: b}}, endpoints: [{port: http, interval: 30s}]}
monitoring.coreos.com/v1 PrometheusRule {groups: [{name: a, rules: [{alert: A, expr: up == 0, for: 5m}]}]}
gateway.networking.k8s.io/v1 HTTPRoute {parentRefs: [{name: a}], hostnames: [a.example.com], rules: [{matches: [{path: {type: PathPrefix, value: /}}], backendRefs: [{name: a, port: 80}]}]}
gateway.networking.k8s.io/v1 Gateway {gatewayClassName: a, listeners: [{name: http, port: 80, protocol: HTTP}]}
cert-manager.io/v1 Certificate {secretName: a, issuerRef: {name: b, kind: ClusterIssuer}, dnsNames: [a.example.com]}
cert-manager.io/v1 ClusterIssuer {acme: {server: https://a, privateKeySecretRef: {name: b}, solvers: [{http01: {ingress: {class: alb}}}]}}
keda.sh/v1alpha1 ScaledObject {scaleTargetRef: {name: a}, triggers: [{type: cron, metadata: {timezone: Asia/Seoul, start: 0 8 * * *, end: 0 20 * * *, desiredReplicas: '1'}}]}
keda.sh/v1alpha1 ScaledJob {jobTargetRef: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}}, triggers: [{type: aws-sqs-queue, metadata: {queueURL: a}}]}
kustomize.toolkit.fluxcd.io/v1 Kustomization {interval: 5m, prune: true, path: ./a, sourceRef: {kind: GitRepository, name: a}}
""".strip().splitlines()


@pytest.mark.parametrize("row", VALID)
def test_what_the_published_definitions_take_is_taken(row: str, tmp_path: Path) -> None:
    version, kind, spec = row.split(maxsplit=2)
    assert (
        found(tmp_path, f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a, namespace: b}}\nspec: {spec}\n")
        == []
    )
    (finding,) = found(
        tmp_path, f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\nspec: {spec[:-1]}, zzz: 1}}\n"
    )
    assert (finding.rule, finding.field) == ("schema/unknown-field", ("spec", "zzz"))


def test_a_kind_given_goes_before_one_that_is_bundled() -> None:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"own": TEXT}}}}
    tree = definition(schema, group="cert-manager.io", names={"kind": "Certificate"})
    given = strict_schemas(tree, "c.yaml")
    assert set(given) == {KindName("cert-manager.io", "v1", "Certificate")}
    mine = {"apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": {"name": "a"}, "spec": {"own": "x"}}
    findings = VALIDATOR.knowing(given).validate([Manifest(mine, "f")], kubernetes=["1.34"], settings=PolicySettings())
    assert findings == ()
