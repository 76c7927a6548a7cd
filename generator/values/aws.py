"""Names that AWS gives, parsed: ARNs, regions with their partitions, accounts, and ids of what is in a VPC.

Sources: IAM User Guide, "Amazon Resource Names" and "IAM and AWS STS quotas"; the partitions of AWS's SDKs
(`partitions.json`); EC2 User Guide, "Resource IDs" (8 hexadecimal digits, or 17 since 2016); ELB User Guide, "Security
policies for your Application Load Balancer" and "Edit attributes".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field

#: Partition → what its regions look like. The first that fits counts.
_PARTITIONS = {
    "aws-cn": r"cn-[a-z]+-[1-9]",
    "aws-us-gov": r"us-gov-[a-z]+-[1-9]",
    "aws-iso": r"us-iso-[a-z]+-[1-9]",
    "aws-iso-b": r"us-isob-[a-z]+-[1-9]",
    "aws-iso-e": r"eu-isoe-[a-z]+-[1-9]",
    "aws-iso-f": r"us-isof-[a-z]+-[1-9]",
    "aws-eusc": r"eusc-de-[a-z]+-[1-9]",
    "aws": r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-[1-9]",
}
_REGIONS = {partition: re.compile(pattern) for partition, pattern in _PARTITIONS.items()}
_ACCOUNT = re.compile(r"[0-9]{12}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ROLE = re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}")
_MAX_ROLE_PATH = 512
_ID = "(?:[0-9a-f]{8}|[0-9a-f]{17})"

_PQ = [f"TLS13-1-{v}-PQ-2025-09" for v in ("3", "2", "2-Res", "2-Ext1", "2-Ext2")]
_FIPS = [f"TLS13-1-{v}-FIPS" for v in ("3", "2", "2-Res", "2-Ext0", "2-Ext1", "2-Ext2")]
#: Security policies of an Application Load Balancer that speak neither TLS 1.0 nor 1.1. One that AWS does not know
#: stalls the load-balancer group, so that a newer one waits for a release that has it here.
TLS_POLICIES = tuple(
    f"ELBSecurityPolicy-{name}"
    for name in (
        *(f"TLS13-1-{v}-2021-06" for v in ("2", "2-Res", "2-Ext1", "2-Ext2", "3")),
        *_PQ,
        *(f"{name}-{end}" for name in _FIPS for end in ("2023-04", "PQ-2025-09")),
        "FS-1-2-Res-2020-10",
        "FS-1-2-Res-2019-08",
        "FS-1-2-2019-08",
        "TLS-1-2-2017-01",
        "TLS-1-2-Ext-2018-06",
    )
)

_SWITCH = "true|false"
_LOGS = ("access_logs", "connection_logs", "health_check_logs")
#: Attribute of an Application Load Balancer → what it may be.
_ATTRIBUTES = {
    **{f"{log}.s3.enabled": _SWITCH for log in _LOGS},
    **{f"{log}.s3.bucket": r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]" for log in _LOGS},
    **{f"{log}.s3.prefix": r"[A-Za-z0-9!_.*'()/-]{0,512}" for log in _LOGS},
    "client_keep_alive.seconds": "[1-9][0-9]{1,5}",
    "deletion_protection.enabled": _SWITCH,
    "idle_timeout.timeout_seconds": "[1-9][0-9]{0,2}|[1-3][0-9]{3}|4000",
    "ipv6.deny_all_igw_traffic": _SWITCH,
    "routing.http.desync_mitigation_mode": "monitor|defensive|strictest",
    "routing.http.drop_invalid_header_fields.enabled": _SWITCH,
    "routing.http.preserve_host_header.enabled": _SWITCH,
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": _SWITCH,
    "routing.http.xff_client_port.enabled": _SWITCH,
    "routing.http.xff_header_processing.mode": "append|preserve|remove",
    "routing.http2.enabled": _SWITCH,
    "waf.fail_open.enabled": _SWITCH,
    "zonal_shift.config.enabled": _SWITCH,
}
_TAG = r"[A-Za-z0-9 +=._:/@-]"
_TAG_KEY, _TAG_VALUE = re.compile(_TAG + "{1,128}"), re.compile(_TAG + "{0,256}")
#: What the load balancer controller finds its own by: a group with one of them among its tags is refused.
_RESERVED_TAGS = ("aws:", "elbv2.k8s.aws/", "ingress.k8s.aws/", "kubernetes.io/", "service.k8s.aws/")


@dataclass(frozen=True, slots=True)
class Arn:
    """An Amazon Resource Name in its parts. `region` and `account` are empty where the service has none."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Arn:
        """The ARN in `text`. Raises `ValueError` with what is allowed."""
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn" or parts[1] not in _PARTITIONS:
            raise ValueError(f"{text[:80]!r} is not an ARN; allowed: arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE")
        arn = cls(*parts[1:])
        if arn.region:
            check_region(arn.region)
        if arn.account:
            check_account(arn.account)
        return arn


def partition_of(region: str) -> str:
    """The partition of a region. Raises `ValueError` for what no region looks like."""
    for partition, pattern in _REGIONS.items():
        if pattern.fullmatch(region):
            return partition
    raise ValueError(f"{region[:80]!r} is not an AWS region; allowed: such as ap-northeast-2 or us-gov-west-1")


