"""What commands about the state repository, environments and checks print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from hub.cli.printed.previews import ErrorData, FaultData
from hub.services.api.shapes.base import EnvironmentText, IssueText, Shape, Time
from hub.services.api.shapes.worded import ShownChange, Unreadable


class Rule(Shape):
    """What should be refused of pushes to a branch."""

    branch: str
    environments: list[EnvironmentText]
    rule: str = Field(examples=["no-rewriting", "no-deletion", "hub-only", "reviewed"])
    words: str
    held_by: str | None = Field(description="hook or setting; null: nobody, or a Git host, which cannot be asked")


class Branch(Shape):
    """A branch that was laid out."""

    branch: str
    commit: str
    written: list[str] = Field(description="files, empty when all were up to date")
    diff: str = Field(description="of files of environments that were there, unified; empty: none changed")


class LaidOut(Shape):
    """A state repository, made or brought up to date."""

    repository: str
    branches: list[Branch]
    rules: list[Rule]
    hook: str | None = Field(description="ours, foreign or none, where pushes arrive; null: it is not here")


class Diagnosis(Shape):
    """Something that is wrong, and how to fix it."""

    severity: Literal["error", "warning", "note"]
    rule: str
    where: str
    line: int
    column: int
    message: str
    remedy: list[str] = Field(description="steps")


class Diagnosed(Shape):
    """What was checked, and what was found."""

    findings: list[Diagnosis]
    checked: list[str]
    rules: list[Rule] = Field([], description="of branches, where a repository was checked")
    errors: int


class Orphan(Shape):
    """What is left over of a preview, or missing."""

    kind: str
    preview: str
    subject: str
    text: str
    since: Time | None
    remedy: str


class Orphans(Shape):
    """What is left over in an environment's cluster."""

    environment: EnvironmentText
    looked_at: int
    orphans: list[Orphan]
    unread: list[str]
    target_groups: Literal["asked", "not asked"] = Field(description="whether AWS was asked for what is left of them")


class Finding(Shape):
    """Something that is wrong with an object."""

    file: str
    line: int
    column: int
    severity: Literal["error", "warning", "note"]
    rule: str = Field(examples=["schema/unknown-field"])
    object: str
    field: list[str | int]
    message: str
    remedy: str


class Validated(Shape):
    """What was checked, and what was found."""

    kubernetes: list[str] = Field(description="versions")
    objects: int
    skipped: list[str]
    findings: list[Finding]


class RefusedChange(Shape):
    """Something in a change that the hub would not have committed."""

    rule: str
    file: str
    line: int
    column: int
    commit: str
    message: str
    remedy: str


class Guarded(Shape):
    """Whether a change of the state repository is allowed."""

    allowed: bool
    base: str | None = Field(description="null: the branch was not there")
    head: str
    environments: list[EnvironmentText]
    commits: int
    changed: list[str]
    removed: list[str]
    refusals: list[RefusedChange]


class Wait(Shape):
    """What a request still waits for."""

    need: str = Field(alias="for")
    words: str


class Judged(Shape):
    """An open request, and what becomes of it."""

    issue: IssueText
    number: int
    url: str
    title: str
    head: str
    since: Time
    decision: Literal["merge", "wait", "close"]
    why: str
    approved_by: list[str]
    waits: list[Wait]
    not_counted: list[str]


class JudgedIn(Shape):
    """The requests of an environment."""

    environment: EnvironmentText
    reconciler: str
    open: list[Judged]
    without_request: list[str] = Field(description="issues of request branches that nobody asked to merge")


class Approvals(Shape):
    """The requests of all environments that are reviewed at a forge."""

    requests: list[JudgedIn]
    without_forge: list[EnvironmentText]
    unreadable: list[Unreadable]


class Opening(Shape):
    """A way past the protection of a branch."""

    severity: Literal["error", "warning"]
    rule: str
    what: str
    how: str
    remedy: str


class ProtectedBranch(Shape):
    """A branch: what the forge should enforce, did before, and does now."""

    branch: str
    environments: list[EnvironmentText]
    forge: str
    wanted: dict[str, str]
    before: dict[str, str]
    enforced: dict[str, str]
    not_expressed: list[str]
    openings: list[Opening]


class SkippedBranch(Shape):
    """A branch that no forge is named for."""

    branch: str
    environments: list[EnvironmentText]
    why: str


class Protected(Shape):
    """What forges enforce."""

    applied: bool
    branches: list[ProtectedBranch]
    skipped: list[SkippedBranch]


class Action(Shape):
    """What was or would be done about a preview."""

    kind: str
    preview: str
    why: str
    due: Time | None


class SetAside(Shape):
    """An entry that is left alone, and why."""

    preview: str
    path: str
    faults: list[FaultData]


class Drifted(Shape):
    """A preview whose manifests are not what its entry renders to. `objects` null: they are unreadable."""

    preview: str
    path: str
    causes: list[str]
    refusals: list[FaultData]
    objects: list[ShownChange] | None


class DriftDetails(Shape):
    """What a look for drift came to; empty for other reconcilers."""

    differences: list[Drifted] = Field([])
    equal: int = 0
    rendered: int = 0
    waiting: int = 0


class Plan(Shape):
    """One commit that was or would be made."""

    branch: str
    base: str | None
    message: str
    changes: list[str]


class Pass(Shape):
    """What one reconciler did in one environment."""

    reconciler: str
    environment: EnvironmentText
    actions: list[Action]
    set_aside: list[SetAside]
    details: DriftDetails
    held: FaultData | None
    next_due: Time | None
    plan: Plan | None
    commit: str | None
    error: ErrorData | None


class Reconciled(Shape):
    """What was or would be done."""

    at: Time
    repository: str
    dry_run: bool
    passes: list[Pass]


#: See `hub.cli.printed`.
OUTPUTS: Mapping[str, Any] = {
    "approvals": Approvals,
    "doctor": Diagnosed,
    "guard": Guarded,
    "init": LaidOut,
    "orphans": Orphans,
    "protect": Protected,
    "reconcile": Reconciled,
    "validate": Validated,
}
