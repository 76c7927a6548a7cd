"""Plans and differences: what would change, as it is told."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from hub.services.api.shapes.base import EnvironmentText, IssueText, Shape, Time, ToldError
from hub.services.api.shapes.previews import Preview, Price


class FieldChange(Shape):
    """One field of an object; the side on which it is absent is left out."""

    field: str = Field(examples=["spec.replicas"])
    before: Any = None
    after: Any = None


class ObjectChange(Shape):
    """One object that is added, changed or removed."""

    change: Literal["added", "changed", "removed"]
    object: str = Field(examples=["Deployment preview-rtb-123/web"])
    kind: str
    namespace: str
    name: str
    fields: list[FieldChange]
    fields_left_out: int = Field(description="so many more differ")


class Counts(Shape):
    """How many objects."""

    added: int
    changed: int
    removed: int


class Changes(Shape):
    """What differs, object by object."""

    objects: list[ObjectChange]
    counts: Counts
    objects_left_out: int = Field(description="so many more differ")


class Room(Shape):
    """One limit: what is taken of it by others, and what this asks for."""

    what: Literal["previews", "previewsPerOwner", "fargateVcpu", "targetGroups"]
    where: str | None = Field(description="the shard, or the owner; null: the environment")
    used: float
    asked: float
    limit: float


class Waits(Shape):
    """A place in the line."""

    position: int
    of: int
    why: list[str]


class Prices(Shape):
    """What it costs now, and would."""

    before: Price | None
    after: Price | None


class Plan(Changes):
    """What an action would do. `change` null: it would be refused, for `refused`."""

    action: Literal["start", "stop", "extend", "revive", "sleep", "wake"]
    environment: EnvironmentText
    issue: IssueText
    gated: bool = Field(description="it would be a pull request that others review")
    change: str | None = Field(examples=["created", "updated", "unchanged", "queued", "removed", "extended"])
    refused: ToldError | None
    branch: str | None = Field(description="where it would be committed; null: nothing would be")
    preview: Preview | None = Field(description="as it would be; null: it would not be there")
    ends_before: Time | None
    ends: Time | None
    latest_end: Time | None = Field(description="the lease's cap")
    price: Prices
    room: list[Room]
    place: Waits | None
    unread: str | None = Field(description="why the difference is not told, where it cannot be read")


class Plans(Shape):
    """Plans in the order they were asked for, each on what those before it leave."""

    plans: list[Plan]
    refused: int = Field(description="how many of them would be refused")


class Difference(Changes):
    """What the last change of a preview changed, or the open request would."""

    of: Literal["last change", "open request", "removal request"]
    at: Time
    who: str
    action: str
    before: str | None = Field(description="the commit before; null: it was not there")
    after: str | None = Field(description="the commit after; null: it is not there any more")
