"""Keeps the snapshot up to date, and tells subscribers what differs between two: replicas need no bus.

One thread looks at the repository every few seconds, and at once when it is told that something was written. Between
two looks lies a pause, so that many changes are told together.
"""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from generator.errors import HubError, declared
from generator.values.formats import parse_time
from hub.actions.list_previews import listed_previews
from hub.services.api.snapshot import NOTHING_READ, Snapshot, Traits, place_of, preview_data
from hub.services.api.told import operation_told
from hub.store import designs as design_changes
from hub.store import operations
from hub.store.database import Database
from hub.store.operations import Operation
from hub.telemetry.telemetry import SILENT, Telemetry
from hub.views.listing.rows import DesignChange, Listed
from hub.views.queue import queue_positions
from reconcilers.ports.git import GitStore
from reconcilers.state.entries import EntryRecord
from reconcilers.state.rereading import StateReader

#: How often the repository is looked at, and the least time between two looks.
LOOK_SECONDS, APART_SECONDS = 5.0, 0.5
#: Changes of previews that are kept for who comes back; and those of one look that are told one by one.
_KEPT, _APART = 2000, 1000
#: Operations that were asked for longer ago are not told of when they end.
_RECENT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RowChange:
    """One preview that changed (`after`), or is gone (None), with what filters look at before and after.

    `data` is what is told of it: all of it, or where it was.
    """

    before: Traits | None
    after: Traits | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What one look found: an operation that ended, or previews. `rows` None: more than are kept apart.

    It holds no snapshot: those of the past would stay as long as it.
    """

    id: int
    revision: str = ""
    as_of: str = ""
    rows: tuple[RowChange, ...] | None = ()
    operation: Mapping[str, Any] | None = None

    @property
    def size(self) -> int:
        """How much it takes to keep."""
        return 1 + len(self.rows or ())


@dataclass(eq=False)
class Feed:
    """The snapshot of a repository. `clock`: the time (aware). Start it, and stop it at the end."""

    store: GitStore
    reader: StateReader
    database: Database
    clock: Callable[[], datetime]
    telemetry: Telemetry = SILENT
    snapshot: Snapshot = NOTHING_READ
    error: HubError | None = None

    def __post_init__(self) -> None:
        """Nothing is read yet."""
        self._lock, self._looking = threading.Lock(), threading.Lock()
        self._began = float("-inf")
        self._good = self.telemetry.seconds()
        self._subscribers: list[Callable[[list[Change]], None]] = []
        self._kept: deque[Change] = deque()
        #: Names this process in the ids of events: another one counts from 1 too.
        self.name = secrets.token_hex(4)
        self._count = 0
        self._wake, self._ends, self._read = threading.Event(), threading.Event(), threading.Event()
        self._since: datetime | None = None
        self._seen: set[str] = set()
        self._designs: Mapping[str, DesignChange] = {}
        self._design_at = 0
        self._thread = threading.Thread(target=self._run, name="rtb-hub-snapshot", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ends.set()
        self._wake.set()
        self._thread.join()

    def look(self) -> None:
        """Look soon: something was written."""
        self._wake.set()

    @property
    def is_running(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    @property
    def has_read(self) -> bool:
        """Whether there is a snapshot."""
        return self._read.is_set()

    @property
    def age_seconds(self) -> float:
        """Since the look that found the snapshot as it is; before the first, since this was made."""
        return self.telemetry.seconds() - self._good

    def wait(self, seconds: float) -> bool:
        """Wait for the first snapshot."""
        return self._read.wait(seconds)

    def subscribe(self, told: Callable[[list[Change]], None], *, after: int | None) -> tuple[list[Change] | None, int]:
        """Have `told` called with what changes, from the feed's thread: it must not block.

        Gives what changed since the event `after` (None: nobody knows that any more), and the last event's id.
        """
        with self._lock:
            self._subscribers.append(told)
            missed: list[Change] | None = []
            if after is not None:
                oldest = self._kept[0].id if self._kept else self._count + 1
                missed = [one for one in self._kept if one.id > after] if oldest - 1 <= after <= self._count else None
            return missed, self._count

    def unsubscribe(self, told: Callable[[list[Change]], None]) -> None:
        """Tell it no more."""
        with self._lock:
            self._subscribers.remove(told)

    def _run(self) -> None:
        while not self._ends.is_set():
            self._wake.clear()
            self.refresh()
            self._ends.wait(APART_SECONDS)
            self._wake.wait(LOOK_SECONDS - APART_SECONDS)

    def catch_up(self) -> None:
        """Have looked since this was called, for who has just written and reads next. Many callers share a look."""
        asked = self.telemetry.seconds()
        with self._looking:
            if self._began <= asked:
                self._refresh()

    def refresh(self) -> None:
        """Look once, now. What goes wrong is kept in `error`, and the snapshot stays."""
        with self._looking:
            self._refresh()

    def _refresh(self) -> None:
        self._began = self.telemetry.seconds()
        try:
            after = self._read_anew()
            ended = self._ended()
        except Exception as err:  # noqa: BLE001 - the loop must go on
            self.error = declared("the state repository cannot be read", err)
            if not isinstance(err, HubError):
                self.telemetry.unexpected("round", err)
            return
        self.error, self._good = None, self._began
        before, self.snapshot = self.snapshot, after
        is_same = before is NOTHING_READ or before.rows is after.rows
        rows = () if is_same else tuple(islice(_differences(before, after), _APART + 1))
        self._tell(after, rows if len(rows) <= _APART else None, [operation_told(one) for one in ended])
        self._read.set()

    def _read_anew(self) -> Snapshot:
        branches, now, last = self.store.snapshots(), self.clock(), self.snapshot
        heads = {name: one.commit for name, one in branches.items()}
        designs, before = self._changed_designs(), self._designs
        self._designs = designs
        is_same = last is not NOTHING_READ and heads == last.heads and not last.failures and designs == before
        if is_same and (last.next_change is None or now < last.next_change):
            return last.seen_again(now)
        states, failures = self.reader.read(branches).each()
        unlisted: list[tuple[str, EntryRecord]] = []
        rows = [marked(one, designs) for one in listed_previews(states, now, unlisted)]
        read = {state.environment.name: state for state in states}
        lost = {name for name in last.states if name not in read} if failures else set()
        rows += [one for one in last.rows if one.row.environment in lost]
        queue = tuple(one for state in states for one in queue_positions(state))
        kept = {name: last.states[name] for name in lost}
        every = tuple(sorted(rows, key=place_of))
        return Snapshot(now, heads, {**read, **kept}, every, queue, failures, frozenset(lost), tuple(unlisted))

    def _changed_designs(self) -> Mapping[str, DesignChange]:
        with self.database.read() as connection:
            found, self._design_at = design_changes.changed(connection, since=self._design_at)
        return {**self._designs, **found} if found else self._designs

    def _ended(self) -> list[Operation]:
        with self.database.read() as connection:
            now = self.database.now(connection)
            since = self._since or now
            found = operations.ended_since(connection, since, begun=now - _RECENT)
        new = [one for one in found if one.id not in self._seen]
        # Those that end at the very moment of a look may be seen by the next one only: look a little further back.
        self._since = now - timedelta(seconds=30)
        self._seen = {one.id for one in found}
        return new

    def _tell(self, at: Snapshot, rows: tuple[RowChange, ...] | None, ended: Sequence[Mapping[str, Any]]) -> None:
        told: list[dict[str, Any]] = [{"operation": one} for one in ended]
        if rows is None or rows:
            told.insert(0, {"rows": rows, "revision": at.revision, "as_of": at.as_of})
        if not told:
            return
        with self._lock:
            made = [Change(self._count + number, **one) for number, one in enumerate(told, 1)]
            self._count += len(made)
            self._kept.extend(made)
            while sum(one.size for one in self._kept) > _KEPT and len(self._kept) > 1:
                self._kept.popleft()
            subscribers = tuple(self._subscribers)
        for subscriber in subscribers:
            subscriber(made)


def marked(listed: Listed, known: Mapping[str, DesignChange]) -> Listed:
    """A preview with what changed of its issue's design since it was asked for."""
    change = known.get(listed.row.key)
    if change is None or change.at <= parse_time(listed.outline.requested_at):
        return listed
    return replace(listed, design=change)


def _differences(before: Snapshot, after: Snapshot) -> Iterator[RowChange]:
    old = {place_of(one): one for one in before.rows}
    for one in after.rows:
        was = old.pop(place_of(one), None)
        if was is None or _facts(was) != _facts(one):
            traits = None if was is None else Traits.of(was)
            yield RowChange(traits, Traits.of(one), preview_data(one, now=after.at))
    for gone in old.values():
        where = {"issue": gone.row.key, "environment": gone.row.environment, "isRequest": gone.is_request}
        yield RowChange(Traits.of(gone), None, where)


def _facts(listed: Listed) -> tuple[Any, ...]:
    return listed.outline, listed.row.lease, listed.row.url, listed.removal, listed.design
