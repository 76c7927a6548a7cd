"""Events of the stream, as they are told."""

from __future__ import annotations

from pydantic import Field

from hub.services.api.shapes.base import EnvironmentText, IssueText, Shape, Time
from hub.services.api.shapes.operations import Operation
from hub.services.api.shapes.previews import Preview


class Begun(Shape):
    """`snapshot`: of which snapshot the stream goes on."""

    revision: str
    as_of: Time
    total: int = Field(description="previews that match the filter")


class Changed(Shape):
    """`changed`: previews that match the filter and are new, or others than before."""

    revision: str
    as_of: Time
    previews: list[Preview]
    is_many: bool = Field(description="too many changed to be told: `previews` is empty, read the list again")


class Where(Shape):
    """Which preview."""

    issue: IssueText
    environment: EnvironmentText
    is_request: bool


class Gone(Shape):
    """`gone`: previews that are not there any more, or match the filter no more."""

    revision: str
    as_of: Time
    previews: list[Where]


class Alive(Shape):
    """`alive`: every 15 seconds."""

    as_of: Time


class Reset(Shape):
    """`reset`: what was missed is not known. The stream ends; read the list again, and come back without the id."""

    why: str


class StreamEvents(Shape):
    """The data of events, by their names."""

    snapshot: Begun
    changed: Changed
    gone: Gone
    operation: Operation
    alive: Alive
    reset: Reset
