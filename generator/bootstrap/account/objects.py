"""The kinds of objects that a stack makes, and nothing of how a format writes them.

`name` is an object's own in its stack, in CamelCase. What AWS gives when it makes an object is `Made`; every other name
is known beforehand. `keeps` marks what holds data, or cannot be had again: no format deletes it with its stack.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from generator.bootstrap.account.policy import Document

#: What EC2 takes as a description of a group or a rule (EC2 API, "CreateSecurityGroup").
_DESCRIPTION = re.compile(r"[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]{1,255}")
#: What an `EventRule` calls its one target.
TARGET = "queue"


@dataclass(frozen=True, slots=True)
class Made:
    """What AWS gives an object of the same stack when it makes it."""

    of: str
    what: Literal["id", "arn", "address"]


Value = str | Made


@dataclass(frozen=True, slots=True)
class Base:
    """What all have."""

    keeps: ClassVar[bool] = False
    name: str


@dataclass(frozen=True, slots=True)
class Role(Base):
    """An IAM role with policies of its own by their names. `path`: `/` or `/…/`."""

    role_name: str
    description: str
    trust: Document
    policies: Mapping[str, Document]
    path: str = "/"


@dataclass(frozen=True, slots=True)
class IdentityProvider(Base):
    """An OIDC provider that roles of the account trust."""

    keeps: ClassVar[bool] = True  # others' roles may have come to trust it
    url: str
    audience: str


@dataclass(frozen=True, slots=True)
class FargateProfile(Base):
    """Where pods of namespaces with these labels run. It is never changed, only replaced: its name says what it is."""

    profile_name: str
    cluster: str
    role: Value
    subnets: tuple[str, ...]
    namespace: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """What may pass between a security group and a peer: a network, or a group."""

    protocol: Literal["tcp", "udp"]
    first: int
    last: int
    why: str
    network: str | None = None
    group: Value | None = None

    def __post_init__(self) -> None:
        _check_description(self.why)


@dataclass(frozen=True, slots=True)
class SecurityGroup(Base):
    """A security group. `out` is never empty: where none is written, CloudFormation lets everything out."""

    group_name: str
    description: str
    vpc: str
    into: tuple[Rule, ...]
    out: tuple[Rule, ...]

    def __post_init__(self) -> None:
        _check_description(self.description)
        if not self.out:
            raise ValueError(f"{self.group_name} would let everything out")


@dataclass(frozen=True, slots=True)
class Opening(Base):
    """One rule of a group: of another's making, or between members of one."""

    direction: Literal["in", "out"]
    group: Value
    rule: Rule


@dataclass(frozen=True, slots=True)
class AccessEntry(Base):
    """Who a role is in the cluster: its groups. No access policy: Kubernetes' own roles say what they may."""

    cluster: str
    principal: Value
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Secret(Base):
    """A secret without a value: people put that in. `random`: AWS makes one, which nobody sees."""

    keeps: ClassVar[bool] = True
    secret_name: str
    description: str
    random: bool = False


@dataclass(frozen=True, slots=True)
class Certificate(Base):
    """A certificate of ACM, proved by a record in a hosted zone of the account."""

    keeps: ClassVar[bool] = True  # a load balancer may use it
    domain: str
    zone: str


@dataclass(frozen=True, slots=True)
class LogGroup(Base):
    """Where logs go, for `days`."""

    group_name: str
    days: int


@dataclass(frozen=True, slots=True)
class Budget(Base):
    """What an account may cost a month, in US dollars, and who is told at which percentages."""

    budget_name: str
    dollars: int
    percentages: tuple[int, ...]
    emails: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repository(Base):
    """A repository of ECR: tags stay what they are, images are scanned.

    A preview's image must be there as long as the preview is, whose pods may be replaced at any time: leases end after
    days, so that untagged images are kept for two weeks, and of tagged ones more than are built in that time.
    """

    keeps: ClassVar[bool] = True
    repository_name: str
    policy: Document
    newest: int = 1000
    untagged_days: int = 14


