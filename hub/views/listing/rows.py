"""One line of the list of previews, and what the lines cost together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from generator.values.naming import IssueKey
from hub.views.preview import Row
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.outline import Outline

#: A preview by environment and name: `("int", "rtb-123")`.
Where = tuple[str, str]


@dataclass(frozen=True, slots=True)
class DesignChange:
    """The design of an issue changed since its preview was asked for: the file at Figma, and when that was told."""

    url: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """One preview whose entry can be read, without the whole of it, since there may be thousands.

    `is_request`: it is what a request asks for, beside which there may be an entry that is live. `removal`: the request
    branch that asks for its removal. `design`: what changed since it was asked for; known to services alone.
    """

    key: IssueKey
    state: EnvironmentState
    row: Row
    outline: Outline
    is_request: bool = False
    removal: str | None = None
    design: DesignChange | None = None

    @property
    def where(self) -> Where:
        """The environment's name and the preview's."""
        return self.row.environment, self.key.name


@dataclass(frozen=True, slots=True)
class Total:
    """The price of those previews that have one, in one currency."""

    currency: str
    previews: int
    per_hour: Decimal
    per_lease: Decimal
