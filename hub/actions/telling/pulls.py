"""Where the messages of a preview stand among pull requests: the newest open one in each repository of its code.

A pull request that was told of once is told of to the end, though it is closed or another is newer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from generator.errors import HubError, Stalled, Waiting
from generator.values.naming import IssueKey
from reconcilers.messages.model import GONE, Message, split_row
from reconcilers.ports.sources import OpenWorks, key_in

#: A repository's pull requests are read anew after so long, and after a failure.
FRESH: Final = timedelta(seconds=30)
_AWAY, _REFUSED = timedelta(seconds=30), timedelta(minutes=10)


@dataclass(eq=False)
class Pulls:
    """The newest open pull request of each issue, by repository. Safe for threads: what one read is all others'."""

    sources: OpenWorks
    clock: Callable[[], datetime]
    _read: dict[str, tuple[datetime, Mapping[IssueKey, int]]] = field(default_factory=dict)
    _failed: dict[str, tuple[datetime, HubError]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def place(self, repository: str, key: IssueKey) -> str | None:
        """Where it is (`acme/web#7`), in one case; None: there is none. Raises what the port raises."""
        name = repository.casefold()
        number = self._of(name).get(key)
        return None if number is None else f"{name}#{number}"

    def left(self, repository: str, environment: str) -> Mapping[str, Collection[str]]:
        """The open ones by issue, where the forge has nothing else to know by: see `Left`."""
        del environment
        name = repository.casefold()
        return {str(key): (f"{name}#{number}",) for key, number in self._of(name).items()}

    def _of(self, name: str) -> Mapping[IssueKey, int]:
        with self._lock:
            now = self.clock()
            if name in self._read and now < self._read[name][0] + FRESH:
                return self._read[name][1]
            if name in self._failed and now < self._failed[name][0]:
                raise self._failed[name][1]
            try:
                works = self.sources.open_works(name)
            except HubError as err:
                self._failed[name] = (now + _pause(err), err)
                raise
            found: dict[IssueKey, int] = {}
            for work in works:
                key = key_in(work.branch)
                if key is not None and work.number is not None:
                    found[key] = max(found.get(key, 0), work.number)
            self._failed.pop(name, None)
            self._read[name] = (now, found)
            return found


def _pause(err: HubError) -> timedelta:
    if isinstance(err, Waiting):
        return timedelta(seconds=err.retry_after_seconds)
    return _REFUSED if isinstance(err, Stalled) else _AWAY


#: Where previews of an environment (the second) are told of in a repository, by issue, as the forge itself knows it.
Left = Callable[[str, str], Mapping[str, Collection[str]]]


def nothing_left(repository: str, environment: str) -> Mapping[str, Collection[str]]:
    """The forge knows of none."""
    del repository, environment
    return {}


@dataclass(frozen=True, eq=False)
class OfPulls:
    """A message for each pull request: see `teller.Spread`.

    `left` is asked about previews that are gone and that nobody remembers to have told of.
    """

    pulls: Pulls
    left: Left = nothing_left

    def __call__(
        self, messages: Sequence[Message], told: Collection[str], failures: list[Exception]
    ) -> Sequence[Message]:
        """The messages of all places."""
        known = _by_preview(told)
        failed: dict[str, HubError] = {}
        forgotten = [one for one in messages if one.phase in GONE and one.key not in known]
        known |= self._forgotten(forgotten, failed)
        found = [one for message in messages for one in self._of(message, known.get(message.key, set()), failed)]
        failures += failed.values()
        return found

    def _forgotten(self, messages: Sequence[Message], failed: dict[str, HubError]) -> dict[str, set[str]]:
        """Where they stand, by preview."""
        found: dict[str, set[str]] = {}
        for repository, environment in sorted({(name, one.environment) for one in messages for name in one.code}):
            if repository in failed:
                continue
            try:
                left = self.left(repository, environment)
            except HubError as err:
                failed[repository] = err
                continue
            for one in messages:
                if one.environment == environment and repository in one.code:
                    found.setdefault(one.key, set()).update(map(self._place, left.get(one.issue, ())))
        return found

    @staticmethod
    def _place(at: str) -> str:
        """Of a message, by that of a deployment: it is for all builds."""
        return "/".join(at.split("/")[:2])

    def _of(self, message: Message, told: set[str], failed: dict[str, HubError]) -> list[Message]:
        return [replace(message, at=at) for at in sorted(told | self.current(message, failed))]

    def current(self, message: Message, failed: dict[str, HubError]) -> set[str]:
        """Where it belongs now; of a repository that cannot be read, it stays where it is told."""
        found = set()
        for repository in message.code if message.phase not in GONE else ():
            if repository in failed:
                continue
            try:
                at = self.pulls.place(repository, IssueKey.parse(message.issue))
            except HubError as err:
                failed[repository] = err
                continue
            found |= {at} if at is not None else set()
        return found


@dataclass(frozen=True, eq=False)
class OfBuilds(OfPulls):
    """A message for each pull request and build (`acme/web#7/BUILD`): one that is replaced is told to have ended.

    `is_seen_only`: nothing begins to be told of what nobody looked at.
    """

    is_seen_only: bool = False

    @staticmethod
    def _place(at: str) -> str:
        return at

    def _of(self, message: Message, told: set[str], failed: dict[str, HubError]) -> list[Message]:
        is_told = bool(message.build) and not (self.is_seen_only and message.phase == "unseen")
        current = {f"{at}/{message.build}" for at in self.current(message, failed)} if is_told else set()
        return [self._at(message, at) for at in sorted(told | current)]

    @staticmethod
    def _at(message: Message, at: str) -> Message:
        is_replaced = bool(message.build) and at.rpartition("/")[2] != message.build
        if not is_replaced:
            return replace(message, at=at)
        return replace(message, at=at, phase="withdrawn", cause=None, ending=None, review="")


def _by_preview(told: Collection[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in told:
        key, at = split_row(row)
        if at:
            found.setdefault(key, set()).add(at)
    return found
