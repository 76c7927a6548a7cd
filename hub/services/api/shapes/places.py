"""Environments, waiting lines, calendar and statistics, as they are told."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from hub.services.api.shapes.base import About, EnvironmentText, IssueText, Money, Paged, Shape, Time
from hub.services.api.shapes.operations import Freeze, Request
from hub.services.api.shapes.previews import Place


class Limit(Shape):
    """One limit of an environment, and what is taken of it."""

    what: Literal["previews", "fargateVcpu", "targetGroups"]
    where: str | None = Field(description="the shard; null: the environment")
    used: float
    limit: float


class Spend(Shape):
    """What the previews that are there cost, at list price."""

    currency: str
    per_hour: Money
    so_far: Money = Field(description="since each of them began")
    to_come: Money = Field(description="until each of them ends")
    fixed_per_hour: Money = Field(description="of the environment itself, whether there are previews or not")
    as_of: str


class EnvironmentLease(Shape):
    """How long previews live there."""

    ttl: str
    cap: str
    warn_before: str
    office_hours: str | None = Field(examples=["Mon, Tue, Wed, Thu, Fri 09:00–18:00 Asia/Seoul"])


class EnvironmentCompute(Shape):
    """Where pods may run."""

    default: str
    allowed: list[str]


class EnvironmentForge(Shape):
    """Where its requests are reviewed."""

    kind: str
    url: str | None = Field(description="of the page of its repository")


class Environment(Shape):
    """One environment, and how much of it is taken."""

    name: EnvironmentText
    account: str
    region: str
    gated: bool = Field(description="it changes by reviewed pull request only")
    domain: str
    branch: str
    forge: EnvironmentForge | None
    previews: int
    waiting: int
    awaiting: int = Field(description="requests that await a review")
    limit: int
    lease: EnvironmentLease
    compute: EnvironmentCompute
    room: list[Limit]
    spend: Spend
    freezes: list[Freeze] | None = Field(description="that hold there now; null: the database does not answer")


class Environments(About):
    """All environments that can be read."""

    environments: list[Environment]


class ApprovalRequest(Shape):
    """A change of a gated environment that awaits its review."""

    issue: IssueText
    environment: EnvironmentText
    action: Literal["start", "update", "removal"]
    branch: str
    requested_by: str
    requested_at: Time | None
    request: Request | None = Field(description="its pull request, where an operation opened it")
    not_yet: str | None = Field(description="why it cannot be merged, whoever approves")


class Queue(About):
    """Who waits for room, and what awaits a review."""

    queue: list[Place]
    approvals: list[ApprovalRequest]


class CalendarDay(Shape):
    """How many end on a day."""

    day: str = Field(examples=["2026-11-28"])
    count: int


class End(Shape):
    """The end of a preview."""

    at: Time
    issue: IssueText
    environment: EnvironmentText
    requested_by: str
    url: str
    currency: str
    per_hour: Money | None


class Calendar(About, Paged):
    """What ends when, the first first."""

    from_: Time = Field(alias="from")
    to: Time
    days: list[CalendarDay]
    events: list[End]
    total: int


class Spread(Shape):
    """How long something took, in seconds."""

    median: float
    p95: float
    count: int


class Day(Shape):
    """What happened on a day."""

    day: str = Field(examples=["2026-11-28"])
    starts: int
    stops: int
    extensions: int
    revivals: int
    failures: int = Field(description="operations that failed")
    spend: dict[str, Money] = Field(description="by currency, at list price, of all that was there")
    time_to_commit: Spread | None = Field(description="of starts, from asking to the commit; null: none is known")
    time_to_url: Spread | None = Field(
        description="of starts, from asking to a URL that answers; null: the hub keeps none by day. Where it reads the"
        " cluster, the figure `rtb_hub_start_seconds` tells it from the lease's begin to running"
    )


class Statistics(About):
    """Day by day, the oldest first."""

    days: list[Day]
    is_partial: bool = Field(description="more happened than is looked at")


class BlueprintLine(Shape):
    """A blueprint in a line."""

    name: str
    summary: str
    is_default: bool
    is_own: bool = Field(description="it is the team's own, out of the state repository")
    components: list[str]


class Blueprints(Shape):
    """What a preview can be made of."""

    blueprints: list[BlueprintLine]


class Settable(Shape):
    """A field of a component that can be set."""

    field: str = Field(examples=["cpu", "env.NAME"])
    about: str


class BlueprintComponent(Shape):
    """A component, and its defaults."""

    summary: str
    role: Literal["service", "worker", "job", "scheduled", "database"]
    required: bool = Field(description="it needs an image")
    image: str | None = Field(None, description="what runs where no image is asked for")
    image_of: str | None = Field(None, description="runs the image of this component where none is asked for")
    port: int | None = None
    cpu: str
    memory: str
    storage: str
    replicas: int
    path: str | None = None
    health_path: str | None = None
    database: bool


class OneBlueprint(Shape):
    """One blueprint, with a schema to make a form of."""

    name: str
    summary: str
    is_default: bool
    components: dict[str, BlueprintComponent]
    fields: list[Settable]
    schema_: dict[str, Any] = Field(
        alias="schema",
        description="JSON Schema (2020-12) of a start's body; in it `settings` is an object {component: {field: text}},"
        ' to be sent as pairs ["component.field", text]',
    )
