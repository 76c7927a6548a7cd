"""Who changed which preview, when and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from generator.errors import HubError
from generator.values.naming import IssueKey
from hub.actions.repository import Repository
from reconcilers.state.history import Event, homes_of, read_history


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the history: `key`, `environment` and `since` (aware) None are all, `limit` 0 is no limit."""

    key: IssueKey | None = None
    environment: str | None = None
    since: datetime | None = None
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """The events, newest first; `more`: there are others beyond the limit.

    `unreadable`: why nothing is told of an environment, by its name, or of a branch.
    """

    events: tuple[Event, ...]
    more: bool
    unreadable: Mapping[str, HubError]


def history(wanted: Wanted, *, repository: Repository) -> Told:
    """What happened, as far as environments can be read.

    Raises `ConfigError` (UnknownEnvironment), what keeps an environment that is asked for from being read, and what the
    store raises.
    """
    homes, unreadable = homes_of(repository.read().environments, only=wanted.environment)
    found = read_history(homes, repository.store, key=wanted.key, since=wanted.since)
    events = tuple(islice(found, wanted.limit + 1) if wanted.limit else found)
    more = bool(wanted.limit) and len(events) > wanted.limit
    return Told(events[: wanted.limit] if more else events, more, unreadable)
