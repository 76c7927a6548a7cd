"""What was done about a preview, as values: where it was written, and what its forge was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from generator.errors import HubError
from generator.model.environment import Environment
from reconcilers.ports.forge import ChangeRequest


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The pull request of what was written. `is_at_forge` False: the environment names no forge, people open it.

    `error`: the branch is written, but the forge could not be told; the approval reconciler does that.
    `unknown`: why nobody at the forge knows who asks, so that nothing is merged; empty: it knows, or was not asked.
    """

    environment: Environment
    is_at_forge: bool = False
    request: ChangeRequest | None = None
    error: HubError | None = None
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """A request that was carried out, at the time `at` (aware), in the state repository at `repository`.

    `commit`: the one it is in, or that it was found in; None when only a branch was deleted, or nothing had to be done.
    """

    commit: str | None
    repository: str
    reviewed: Reviewed
    at: datetime

    @property
    def environment(self) -> Environment:
        """The environment, as it was read for this."""
        return self.reviewed.environment

    def raise_unreviewed(self) -> None:
        """Raise what kept the forge from being told, once all else is told."""
        if self.reviewed.error is not None:
            raise self.reviewed.error
