"""The parts of Gitea's answers that the hub reads, checked. What is missing or of another type makes no sense.

Sources: `modules/structs` and `services/convert` of Gitea 1.26. Only these models judge an answer, so that a mistake of
our own is never taken for one of the server's.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

CommitId = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


class SenselessError(ValueError):
    """Parts of an answer that do not go together."""


class Part(BaseModel):
    """Fields that are not named are not read."""

    model_config = ConfigDict(frozen=True)


class User(Part):
    """An account. -1 stands for all that were deleted, -2 for Gitea's own Actions."""

    id: int
    login: str


class Account(User):
    """The account of a token."""

    full_name: str
    email: str


class Shown(User):
    """An account as others see it. Without `email`: it hides it, or shows one that stands for it."""

    email: str = ""


class Found(Part):
    """The accounts that a search found."""

    data: tuple[Shown, ...] | None


class Event(Part):
    """Something that happened to a pull request, a comment among them."""

    type: str
    created_at: AwareDatetime


class Named(Part):
    """A label or a team."""

    id: int
    name: str


class Team(Part):
    """A team whose review is asked for."""

    name: str


class Repository(Part):
    """The repository of a branch."""

    archived: bool


class End(Part):
    """One end of a pull request. `label` is the branch's name also when the branch is gone."""

    label: str
    ref: str
    sha: CommitId
    repo_id: int
    repo: Repository | None = None


class Pull(Part):
    """A pull request. `mergeable` is false for a conflict and for not knowing yet."""

    number: int
    html_url: str
    title: str
    body: str
    state: str
    merged: bool
    draft: bool
    mergeable: bool
    user: User | None
    labels: tuple[Named, ...]
    requested_reviewers_teams: tuple[Team, ...] | None = None
    head: End
    base: End
    created_at: AwareDatetime
    updated_at: AwareDatetime
    closed_at: AwareDatetime | None = None
    merged_at: AwareDatetime | None = None
    merge_commit_sha: CommitId | None = None


class Review(Part):
    """A review, or what Gitea lists beside them: pending ones and requests for one."""

    user: User | None
    state: str
    dismissed: bool = False
    commit_id: str = ""
    comments_count: int = 0
    submitted_at: AwareDatetime | None = None


class GitPerson(Part):
    """What a commit claims."""

    name: str
    email: str


class GitCommit(Part):
    """A commit as Git has it."""

    author: GitPerson
    committer: GitPerson


class Commit(Part):
    """A commit, and the accounts that Gitea maps it to."""

    sha: CommitId
    commit: GitCommit
    author: User | None
    committer: User | None


class Parent(Part):
    """A parent of a commit."""

    sha: CommitId


class Merge(Part):
    """A commit with its parents."""

    parents: tuple[Parent, ...]


class Status(Part):
    """A report on a commit. `id` counts them."""

    id: int
    context: str
    status: Literal["success", "skipped", "pending", "warning", "failure", "error"]
    creator: User | None


class Comment(Part):
    """A comment on a pull request."""

    id: int
    body: str
    user: User | None


class Compared(Part):
    """What one branch has that another lacks."""

    total_commits: int


class Tip(Part):
    """A commit."""

    id: CommitId


class Branch(Part):
    """A branch, the commit that it is at, and the rule that holds for it."""

    protected: bool
    commit: Tip | None = None
    effective_branch_protection_name: str = ""


class Rule(Part):
    """A rule of branch protection."""

    rule_name: str
    enable_push: bool
    enable_push_whitelist: bool
    push_whitelist_usernames: tuple[str, ...] | None
    push_whitelist_teams: tuple[str, ...] | None
    push_whitelist_deploy_keys: bool
    enable_force_push: bool
    enable_status_check: bool
    status_check_contexts: tuple[str, ...] | None
    required_approvals: int
    enable_approvals_whitelist: bool
    approvals_whitelist_username: tuple[str, ...] | None
    approvals_whitelist_teams: tuple[str, ...] | None
    block_on_rejected_reviews: bool
    dismiss_stale_approvals: bool
    ignore_stale_approvals: bool
    unprotected_file_patterns: str
    block_admin_merge_override: bool
    enable_merge_whitelist: bool = False
    merge_whitelist_usernames: tuple[str, ...] | None = None
    merge_whitelist_teams: tuple[str, ...] | None = None
    block_on_outdated_branch: bool = False


class Limits(Part):
    """How much the server gives at once."""

    max_response_items: Annotated[int, Field(ge=1)]
