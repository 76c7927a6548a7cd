"""Names and ARNs in an environment's account: every one that is known before AWS makes it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from generator.model.aws_account import AwsAccount
from generator.model.environment import Environment
from generator.values.aws import Arn, partition_of

#: IAM role that Fargate pulls images and writes logs as; trusted by Fargate alone.
PODS_ROLE = "rtb-preview-pods"
#: Namespace of the External Secrets Operator, and the service accounts of the three stores there.
SECRETS_NAMESPACE = "external-secrets"
PREVIEWS_READER, ARGOCD_READER, HUB_READER = "rtb-previews", "rtb-argocd", "rtb-hub"
#: What a session of the hub in an environment's account is called, or begins with: it stands in CloudTrail.
SESSION = "rtb-hub"


@dataclass(frozen=True, slots=True)
class Place:
    """One account in one region."""

    account: str
    region: str

    @classmethod
    def of(cls, environment: Environment) -> Place:
        """An environment's."""
        return cls(environment.spec.account, environment.spec.region)

    @property
    def partition(self) -> str:
        """The region's, such as `aws`."""
        return partition_of(self.region)

    @property
    def suffix(self) -> str:
        """What hosts of AWS's services end with there."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    def arn(self, service: str, resource: str) -> str:
        """Of something in this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def role(self, name: str) -> str:
        """Of a role."""
        return f"arn:{self.partition}:iam::{self.account}:role/{name}"

    @property
    def root(self) -> str:
        """Of the account as a principal."""
        return f"arn:{self.partition}:iam::{self.account}:root"

    def provider(self, issuer: str) -> str:
        """Of an OIDC provider."""
        return f"arn:{self.partition}:iam::{self.account}:oidc-provider/{issuer}"

    def repositories(self, names: Iterable[str]) -> tuple[str, ...]:
        """Of repositories of ECR."""
        return tuple(self.arn("ecr", f"repository/{name}") for name in names)

    def secrets_below(self, prefixes: Iterable[str]) -> tuple[str, ...]:
        """Of every secret whose name begins so."""
        return tuple(self.arn("secretsmanager", f"secret:{prefix}*") for prefix in prefixes)

    def secrets(self, names: Iterable[str]) -> tuple[str, ...]:
        """Of secrets by their whole names: AWS adds a hyphen and six characters of its own."""
        return tuple(self.arn("secretsmanager", f"secret:{name}-??????") for name in names)


def logical(kind: str, name: str) -> str:
    """An object's name in its stack, of `kind` and what it is about: whatever is beside it, the same.

    Another name would have a stack delete what it made and make it again.
    """
    words = "".join(word.capitalize() for word in re.findall("[A-Za-z0-9]+", name))
    return f"{kind}{words[:40]}{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def split_role(arn: str) -> tuple[str, str]:
    """(Path, name) of a role's ARN; the path is `/` or `/…/`."""
    *path, name = Arn.parse(arn).resource.split("/")[1:]
    return "/" + "".join(f"{part}/" for part in path), name


def aws_of(environment: Environment) -> AwsAccount:
    """`spec.aws`, which `checks.refuse_unfit` has seen to be there."""
    assert environment.spec.aws is not None  # noqa: S101 - checked before anything is rendered
    return environment.spec.aws
