"""Schemas of every version, policy rule by rule, and how findings are told."""

from __future__ import annotations

import gzip
import importlib.util
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import ConfigError
from generator.objects.manifest import Manifest
from generator.validate import policy
from generator.validate.policy import PolicySettings
from generator.validate.sarif import sarif
from generator.validate.schemas import VERSIONS
from generator.validate.validation import Validator
from hub import assets
from worlds.builders import COMPONENTS, environment, preview, render
from worlds.places import ROOT

VALIDATOR = Validator(assets.generator_data)
PREVIEW = PolicySettings("preview-rtb-123")
ANY = PolicySettings()


def objects(compute: str = "fargate", blueprint: str = "web-api") -> list[dict[str, Any]]:
    """A fresh, changeable copy of a rendered preview."""
    entry = preview(blueprint=blueprint, compute=compute, settings=(("web.secrets.A", "preview/int/app/a"),))
    trees: list[dict[str, Any]] = json.loads(json.dumps([dict(manifest.data) for manifest in render(entry).manifests]))
    return trees


def found(trees: list[dict[str, Any]], settings: PolicySettings = PREVIEW, version: str = "1.34") -> set[str]:
    manifests = [Manifest(tree, "manifest.yaml") for tree in trees]
    return {finding.rule for finding in VALIDATOR.validate(manifests, kubernetes=[version], settings=settings)}


def one(trees: list[dict[str, Any]], kind: str, name: str | None = None) -> dict[str, Any]:
    return next(t for t in trees if t["kind"] == kind and name in (None, t["metadata"]["name"]))


