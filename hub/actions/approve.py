"""What awaits a review at the forges, with what each waits for; and a review where the forge is a local one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import About, ConfigError, Fault, HubError, Reason, Remedy, RemedyKind, Stalled
from generator.values.naming import IssueKey
from hub.approval.requests import Requests
from reconcilers.approval.decisions import ApprovalResult
from reconcilers.approval.verdict import Verdict
from reconcilers.ports.forge import ChangeRequest, ReviewState
from reconcilers.state.environment import EnvironmentState, request_branch

if TYPE_CHECKING:
    from generator.model.environment import Environment
    from hub.adapters.local_forge.forge import LocalForge


@dataclass(frozen=True, slots=True)
class Approvals:
    """The requests of each gated environment, judged. `without_forge` are reviewed past the hub.

    `unreadable`: why nothing is told of an environment, by its name, or of a branch.
    """

    passes: tuple[ApprovalResult, ...]
    without_forge: tuple[str, ...]
    unreadable: Mapping[str, HubError]


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """The review of a preview's open request by the account `by`."""

    key: IssueKey
    environment: str
    state: ReviewState
    by: str


@dataclass(frozen=True, slots=True)
class ReviewGiven:
    """A review that was given to `request`, and what becomes of that now; None: that could not be told."""

    asked: ReviewRequest
    request: ChangeRequest
    verdict: Verdict | None = None


def approvals(environment: str | None, *, requests: Requests) -> Approvals:
    """What awaits a review in one gated environment, or in all that name a forge. Changes nothing.

    Raises `ConfigError` (UnknownEnvironment; InvalidEnvironment: it names no forge), what keeps the one from being
    read, and what the forge raises.
    """
    unreadable: Mapping[str, HubError] = {}
    if environment is not None:
        states: tuple[EnvironmentState, ...] = (requests.reading().state(environment),)
    else:
        states, unreadable = requests.reading().each()
    gated = [one for one in states if one.environment.spec.gated]
    # Of all, those that name no forge are only told of; people review them where they are.
    without = [one.environment.name for one in gated if environment is None and one.environment.spec.forge is None]
    judged = (_judged(state, requests) for state in gated if state.environment.name not in without)
    return Approvals(tuple(judged), tuple(without), unreadable)


def _judged(state: EnvironmentState, requests: Requests) -> ApprovalResult:
    environment = state.environment
    forge = requests.forge(environment)
    if forge is None or environment.spec.approval is None:
        name, lacks = environment.name, "forge" if forge is None else "approval"
        fault = Fault(f"{name} has no {lacks} in its file", field=lacks, remedy=f"set {lacks} in its environment.yaml")
        raise ConfigError(Reason.INVALID_ENVIRONMENT, fault)
    return requests.review_process(forge).found(state, now=requests.clock())


def approve(asked: ReviewRequest, *, requests: Requests, forge_as: Callable[[str], LocalForge]) -> ReviewGiven:
    """Review a request of a local forge, which `forge_as` opens for an account. It proves nobody's identity.

    Raises `ConfigError` (InvalidForge) for other forges, `Stalled` (RequestNotFound), and what the forge raises.
    """
    state = requests.reading().state(asked.environment)
    environment = state.environment
    if environment.spec.forge is None or environment.spec.forge.kind != "local":
        raise ConfigError(Reason.INVALID_FORGE, _reviewed_elsewhere(environment))
    forge = forge_as(asked.by)
    branch = request_branch(asked.environment, asked.key)
    found = forge.requests(environment.spec.branch, prefix=branch, closed_since=requests.clock())
    request = next((one for one in found if one.branch == branch and one.state == "open"), None)
    if request is None:
        message = f"nothing of {asked.key} awaits a review in {asked.environment}"
        remedy = Remedy(RemedyKind.LIST_REQUESTS, About(asked.environment))
        raise Stalled(Reason.REQUEST_NOT_FOUND, message, remedy=remedy)
    forge.review(request.number, asked.state)
    return ReviewGiven(asked, request, _verdict(state, request, requests))


def _reviewed_elsewhere(environment: Environment) -> Fault:
    """Why there is nothing to review here: no review is asked for, or it is given on a forge."""
    name, forge = environment.name, environment.spec.forge
    if not environment.spec.gated:
        return Fault(f"{name} changes without review: it has no requests", remedy="what is started there is there")
    if forge is None:
        what = f"{name} names no forge in its file, so its pull requests are opened, reviewed and merged by hand"
        return Fault(what, field="forge", remedy="review the pull request where the repository is (docs/FORGES.md)")
    what = f"requests to {name} are reviewed on its forge ({forge.kind}), where people sign in"
    return Fault(what, field="forge", remedy=Remedy(RemedyKind.LIST_REQUESTS, About(name)))


def _verdict(state: EnvironmentState, request: ChangeRequest, requests: Requests) -> Verdict | None:
    """What becomes of a request. It was reviewed, whatever keeps this from being told."""
    try:
        found = _judged(state, requests).judged
    except HubError:
        return None
    return next((one.verdict for one in found if one.request.number == request.number), None)
