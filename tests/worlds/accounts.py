"""Three environments in three accounts, the hub's services with all that they can have in the first, and their stacks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from generator.bootstrap.account.objects import Stack
from generator.bootstrap.account.render import Account, account_of
from generator.errors import Location
from generator.model.environment import Environment
from generator.values.model_faults import Path
from worlds.builders import environment

INT, STG, PRD = "111111111111", "222222222222", "333333333333"
REGION = "ap-northeast-2"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/{INT}/rtb-hub-pushes"
HUB: dict[str, Any] = {
    "host": "hub.example.com",
    "scheme": "internal",
    "certificates": [f"arn:aws:acm:{REGION}:{INT}:certificate/00000000-0000-0000-0000-000000000002"],
    "loadBalancerCidrs": ["10.1.32.0/24"],
    "secretStore": "rtb-hub",
    "secrets": "rtb/hub/",
    "webhooks": ["github", "jira"],
    "jira": {"url": "https://example.atlassian.net", "email": "hub@example.com", "messages": "en"},
    "registries": {f"{INT}.dkr.ecr.{REGION}.amazonaws.com": {"kind": "ecr"}},
    "ecrQueue": QUEUE,
    "listenerRole": f"arn:aws:iam::{INT}:role/rtb-hub-listener",
    "workerRole": f"arn:aws:iam::{INT}:role/rtb-hub-worker",
    "dashboardRole": f"arn:aws:iam::{INT}:role/rtb-hub-control-role",
    "reconcilerRole": f"arn:aws:iam::{INT}:role/rtb-hub-reconciler",
    "redis": "rtb-hub.example.apn2.cache.amazonaws.com:6379",
    "signIn": {"oidc": {"issuer": "https://sso.example.com", "clientId": "rtb-hub"}, "roles": {"admin": ["a"]}},
}


def nowhere(_environment: str, _path: Path) -> Location | None:
    """Of environments that are in no file."""
    return None


@cache
def environments() -> tuple[Environment, ...]:
    """int with the hub's services, whose previews sleep once idle, stg, prd."""
    return (environment("int", hub=HUB, sleep={"afterIdle": "2h"}), environment("stg"), environment("prd"))


def account(name: str, among: Sequence[Environment] | None = None) -> Account:
    """The account of an environment."""
    given = environments() if among is None else among
    return account_of(next(one for one in given if one.name == name), given, nowhere)


def stacks(name: str, among: Sequence[Environment] | None = None) -> tuple[Stack, ...]:
    """The stacks of an environment's account."""
    return account(name, among).stacks


@cache
def every_stack() -> tuple[Stack, ...]:
    """Of all three accounts, in the order in which they are made: the hub's first."""
    return tuple(stack for one in environments() for stack in stacks(one.name))
