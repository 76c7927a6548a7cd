"""The way to a preview: what its page shows while it is not there yet."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hub.services.api.shapes.base import About, EnvironmentText, IssueText, Shape, Time
from hub.services.api.shapes.operations import Operation, Request
from hub.services.api.shapes.previews import Causes, Place

State = Literal[
    "ready", "starting", "waiting", "review", "choose", "failed", "stuck", "sleeping", "stopping", "expired", "none"
]


class Choice(Shape):
    """One of several previews of an issue."""

    environment: EnvironmentText
    url: str
    phase: str
    ends: Time | None


class Step(Shape):
    """A step on the way. `at`: when it was done, where that is known."""

    name: Literal["asked", "committed", "merged", "applied", "running"]
    state: Literal["done", "now", "to come"]
    at: Time | None


class Revival(Shape):
    """A preview that was removed, and whether it can be brought back."""

    removed_at: Time
    removed_by: str
    why: str = Field(description="why it was removed")
    until: Time = Field(description="it can be brought back until then")


class Way(About):
    """Where a preview is on its way. `ready`: go to `url`; `choose`: it is in several environments."""

    issue: IssueText
    environment: EnvironmentText | None
    state: State
    is_seen: bool = Field(description="a cluster was asked; false: Git alone tells")
    url: str | None = Field(description="https, on the environment's own domain")
    choices: list[Choice]
    steps: list[Step]
    causes: Causes | None
    place: Place | None
    operation: Operation | None = Field(description="the newest that is about it")
    request: Request | None
    revive: Revival | None
