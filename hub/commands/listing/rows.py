"""One line of the list of previews, and what the lines cost together."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from generator.values.naming import IssueKey
from hub.views.preview import Row
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState

#: A preview by environment and name: `("int", "rtb-123")`.
Where = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Listed:
    """One preview whose entry can be read, without the whole of it, since there may be thousands.

    `removal`: the request branch that asks for its removal.
    """

    key: IssueKey
    state: EnvironmentState
    row: Row
    requested_at: str
    office_hours: bool
    removal: str | None
    record: EntryRecord

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
