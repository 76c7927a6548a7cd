"""Whether AWS would let a call through, offline: policies of identities and resources, and trusts, of rendered stacks.

As the IAM User Guide has it ("Policy evaluation logic", "IAM JSON policy elements: Condition operators"): in one account
either policy is enough, but trusts and roles need the resource's own; across accounts both are needed; a key that a
request does not have makes a condition false; nothing that is not allowed is. There are no denials here, and no
boundaries: rendered policies have none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from generator.bootstrap.account import objects as o

Document = Mapping[str, Any]


def matches(pattern: str, text: str) -> bool:
    """By IAM's wildcards: `*` any number of characters, `?` one."""
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def arn_matches(pattern: str, text: str) -> bool:
    """As `ArnEquals` and `ArnLike` compare, which are the same: each of the six parts by itself."""
    wanted, found = pattern.split(":", 5), text.split(":", 5)
    return len(wanted) == len(found) == 6 and all(map(matches, wanted, found))


OPERATORS = {
    "StringEquals": lambda wanted, found: wanted == found,
    "StringLike": matches,
    "ArnEquals": arn_matches,
    "ArnLike": arn_matches,
}


@dataclass(frozen=True)
class Caller:
    """Who calls: a role of an account, in an organisation, with policies of its own; or none yet (a token, a service)."""

    arn: str = ""
    organization: str = "o-exampleorgid"
    policies: Sequence[Document] = ()
    federated: str = ""
    service: str = ""
    context: Mapping[str, str] = field(default_factory=dict)

    @property
    def account(self) -> str:
        return self.arn.split(":")[4] if self.arn else ""

    def keys(self) -> dict[str, str]:
        own = {"aws:PrincipalArn": self.arn, "aws:PrincipalOrgID": self.organization} if self.arn else {}
        return {**own, **self.context}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _holds(statement: Document, action: str, keys: Mapping[str, str]) -> bool:
    if not any(matches(one.lower(), action.lower()) for one in listed(statement["Action"])):
        return False
    return all(
        key in keys and any(OPERATORS[operator](one, keys[key]) for one in listed(wanted))
        for operator, wanting in statement.get("Condition", {}).items()
        for key, wanted in wanting.items()
    )


def _names(principal: Any, caller: Caller) -> bool:
    """Whether a statement is about this caller. An account's root stands for whom that account lets."""
    if principal == "*":
        return bool(caller.arn)
    if caller.federated:
        return caller.federated in listed(principal.get("Federated", []))
    if caller.service:
        return caller.service in listed(principal.get("Service", []))
    root = f"arn:aws:iam::{caller.account}:root"
    return any(one in (caller.arn, root) for one in listed(principal.get("AWS", [])))


def by_identity(caller: Caller, action: str, resource: str) -> bool:
    """Whether a policy of the caller's allows it."""
    return any(
        _holds(statement, action, caller.keys())
        and any(matches(one, resource) for one in listed(statement["Resource"]))
        for policy in caller.policies
        for statement in policy["Statement"]
    )


def by_resource(policy: Document | None, caller: Caller, action: str) -> bool:
    """Whether the policy of what is called allows it."""
    statements = policy["Statement"] if policy is not None else []
    return any(_names(one["Principal"], caller) and _holds(one, action, caller.keys()) for one in statements)


class Aws:
    """All rendered stacks together."""

    def __init__(self, stacks: Sequence[o.Stack]) -> None:
        self.roles: dict[str, o.Role] = {}
        self.policies: dict[str, Document] = {}
        self.entries: dict[tuple[str, str], tuple[str, ...]] = {}
        for stack in stacks:
            roles = {one.name: self._arn(stack, one) for one in stack.objects if isinstance(one, o.Role)}
            for one in stack.objects:
                if isinstance(one, o.Role):
                    self.roles[self._arn(stack, one)] = one
                elif isinstance(one, o.Repository):
                    self.policies[f"arn:aws:ecr:{stack.region}:{stack.account}:repository/{one.repository_name}"] = (
                        one.policy
                    )
                elif isinstance(one, o.QueuePolicy):
                    self.policies[f"arn:aws:sqs:{stack.region}:{stack.account}:{one.queue_name}"] = one.policy
                elif isinstance(one, o.AccessEntry):
                    assert isinstance(one.principal, o.Made)
                    self.entries[one.cluster, roles[one.principal.of]] = one.groups

    def _arn(self, stack: o.Stack, role: o.Role) -> str:
        return f"arn:aws:iam::{stack.account}:role{role.path}{role.role_name}"

    def role(self, arn: str, **context: str) -> Caller:
        """A session of a rendered role."""
        return Caller(arn, policies=tuple(self.roles[arn].policies.values()), context=context)

    def may(self, caller: Caller, action: str, resource: str) -> bool:
        """Whether the call would be let through."""
        if action.startswith("sts:AssumeRole"):
            trust = self.roles[resource].trust if resource in self.roles else None
            trusted = by_resource(trust, caller, action)
            return trusted and (not caller.arn or by_identity(caller, action, resource))
        policy = self.policies.get(resource)
        if caller.service:
            return by_resource(policy, caller, action)
        own, theirs = by_identity(caller, action, resource), by_resource(policy, caller, action)
        return own or theirs if caller.account == resource.split(":")[4] else own and theirs

    def wildcards(self) -> Iterator[str]:
        """Every resource of a role's policy that has one."""
        for role in self.roles.values():
            for policy in role.policies.values():
                yield from (one for s in policy["Statement"] for one in listed(s["Resource"]) if "*" in one)
