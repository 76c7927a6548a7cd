"""Judging a change of the state repository: whether it is one that the hub makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from generator.errors import ConfigError, Fault, Reason
from generator.model.blueprint import TemplateLibrary
from hub.adapters.git.history import GitHistory
from reconcilers.guard.judge import Guard, Judgement
from reconcilers.guard.walk import Policy, Walk, Who
from reconcilers.lifecycle.start import Starter
from reconcilers.ports.git import Snapshot
from reconcilers.state.policies import read_policies


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be judged, on `branch` (None: the one that BASE tells), made by `identity`.

    `revisions`: BASE..HEAD, or BASE...HEAD for what merging HEAD into BASE gives. `cap`: how many previews one
    change may touch.
    """

    revisions: str
    branch: str | None
    identity: Who
    cap: int


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of it. `environments`: those that live on the branch, sorted; none when BASE tells nothing."""

    walk: Walk
    environments: tuple[str, ...]
    judgement: Judgement


def guard(  # noqa: PLR0913 - what is judged, and by what
    change: Change,
    *,
    history: GitHistory,
    location: str,
    library: TemplateLibrary,
    starter: Starter,
    clock: Callable[[], datetime],
) -> Judged:
    """Judge a change by the policy at its base. `location` is that of the repository, for people; `library` is shipped.

    Raises `ConfigError`: InvalidValue for what is no change of a branch with environments, InvalidEnvironment
    for policy that cannot be read; and `Stalled` (RepositoryRefused) for a shallow clone.
    """
    walk = _walk(history, change.revisions)
    policies: Mapping[str, Policy] = {}
    if walk.base is not None and walk.is_ancestor:
        snapshot = history.snapshot(change.branch or "", walk.base)
        policies = _policies(snapshot, change.branch, location, library)
    judge = Guard(policies, history, starter.check, starter.version, clock(), change.identity, change.cap)
    return Judged(walk, tuple(sorted(policies)), judge.judge(walk))


def _walk(history: GitHistory, revisions: str) -> Walk:
    base, dots, head = revisions.partition("..")
    is_proposal = head.startswith(".")
    head = head.removeprefix(".")
    if not (base and dots and head) or head.startswith("."):
        allowed = "such as HEAD^1..HEAD, or prd...HEAD for what merging gives"
        fault = Fault(f"{revisions[:80]!r} is not two revisions", field="BASE..HEAD", allowed=allowed)
        raise ConfigError(Reason.INVALID_VALUE, fault)
    found = history.commit(head)
    if found is None:
        remedy = "name a commit of this repository; in a job, check the branch out first"
        raise ConfigError(Reason.INVALID_VALUE, Fault(f"there is no commit {head[:80]!r}", remedy=remedy))
    if not base.strip("0"):
        return Walk(base, found)  # what a forge gives as the commit before a branch was made
    start = history.commit(base)
    if start is None:
        return Walk(None, found)
    return history.proposal(start, found).walk if is_proposal else history.walk(start, found)


def _policies(snapshot: Snapshot, branch: str | None, location: str, library: TemplateLibrary) -> Mapping[str, Policy]:
    """The environments that live on the branch, by name, as BASE has them.

    Raises `ConfigError`: InvalidEnvironment, or InvalidValue when none lives there, or it is not clear which branch.
    """
    found = {name: Policy(*policy) for name, policy in read_policies(snapshot, location, library).items()}
    branches = sorted({policy.environment.spec.branch for policy in found.values()})
    if branch is None and len(branches) != 1:
        fault = Fault("BASE does not tell which branch this is", field="--branch", allowed=", ".join(branches))
        raise ConfigError(Reason.INVALID_VALUE, fault)
    branch = branch or branches[0]
    here = {name: policy for name, policy in found.items() if policy.environment.spec.branch == branch}
    if not here:
        fault = Fault(f"no environment lives on {branch[:80]!r}", field="--branch", allowed=", ".join(branches))
        raise ConfigError(Reason.INVALID_VALUE, fault)
    return here
