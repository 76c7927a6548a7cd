"""Service tokens, as they are told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hub.services.api.shapes.base import EnvironmentText, Shape, Time


class Token(Shape):
    """A service token, without its secret."""

    id: str
    name: str
    prefix: str = Field(description="how its secret begins")
    scopes: list[Literal["preview:read", "preview:write", "preview:request-prd", "jira:event"]]
    environments: list[EnvironmentText] = Field(description="empty: all")
    created_by: str
    created_at: Time
    expires_at: Time
    last_used_at: Time | None
    revoked_at: Time | None


class Tokens(Shape):
    """All service tokens."""

    tokens: list[Token]


class NewToken(Token):
    """A service token that was made."""

    token: str = Field(description="its secret, which is told once")
