"""An environment's fields against one another, and the examples that are shipped against AWS's own formats."""

from __future__ import annotations

import re

import pytest

from generator.errors import ConfigError
from generator.model.across import shared_secret
from generator.model.overlay import read_environment
from hub import assets
from worlds.builders import environment
from worlds.places import ROOT

SHIPPED = assets.environment_files()
BASE, OWN = "environments/base/environment.yaml", "environments/int/environment.yaml"
CASES = [
    ("certificate of another region", "acm:ap-northeast-2", "acm:us-east-1", "exposure.certificates[0]", "of region us"),
    ("certificate of another account", "2:111111111111:cert", "2:999999999999:cert", "exposure.certificates[0]", "account"),
    ("certificate of another partition", "arn:aws:acm", "arn:aws-cn:acm", "exposure.certificates[0]", "partition"),
    ("role of another account", "iam::111111111111", "iam::999999999999", "cluster.roleArn", "of account 999999999999"),
    ("role of another partition", "arn:aws:iam", "arn:aws-us-gov:iam", "cluster.roleArn", "of partition aws-us-gov"),
    ("no address", "10.1.0.0/20", "300.1.0.0/20", "isolation.loadBalancerCidrs[0]", "is no network"),
    ("no length", "10.1.0.0/20", "10.1.0.0/33", "isolation.loadBalancerCidrs[0]", "is no network"),
    ("everybody as load balancer", "10.1.0.0/20", "0.0.0.0/0", "isolation.loadBalancerCidrs[0]", "no subnet of a VPC"),
    ("a group of 16 digits", "sg-01000000000000001", "sg-0100000000000001", "isolation.securityGroups[0]", "form"),
    ("the cluster's group", "[sg-01000000000000001]", "[sg-01000000000000001, sg-01000000000000002]",
     "isolation.securityGroups[1]", "the cluster's own group"),
    ("the nodes' group", "roleArn:", "nodeSecurityGroups: [sg-01000000000000001]\n    roleArn:",
     "isolation.securityGroups[0]", "the nodes' group"),
    ("a group twice", "[sg-01000000000000001]", "[sg-01000000000000001, sg-01000000000000001]",
     "isolation.securityGroups", "twice"),
    ("subnets of 16 digits", "exposure:", "exposure:\n    subnets: [subnet-0100000000000001, subnet-01000000000000002]",
     "exposure.subnets[0]", "form"),
    ("a prefix over Argo CD's secrets", "preview/int/app/", "rtb/", "secrets.prefixes[0]", "argocd.webhookSecret"),
    ("a prefix that is one", "preview/int/app/", "rtb/int/argocd", "secrets.prefixes[0]", "argocd.webhookSecret"),
    ("Argo CD's secrets below a prefix", "rtb/int/argocd-repository", "preview/int/app/argocd", "secrets.prefixes[0]",
     "argocd.repositoryCredentials"),
    ("one store for both", "argocd: #", "argocd:\n    secretStore: aws-secrets-manager #", "argocd.secretStore", "store"),
    ("an address as domain", "int.preview.example.com #", "10.1.2.3 #", "domain", "is an address"),
    ("TLS 1.0", "exposure:", "exposure:\n    sslPolicy: ELBSecurityPolicy-2016-08", "exposure.sslPolicy", "TLS 1.2"),
    ("an unknown attribute", "exposure:", "exposure:\n    attributes: {idle: '1'}", "exposure.attributes", "no attribute"),
    ("metadata as a destination", "isolation:",
     "isolation:\n    egress: [{cidr: 169.254.169.254/32, ports: [80]}]", "isolation.egress[0].cidr", "credentials"),
]  # fmt: skip


def read(own: str) -> None:
    read_environment("int", {BASE: SHIPPED[BASE], OWN: own})


@pytest.mark.parametrize(("old", "new", "field", "words"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_what_does_not_fit_is_told_at_its_place(old: str, new: str, field: str, words: str) -> None:
    assert SHIPPED[OWN].count(old) >= 1
    with pytest.raises(ConfigError) as caught:
        read(SHIPPED[OWN].replace(old, new, 1))
    (fault, *_) = caught.value.faults
    assert (fault.field, words in str(fault)) == (f"spec.{field}", True), str(fault)
    assert fault.where is not None
    assert (fault.where.file, fault.where.line > 1) == (OWN, True)


PAIRS = [
    (["preview/app/"], ["preview/app/"], "preview/app/*, which previews of both may name"),
    (["preview/"], ["preview/stg/"], "preview/stg/*, which previews of both may name"),
    (["preview/stg/db/"], ["x/", "preview/stg/"], "preview/stg/db/*, which previews of both may name"),
    (["preview/int/"], ["preview/stg/"], None),
    (["preview/int"], ["preview/integration/"], "preview/integration/*, which previews of both may name"),
    (["preview/int/"], ["rtb/int/"], "rtb/int/argocd-repository, Argo CD's own of the other"),
]


@pytest.mark.parametrize(("own", "others", "found"), PAIRS)
@pytest.mark.parametrize("is_swapped", [False, True])
def test_environments_of_one_account_whose_prefixes_contain_one_another_share(
    own: list[str], others: list[str], found: str | None, *, is_swapped: bool
) -> None:
    tree = environment("int").as_tree()["spec"]
    same = {field: tree[field] for field in ("account", "exposure", "cluster")}
    pair = environment("int", secrets={"store": "x", "prefixes": own}), environment("stg", **same, secrets={"store": "x", "prefixes": others})  # fmt: skip
    one, other = reversed(pair) if is_swapped else pair
    assert (shared_secret(one.spec, other.spec) or "").partition("argocd")[0] == (found or "").partition("argocd")[0]
    elsewhere = environment("stg", secrets={"store": "x", "prefixes": others})
    assert shared_secret(environment("int", secrets={"store": "x", "prefixes": own}).spec, elsewhere.spec) is None


def test_all_contradictions_are_told_at_once() -> None:
    own = SHIPPED[OWN].replace("iam::111111111111", "iam::999999999999").replace("preview/int/app/", "rtb/int/")
    with pytest.raises(ConfigError) as caught:
        read(own)
    assert len(caught.value.faults) == 3  # the role, and both secrets of Argo CD's


def test_shipped_environments_name_a_version_that_is_supported_and_their_own_registries() -> None:
    """Where a change is reviewed, nothing runs that anybody may have pushed anywhere."""
    for name in ("int", "stg", "prd"):
        spec = environment(name).spec
        # EKS' standard support of 1.34 ends on 2026-12-02 (EKS User Guide, "Kubernetes versions").
        assert tuple(map(int, spec.cluster.kubernetes.split("."))) >= (1, 36), name
        assert spec.images.pinned, name
        assert bool(spec.images.registries) == spec.gated, name


def test_every_shipped_id_is_of_aws_own_form() -> None:
    """In examples, documents and tests' inputs alike: 8 hexadecimal digits, or 17."""
    files = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "environments").rglob("*.yaml")]
    files += [*(ROOT / "argocd").rglob("*.yaml"), *(ROOT / "tests" / "golden").rglob("*.yaml")]
    found = {
        (path.name, found[0])
        for path in files
        for found in re.finditer(r"\b(sg|subnet|vpc|eni|rtb|i)-[0-9a-f]{6,}\b", path.read_text(encoding="utf-8"))
    }
    assert {name for _, name in found} >= {"sg-01000000000000001"}
    assert [one for one in found if len(one[1].partition("-")[2]) not in (8, 17)] == []
