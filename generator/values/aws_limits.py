"""What AWS allows names and ids to be, parsed: what a stack would be refused for is refused where it was written.

Sources: IAM User Guide, "IAM and AWS STS quotas"; Organizations API, "Organization"; Route 53 API, "HostedZone"; ECR
API, "CreateRepository"; EKS User Guide, "OIDC provider"; CloudWatch Logs API, "PutRetentionPolicy"; RDS User Guide, "DB
instance class types"; ElastiCache User Guide, "Supported node types"; Amazon ECS Developer Guide, "Supported Regions
for Amazon ECS on AWS Fargate" (Linux), which EKS shares, read on 2026-11-28.
"""

from __future__ import annotations

import re
from string import ascii_letters, digits
from typing import Annotated, Any

from pydantic import AfterValidator, Field

#: Regions that have Fargate for Linux. A newer one waits for a release that knows it.
FARGATE_REGIONS = frozenset(
    f"{area}-{number}"
    for area, numbers in {
        **dict.fromkeys(("us-east", "us-west", "ap-south", "eu-central", "eu-south"), "12"),
        **dict.fromkeys(("ca-central", "ca-west", "mx-central", "sa-east", "eu-north", "af-south", "il-central"), "1"),
        **dict.fromkeys(("me-central", "me-south", "us-gov-east", "us-gov-west", "cn-north", "cn-northwest"), "1"),
        "ap-east": "1",
        "ap-northeast": "123",
        "ap-southeast": "123457",
        "eu-west": "123",
    }.items()
    for number in numbers
)
#: Days that CloudWatch Logs keeps events for.
LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
MAX_ROLE_NAME = 64
_NAMED = frozenset(ascii_letters + digits)
_ECR_PART = r"[a-z0-9]+(?:[._-][a-z0-9]+)*"
_ECR = re.compile(rf"{_ECR_PART}(?:/{_ECR_PART})*")
_EMAIL = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9-]{1,63})+")
_GITHUB = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


def check_role_name(text: str) -> str:
    """The name of an IAM role, without a path: 64 characters at most."""
    if len(text) > MAX_ROLE_NAME:
        raise ValueError(f"{text[:80]!r} has {len(text)} characters; allowed: {MAX_ROLE_NAME} in a role's name")
    if not text or not _NAMED.union("_+=,.@-").issuperset(text):
        raise ValueError(f"{text[:80]!r} is not the name of a role; allowed: letters, digits and _ + = , . @ -")
    return text


def check_ecr_name(text: str) -> str:
    """The name of a repository in ECR: 2 to 256 characters."""
    if not 2 <= len(text) <= 256 or _ECR.fullmatch(text) is None:
        allowed = "2 to 256 characters: small letters and digits, with single . _ - between them, and / between parts"
        raise ValueError(f"{text[:80]!r} is not the name of a repository in ECR; allowed: {allowed}")
    return text


def check_email(text: str) -> str:
    """An address that AWS sends mail to."""
    if _EMAIL.fullmatch(text) is None or len(text) > 50:
        raise ValueError(f"{text[:80]!r} is not an address of mail; allowed: NAME@DOMAIN, 50 characters at most")
    return text


def check_github_repository(text: str) -> str:
    """A repository of GitHub as `OWNER/NAME`; no wildcard, since a role's trust is made of it."""
    if _GITHUB.fullmatch(text) is None:
        raise ValueError(f"{text[:120]!r} is not a repository of GitHub; allowed: OWNER/NAME")
    return text


def check_github_branch(text: str) -> str:
    """A branch that a role trusts: no wildcard of IAM's, and none of Git's."""
    is_named = _NAMED.union("._/-").issuperset(text) and text[:1] in _NAMED
    if not text or len(text) > 200 or not is_named or ".." in text:
        raise ValueError(f"{text[:80]!r} is not a branch to trust; allowed: letters, digits and . _ / -")
    return text


def check_log_days(days: int) -> int:
    """A number of days that CloudWatch Logs takes."""
    if days not in LOG_DAYS:
        raise ValueError(f"{days} days cannot be kept; allowed: {', '.join(map(str, LOG_DAYS))}")
    return days


def _shown(pattern: str, *examples: str) -> Any:
    return Field(json_schema_extra={"pattern": pattern, "examples": [*examples]})


RoleName = Annotated[str, AfterValidator(check_role_name), _shown("^[A-Za-z0-9_+=,.@-]{1,64}$", "rtb-hub-control-role")]
Issuer = Annotated[
    str,
    Field(
        pattern=r"^oidc\.eks\.[a-z0-9-]{1,30}\.amazonaws\.com(\.cn)?/id/[A-F0-9]{32}$",
        examples=["oidc.eks.ap-northeast-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"],
    ),
]
EcrName = Annotated[str, AfterValidator(check_ecr_name), _shown(f"^{_ECR.pattern}$", "web", "team/api")]
Email = Annotated[str, AfterValidator(check_email), _shown(f"^{_EMAIL.pattern}$", "platform@example.com")]
GitHubRepository = Annotated[
    str, AfterValidator(check_github_repository), _shown(f"^{_GITHUB.pattern}$", "team/rtb-ai-hub")
]
GitHubBranch = Annotated[
    str, AfterValidator(check_github_branch), _shown("^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$", "main")
]
LogDays = Annotated[int, AfterValidator(check_log_days), Field(json_schema_extra={"enum": [*LOG_DAYS]})]
Organization = Annotated[str, Field(pattern=r"^o-[a-z0-9]{10,32}$", examples=["o-exampleorgid"])]
Vpc = Annotated[str, Field(pattern="^vpc-(?:[0-9a-f]{8}|[0-9a-f]{17})$", examples=["vpc-0123456789abcdef0"])]
Zone = Annotated[str, Field(pattern="^Z[A-Z0-9]{1,31}$", examples=["Z0123456789ABCDEFGHIJ"])]
DatabaseClass = Annotated[str, Field(pattern=r"^db\.[a-z0-9]{2,8}\.[a-z0-9]{2,12}$", examples=["db.t4g.small"])]
CacheClass = Annotated[str, Field(pattern=r"^cache\.[a-z0-9]{2,8}\.[a-z0-9]{2,12}$", examples=["cache.t4g.small"])]
