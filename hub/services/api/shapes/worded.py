"""What the command line prints as JSON, for those who work through a server."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from hub.services.api.shapes.base import EnvironmentText, IssueText, Shape, Time
from hub.services.api.shapes.plans import FieldChange
from hub.services.api.shapes.previews import DesignChange, Entry, Found, Place, Queued

#: These are told in words too, for who would have them.
IN_WORDS: dict[str, Any] = {"text/plain": {"schema": {"type": "string"}}}


class Listed(Entry):
    """A preview that is live, or awaits its review."""

    removal_requested: bool
    design_change: DesignChange | None = None


class TotalPrice(Shape):
    """What previews cost together, at list price. Those without a price of their own are not among them."""

    currency: str
    previews: int
    per_hour: str
    per_lease: str


class Totals(Shape):
    """Of all that match, on this page or not."""

    previews: int
    prices: list[TotalPrice]


class Unreadable(Shape):
    """What cannot be read, and why. `file`: where the first fault is; empty: in none."""

    environment: EnvironmentText
    file: str
    faults: list[str]


class SetAside(Shape):
    """A file of the queue for which nobody waits, and why."""

    file: str
    faults: list[str]


class Listing(Shape):
    """What `rtb-hub list --output json` prints."""

    previews: list[Listed]
    totals: Totals
    unreadable: list[Unreadable]
    queue: list[Place]
    queue_set_aside: list[SetAside]
    next: str | None = Field(None, description="`after` of the next page, where a page was asked for")


class ShownObject(Shape):
    """An object of a preview. `wave`: when Argo CD applies it, the lowest first."""

    wave: int
    object: str = Field(examples=["Deployment preview-rtb-123/web"])


class ShownPreview(Listed):
    """A preview that is live, or awaits its review, with what it is made of."""

    on_branch: str
    objects: list[ShownObject]


class ShownSetAside(Queued):
    """A request that today's policy keeps from waiting."""

    position: None
    length: int
    held: list[str] = Field(description="why")


class ShownEvent(Shape):
    """One change of a preview, or of several at once (`issue` null)."""

    at: Time
    environment: EnvironmentText
    issue: str | None
    action: str = Field(examples=["start", "extend", "by hand"])
    who: str
    why: str
    details: dict[str, str] = Field(description="further trailers of the commit, such as `Ends`")
    commit: str
    subject: str
    awaits_merge_of: str | None = Field(description="the request branch, while it is not merged")


class ShownHistory(Shape):
    """What `rtb-hub history --output json` prints, the newest first."""

    events: list[ShownEvent]
    more: bool
    unreadable: list[Unreadable]


class ShownChange(Shape):
    """One object that is added, changed or removed."""

    change: str = Field(examples=["added", "changed", "removed"])
    object: str = Field(examples=["Deployment preview-rtb-123/web"])
    fields: list[FieldChange]


class ShownDifference(Shape):
    """What `rtb-hub diff --output json` prints."""

    change: str = Field(examples=["created", "updated", "unchanged"])
    objects: list[ShownChange]


class Reached(Shape):
    """What asking a preview's address came to."""

    host: str
    at: Time
    status: int | None
    failure: str
    error: str


class Why(Found):
    """What `rtb-hub why --output json` prints."""

    reachable: Reached | None


class Status(Shape):
    """What `rtb-hub status --output json` prints."""

    issue: IssueText
    environment: EnvironmentText
    phase: str = Field(
        examples=["running", "starting", "failed", "stuck", "sleeping", "stopping", "removed", "unknown"]
    )
    cause: str
    remedy: str


class Log(Shape):
    """What `rtb-hub logs --output json` prints. `previous`: of the run before."""

    namespace: str
    pod: str
    container: str
    previous: bool
    lines: list[str]


#: What `rtb-hub show --output json` prints: a preview, or a request that waits for room.
Shown = ShownPreview | Place | ShownSetAside
