"""What previews cost that are there, and that are gone: since when they ran, until when, at which list price.

Of one that is gone, the commit that removed it says when, and the entry before that commit at which price.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Final

from generator.errors import HubError
from generator.values.formats import parse_time
from generator.values.naming import ENTRY_FILE, IssueKey, preview_folder
from hub.views.preview import Row, outline_row
from reconcilers.ports.git import GitStore, LoggedCommit
from reconcilers.state.entries import entry_record
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.history import Event
from reconcilers.state.outline import Outline, outline_of

#: Seconds of an hour, and how exact amounts are told.
HOUR: Final = Decimal(3600)
PLACES: Final = Decimal("0.000001")
#: Entries that are read from Git at a time.
AT_ONCE: Final = 500
_REMOVES = frozenset({"stop", "expire"})
#: A commit that removed an entry, and the entry's path.
Gone = tuple[LoggedCommit, PurePosixPath]


@dataclass(frozen=True, slots=True)
class Ran:
    """A preview that ran from `begin` to `end` (aware; None: it still does), its price, and who asked for it.

    `asleep`: since when (aware) it sleeps, and what it costs an hour since then; None: it is awake. That it slept
    before and was woken is nowhere in its entry, and counts as if it had run.
    """

    begin: datetime
    end: datetime | None
    currency: str
    per_hour: Decimal
    requested_by: str = ""
    asleep: tuple[datetime, Decimal] | None = None

    def cost(self, since: datetime, until: datetime) -> Decimal:
        """What it cost between two moments; exact to the second."""
        begin, end = max(self.begin, since), min(self.end or until, until)
        if self.asleep is None:
            return self.per_hour * _seconds(begin, end) / HOUR
        since, asleep_per_hour = self.asleep
        awake, asleep = _seconds(begin, min(end, since)), _seconds(max(begin, since), end)
        return (self.per_hour * awake + asleep_per_hour * asleep) / HOUR


def _seconds(begin: datetime, end: datetime) -> int:
    return max(0, int((end - begin).total_seconds()))


def ran_of(outline: Outline, row: Row, end: datetime | None) -> Ran | None:
    """What ran until `end`, by its outline and its row; None: it has no price."""
    price, saved = row.price, row.saved
    if price.per_hour is None:
        return None
    asleep, awake_per_hour = None, price.per_hour
    if outline.asleep_since is not None and saved is not None and saved.per_hour is not None:
        asleep, awake_per_hour = (parse_time(outline.asleep_since), price.per_hour), price.per_hour + saved.per_hour
    return Ran(parse_time(outline.begun_at), end, price.currency, awake_per_hour, outline.requested_by, asleep)


def removed_entries(events: Iterable[Event], environment: str) -> list[tuple[IssueKey, PurePosixPath]]:
    """The entries of the previews that a commit says to remove."""
    found = []
    for event in events:
        if event.action in _REMOVES:
            try:
                key = IssueKey.parse(event.name.upper())
            except HubError:  # whoever can push writes trailers
                continue
            found.append((key, preview_folder(environment, key) / ENTRY_FILE))
    return found


def read_gone(store: GitStore, state: EnvironmentState, gone: Sequence[Gone]) -> Mapping[Gone, Ran | None]:
    """What these were; None: it had no price, or cannot be read. Raises what the store raises."""
    found: dict[Gone, Ran | None] = {}
    for begin in range(0, len(gone), AT_ONCE):
        some = gone[begin : begin + AT_ONCE]
        texts = store.read_before(some)
        for commit, path in some:
            found[commit, path] = _was(store, state, commit, path, texts.get((commit.commit, path)))
    return found


def _was(
    store: GitStore, state: EnvironmentState, commit: LoggedCommit, path: PurePosixPath, text: bytes | None
) -> Ran | None:
    before = store.before(state.snapshot, commit) if text is not None else None
    if text is None or before is None:
        return None
    preview = entry_record(path, text, before, state.environment.name).preview
    if preview is None:
        return None
    outline = outline_of(preview)
    return ran_of(outline, outline_row(outline, state.environment, now=commit.at), commit.at)
