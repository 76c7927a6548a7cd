"""The parts of GitHub's answers that the hub reads, checked. What is missing or of another type makes no sense.

Source: GitHub's OpenAPI description, version of `tools/bundle_github_openapi.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from hub.adapters.github.calls import senseless

_Model = TypeVar("_Model", bound="Part")


class Part(BaseModel):
    """Fields that are not named are not read."""

    model_config = ConfigDict(frozen=True)


class User(Part):
    """An account; `type` is User, Bot, Organization or Mannequin."""

    login: str
    id: int
    type: str = "User"
    email: str | None = None


class UsersFound(Part):
    """What a search for accounts found."""

    items: tuple[User, ...]


class Event(Part):
    """Something that happened to a pull request."""

    event: str
    created_at: AwareDatetime


class Repository(Part):
    """The name as `owner/name`."""

    full_name: str
    archived: bool = False


class End(Part):
    """One end of a pull request. No repository: the fork is gone."""

    ref: str
    sha: str
    repo: Repository | None


class Tip(Part):
    """A commit."""

    sha: str


class Branch(Part):
    """A branch, and the commit that it is at."""

    commit: Tip


class Label(Part):
    """A label."""

    name: str


class Pull(Part):
    """A pull request. `mergeable` and `commits` are in a single one's answer only."""

    number: int
    html_url: str
    title: str
    body: str | None
    state: Literal["open", "closed"]
    draft: bool = False
    user: User | None
    labels: tuple[Label, ...]
    created_at: AwareDatetime
    updated_at: AwareDatetime
    merged_at: AwareDatetime | None
    merge_commit_sha: str | None
    head: End
    base: End
    mergeable: bool | None = None
    mergeable_state: str = "unknown"
    commits: int | None = None


class PullReview(Part):
    """A review. Without a time it is not submitted."""

    user: User | None
    state: str
    commit_id: str | None
    submitted_at: AwareDatetime | None = None


class GitPerson(Part):
    """What a commit claims."""

    name: str = ""
    email: str = ""


class GitCommit(Part):
    """A commit as Git has it."""

    author: GitPerson | None
    committer: GitPerson | None


class Commit(Part):
    """A commit, and the accounts GitHub maps it to: None or an empty object for none."""

    sha: str
    commit: GitCommit
    author: dict[str, Any] | None
    committer: dict[str, Any] | None


class App(Part):
    """An App. `id` stands in every answer but not in every description of one."""

    slug: str
    id: int | None = None


class CheckRun(Part):
    """A run of a check."""

    name: str
    status: str
    conclusion: str | None
    app: App | None


class Status(Part):
    """A commit status."""

    context: str
    state: str
    creator: User | None


class Comment(Part):
    """A comment of a pull request."""

    id: int
    body: str = ""
    user: User | None


class Team(Part):
    """A team."""

    id: int
    slug: str


class Asked(Part):
    """Whose review is asked for."""

    teams: tuple[Team, ...]


class BypassActor(Part):
    """Who a ruleset does not hold for. `bypass_mode` pull_request: for merges only; else for pushes too."""

    actor_type: str
    actor_id: int | None = None
    bypass_mode: str = "always"


class Rule(Part):
    """One rule. `ruleset_id` stands in the rules of a branch only."""

    type: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    ruleset_id: int | None = None
    ruleset_source_type: str = "Repository"


class RequiredCheck(Part):
    """A check that must have passed. `integration_id`: the App that alone may report it; None: whoever may write."""

    context: str
    integration_id: int | None = None


class CheckRules(Part):
    """Parameters of a rule `required_status_checks`."""

    required_status_checks: tuple[RequiredCheck, ...] = ()
    strict_required_status_checks_policy: bool = False


class Reviewer(Part):
    """A team."""

    id: int | None = None


class RequiredReviewer(Part):
    """Whose approval certain files need."""

    file_patterns: tuple[str, ...]
    minimum_approvals: int
    reviewer: Reviewer


class RequestRules(Part):
    """Parameters of a rule `pull_request`."""

    required_approving_review_count: int = 0
    required_reviewers: tuple[RequiredReviewer, ...] | None = None
    dismiss_stale_reviews_on_push: bool = False
    require_last_push_approval: bool = False
    require_code_owner_review: bool = False
    required_review_thread_resolution: bool = False
    allowed_merge_methods: tuple[str, ...] | None = None


class Ruleset(Part):
    """A ruleset. GitHub leaves `bypass_actors` out for who may not write it, which is not the same as none."""

    id: int
    name: str
    target: str = "branch"
    source_type: str = "Repository"
    bypass_actors: tuple[BypassActor, ...] | None = None


def read(model: type[_Model], data: object, *, where: str) -> _Model:
    """`data` as a `model`. Raises `Transient` (ForgeUnreachable) when it is none."""
    try:
        return model.model_validate(data)
    except ValidationError as err:
        raise senseless(where, model.__name__.lower()) from err


def read_all(model: type[_Model], items: Iterable[object], *, where: str) -> list[_Model]:
    """Every item as a `model`. Raises like `read`: one that is none is not left out."""
    return [read(model, item, where=where) for item in items]
