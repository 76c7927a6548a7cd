"""Operations, jobs, deliveries, freezes and the audit log, as they are told."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from hub.services.api.shapes.base import EnvironmentText, IssueText, Paged, Shape, Time, ToldError


class Request(Shape):
    """A pull request at the forge."""

    number: int
    url: str
    state: str = Field(examples=["open", "merged", "closed"])


class Result(Shape):
    """What was done. Of a preview that is there `url` and `ends`, of one that waits `place` and `of`."""

    model_config = ConfigDict(extra="allow")

    change: str | None = Field(None, examples=["created", "updated", "unchanged", "queued", "removed"])
    environment: EnvironmentText | None = None
    commit: str | None = None
    url: str | None = None
    ends: Time | None = None
    place: int | None = None
    of: int | None = None


class Operation(Shape):
    """What was asked for, and what became of it."""

    id: str
    kind: str = Field(examples=["preview.start"])
    environment: EnvironmentText | None
    issue: IssueText | None
    state: Literal["queued", "running", "waiting", "done", "failed", "superseded"]
    requested_by: str
    via: str = Field(description="the way it came", examples=["api", "slack", "mcp"])
    created_at: Time
    ended_at: Time | None
    attempts: int
    result: Result | None
    error: ToldError | None
    request: Request | None = Field(description="its pull request, where it takes a review")


class Operations(Paged):
    """Operations, the newest first."""

    operations: list[Operation]


class Job(Shape):
    """A job, without what it says."""

    id: str
    seq: int
    queue: str
    name: str = Field(examples=["preview.start"])
    key: str | None = Field(description="jobs of one key run one at a time", examples=["int/RTB-123"])
    state: Literal["pending", "sent", "active", "waiting", "done", "dead", "superseded"]
    attempts: int
    crashes: int = Field(description="workers that died on it")
    created_at: Time
    run_at: Time | None
    ended_at: Time | None
    error: ToldError | None
    parent: str | None


class JobCount(Shape):
    """How many there are."""

    queue: str
    state: str
    count: int


class Jobs(Shape):
    """Jobs, the newest first."""

    jobs: list[Job]
    counts: list[JobCount]
    next: int | None = Field(description="`after` of the next page; null: this is the last")


class OneJob(Job):
    """One job, and what it came to."""

    result: dict[str, Any] | None


class Freeze(Shape):
    """A time in which nothing starts."""

    id: str
    scope: str = Field(description="an environment, or `*`")
    reason: str
    by: str
    since: Time
    until: Time


class Freezes(Shape):
    """The freezes that hold now."""

    freezes: list[Freeze]


class AuditEntry(Shape):
    """Who did what, or was refused it."""

    id: str
    at: Time
    who: str
    via: str
    action: str
    object: str
    outcome: Literal["allowed", "refused"]
    reason: str | None
    request_id: str | None
    address: str | None


class Audit(Paged):
    """The audit log, the newest first."""

    entries: list[AuditEntry]


class Delivery(Shape):
    """What was delivered to the listener."""

    id: str
    at: Time
    source: Literal["github", "jira", "jira-automation", "slack", "ecr"]
    delivery: str = Field(description="the sender's id")
    event: str
    state: Literal["processed", "ignored", "failed"]
    reason: str | None
    job: str | None


class Deliveries(Paged):
    """Deliveries, the newest first."""

    deliveries: list[Delivery]


class OneDelivery(Delivery):
    """One delivery with what it said."""

    verified_by: str
    headers: dict[str, str]
    job_state: str | None
    body: str | None = Field(description="what is no UTF-8 stands as \\xNN; null: deleted, after 14 days")


class Replayed(Shape):
    """What a delivery came to when it was read again."""

    id: str
    state: Literal["processed", "ignored", "failed"]
    jobs: list[str]
    reason: str | None
