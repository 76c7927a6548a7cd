"""Who may reach a preview and whom it may, by the selectors and rules that are rendered."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from generator.model.environment import Environment
from worlds.builders import COMPONENTS, environment, preview, render

EVERYWHERE = [(name, compute) for name in ("int", "stg", "prd") for compute in environment(name).spec.compute.allowed]


def objects(env: Environment, compute: Any, blueprint: str = "web-api") -> list[Any]:
    return [m.data for m in render(preview(env, blueprint=blueprint, compute=compute), env).manifests]


def isolated(**isolation: Any) -> Environment:
    return environment(isolation={**environment().as_tree()["spec"]["isolation"], **isolation})


def pods(trees: list[Any]) -> dict[str, dict[str, str]]:
    """Labels by the name of the workload."""
    found = (t for t in trees if t["kind"] in ("Deployment", "Job"))
    return {t["metadata"]["name"]: t["spec"]["template"]["metadata"]["labels"] for t in found}


def sends_to(trees: list[Any], address: str, port: int, protocol: str = "TCP") -> bool:
    """Whether the policies let a pod send there, as NetworkPolicies add up."""
    rules = [
        rule
        for tree in trees
        if tree["kind"] == "NetworkPolicy" and "Egress" in tree["spec"]["policyTypes"]
        for rule in tree["spec"].get("egress", ())
    ]
    return any(
        ip_address(address) in ip_network(block["cidr"])
        and not any(ip_address(address) in ip_network(left) for left in block.get("except", ()))
        and {"port": port, "protocol": protocol} in rule["ports"]
        for rule in rules
        for peer in rule["to"]
        if (block := peer.get("ipBlock"))
    )


@pytest.mark.parametrize(("name", "compute"), [case for case in EVERYWHERE if case[1] == "fargate"])
def test_on_fargate_pods_are_in_the_previews_group_alone(name: str, compute: str) -> None:
    env = environment(name)
    for blueprint in COMPONENTS:
        trees = objects(env, compute, blueprint)
        (policy,) = [t for t in trees if t["kind"] == "SecurityGroupPolicy"]
        groups = policy["spec"]["securityGroups"]["groupIds"]
        assert groups == env.spec.isolation.security_groups
        assert env.spec.cluster.security_group not in groups
        for labels in pods(trees).values():
            assert policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()


def test_on_spot_nodes_previews_reach_https_and_no_metadata() -> None:
    trees = objects(environment(), "spot")
    assert sends_to(trees, "203.0.113.7", 443)
    assert not sends_to(trees, "203.0.113.7", 80)
    assert not sends_to(trees, "203.0.113.7", 443, "UDP")
    for metadata in ("169.254.169.254", "169.254.170.23"):
        assert not sends_to(trees, metadata, 443)


def test_on_spot_nodes_egress_is_what_the_environment_says() -> None:
    rules = [{"cidr": "10.7.0.0/16", "ports": [5432, 6379]}, {"cidr": "::/0", "ports": [443], "protocol": "UDP"}]
    trees = objects(isolated(egress=rules), "spot")
    assert sends_to(trees, "10.7.1.1", 5432)
    assert not sends_to(trees, "10.8.1.1", 5432)
    assert not sends_to(trees, "203.0.113.7", 443)
    assert sends_to(trees, "2001:db8::1", 443, "UDP")
    assert not sends_to(trees, "fd00:ec2::254", 443, "UDP")
    assert not sends_to(objects(isolated(egress=[]), "spot"), "203.0.113.7", 443)


def test_on_spot_nodes_the_load_balancer_reaches_the_port_of_what_is_exposed() -> None:
    trees = objects(environment(), "spot")
    admitted = {
        (name, port["port"], peer["ipBlock"]["cidr"])
        for tree in trees
        if tree["kind"] == "NetworkPolicy"
        for rule in tree["spec"].get("ingress", ())
        for peer in rule["from"]
        if "ipBlock" in peer
        for port in rule["ports"]
        for name, labels in pods(trees).items()
        if tree["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    }
    cidrs = environment().spec.isolation.load_balancer_cidrs
    assert admitted == {(name, port, cidr) for name, port in (("web", 3000), ("api", 4000)) for cidr in cidrs}


@pytest.mark.parametrize(("name", "compute"), EVERYWHERE)
def test_disk_has_a_bound_everywhere(name: str, compute: str) -> None:
    env = environment(name)
    for blueprint in COMPONENTS:
        if (blueprint, compute) == ("web-api-postgres", "spot"):
            continue
        trees = objects(env, compute, blueprint)
        (quota,) = [t["spec"]["hard"] for t in trees if t["kind"] == "ResourceQuota"]
        assert quota["limits.ephemeral-storage"] == quota["requests.ephemeral-storage"] == "20Gi"
        specs = [t["spec"]["template"]["spec"] for t in trees if t["kind"] in ("Deployment", "Job")]
        assert specs
        for spec in specs:
            for container in [*spec.get("initContainers", ()), *spec["containers"]]:
                resources = container["resources"]
                assert resources["limits"]["ephemeral-storage"] == resources["requests"]["ephemeral-storage"]
            for volume in spec.get("volumes", ()):
                assert volume["emptyDir"]["sizeLimit"]


@pytest.mark.parametrize(("name", "compute"), EVERYWHERE)
def test_what_load_balancers_need_comes_before_the_pods(name: str, compute: str) -> None:
    trees = objects(environment(name), compute)
    waves = {t["kind"]: int(t["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", 0)) for t in trees}
    assert waves["Ingress"] == waves["Service"] == waves["Namespace"] < waves["Deployment"] == 0
    services = {t["metadata"]["name"]: t["metadata"]["annotations"] for t in trees if t["kind"] == "Service"}
    for service in ("web", "api"):
        checks = {k.rpartition("/")[2]: v for k, v in services[service].items() if "health" in k}
        assert checks["healthcheck-interval-seconds"] == "5"
        assert checks["healthcheck-timeout-seconds"] == "3"
        assert checks["healthy-threshold-count"] == checks["unhealthy-threshold-count"] == "2"


def test_a_database_is_never_moved_to_pack_nodes_and_never_on_spot_by_default() -> None:
    env = environment(compute={"default": "spot", "allowed": ["spot", "fargate"]})
    entry = preview(env, blueprint="web-api-postgres")
    assert (entry.spec.compute, preview(env).spec.compute) == ("fargate", "spot")
    trees = [m.data for m in render(entry, env).manifests]
    (template,) = [
        t["spec"]["template"] for t in trees if t["kind"] == "Deployment" and t["metadata"]["name"] == "postgres"
    ]
    assert template["metadata"]["annotations"]["karpenter.sh/do-not-disrupt"] == "true"
    assert template["metadata"]["labels"]["preview.rtb-ai-hub/data"] == "in-the-pod"