@dataclass(frozen=True, slots=True)
class Topic(Base):
    """Whom alarms are told: mail, once each address confirmed it."""

    topic_name: str
    emails: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alarm(Base):
    """A figure of CloudWatch that stays on one side of `threshold` for `minutes`.

    `missing`: what no figure means. A queue that nobody uses has none, and a database that works always has one.
    """

    alarm_name: str
    description: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    below: bool
    threshold: int
    minutes: int
    topic: Value
    missing: Literal["breaching", "notBreaching"] = "breaching"


@dataclass(frozen=True, slots=True)
class Queue(Base):
    """A queue of SQS, encrypted by it. What was received `receives` times and not deleted goes to the queue `dead`.

    A queue without `dead` takes in such messages, from the queue whose ARN `source` is, and from no other.
    """

    queue_name: str
    keep_seconds: int
    hidden_seconds: int
    dead: Made | None = None
    receives: int = 0
    source: str | None = None

    def __post_init__(self) -> None:
        if (self.dead is None) != (self.receives == 0) or (self.dead is None) == (self.source is None):
            raise ValueError(f"{self.queue_name} either gives up messages after some receives, or takes them in")


@dataclass(frozen=True, slots=True)
class QueuePolicy(Base):
    """Who but the account's own roles may do what with a queue."""

    queue: Made
    queue_name: str
    policy: Document


@dataclass(frozen=True, slots=True)
class EventRule(Base):
    """Which events EventBridge puts into a queue, and where it puts those that it could not within `seconds`."""

    rule_name: str
    description: str
    pattern: Mapping[str, Any]
    target: Made
    dead: Made
    seconds: int


@dataclass(frozen=True, slots=True)
class Subnets(Base):
    """Subnets that a database or a cache is in."""

    group_name: str
    description: str
    subnets: tuple[str, ...]
    of: Literal["database", "cache"]


@dataclass(frozen=True, slots=True)
class Database(Base):
    """PostgreSQL of RDS: encrypted, private, its master's password made and kept by AWS."""

    keeps: ClassVar[bool] = True
    identifier: str
    database: str
    version: str
    instance_class: str
    gib: int
    zones: int
    subnets: Value
    group: Value
    parameters: Value
    backup_days: int = 7


@dataclass(frozen=True, slots=True)
class CacheUser(Base):
    """Somebody who signs in to the cache with the value of a secret. `access` in Redis' ACL; `secret`: its object."""

    user_id: str
    user_name: str
    access: str
    secret: str
    secret_name: str


@dataclass(frozen=True, slots=True)
class CacheUsers(Base):
    """Users of a cache; AWS wants one who is called `default` among them."""

    group_id: str
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cache(Base):
    """Valkey of ElastiCache: one shard with a replica, TLS, encrypted, nothing evicted (BullMQ)."""

    keeps: ClassVar[bool] = True
    identifier: str
    description: str
    version: str
    parameters: str
    node_class: str
    subnets: Value
    group: Value
    users: str


@dataclass(frozen=True, slots=True)
class Parameters(Base):
    """Settings of a database or a cache."""

    group_name: str
    description: str
    family: str
    of: Literal["database", "cache"]
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Output:
    """What is read off a stack once it is there, and where in the environment's file it goes."""

    name: str
    value: Value
    goes_to: str


def _check_description(text: str) -> None:
    if _DESCRIPTION.fullmatch(text) is None:
        raise ValueError(f"EC2 takes no description like {text!r}")


Object = (
    Role
    | IdentityProvider
    | FargateProfile
    | SecurityGroup
    | Opening
    | AccessEntry
    | Secret
    | Certificate
    | LogGroup
    | Budget
    | Repository
    | Topic
    | Alarm
    | Queue
    | QueuePolicy
    | EventRule
    | Subnets
    | Parameters
    | Database
    | CacheUser
    | CacheUsers
    | Cache
)


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything that is made together in one account and region. Names of objects are unique."""

    name: str
    description: str
    account: str
    region: str
    objects: tuple[Object, ...]
    outputs: tuple[Output, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [one.name for one in self.objects]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{self.name} has two objects named {', '.join(twice)}")
