"""What actions that change previews are put together from; `hub.wiring` puts the real ones together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from generator.values.naming import IssueKey
from hub.approval.requests import Requests
from hub.writing.writer import Writer, Written
from reconcilers.lifecycle.batch import Outcome
from reconcilers.lifecycle.done import Done
from reconcilers.lifecycle.start import Starter
from reconcilers.ports.git import GitStore
from reconcilers.state.reading import Reading


@dataclass(frozen=True, slots=True)
class Parts:
    """Of one state repository: `store` and how it is read and written; and what plans starts, and asks for reviews."""

    store: GitStore
    reading: Callable[[], Reading]
    writer: Writer
    starter: Starter
    requests: Requests
    clock: Callable[[], datetime]

    def done(self, written: Written[Outcome], key: IssueKey, *, by: str, is_withdrawn: bool = False) -> Done:
        """Have its forge told what was written for `by`: to review it, or that its branch is gone (`is_withdrawn`)."""
        if is_withdrawn:
            reviewed = self.requests.withdraw(written.environment, key, by=by)
        else:
            reviewed = self.requests.review(written.environment, key)
        return Done(written.commit, self.store.location, reviewed, self.clock())
