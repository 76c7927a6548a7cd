"""IAM policies as values. What would let anybody do anything, or reach anything, cannot be made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

VERSION = "2012-10-17"
#: Asked of AWS to know whether anything of a preview is left there; both only describe.
TARGET_GROUPS = ("elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTags")
#: Asked of CloudWatch to know whether a preview is used.
TRAFFIC = ("cloudwatch:GetMetricData",)
#: Actions that IAM knows no resource for (Service Authorization Reference: "Amazon ECR", "Elastic Load Balancing V2",
#: "Amazon CloudWatch").
UNSCOPED = frozenset({"ecr:GetAuthorizationToken", *TARGET_GROUPS, *TRAFFIC})

Conditions = Mapping[str, Mapping[str, str | Sequence[str]]]
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """What is allowed. `principal`: kind → who, in policies of resources and in trusts; "*" only with conditions.

    `resources` is empty in a trust, and in a policy of a repository: they are about what they stand at. Raises
    `ValueError` for any action, for any resource, and for anybody without a condition on the organisation.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ()
    principal: Mapping[str, str] = field(default_factory=dict)
    conditions: Conditions = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.actions or any("*" in action.partition(":")[2] or ":" not in action for action in self.actions):
            raise ValueError(f"{self.sid}: actions are named one by one: {', '.join(self.actions) or 'none'}")
        if "*" in self.resources and not UNSCOPED.issuperset(self.actions):
            raise ValueError(f"{self.sid}: any resource, for {', '.join(self.actions)}")
        if not self.resources and not self.principal:
            raise ValueError(f"{self.sid}: neither on what nor for whom")
        if "*" in self.principal.values() and "aws:PrincipalOrgID" not in self.conditions.get("StringEquals", {}):
            raise ValueError(f"{self.sid}: for anybody, whatever the organisation")

    def as_tree(self) -> Document:
        """As IAM has it. One action or resource stands alone, as IAM itself writes it."""
        tree: Document = {"Sid": self.sid, "Effect": "Allow", "Action": _few(self.actions)}
        if self.principal:
            tree["Principal"] = "*" if self.principal == {"AWS": "*"} else dict(self.principal)
        if self.resources:
            tree["Resource"] = _few(self.resources)
        if self.conditions:
            tree["Condition"] = {
                operator: {key: value if isinstance(value, str) else _few(tuple(value)) for key, value in keys.items()}
                for operator, keys in self.conditions.items()
            }
        return tree


def document(*statements: Statement) -> Document:
    """A policy of these statements."""
    return {"Version": VERSION, "Statement": [statement.as_tree() for statement in statements]}


def service_account_trust(provider: str, issuer: str, accounts: Sequence[str]) -> Document:
    """Trust in service accounts of a cluster (`NAMESPACE:NAME`), by its OIDC provider (IRSA); Fargate has no other way.

    Both audience and subject are compared as a whole: with either left out, any pod of the cluster has the role.
    """
    subjects = tuple(f"system:serviceaccount:{account}" for account in accounts)
    conditions = {"StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": _few(subjects)}}
    return document(
        Statement(
            "ServiceAccounts",
            ("sts:AssumeRoleWithWebIdentity",),
            principal={"Federated": provider},
            conditions=conditions,
        )
    )


def _few(texts: tuple[str, ...]) -> Any:
    return texts[0] if len(texts) == 1 else list(texts)
