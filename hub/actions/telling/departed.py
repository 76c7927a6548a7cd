"""Previews that are gone, and of which some channel may still tell that they run: where the database was lost.

The database remembers which messages there are. Without it, Git's history tells which previews there were of late; the
message of each is looked for once in each channel, and told its last word where there is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from generator.errors import HubError
from generator.values.naming import previews_folder
from hub.actions.telling.teller import Teller
from reconcilers.ports.git import GitStore
from reconcilers.state.environment import EnvironmentState, issue_of
from reconcilers.state.history import events_of

#: How far back previews are looked for, and how many commits at most. Slack's messages are found as far back.
BACK: Final = timedelta(days=30)
MOST_COMMITS: Final = 20_000
#: Previews that are looked for in one pass, the last that changed first; and in how many passes of a process: what is
#: refused again and again is looked for by the next one.
AT_ONCE: Final = 50
_PASSES: Final = 30


@dataclass(eq=False)
class Departed:
    """Previews that changed within `BACK`, by environment. Its history is read once: what goes later has rows.

    `refused` is told of a history that cannot be read; it is read at the next pass.
    """

    store: GitStore
    clock: Callable[[], datetime]
    refused: Callable[[HubError], None]
    _read: dict[str, Sequence[str]] = field(default_factory=dict)

    def __call__(self, state: EnvironmentState) -> Sequence[str]:
        """Those of an environment (`int/RTB-123`) that are not there now; the last that changed first."""
        name = state.environment.name
        if name not in self._read:
            try:
                self._read[name] = self._changed(state)
            except HubError as err:
                self.refused(err)
                return ()
        there = {record.name for record in state.records} | {record.name for record in state.queued}
        return [key for key in self._read[name] if key.rpartition("/")[2].lower() not in there]

    def _changed(self, state: EnvironmentState) -> Sequence[str]:
        name, found = state.environment.name, dict[str, None]()
        log = self.store.log(state.snapshot, below=previews_folder(name), since=self.clock() - BACK)
        for commit in islice(log, MOST_COMMITS):
            for event in events_of(commit, name, None):
                key = issue_of(event.name)
                if key is not None:
                    found.setdefault(f"{name}/{key}")
        return [*found]


@dataclass(eq=False)
class Unheard:
    """Which of the previews that are gone some channel knows nothing of."""

    tellers: Sequence[Teller]
    _heard: set[str] = field(default_factory=set)
    _offered: Counter[str] = field(default_factory=Counter)

    def __call__(self, keys: Sequence[str]) -> Sequence[str]:
        """Those, `AT_ONCE` at most. Raises `Transient` (DatabaseUnreachable)."""
        asked = [key for key in keys if key not in self._heard]
        if not asked:
            return ()
        known = [teller.known_keys() for teller in self.tellers if teller.is_of_previews]
        self._heard |= {key for key in asked if all(key in one for one in known)}
        found = [key for key in asked if key not in self._heard and self._offered[key] < _PASSES][:AT_ONCE]
        self._offered.update(found)
        return found
