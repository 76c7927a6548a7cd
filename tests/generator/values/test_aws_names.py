"""ARNs, ids, networks, registries: what AWS takes is taken, and everything that only looks like it is refused."""

from __future__ import annotations

import string
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from generator.values import aws, bounds, networks

CERTIFICATE = "arn:aws:acm:ap-northeast-2:111111111111:certificate/00000000-0000-0000-0000-000000000001"
ROLE = "arn:aws:iam::111111111111:role/rtb-hub-reader"
Check = Callable[[str], str]

GOOD: list[tuple[Check, str]] = [
    (aws.check_certificate, CERTIFICATE),
    (aws.check_certificate, CERTIFICATE.replace("arn:aws:", "arn:aws-cn:")),
    (aws.check_role, ROLE),
    (aws.check_role, "arn:aws-us-gov:iam::012345678901:role/team/a.b/Role_+=,.@-1"),
    *((aws.check_region, region) for region in ("us-east-1", "cn-northwest-1", "us-gov-west-1", "eusc-de-east-1")),
    (aws.check_account, "000000000001"),
    (aws.check_tls_policy, "ELBSecurityPolicy-TLS13-1-3-2021-06"),
    (aws.check_tls_policy, "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"),
    (networks.check_subnets, "10.1.0.0/20"),
    (networks.check_subnets, "2001:db8:1:2::/64"),
    (networks.check_network, "0.0.0.0/0"),
    (networks.check_network, "203.0.113.7/32"),
    (networks.check_destination, "0.0.0.0/0"),
    (bounds.check_registry, "registry.example.com"),
    (bounds.check_registry, "localhost:5000/team/web/"),
    (bounds.check_secret_prefix, "preview/int/app/"),
    (bounds.check_storage, "20Gi"),
]
BAD: list[tuple[Check, str]] = [
    *(
        (aws.check_certificate, text)
        for text in (
            "",
            "arn:aws:acm",
            CERTIFICATE + "0",
            CERTIFICATE[:-1],
            CERTIFICATE.replace("1111:", "111:"),
            CERTIFICATE.replace("ap-northeast-2", ""),
            CERTIFICATE.replace("ap-northeast-2", "ap-north"),
            CERTIFICATE.replace("arn:aws:", "arn:awsx:"),
            CERTIFICATE.replace(":acm:", ":iam:"),
            CERTIFICATE.replace("0-0000", "0_0000"),
            CERTIFICATE.replace("certificate/", "certificate:"),
            CERTIFICATE.replace("00000000-0000-0000-0000-000000000001", "0" * 36),
            CERTIFICATE + "\n",
        )
    ),
    *(
        (aws.check_role, text)
        for text in (
            "arn:aws:iam::111111111111:role/",
            "arn:aws:iam::111111111111:role/a//b",
            "arn:aws:iam::111111111111:role/" + "r" * 65,
            "arn:aws:iam::111111111111:role/" + "path/" * 110 + "r",
            "arn:aws:iam::111111111111:user/a",
            "arn:aws:iam:us-east-1:111111111111:role/a",
            "arn:aws:iam::11111111111:role/a",
            "arn:aws:iam:::role/a",
            "arn:aws:sts::111111111111:assumed-role/a/b",
            ROLE + " ",
        )
    ),
    *((aws.check_region, region) for region in ("", "us", "us-east", "us-east-1a", "xx-east-1", "US-EAST-1")),
    *((aws.check_account, text) for text in ("1" * 11, "1" * 13, "11111111111a", "١" * 12)),
    *(
        (aws.check_tls_policy, f"ELBSecurityPolicy-{name}")
        for name in ("2016-08", "TLS13-1-0-2021-06", "TLS13-1-1-2021-06", "FS-2018-06", "TLS-1-1-2017-01", "TLS13-1-2")
    ),
    *(
        (networks.check_subnets, text)
        for text in (
            "300.1.0.0/20", "10.1.0.0/33", "10.1.0.0", "10.1.0.0/255.255.240.0", "10.1.0.1/20", "010.1.0.0/20",
            "10.1.0.0/8", "10.1.0.0/29", "0.0.0.0/0", "127.0.0.0/20", "224.0.0.0/20", "169.254.0.0/16", "fe80::%1/64",
            "2001:db8::/32", " 10.1.0.0/20", "10.1.0.0/20\n", "10.1/16", "",
        )
    ),
    *((networks.check_network, text) for text in ("127.0.0.1/32", "ff02::/16", "10.0.0.0/-1", "::1/128")),
    *((networks.check_destination, text) for text in ("169.254.169.254/32", "fd00:ec2::254/128")),
    *((bounds.check_registry, text) for text in ("", "/", "https://a.example.com", "a b", "a.example.com//x", "-a.b")),
    *((bounds.check_secret_prefix, text) for text in ("", "a b", "preview/*", "é", "preview/../")),
    *((bounds.check_storage, text) for text in ("0", "21Gi", "-1Gi", "x")),
]  # fmt: skip


