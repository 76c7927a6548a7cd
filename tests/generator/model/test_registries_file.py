"""The file of registries: what it may say, and that each mistake is told with its place."""

from __future__ import annotations

import pytest

from generator.errors import ConfigError, Reason
from generator.model.registries import ecr_place, read_registries

TEXT = """\
registries:
  "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com":
    kind: ecr
    roleArn: arn:aws:iam::123456789012:role/rtb-hub-images
  ghcr.io:
    kind: oci
    repositories: [acme/]
    username: bot
    passwordFile: /run/secrets/ghcr
    blobHosts: [pkg-containers.githubusercontent.com]
  127.0.0.1:5000: {kind: oci}
"""


def test_it_says_how_each_registry_is_asked() -> None:
    found = read_registries(TEXT.encode(), "registries.yaml").registries
    assert [*found] == ["123456789012.dkr.ecr.ap-northeast-2.amazonaws.com", "ghcr.io", "127.0.0.1:5000"]
    assert ecr_place(next(iter(found))) == ("123456789012", "ap-northeast-2")
    assert ecr_place("1" * 12 + ".dkr.ecr-fips.us-gov-east-1.amazonaws.com") == ("1" * 12, "us-gov-east-1")


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("kind: ecr", "kind: aws", 3, "oci"),
        ("123456789012.dkr", "12345.dkr", 1, "no registry of ECR"),
        ("ghcr.io:", "GHCR.io:", 5, "small letters"),
        ("ghcr.io:", "https://ghcr.io:", 5, "no host"),
        ("    username: bot\n", "", 5, "both or none"),
        ("iam::123456789012:role/rtb-hub-images", "iam::1:user/x", 4, "no role"),
        ("    kind: oci\n    repositories", "    kind: ecr\n    repositories", 5, "only oci has"),
        ("{kind: oci}", "{kind: oci, roleArn: 'arn:aws:iam::123456789012:role/x'}", 11, "only ecr has"),
        ("{kind: oci}", "{kind: oci, insecure: true}", 11, "insecure"),
        ("[acme/]", "[/acme]", 7, "wrong form"),
        ("registries:\n", "registry:\n", 1, "registry"),
    ],
)
def test_a_mistake_is_told_with_its_place(old: str, new: str, line: int, says: str) -> None:
    assert old in TEXT
    with pytest.raises(ConfigError) as raised:
        read_registries(TEXT.replace(old, new, 1).encode(), "registries.yaml")
    told = [(fault.where.line if fault.where else 0, str(fault)) for fault in raised.value.faults]
    assert raised.value.reason is Reason.INVALID_REGISTRIES
    assert any(says.lower() in text.lower() for _, text in told), told
    assert line in {number for number, _ in told}, told


def test_what_is_no_mapping_is_none() -> None:
    with pytest.raises(ConfigError) as raised:
        read_registries(b"[]", "registries.yaml")
    assert raised.value.reason is Reason.INVALID_REGISTRIES