def pod(trees: list[dict[str, Any]]) -> Any:
    return one(trees, "Deployment", "web")["spec"]["template"]["spec"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("blueprint", COMPONENTS)
@pytest.mark.parametrize("name", ["int", "stg", "prd"])
def test_what_we_render_is_valid_everywhere(blueprint: str, name: str, version: str) -> None:
    env = environment(name)
    for compute in env.spec.compute.allowed:
        if (blueprint, compute) == ("web-api-postgres", "spot"):
            continue
        entry = preview(env, blueprint=blueprint, compute=compute)
        settings = PolicySettings.for_preview(entry, env)
        assert VALIDATOR.validate(render(entry, env).manifests, kubernetes=[version], settings=settings) == ()


def bundler() -> Any:
    spec = importlib.util.spec_from_file_location("bundle_schemas", ROOT / "tools" / "bundle_schemas.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("version", VERSIONS)
def test_the_bundles_are_what_the_tool_makes(version: str) -> None:
    kept = (ROOT / "generator" / "schema_bundles" / f"v{version}.json.gz").read_bytes()
    assert gzip.decompress(kept) == gzip.decompress(bundler().bundle(version))  # releases of zlib compress differently


def change(path: tuple[str | int, ...], value: Any) -> Callable[[Any], None]:
    """Set the value at `path`; DELETE removes it."""

    def apply(tree: Any) -> None:
        for part in path[:-1]:
            tree = tree[part]
        if value is DELETE:
            del tree[path[-1]]
        else:
            tree[path[-1]] = value

    return apply


DELETE = object()
CONTAINER = ("containers", 0)
POD_RULES: list[tuple[str, Callable[[Any], None], str]] = [
    ("an image by tag only", change((*CONTAINER, "image"), "a/web:1.2"), "policy/image-digest"),
    ("no resources", change((*CONTAINER, "resources"), {}), "policy/resources"),
    ("a CPU that is no quantity", change((*CONTAINER, "resources", "limits", "cpu"), "abc"), "api/quantity"),
    (
        "memory in thousandths of a byte",
        change((*CONTAINER, "resources", "limits", "memory"), "256m"),
        "policy/memory",
    ),
    ("a request above its limit", change((*CONTAINER, "resources", "requests", "cpu"), "300m"), "api/resources"),
    ("requests other than limits", change((*CONTAINER, "resources", "limits", "cpu"), "300m"), "fargate/guaranteed"),
    ("more than the quota", change((*CONTAINER, "resources", "requests", "cpu"), "3"), "policy/quota"),
    ("root by default", change(("securityContext", "runAsNonRoot"), False), "policy/pod-security"),
    ("user 0", change((*CONTAINER, "securityContext", "runAsUser"), 0), "policy/pod-security"),
    ("no seccomp profile", change(("securityContext", "seccompProfile"), DELETE), "policy/pod-security"),
    (
        "privilege escalation",
        change((*CONTAINER, "securityContext", "allowPrivilegeEscalation"), True),
        "policy/pod-security",
    ),
    ("a privileged container", change((*CONTAINER, "securityContext", "privileged"), True), "policy/pod-security"),
    ("capabilities kept", change((*CONTAINER, "securityContext", "capabilities"), {}), "policy/pod-security"),
    (
        "capabilities added",
        change((*CONTAINER, "securityContext", "capabilities", "add"), ["NET_RAW"]),
        "fargate/capabilities",
    ),
    ("the host's network", change(("hostNetwork",), True), "policy/pod-security"),
    ("a port of the host", change((*CONTAINER, "ports", 0, "hostPort"), 80), "policy/pod-security"),
    ("a service account token", change(("automountServiceAccountToken",), True), "policy/service-account-token"),
    ("a folder of the host", change(("volumes",), [{"name": "a", "hostPath": {"path": "/"}}]), "fargate/volume"),
    ("a node selector on Fargate", change(("nodeSelector",), {"kubernetes.io/arch": "arm64"}), "fargate/node-choice"),
    ("affinity on Fargate", change(("affinity",), {"nodeAffinity": {}}), "fargate/node-choice"),
    ("a GPU", change((*CONTAINER, "resources", "limits", "nvidia.com/gpu"), "1"), "fargate/gpu"),
    ("more than Fargate has", change((*CONTAINER, "resources", "requests", "memory"), "130Gi"), "fargate/size"),
    ("an unknown field", change(("restartPolice",), "Always"), "schema/unknown-field"),
    ("a number as text", change((*CONTAINER, "ports", 0, "containerPort"), "80"), "schema/type"),
    ("a container without a name", change((*CONTAINER, "name"), DELETE), "schema/required"),
    ("a port out of range", change((*CONTAINER, "ports", 0, "containerPort"), 70000), "api/port"),
    ("the Service's port gone", change((*CONTAINER, "ports", 0, "name"), "web"), "policy/port"),
]


@pytest.mark.parametrize(("mutate", "rule"), [r[1:] for r in POD_RULES], ids=[r[0] for r in POD_RULES])
def test_a_pod_is_refused_for(mutate: Callable[[Any], None], rule: str) -> None:
    trees = objects()
    assert found(trees) == set()
    mutate(pod(trees))
    assert rule in found(trees)


SET_RULES: list[tuple[str, Callable[[list[Any]], Any], str]] = [
    ("an object in another namespace", lambda t: one(t, "Service").__getitem__("metadata").update(namespace="default"), "policy/namespace"),
    ("a foreign namespace", lambda t: one(t, "Namespace")["metadata"].update(name="preview-rtb-9"), "policy/namespace"),
    ("a cluster role", lambda t: t.append({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "x"}}), "policy/namespace"),
    ("a Secret", lambda t: t.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "namespace": "preview-rtb-123"}}), "policy/secret"),
    ("a wave behind the workloads", lambda t: one(t, "Ingress")["metadata"]["annotations"].update({"argocd.argoproj.io/sync-wave": "10"}), "policy/wave"),
    ("a wave that is no number", lambda t: one(t, "Ingress")["metadata"]["annotations"].update({"argocd.argoproj.io/sync-wave": "last"}), "policy/wave"),
    ("a namespace beside the pods", lambda t: one(t, "Namespace")["metadata"]["annotations"].update({"argocd.argoproj.io/sync-wave": "0"}), "policy/wave"),
    ("isolation beside the pods", lambda t: one(t, "SecurityGroupPolicy")["metadata"]["annotations"].update({"argocd.argoproj.io/sync-wave": "0"}), "policy/wave"),
    ("no quota", lambda t: t.remove(one(t, "ResourceQuota")), "policy/quota"),
    ("no limit range", lambda t: t.remove(one(t, "LimitRange")), "policy/quota"),
    ("no isolation", lambda t: t.remove(one(t, "SecurityGroupPolicy")), "policy/isolation"),
    ("a Service that chooses nothing", lambda t: one(t, "Service")["spec"].update(selector={"a": "b"}), "policy/selector"),
    ("a selector that is not the pod's", lambda t: one(t, "Deployment")["spec"]["selector"]["matchLabels"].update(a="b"), "api/selector"),
    ("an Ingress to no Service", lambda t: one(t, "Ingress")["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"].update(name="x"), "policy/backend"),
    ("an Ingress to no port", lambda t: one(t, "Ingress")["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"].update(name="x"), "policy/backend"),
    ("a name in capitals", lambda t: one(t, "ConfigMap")["metadata"].update(name="Web"), "api/name"),
    ("a Service that starts with a digit", lambda t: one(t, "Service")["metadata"].update(name="1web"), "api/name"),
    ("a label value with a blank", lambda t: one(t, "ConfigMap")["metadata"]["labels"].update(a="b c"), "api/label"),
    ("a label key with two slashes", lambda t: one(t, "ConfigMap")["metadata"]["labels"].update({"a/b/c": "d"}), "api/label"),
    ("too many annotations", lambda t: one(t, "Ingress")["metadata"]["annotations"].update(a="x" * 300_000), "api/annotations"),
    ("a kind of another group with a known name", lambda t: one(t, "Ingress").update(apiVersion="networking.istio.io/v1"), "schema/unknown-kind"),
    ("a kind that is gone", lambda t: one(t, "Deployment").update(apiVersion="apps/v1beta1"), "schema/unknown-kind"),
    ("a value out of its list", lambda t: one(t, "ExternalSecret")["spec"]["target"].update(creationPolicy="Own"), "schema/enum"),
    ("a typo in a custom kind", lambda t: one(t, "ExternalSecret")["spec"].update(refreshIntervall="1h"), "schema/unknown-field"),
    ("no registry of ours", lambda t: None, "policy/image-registry"),
]  # fmt: skip


