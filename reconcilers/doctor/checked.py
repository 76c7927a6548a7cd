"""What `rtb-hub doctor` looked at, as values: each edge words them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconcilers.approval.push_rules import BranchRule, PushRules


@dataclass(frozen=True, slots=True)
class CheckedEnvironment:
    """An environment's files on its branch: so many entries, and files of Argo CD."""

    environment: str
    entries: int
    files: int


@dataclass(frozen=True, slots=True)
class CheckedSharing:
    """What environments share."""


@dataclass(frozen=True, slots=True)
class CheckedRules:
    """The rules of one branch, and what is refused where people push to; `held` None: Git cannot tell."""

    branch: str
    rules: tuple[BranchRule, ...]
    held: PushRules | None


@dataclass(frozen=True, slots=True)
class CheckedProtection:
    """What the forge at `where` enforces for a branch, with so many ways past it."""

    branch: str
    where: str
    ways_past: int


@dataclass(frozen=True, slots=True)
class CheckedCluster:
    """What a cluster, by its context, has of an environment; `previews` None: the environment is not in it."""

    context: str
    environment: str
    previews: int | None


@dataclass(frozen=True, slots=True)
class CheckedSignIn:
    """How people sign in: by which `ways`. `database`: where keys and roles are; None: there is none yet."""

    ways: tuple[str, ...]
    database: str | None


@dataclass(frozen=True, slots=True)
class CheckedJira:
    """What the hub's account may do at a site, in these projects."""

    site: str
    projects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckedCode:
    """What the hub's key may do in these repositories of code, on GitHub or a Gitea."""

    forge: Literal["GitHub", "Gitea"]
    repositories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckedSlack:
    """What the hub's app may do in a workspace, and in so many channels."""

    team: str
    channels: int


@dataclass(frozen=True, slots=True)
class CheckedAccount:
    """So many objects of an environment's AWS account, and what they need."""

    environment: str
    account: str
    objects: int


Checked = (
    CheckedEnvironment
    | CheckedSharing
    | CheckedRules
    | CheckedProtection
    | CheckedCluster
    | CheckedSignIn
    | CheckedJira
    | CheckedCode
    | CheckedSlack
    | CheckedAccount
)
