"""What all answers have in common."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Time = Annotated[str, Field(description="RFC 3339, UTC, to the second", examples=["2026-11-27T22:00:00Z"])]
Money = Annotated[str, Field(description="an amount, exact, with a point", examples=["0.04937"])]
EnvironmentText = Annotated[str, Field(description="name of an environment", examples=["int"])]
IssueText = Annotated[str, Field(description="key of a Jira issue", examples=["RTB-123"])]
Audience = Annotated[Literal["developer", "platform", "nobody"], Field(description="whose job it is")]


class ToldFault(BaseModel):
    """One thing that is wrong; what is empty is left out."""

    message: str
    field: str | None = None
    allowed: str | None = None
    nearest: str | None = None
    remedy: str | None = None


class Shape(BaseModel):
    """Base: camelCase as JSON, and nothing that is not described. A field with a default may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Unread(Shape):
    """Why an environment cannot be read."""

    environment: EnvironmentText
    reason: str = Field(description="stable name of the error", examples=["InvalidEnvironment"])
    faults: list[str] = Field(description="each in words")


class About(Shape):
    """Of which snapshot an answer is."""

    revision: str = Field(description="equal for the same content; the ETag has it too")
    as_of: Time = Field(description="when the state repository was looked at last")
    unreadable: list[Unread] = Field(description="environments that cannot be read now")
    stale: list[EnvironmentText] = Field(description="those of them that are told of as they were read last")


class ToldError(Shape):
    """Why something was refused, or failed."""

    reason: str = Field(description="stable name of the error", examples=["CapacityExhausted"])
    faults: list[ToldFault] = Field(description="everything that is wrong, each with what is allowed and what to do")


class Paged(Shape):
    """A page of a list."""

    next: str | None = Field(description="`after` of the next page; null: this is the last")


def tells(shape: type[BaseModel] | Any, status: int = 200, **more: Any) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that answers `shape`; `more` as OpenAPI has it of a response."""
    words = {200: "what is asked for", 201: "it is made", 202: "it is asked for"}.get(status, "answered")
    return {status: {"model": shape, "description": words, **more}}