def rows(table: list[tuple[Check, str]]) -> list[object]:
    return [pytest.param(*row, id=f"{row[0].__name__[6:]} {row[1][:60]!r} {n}") for n, row in enumerate(table)]


@pytest.mark.parametrize(("check", "text"), rows(GOOD))
def test_what_aws_takes_is_taken(check: Check, text: str) -> None:
    assert check(text) == text


@pytest.mark.parametrize(("check", "text"), rows(BAD))
def test_what_only_looks_like_it_is_refused(check: Check, text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the texts are for people
        check(text)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("sg-01234567", True),
        ("sg-0123456789abcdef0", True),
        ("sg-012345678", False),
        ("sg-0123456789abcdef", False),
        ("sg-0123456789abcdef01", False),
        ("sg-0123456789ABCDEF0", False),
        ("subnet-01234567", False),
    ],
)
def test_an_id_has_8_or_17_digits(name: str, is_one: bool) -> None:
    adapter = TypeAdapter(aws.SecurityGroup)
    if is_one:
        assert adapter.validate_python(name) == name
    else:
        with pytest.raises(ValidationError):
            adapter.validate_python(name)


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        ({"idle_timeout.timeout_seconds": "4000"}, True),
        ({"idle_timeout.timeout_seconds": "4001"}, False),
        ({"client_keep_alive.seconds": "59"}, False),
        ({"client_keep_alive.seconds": "604800"}, True),
        ({"client_keep_alive.seconds": "999999"}, False),
        ({"routing.http2.enabled": "yes"}, False),
        ({"routing.http3.enabled": "true"}, False),
        ({"access_logs.s3.enabled": "true"}, False),
        ({"access_logs.s3.enabled": "true", "access_logs.s3.bucket": "logs-of-previews"}, True),
        ({"waf.fail_open.enabled": "true\n"}, False),
    ],
)
def test_attributes_are_those_that_a_load_balancer_has(given: dict[str, str], is_taken: bool) -> None:
    if is_taken:
        assert aws.check_attributes(given) == given
    else:
        with pytest.raises(ValueError, match=r"allowed|needs"):
            aws.check_attributes(given)


@pytest.mark.parametrize(
    "given",
    [
        {"aws:x": "1"}, {"AWS:x": "1"}, {"ingress.k8s.aws/stack": "x"}, {"kubernetes.io/cluster/x": "owned"}, {"": "x"},
        {"a": "x" * 257}, {"a*": "x"}, {f"k{n}": "x" for n in range(41)},
    ],
)  # fmt: skip
def test_tags_that_are_not_ours_to_give_are_refused(given: dict[str, str]) -> None:
    assert aws.check_tags({"team": "previews of web", "cost-center": "1/2"})
    with pytest.raises(ValueError, match=r"allowed|another key"):
        aws.check_tags(given)


@pytest.mark.parametrize(
    ("image", "registry", "is_one"),
    [
        ("registry.example.com/web@sha256:a", "registry.example.com", True),
        ("registry.example.com/web@sha256:a", "registry.example.com/", True),
        ("registry.example.com.evil.net/web", "registry.example.com", False),
        ("registry.example.com:5000/web", "registry.example.com", False),
        ("registry.example.com/team/web", "registry.example.com/team", True),
        ("registry.example.com/team:1", "registry.example.com/team/", True),
        ("registry.example.com/teams/web", "registry.example.com/team", False),
        ("web", "registry.example.com", False),
    ],
)
def test_an_image_is_from_a_registry_by_whole_parts_of_its_name(image: str, registry: str, is_one: bool) -> None:
    assert bounds.is_from(image, [registry]) is is_one


@given(st.text(string.printable, max_size=80) | st.builds("{}/{}".format, st.ip_addresses(), st.integers(-1, 130)))
def test_any_text_is_taken_as_it_is_or_a_value_error(text: str) -> None:
    checks = {check for check, _ in (*GOOD, *BAD)}
    for check in checks:
        try:
            assert check(text) == text
        except ValueError:
            continue
