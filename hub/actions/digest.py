"""What a team wants to know now and then: which previews there are, which end soon, and what they cost in a time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from generator.errors import HubError
from generator.values.formats import parse_time
from generator.values.naming import IssueKey, previews_folder
from hub.actions.list_previews import listed_previews
from hub.actions.repository import Repository
from hub.actions.spent import Gone, Ran, ran_of, read_gone, removed_entries
from hub.views.digest.model import By, Digest, Group, Line, Wanted
from reconcilers.state.entries import EntryRecord
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.history import events_of

#: Commits, and entries of previews that are gone, that are looked at; what is beyond them is said to be left out.
MOST_COMMITS, MOST_GONE = 50_000, 5_000
_COUNTED: Final = {"start": "started", "stop": "ended", "expire": "ended", "extend": "extended", "revive": "revived"}


def digest(wanted: Wanted, *, repository: Repository) -> Digest:
    """What there is and was.

    Raises `ConfigError` (UnknownEnvironment), what keeps all environments from being read, and what the store raises.
    """
    states, unreadable = repository.read().each(() if wanted.environment is None else (wanted.environment,))
    if not states:
        for error in unreadable.values():
            raise error
    counts: Counter[str] = Counter()
    lines: dict[tuple[str, IssueKey], Line] = {}
    unlisted: list[tuple[str, EntryRecord]] = []
    for one in listed_previews(states, wanted.until, unlisted):
        if wanted.shows(one.key):
            place = one.row.environment, one.key
            line = lines.setdefault(place, Line(*place))
            if one.is_request and line.state == "there":
                continue
            line.state, line.requested_by = "awaiting" if one.is_request else "there", one.outline.requested_by
            line.at = parse_time(one.row.ends) if one.row.ends and not one.is_request else None
            _add(line, None if one.is_request else ran_of(one.outline, one.row, None), wanted)
    looked = _Past(wanted, repository, counts)
    for state in states:
        for key, ended, ran in looked.of(state):
            place = state.environment.name, key
            line = lines.setdefault(place, Line(*place))
            if line.state == "ended" and (line.at is None or line.at < ended):
                line.at, line.requested_by = ended, ran.requested_by if ran is not None else ""
            _add(line, ran, wanted)
    return Digest(wanted, _groups(lines.values(), wanted.by), counts, looked.is_partial, unreadable)


def _add(line: Line, ran: Ran | None, wanted: Wanted) -> None:
    if ran is not None:
        line.cost[ran.currency] += ran.cost(wanted.since, wanted.until)


@dataclass(slots=True)
class _Past:
    """What commits tell of the time, in one environment after the other."""

    wanted: Wanted
    repository: Repository
    counts: Counter[str]
    left: int = MOST_GONE
    commits: int = 0
    is_partial: bool = False

    def of(self, state: EnvironmentState) -> Iterator[tuple[IssueKey, datetime, Ran | None]]:
        """The previews that were removed, with when, and what they were."""
        name, store = state.environment.name, self.repository.store
        gone: dict[Gone, IssueKey] = {}
        log = store.log(state.snapshot, below=previews_folder(name), since=self.wanted.since)
        for commit in islice(log, MOST_COMMITS + 1 - self.commits):
            self.commits += 1
            if commit.at > self.wanted.until:
                continue
            events = list(events_of(commit, name, None))
            removed = [(key, path) for key, path in removed_entries(events, name) if self.wanted.shows(key)]
            self.counts.update(_counted(event.action for event in events if self._is_told(event.name)))
            gone |= {(commit, path): key for key, path in removed[: max(0, self.left)]}
            self.left -= len(removed)
        self.is_partial = self.is_partial or self.commits > MOST_COMMITS or self.left < 0
        was = read_gone(store, state, [*gone])
        yield from ((key, commit.at, was[commit, path]) for (commit, path), key in gone.items())

    def _is_told(self, name: str) -> bool:
        try:
            return self.wanted.shows(IssueKey.parse(name.upper()))
        except HubError:  # whoever can push writes trailers
            return False


def _counted(actions: Iterable[str]) -> Iterator[str]:
    return (_COUNTED[action] for action in actions if action in _COUNTED)


def _groups(lines: Collection[Line], by: By) -> tuple[Group, ...]:
    found: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        found[line.key.project if by == "project" else line.requested_by].append(line)
    return tuple(
        Group(name, tuple(sorted(some, key=lambda line: (line.state == "ended", line.key, line.environment))))
        for name, some in sorted(found.items())
    )
