"""What commands about previews print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from hub.services.api.shapes import worded
from hub.services.api.shapes.base import EnvironmentText, IssueText, Money, Shape, Time
from hub.services.api.shapes.operations import Request
from hub.services.api.shapes.plans import FieldChange
from hub.services.api.shapes.previews import Entry, Extension, Place


class FaultData(Shape):
    """One thing that is wrong; what there is nothing to tell of is empty, or 0."""

    message: str
    field: str = Field(description="option, argument, setting or field of a file")
    file: str
    line: int
    column: int
    allowed: str
    nearest: str = Field(description="what was probably meant")
    remedy: str = Field(description="what to do")


class ErrorData(Shape):
    """Why it was refused, or failed."""

    reason: str = Field(description="stable name of the error; exit codes go by it", examples=["PreviewNotFound"])
    faults: list[FaultData]


class Refusal(Shape):
    """What is printed on standard error."""

    error: ErrorData


class _Written(Shape):
    """Where it was committed, and the pull request that reviews it."""

    commit: str | None = Field(description="null: nothing was to be committed")
    on_branch: str | None
    repository: str
    request: Request | None = Field(description="null: there is none, or the forge could not be told yet")
    not_yet: str | None = Field(description="why the request cannot be merged, whoever approves")


class _Phase(Shape):
    """Where it stands by its cluster; only where a cluster is read."""

    phase: str | None = Field(None, examples=["running", "failed"], description="null: the cluster could not be read")
    cause: str = ""
    remedy: str = ""


class Started(Entry, _Written, _Phase):
    """A start that was carried out; with --wait, and the phase that it came to."""

    change: Literal["created", "updated", "unchanged", "kept"]
    changed: list[FieldChange] = Field(description="what differs from before, of a preview that was there")
    ends_removal: bool = Field(description="a request to remove it was replaced or withdrawn")
    seconds: float | None = Field(None, description="how long it took, where it was waited for")


class Queued(Place):
    """A start that waits for room."""

    change: Literal["queued", "updated in line", "waits already"]
    commit: str | None
    on_branch: str | None
    repository: str


class Extended(Entry, _Written):
    """A lease that ends later, or that was left as it is."""

    change: Literal["extended", "extended to the cap", "unchanged"]
    previous_end: Time
    end: Time
    latest_end: Time = Field(description="the cap")
    extension: Extension | None = Field(description="null: nothing was added")
    ends_removal: bool


class Revived(Entry, _Written):
    """A preview that is there once more. `removedBy` null: it had not been removed."""

    change: str = Field(examples=["revived", "unchanged"])
    removed_at: Time | None
    removed_by: str | None = Field(description="the commit")


class Slept(Entry, _Written):
    """A preview that was put to sleep or woken, or that was so before."""

    change: Literal["asleep", "awake", "unchanged"]
    runs_on: list[str] = Field(description="what runs while it sleeps, since its data would end with its pods")


class StoppedIn(Shape):
    """A stop in one environment. Through a server, each has issue and repository of its own."""

    environment: EnvironmentText
    change: Literal["removed", "removal requested", "withdrawn", "left the line"]
    commit: str | None
    request: Request | None
    not_yet: str | None
    issue: IssueText | None = None
    repository: str | None = None


class Stopped(StoppedIn):
    """A stop in the environment that was named."""

    issue: IssueText
    repository: str


class NothingToStop(Shape):
    """With --ignore-not-found: there was none."""

    change: Literal["none"]
    issue: IssueText
    environment: EnvironmentText


class NotStopped(Shape):
    """An environment in which it could not be stopped."""

    environment: EnvironmentText
    error: ErrorData


class StoppedEverywhere(Shape):
    """A stop with --all."""

    issue: IssueText
    stopped: list[StoppedIn]
    failed: list[NotStopped]
    repository: str | None = Field(None, description="left out through a server")


class Listed(worded.Listed, _Phase):
    """A preview that is live, or awaits its review."""


class Leaving(Shape):
    """A preview without entry that its cluster still deletes."""

    issue: IssueText
    environment: EnvironmentText
    phase: str | None
    cause: str
    remedy: str


class Listing(worded.Listing):
    """What there is of previews."""

    previews: list[Listed]  # type: ignore[assignment] # with a phase
    leaving: list[Leaving] = Field([], description="where a cluster is read")


class ListChange(Shape):
    """With --watch, a line: a preview as it is now, or as it was last where it is removed."""

    at: Time
    change: Literal["listed", "added", "changed", "removed"]
    preview: Listed


class Shown(worded.ShownPreview, _Phase):
    """A preview that is live, or awaits its review."""


class Remains(Shape):
    """What its cluster still has of a preview without entry."""

    issue: IssueText
    environment: EnvironmentText
    namespace: str
    phase: str | None
    cause: str
    remedy: str


class Status(worded.Status):
    """Where a preview stands."""

    seconds: float | None = Field(None, description="how long it took, where it was waited for")


class Opened(Shape):
    """A preview's address."""

    issue: IssueText
    environment: EnvironmentText
    url: str
    phase: str | None = Field(description="null: nobody looked, for --force")


