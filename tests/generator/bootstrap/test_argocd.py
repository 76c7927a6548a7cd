"""The Argo CD objects: what they permit is what the blueprints need, and the shipped folder is what is rendered."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any

import pytest

from generator.bootstrap.argocd import argocd_files, render_argocd
from generator.model.blueprint import TemplateLibrary
from generator.model.environment import Environment
from generator.validate.validation import PolicySettings, Validator
from hub import assets
from worlds.builders import COMPONENTS, LIBRARY, environment, preview, render
from worlds.commands import git, must, rtb_hub
from worlds.places import ROOT

NAMES = ("int", "prd", "stg")


def objects(env: Environment, library: TemplateLibrary = LIBRARY) -> dict[tuple[str, str], Any]:
    """Objects by kind and name."""
    files = render_argocd(library, env)
    return {(m.kind, m.identity.name): m.data for manifests in files.values() for m in manifests}


def permitted(env: Environment) -> set[tuple[str, str]]:
    spec = objects(env)["AppProject", f"previews-{env.name}"]["spec"]
    assert spec["clusterResourceWhitelist"] == [{"group": "", "kind": "Namespace", "name": "preview-*"}]
    return {(kind["group"], kind["kind"]) for kind in spec["namespaceResourceWhitelist"]}


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_folder_is_what_is_rendered(name: str) -> None:
    env = environment(name)
    wanted = argocd_files(env, render_argocd(LIBRARY, env))
    home = ROOT / "argocd" / name
    found = {path.relative_to(ROOT).as_posix(): path.read_text() for path in home.rglob("*.yaml")}
    assert found == wanted, "run 'make golden' and review the difference"


@pytest.mark.parametrize("name", NAMES)
def test_the_project_permits_the_kinds_that_previews_have_and_no_other(name: str) -> None:
    env = environment(name)
    used = {("batch", "CronJob")}  # what a blueprint of the team's own may ask the common templates for
    for blueprint in COMPONENTS:
        for compute in env.spec.compute.allowed:
            if (blueprint, compute) == ("web-api-postgres", "spot"):
                continue
            secret = (("web.secrets.TOKEN", f"preview/{name}/app/x"),)
            entry = preview(env, blueprint=blueprint, compute=compute, settings=secret)
            used |= {(m.identity.group, m.kind) for m in render(entry, env).manifests if m.kind != "Namespace"}
    assert permitted(env) == used


def test_a_kind_that_only_an_overlay_renders_is_permitted_there_only() -> None:
    path = "environments/int/templates/preview/web/budget.yaml.j2"
    text = (
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: x, namespace: '{{ preview.namespace }}'}\n"
    )
    library = TemplateLibrary({**LIBRARY.files, path: text})
    kinds = {
        name: objects(environment(name), library)["AppProject", f"previews-{name}"]["spec"][
            "namespaceResourceWhitelist"
        ]
        for name in ("int", "stg")
    }
    budget = {"group": "policy", "kind": "PodDisruptionBudget"}
    assert budget in kinds["int"]
    assert budget not in kinds["stg"]


def test_no_spot_means_no_network_policy() -> None:
    assert ("networking.k8s.io", "NetworkPolicy") in permitted(environment("int"))
    assert ("networking.k8s.io", "NetworkPolicy") not in permitted(environment("prd"))


@pytest.mark.parametrize("name", NAMES)
def test_everything_validates_for_every_version(name: str) -> None:
    manifests = [m for found in render_argocd(LIBRARY, environment(name)).values() for m in found]
    versions = [f"1.{minor}" for minor in range(31, 38)]
    validator = Validator(assets.generator_data)
    assert validator.validate(manifests, kubernetes=versions, settings=PolicySettings()) == ()


@pytest.mark.parametrize(("name", "branch"), [("int", "main"), ("stg", "main"), ("prd", "prd")])
def test_the_set_follows_its_own_branch_and_folder_only(name: str, branch: str) -> None:
    found = objects(environment(name))
    spec = found["ApplicationSet", f"previews-{name}"]["spec"]
    (generator,) = spec["generators"]
    assert generator["git"]["revision"] == f"refs/heads/{branch}"
    assert generator["git"]["files"] == [{"path": f"environments/{name}/previews/*/*/*/preview.yaml"}]
    source = spec["template"]["spec"]["source"]
    assert source["targetRevision"] == f"refs/heads/{branch}"
    assert found["Application", "rtb-platform"]["spec"]["source"]["path"] == f"argocd/{name}/platform"


def test_what_an_entry_says_never_reaches_an_application() -> None:
    """Only the folder does: a wrong field can then not stop the set, and nobody can choose a project."""
    template = objects(environment())["ApplicationSet", "previews-int"]["spec"]["template"]
    used = {word for text in texts(template) for word in text.split() if word.startswith(".")}
    assert used == {".path.basename", ".path.path", "."}
    assert template["spec"]["project"] == "previews-int"


def test_no_expression_of_a_policy_fails_where_a_request_lacks_a_field() -> None:
    """A request for a cluster-scoped object has no namespace, one for a collection no name: has() comes first."""
    policies = [tree for (kind, _), tree in objects(environment()).items() if kind == "ValidatingAdmissionPolicy"]
    assert len(policies) == 2
    for policy in policies:
        spec = policy["spec"]
        assert spec["failurePolicy"] == "Fail"
        assert all(
            "scope" in rule and "resourceNames" not in rule for rule in spec["matchConstraints"]["resourceRules"]
        )
        expressions = [text for text in texts(spec) if "request." in text or "bject." in text]
        assert len(expressions) > 1
        for text in expressions:
            for used in re.finditer(r"(?<!has\()request\.\w+", text):
                assert f"has({used[0]})" in text[: used.start()], text
        for condition in spec["matchConditions"]:
            for name in ("object", "oldObject"):
                is_used = re.search(rf"\b{name}\.", condition["expression"])
                assert not is_used or condition["expression"].startswith(f"{name} != null && ")


def texts(tree: Any) -> list[str]:
    if isinstance(tree, dict):
        return [text for value in tree.values() for text in texts(value)]
    if isinstance(tree, list):
        return [text for value in tree for text in texts(value)]
    return [tree] if isinstance(tree, str) else []


def test_each_shard_has_a_class_and_an_anchor() -> None:
    env = environment(exposure={**environment().as_tree()["spec"]["exposure"], "shards": 3})
    found = objects(env)
    shards = {f"previews-{n}" for n in range(3)}
    assert {name for kind, name in found if kind == "IngressClass"} == shards
    assert {name for kind, name in found if kind == "IngressClassParams"} == shards
    assert {o["spec"]["ingressClassName"] for (kind, _), o in found.items() if kind == "Ingress"} == shards


def test_load_balancers_are_as_the_environment_says() -> None:
    """Never without a TLS policy: AWS's own speaks TLS 1.0."""
    exposure = environment().as_tree()["spec"]["exposure"]
    spec = objects(environment())["IngressClassParams", "previews-0"]["spec"]
    assert spec["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert spec["loadBalancerAttributes"] == [
        {"key": "routing.http.drop_invalid_header_fields.enabled", "value": "true"}
    ]
    assert spec["tags"] == [{"key": "rtb-hub/environment", "value": "int"}]
    assert not {"inboundCIDRs", "subnets"} & spec.keys()
    left_out = {key: value for key, value in exposure.items() if key not in ("sslPolicy", "attributes", "inboundCidrs")}
    assert objects(environment(exposure=left_out))["IngressClassParams", "previews-0"]["spec"] == spec
    more = {
        "sslPolicy": "ELBSecurityPolicy-TLS13-1-3-2021-06",
        "inboundCidrs": ["10.0.0.0/8", "203.0.113.7/32"],
        "attributes": {"idle_timeout.timeout_seconds": "120"},
        "tags": {"team": "web", "rtb-hub/environment": "other"},
        "subnets": ["subnet-01000000000000001", "subnet-01000000000000002"],
    }
    spec = objects(environment(exposure=exposure | more))["IngressClassParams", "previews-0"]["spec"]
    assert (spec["sslPolicy"], spec["inboundCIDRs"]) == (more["sslPolicy"], more["inboundCidrs"])
    assert {pair["key"]: pair["value"] for pair in spec["loadBalancerAttributes"]} == {
        "idle_timeout.timeout_seconds": "120",
        "routing.http.drop_invalid_header_fields.enabled": "true",
    }
    assert {pair["key"]: pair["value"] for pair in spec["tags"]} == {"team": "web", "rtb-hub/environment": "other"}
    assert spec["subnets"] == {"ids": more["subnets"]}