@pytest.mark.parametrize(("mutate", "rule"), [r[1:] for r in SET_RULES], ids=[r[0] for r in SET_RULES])
def test_a_preview_is_refused_for(mutate: Callable[[list[Any]], Any], rule: str) -> None:
    trees = objects()
    mutate(trees)
    registries = ("111111111111.dkr.ecr.",) if rule == "policy/image-registry" else ()
    assert rule in found(trees, PolicySettings("preview-rtb-123", registries=registries))


@pytest.mark.parametrize(
    ("spec", "rules"),
    [
        (None, set()),
        ({"volumeName": "efs"}, set()),
        ({"storageClassName": ""}, set()),
        ({"storageClassName": "gp3"}, {"fargate/volume"}),
        ({}, {"fargate/volume"}),
    ],
)
def test_fargate_mounts_volumes_that_are_there(spec: dict[str, Any] | None, rules: set[str]) -> None:
    trees = objects()
    pod(trees)["volumes"] = [{"name": "up", "persistentVolumeClaim": {"claimName": "uploads"}}]
    if spec is not None:
        size = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
        meta = {"name": "uploads", "namespace": "preview-rtb-123"}
        trees.append({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": {**size, **spec}})
    assert found(trees) == rules


def test_network_policy_is_no_isolation_on_fargate() -> None:
    trees = objects()
    trees.remove(one(trees, "SecurityGroupPolicy"))
    trees += [tree for tree in objects("spot") if tree["kind"] == "NetworkPolicy"]
    assert found(trees) == {"policy/isolation"}


def test_a_foreign_folder_is_not_held_to_a_previews_rules() -> None:
    trees = [tree for tree in objects() if tree["kind"] in ("Deployment", "Service")]
    assert found(trees, ANY) == set()


def test_a_finding_names_the_versions_it_holds_for() -> None:
    tree = {"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "metadata": {"name": "x"}, "spec": {}}
    (finding,) = VALIDATOR.validate([Manifest(tree, "f")], kubernetes=["1.31", "1.34"], settings=ANY)
    assert (finding.rule, finding.message.endswith("(Kubernetes 1.31)")) == ("schema/unknown-kind", True)


def test_findings_name_the_nearest_field_and_what_is_allowed() -> None:
    trees = objects()
    one(trees, "Service")["spec"].update(typ="x")
    one(trees, "ExternalSecret")["spec"]["target"].update(creationPolicy="Own")
    pod(trees)["restartPolice"] = "Always"
    findings = VALIDATOR.validate([Manifest(t, "f") for t in trees], kubernetes=["1.34"], settings=PREVIEW)
    remedies = {finding.field[-1]: finding.remedy for finding in findings}
    assert remedies["typ"] == "did you mean 'type'?"
    assert remedies["restartPolice"] == "did you mean 'restartPolicy'?"
    assert remedies["creationPolicy"] == "allowed: Owner, Orphan, Merge, None; did you mean 'Owner'?"


@pytest.mark.parametrize("kind", ["../x", "a/b", "", "Preview"])
@pytest.mark.parametrize("group", ["../../etc", "a..b/v1", "/", "x/v1"])
def test_no_name_of_a_kind_reaches_another_file(kind: str, group: str) -> None:
    tree = {"apiVersion": group, "kind": kind, "metadata": {"name": "x"}}
    rules = {f.rule for f in VALIDATOR.validate([Manifest(tree, "f")], kubernetes=["1.34"], settings=ANY)}
    assert rules == {"schema/unknown-kind"}


def test_an_unknown_version_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"1\.31, 1\.32"):
        VALIDATOR.bundle("1.30")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["metadata", "spec", "template", "containers", "name", "labels", "ports", "http", "rules", "paths", "resources", "securityContext", "volumes", "selector", "matchLabels", "annotations", "hard"]), inner, max_size=4),
    max_leaves=25,
)  # fmt: skip


@given(st.sampled_from(["Deployment", "Service", "Ingress", "Job", "ResourceQuota", "Namespace"]), JSON, JSON)
def test_no_object_makes_validation_fail_itself(kind: str, metadata: Any, spec: Any) -> None:
    tree = {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}
    if kind in ("Deployment", "Job", "Ingress"):
        tree["apiVersion"] = {"Deployment": "apps/v1", "Job": "batch/v1", "Ingress": "networking.k8s.io/v1"}[kind]
    list(policy.check([Manifest(tree, "f")], PREVIEW))
    VALIDATOR.validate([Manifest(tree, "f")], kubernetes=["1.34"], settings=PREVIEW)


def test_sarif_has_what_code_hosts_need() -> None:
    trees = objects()
    pod(trees)["restartPolice"] = "Always"
    findings = VALIDATOR.validate([Manifest(t, "m.yaml") for t in trees], kubernetes=["1.34"], settings=PREVIEW)
    log = sarif(findings, "1.0")
    (run,) = log["runs"]
    (result,) = run["results"]
    assert log["version"] == "2.1.0"
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "schema/unknown-field"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "m.yaml"
    assert "restartPolicy" in result["message"]["text"]