class Difference(Shape):
    """What a start would change."""

    change: Literal["created", "updated", "unchanged", "kept"]
    objects: list[worded.ShownChange]


class Asked(Shape):
    """What a pod asks for, all containers counted."""

    millicores: int
    memory_bytes: int


class Billed(Shape):
    """What Fargate bills for it."""

    vcpu: str
    gb: str


class PodPrice(Shape):
    """Equal pods, and their price. Null: spot nodes are shared."""

    name: str
    replicas: int
    asked: Asked
    billed: Billed | None
    per_hour: Money | None


class FixedPrice(Shape):
    """What the environment itself costs."""

    what: str = Field(examples=["load balancer"])
    count: int
    per_hour: Money | None = Field(description="of all of them; null: not known")
    as_of: str
    source: str


class ListedPrice(Shape):
    """A price of the environment's file compared with AWS's price list."""

    what: str = Field(examples=["vCPU"])
    field: str = Field(examples=["pricing.vcpuHour"])
    written: str | None = Field(description="an hour of one; null: the file has none")
    listed: str | None = Field(description="an hour of one; null: not known")
    state: Literal["same", "differs", "unknown"]
    why: str | None = Field(description="why it is not known")


class Priced(Shape):
    """How a preview's price comes about."""

    environment: EnvironmentText
    blueprint: str
    compute: str
    currency: str
    as_of: str
    source: str
    pods: list[PodPrice]
    per_hour: Money | None
    lease: str = Field(examples=["24h"])
    per_lease: Money | None
    fixed: list[FixedPrice]
    checked: list[ListedPrice] | None = Field(description="null: not asked for, see --check")


class DigestCounts(Shape):
    """How many previews there were of what."""

    started: int
    ended: int
    extended: int
    revived: int


class DigestLine(Shape):
    """A preview of the period, and its cost in it, by currency."""

    environment: EnvironmentText
    issue: IssueText
    state: str = Field(examples=["there", "ended"])
    requested_by: str | None
    ends: Time | None
    ended: Time | None
    ends_soon: bool
    cost: dict[str, str]


class DigestGroup(Shape):
    """The previews of one name: a person, a project or an environment."""

    name: str
    cost: dict[str, str]
    previews: list[DigestLine]


class Digest(Shape):
    """What there was of previews in a period. `isPartial`: not all of it could be read."""

    since: Time
    until: Time
    by: str
    counts: DigestCounts
    cost: dict[str, str] = Field(description="by currency")
    groups: list[DigestGroup]
    is_partial: bool
    unreadable: list[worded.Unreadable]


class DigestOfChannel(Shape):
    """What became of the digest of one channel of Slack, or would; `text` null: it was told before, or is nothing."""

    channel: str = Field(examples=["C0123456789"])
    told: str = Field(examples=["posted", "found", "unchanged", "none", "failed", "post"])
    text: str | None


class DigestsTold(Shape):
    """A period's digest, told in the channels of teams."""

    dry_run: bool
    period: str = Field(examples=["2026-W48", "2026-11-28"])
    channels: list[DigestOfChannel]


class PlannedFile(Shape):
    """A file that would be written or removed."""

    path: str
    change: Literal["written", "removed"]
    why: str


class Planned(Shape):
    """With --dry-run: what would be committed. `onBranch` null: nothing would."""

    dry_run: Literal[True]
    issue: IssueText
    environment: EnvironmentText
    change: str
    changed: list[FieldChange] = Field(description="what an update changes of the entry")
    on_branch: str | None
    message: str | None
    files: list[PlannedFile]


class PlannedStops(Shape):
    """With --dry-run: the stops that would be committed."""

    dry_run: Literal[True]
    issue: IssueText
    planned: list[Planned]


_START = Started | Queued | Planned
#: See `hub.cli.printed`.
OUTPUTS: Mapping[str, Any] = {
    "diff": Difference,
    "digest": Digest | DigestsTold,
    "error": Refusal,
    "extend": Extended | Planned,
    "history": worded.ShownHistory,
    "list": Listing | ListChange,
    "logs": worded.Log,
    "open": Opened,
    "price": Priced,
    "revive": Revived | Planned,
    "set": _START,
    "sleep": Slept | Planned,
    "show": Shown | Place | worded.ShownSetAside | Remains,
    "start": _START,
    "status": Status,
    "stop": Stopped | NothingToStop | StoppedEverywhere | Planned | PlannedStops,
    "unset": _START,
    "wait": Status,
    "wake": Slept | Planned,
    "why": worded.Why,
}