def test_the_webhook_is_admitted_from_the_load_balancers_addresses() -> None:
    """Argo CD's own policies (3.6.1) admit the ApplicationSet controller's ports from pods only."""
    labels = {"app.kubernetes.io/name": "argocd-applicationset-controller", "app.kubernetes.io/part-of": "argocd"}
    argocd = environment().as_tree()["spec"]["argocd"]
    own = environment(argocd=argocd | {"loadBalancerCidrs": ["10.1.64.0/24"]})
    for env, cidrs in ((environment(), ["10.1.0.0/20", "10.1.16.0/20"]), (own, ["10.1.64.0/24"])):
        policies = [tree for (kind, _), tree in objects(env).items() if kind == "NetworkPolicy"]
        chosen = [p for p in policies if p["spec"]["podSelector"]["matchLabels"].items() <= labels.items()]
        assert {p["metadata"]["namespace"] for p in chosen} == {"argocd"}
        rules = [rule for p in chosen for rule in p["spec"]["ingress"]]
        admitted = {
            (peer["ipBlock"]["cidr"], port["port"]) for rule in rules for peer in rule["from"] for port in rule["ports"]
        }
        assert admitted == {(cidr, port) for cidr in cidrs for port in (7000, 8080)}


def test_secrets_are_references_and_may_be_left_out() -> None:
    argocd = environment().as_tree()["spec"]["argocd"]
    bare = {key: value for key, value in argocd.items() if key in ("version", "namespace", "repository")}
    files = render_argocd(LIBRARY, environment(argocd=bare))
    assert PurePosixPath("argocd/int/secrets.yaml") not in files
    assert "secrets.yaml" not in argocd_files(environment(argocd=bare), files)["argocd/int/kustomization.yaml"]
    assert not [m for found in files.values() for m in found if m.kind == "Secret"]


def test_rendering_prints_one_environment_or_writes_all(tmp_path: Any) -> None:
    printed = must("argocd", "render", "--env", "prd").out
    assert "name: previews-prd" in printed
    assert "previews-int" not in printed
    must("argocd", "render", "--to", tmp_path)
    for name in NAMES:
        assert (tmp_path / "argocd" / name / "project.yaml").read_text() == (
            ROOT / "argocd" / name / "project.yaml"
        ).read_text()
    assert rtb_hub("argocd", "render", "--env", "dev").code == 11


def test_init_puts_them_on_the_branch_of_their_environment(tmp_path: Any) -> None:
    must("init", tmp_path / "state")

    def branch(name: str) -> set[str]:
        listed = git(tmp_path / "state", "ls-tree", "-r", "--name-only", name, "argocd").split()
        return {path.split("/")[1] for path in listed}

    assert branch("main") == {"int", "stg"}
    assert branch("prd") == {"prd"}
    again = must("init", tmp_path / "state", "-o", "json").json()
    assert [b["written"] for b in again["branches"]] == [[], []]
