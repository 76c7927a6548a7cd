"""Previews, their history, and who waits, as they are told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hub.services.api.shapes.base import About, Audience, EnvironmentText, IssueText, Money, Paged, Shape, Time
from hub.services.api.shapes.operations import Freeze, Operation


class Extension(Shape):
    """A lease that was made longer."""

    by: str = Field(description="how much longer", examples=["4h"])
    requested_by: str
    at: Time
    reason: str


class Lease(Shape):
    """How long a preview lives."""

    phase: Literal["active", "expiring soon", "expired", "awaiting approval", "endless", "sleeping"] = Field(
        description="what Git alone tells: whether pods run is told by /causes"
    )
    requested_by: str = Field(description="whose it is")
    requested_at: Time
    ttl: str = Field(examples=["24h"])
    expires_at: Time | None = Field(description="null: it has not begun, since it awaits its merge")
    minutes_left: int
    office_hours: bool
    extensions: list[Extension]


class Price(Shape):
    """List price of a preview's pods. Null: it has none of its own, since spot nodes are shared."""

    currency: str = Field(examples=["USD"])
    per_hour: Money | None
    per_lease: Money | None
    saved_per_hour: Money | None = Field(description="what sleeping saves; null: it is awake")
    as_of: str = Field(description="day on which the prices were read")


class Component(Shape):
    """Equal pods of a preview."""

    image: str = Field(description="reference; a part after `@` is the digest")
    replicas: int
    cpu: str = Field(examples=["250m"])
    memory: str = Field(examples=["256Mi"])


class DesignChange(Shape):
    """The design changed in Figma since the preview was asked for."""

    url: str = Field(examples=["https://www.figma.com/design/abc123/Login"])
    at: Time


class Entry(Shape):
    """What there is of a preview by its entry."""

    issue: IssueText
    environment: EnvironmentText
    namespace: str = Field(examples=["preview-rtb-123"])
    blueprint: str
    branch: str | None
    compute: str = Field(examples=["fargate"])
    shard: str = Field(description="the load balancer that it is on")
    url: str = Field(examples=["https://rtb-123.int.example.com/"])
    lease: Lease
    price: Price
    asleep_since: Time | None = Field(description="null: it is awake")
    components: dict[str, Component]
    manifest_digest: str | None


class Preview(Entry):
    """One preview as its entry has it."""

    is_request: bool = Field(description="it awaits a review and is not live")
    removal_requested: bool
    design_change: DesignChange | None = Field(description="null: none is known of")


class Facets(Shape):
    """How many there are of what, at most a hundred values each."""

    env: dict[str, int]
    phase: dict[str, int]
    project: dict[str, int]
    requester: dict[str, int]


class PreviewPage(About, Paged):
    """A page of previews."""

    previews: list[Preview]
    total: int = Field(description="of the filter, on all pages")
    facets: Facets = Field(description="of the filter")


class QueuedLease(Shape):
    """The lease of one that waits."""

    requested_by: str
    requested_at: Time
    ttl: str


class Queued(Shape):
    """A request that waits for room."""

    issue: IssueText
    environment: EnvironmentText
    blueprint: str
    branch: str | None
    compute: str
    lease: QueuedLease
    components: dict[str, Component]


class Place(Queued):
    """A request that waits for room, and its place."""

    position: int = Field(description="1: the first")
    length: int = Field(description="how many wait in this environment")
    held: list[str] = Field(description="why it waits; empty: it starts at the next pass")


class May(Shape):
    """Whether the caller may: null, or why not in words."""

    extend: str | None
    stop: str | None
    revive: str | None
    sleep: str | None
    wake: str | None


class OnePreview(About):
    """One preview: live or asked for (`preview`), or waiting for room (`place`)."""

    preview: Preview | None
    place: Place | None
    may: May


class HistoryEvent(Shape):
    """One change, or an operation that made none."""

    id: str
    kind: Literal["commit", "operation"]
    at: Time
    action: str = Field(examples=["start", "extend", "by hand"])
    who: str
    why: str
    commit: str | None
    subject: str | None
    details: dict[str, str] = Field(description="further trailers of the commit, such as `Ends`")
    awaits: str | None = Field(description="the request branch, while it is not merged")
    operation: Operation | None = Field(description="what was asked for, where the database still knows")


class History(Paged):
    """What happened to a preview, the newest first."""

    events: list[HistoryEvent]
    more: bool = Field(description="whether there is a next page")
    unread: str | None = Field(description="why operations are not among them, where the database does not answer")


class Evidence(Shape):
    """What was looked at in the cluster."""

    source: str = Field(description="event, condition or state")
    kind: str
    name: str
    container: str = ""
    reason: str
    message: str
    time: Time | None


class Cause(Shape):
    """What else was found."""

    code: str
    audience: Audience
    final: bool
    text: str
    steps: list[str]
    evidence: list[Evidence]


class UnreadKind(Shape):
    """What could not be read of the cluster, and why."""

    resource: str
    why: str


class Found(Shape):
    """Where a preview stands by its cluster, and why."""

    phase: str = Field(
        examples=["running", "starting", "failed", "stuck", "sleeping", "stopping", "removed", "unknown"]
    )
    code: str | None = Field(description="of the reference of causes; null: nothing is wrong, or nothing is known")
    audience: Audience
    final: bool = Field(description="waiting does not help")
    text: str
    steps: list[str] = Field(description="what to do, the first first")
    evidence: list[Evidence]
    others: list[Cause]
    unread: list[UnreadKind]


class Causes(Found):
    """Where a preview stands by its cluster, and why. `isRead` false: `unread` says why nothing is known."""

    is_read: bool
    as_of: Time


class Mine(Shape):
    """What is the caller's own."""

    total: int
    expiring_soon: int
    waiting: int
    open_operations: int | None = Field(description="null: the database does not answer")
    failed_operations: int | None = Field(description="of those asked for in the last day")


class MayStart(Shape):
    """Whether the caller may start in an environment: null, or why not in words."""

    start: dict[str, str | None]


class Summary(About):
    """How many there are of what, everywhere."""

    total: int
    facets: Facets
    waiting: int = Field(description="requests that wait for room")
    approvals: int = Field(description="requests that await a review")
    mine: Mine
    freezes: list[Freeze] | None = Field(description="that hold now; null: the database does not answer")
    may: MayStart