def check_region(text: str) -> str:
    """The name of a region, of whatever partition."""
    partition_of(text)
    return text


def check_account(text: str) -> str:
    """An account's number: 12 digits."""
    if _ACCOUNT.fullmatch(text) is None:
        raise ValueError(f"{text[:80]!r} is not an AWS account; allowed: 12 digits, in quotes")
    return text


def check_certificate(text: str) -> str:
    """The ARN of a certificate in ACM: `arn:aws:acm:REGION:ACCOUNT:certificate/UUID`."""
    arn = Arn.parse(text)
    kind, _, name = arn.resource.partition("/")
    if (arn.service, kind) != ("acm", "certificate") or not (arn.region and arn.account and _UUID.fullmatch(name)):
        allowed = "arn:aws:acm:REGION:ACCOUNT:certificate/UUID"
        raise ValueError(f"{text[:120]!r} is not the ARN of a certificate in ACM; allowed: {allowed}")
    return text


def check_role(text: str) -> str:
    """The ARN of an IAM role: `arn:aws:iam::ACCOUNT:role/[PATH/]NAME`."""
    arn = Arn.parse(text)
    kind, _, rest = arn.resource.partition("/")
    *path, name = rest.split("/")
    is_named = _ROLE.fullmatch(name) and all(_ROLE.fullmatch(part) for part in path)
    if (arn.service, arn.region, kind) != ("iam", "", "role") or not arn.account or not is_named:
        raise ValueError(f"{text[:120]!r} is not the ARN of a role; allowed: arn:aws:iam::ACCOUNT:role/[PATH/]NAME")
    if sum(len(part) + 1 for part in path) >= _MAX_ROLE_PATH:
        raise ValueError(f"a role's path has at most {_MAX_ROLE_PATH} characters")
    return text


def check_tls_policy(text: str) -> str:
    """A security policy of an Application Load Balancer, without TLS 1.0 and 1.1."""
    if text not in TLS_POLICIES:
        what = "is no security policy of a load balancer that begins with TLS 1.2"
        raise ValueError(f"{text[:80]!r} {what}; allowed: {', '.join(TLS_POLICIES[:3])}, …")
    return text


def check_attributes(given: dict[str, str]) -> dict[str, str]:
    """Attributes of an Application Load Balancer, by name. One that AWS refuses stalls the load-balancer group."""
    for name, value in given.items():
        allowed = _ATTRIBUTES.get(name)
        if allowed is None:
            raise ValueError(f"{name[:80]!r} is no attribute of a load balancer; allowed: {', '.join(_ATTRIBUTES)}")
        seconds = name == "client_keep_alive.seconds" and value.isascii() and value.isdigit()
        if re.fullmatch(allowed, value, re.ASCII) is None or (seconds and not 60 <= int(value) <= 604800):
            shown = "60 to 604800" if seconds else allowed
            raise ValueError(f"{value[:80]!r} is not what {name} may be; allowed: {shown}")
    for log in _LOGS:
        if given.get(f"{log}.s3.enabled") == "true" and not given.get(f"{log}.s3.bucket"):
            raise ValueError(f"{log}.s3.enabled needs {log}.s3.bucket")
    return given


def check_tags(given: dict[str, str]) -> dict[str, str]:
    """Tags of AWS resources (Resource Groups User Guide), 40 at most: the load balancer controller adds its own."""
    if len(given) > 40:
        raise ValueError(f"{len(given)} tags are too many; allowed: 40")
    for key, value in given.items():
        if not _TAG_KEY.fullmatch(key) or not _TAG_VALUE.fullmatch(value):
            allowed = "128 characters a key, 256 a value, of letters, digits, spaces and + - = . _ : / @"
            raise ValueError(f"{key[:80]!r}: {value[:80]!r} is no tag; allowed: {allowed}")
        if key.lower().startswith(_RESERVED_TAGS):
            raise ValueError(f"the tag {key[:80]!r} is AWS's or the load balancer controller's own; take another key")
    return given


def _id(kind: str) -> Any:
    return Field(pattern=f"^{kind}-{_ID}$", examples=[f"{kind}-0123456789abcdef0"])


Region = Annotated[str, AfterValidator(check_region), Field(json_schema_extra={"examples": ["ap-northeast-2"]})]
Account = Annotated[str, AfterValidator(check_account), Field(json_schema_extra={"pattern": "^[0-9]{12}$"})]
Certificate = Annotated[
    str,
    AfterValidator(check_certificate),
    Field(json_schema_extra={"pattern": f"^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{{12}}:certificate/{_UUID.pattern}$"}),
]
Role = Annotated[
    str,
    AfterValidator(check_role),
    Field(json_schema_extra={"pattern": "^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$"}),
]
TlsPolicy = Annotated[str, AfterValidator(check_tls_policy), Field(json_schema_extra={"enum": [*TLS_POLICIES]})]
Attributes = Annotated[dict[str, str], AfterValidator(check_attributes)]
Tags = Annotated[dict[str, str], AfterValidator(check_tags)]
SecurityGroup = Annotated[str, _id("sg")]
Subnet = Annotated[str, _id("subnet")]
FileSystem = Annotated[str, _id("fs")]
AccessPoint = Annotated[str, _id("fsap")]
