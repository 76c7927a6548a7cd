"""What is applied to an environment's cluster: valid, apart from one another, and as the account's roles trust."""

from __future__ import annotations

from typing import Any

import pytest

from generator.bootstrap.account import objects as o
from generator.validate.schemas import VERSIONS
from generator.validate.validation import PolicySettings, Validator
from hub import assets
from worlds.accounts import account, environments
from worlds.builders import environment

ENVIRONMENTS = ["int", "stg", "prd"]


def trees(name: str) -> dict[tuple[str, str], Any]:
    return {(one.kind, one.data["metadata"]["name"]): one.data for one in account(name).cluster}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_objects_validate_for_every_version(name: str) -> None:
    found = Validator(assets.generator_data).validate(
        account(name).cluster, kubernetes=VERSIONS, settings=PolicySettings()
    )
    assert [str(one) for one in found if one.severity == "error"] == []


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_each_store_has_the_service_account_that_its_role_trusts(name: str) -> None:
    roles = {one.role_name: one for stack in account(name).stacks for one in stack.objects if isinstance(one, o.Role)}
    found = trees(name)
    stores = [tree for (kind, _), tree in found.items() if kind == "ClusterSecretStore"]
    assert len(stores) == (3 if name == "int" else 2)
    for store in stores:
        reference = store["spec"]["provider"]["aws"]["auth"]["jwt"]["serviceAccountRef"]
        arn = found["ServiceAccount", reference["name"]]["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
        conditions = roles[arn.rsplit("/", 1)[1]].trust["Statement"][0]["Condition"]["StringEquals"]
        subjects = [value for key, value in conditions.items() if key.endswith(":sub")]
        assert subjects == [f"system:serviceaccount:{reference['namespace']}:{reference['name']}"]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_no_two_stores_are_for_the_same_namespace(name: str) -> None:
    conditions = [
        condition
        for (kind, _), tree in trees(name).items()
        if kind == "ClusterSecretStore"
        for condition in tree["spec"]["conditions"]
    ]
    own = [space for condition in conditions for space in condition.get("namespaces", [])]
    assert [condition for condition in conditions if "namespaceRegexes" in condition] == [
        {"namespaceRegexes": ["^preview-.*$"]}
    ]
    assert len(set(own)) == len(own)
    assert not [space for space in own if space.startswith("preview-")]


def test_logs_go_where_the_pods_role_may_write() -> None:
    (group,) = (one for one in account("stg").stacks[0].objects if isinstance(one, o.LogGroup))
    output = trees("stg")["ConfigMap", "aws-logging"]["data"]["output.conf"]
    assert f"    log_group_name {group.group_name}\n" in output
    assert "    auto_create_group false\n" in output
    assert len(output) < 5300, "EKS takes no more (Fargate logging)"


def test_spot_nodes_are_for_previews_alone_and_their_metadata_for_no_pod() -> None:
    found = trees("int")
    nodes = found["EC2NodeClass", "previews-spot"]["spec"]
    assert nodes["metadataOptions"]["httpPutResponseHopLimit"] == 1
    assert nodes["metadataOptions"]["httpTokens"] == "required"
    assert nodes["role"] == "KarpenterNodeRole-rtb-int"
    pool = found["NodePool", "previews-spot"]["spec"]
    assert pool["template"]["spec"]["nodeClassRef"]["name"] == "previews-spot"
    assert pool["template"]["spec"]["taints"] == [{"key": "rtb.hub/preview", "value": "true", "effect": "NoSchedule"}]


def test_there_are_no_spot_nodes_where_spot_is_not_allowed() -> None:
    assert not [kind for kind, _ in trees("prd") if kind in ("NodePool", "EC2NodeClass")]


def test_argo_cd_without_secrets_has_no_store() -> None:
    spec = environment("stg").as_tree()["spec"]
    quiet = {
        key: value for key, value in spec["argocd"].items() if key not in ("webhookSecret", "repositoryCredentials")
    }
    among = [environments()[0], environment("stg", argocd=quiet)]
    found = account("stg", among)
    assert [one.data["metadata"]["name"] for one in found.cluster if one.kind == "ClusterSecretStore"] == [
        "aws-secrets-manager"
    ]
    assert not [one for stack in found.stacks for one in stack.objects if one.name == "ArgocdSecretsRole"]
