"""The port of what a sender says that it delivered, and of having it deliver again. Pure.

Errors are those of `reconcilers.ports.forge`: `Stalled` (ForgeDenied, ForgeRefused), `Waiting` (ForgeLimited),
`Transient` (ForgeUnreachable).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sent:
    """One try to deliver something. `guid` is the same each time it is tried. `status`: what was answered, 0: nothing.

    `at` is the sender's clock.
    """

    id: int
    guid: str
    at: datetime
    status: int

    @property
    def is_taken(self) -> bool:
        """Whether it was acknowledged."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class SentPage:
    """At most 100 tries, the newest first. `older` names the page after it; None: there is none."""

    tries: tuple[Sent, ...]
    older: str | None


class Deliveries(Protocol):
    """What one sender delivered."""

    @property
    def sender(self) -> str:
        """Whose they are, such as `github/4242`."""

    def page(self, name: str | None = None) -> SentPage | None:
        """A page, without a name the newest. None: the sender knows none of this name (any more)."""

    def again(self, sent: Sent) -> bool:
        """Have it delivered again. False: the sender does not keep it any more."""
