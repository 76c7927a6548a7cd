"""Bringing the messages of a channel up to date: what is due is posted or edited, a few at a time.

A channel that fails is left alone for a while, and keeps nothing else from going on: this is no part of any start.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from generator.errors import HubError, Stalled, Transient, Waiting
from hub.actions.telling.posting import Desk, Outcome
from hub.store import messages as rows
from hub.store.messages import MessageRow
from hub.telemetry import metrics
from hub.telemetry.telemetry import SILENT, Telemetry
from reconcilers.messages.channels import Channel, PlaceRefused, before_of
from reconcilers.messages.model import GONE, Message, split_row
from reconcilers.messages.quiet import Decision, Later, Now, Ping, decide

#: Calls of one channel at a time (Jira's advice for apps that respect its limits).
AT_ONCE: Final = 3
#: Refusals one after another, after which a channel is left alone; and for how long after a failure.
_REFUSALS, _PAUSE, _AWAY = 3, timedelta(minutes=5), timedelta(seconds=30)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Planned:
    """What would be done about a message: `action`, whom it alerts, and when (None: now)."""

    message: Message
    channel: str
    action: str
    ping: Ping | None = None
    at: datetime | None = None


#: Where the messages of previews stand in a channel; given what is told, and what `Message.row` are open by now. It
#: adds what kept it from finding out to the last, and goes on with those that it knows.
Spread = Callable[[Sequence[Message], Collection[str], list[Exception]], Sequence[Message]]


def one_each(messages: Sequence[Message], told: Collection[str], failures: list[Exception]) -> Sequence[Message]:
    """A channel has one place for a preview."""
    del told, failures
    return messages


@dataclass(eq=False)
class Teller:
    """The messages of one channel, as one process sees them. `is_of_previews`: they are about previews, one by one.

    `is_lasting`: it looks again and again, and so knows since when a message differs; else what differs is told now.
    `failures`: why messages could not be told in the last pass.
    """

    desk: Desk
    telemetry: Telemetry = SILENT
    is_lasting: bool = True
    spread: Spread = one_each
    is_of_previews: bool = True
    failures: list[Exception] = field(default_factory=list)
    _differ: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    _resumes: datetime | None = None

    def __post_init__(self) -> None:
        """Nothing failed yet."""
        self._lock = threading.Lock()
        self._refusals = 0
        self._unread = frozenset[str]()
        self._ends = threading.Event()

    def stop(self) -> None:
        """Begin nothing more: what is in hand goes on."""
        self._ends.set()

    @property
    def channel(self) -> Channel:
        """Where they stand."""
        return self.desk.channel

    def open_keys(self) -> frozenset[str]:
        """The previews (`int/RTB-123`) whose last word is not told. Raises `Transient` (DatabaseUnreachable)."""
        return frozenset(split_row(row)[0] for row in self._open()) if self.is_of_previews else frozenset()

    def known_keys(self) -> frozenset[str]:
        """The previews that there is a row of. Raises `Transient` (DatabaseUnreachable)."""
        with self.desk.database.read() as connection:
            return rows.preview_keys(connection, self.channel.name)

    def _open(self) -> frozenset[str]:
        with self.desk.database.read() as connection:
            return rows.open_keys(connection, self.channel.name)

    def _placed(self, messages: Sequence[Message]) -> Sequence[Message]:
        opened = self._open()
        found = self.spread(self._to_place(messages, opened), opened, self.failures)
        for err in self.failures:
            if isinstance(err, HubError) and str(err) not in self._unread:
                self.telemetry.refused(err)  # when it begins: it is looked again and again
        self._unread = frozenset(str(err) for err in self.failures)
        return found

    def _to_place(self, messages: Sequence[Message], opened: Collection[str]) -> Sequence[Message]:
        """Without those that were told their last word, of which nobody needs to know where they stood."""
        if self.spread is one_each or not self.is_of_previews:
            return messages
        known = {split_row(row)[0] for row in opened}
        gone = [one.key for one in messages if one.phase in GONE and one.key not in known]
        if not gone:
            return messages
        with self.desk.database.read() as connection:
            closed = rows.known_of(connection, self.channel.name, gone)
        return [one for one in messages if one.key not in closed]

    def _known(self, messages: Sequence[Message]) -> Mapping[str, MessageRow]:
        with self.desk.database.read() as connection:
            return rows.of_channel(connection, self.channel.name, [one.row for one in messages])

    def planned(self, messages: Sequence[Message]) -> list[Planned]:
        """What would be done, without doing it. What keeps places from being known is in `failures`.

        Raises `Transient` (DatabaseUnreachable).
        """
        self.failures.clear()
        messages = self._placed(messages)
        known = self._known(messages)
        return [self._planned(one, known.get(one.row)) for one in messages]

    def _planned(self, message: Message, row: MessageRow | None) -> Planned:
        name, before = self.channel.name, before_of(row.told) if row is not None else None
        if row is not None and row.state == "declined" and before is not None and before.phase == message.phase:
            return Planned(message, name, "none: somebody deleted it")
        if row is not None and row.state == "parked" and row.look_at is not None and self.desk.clock() < row.look_at:
            return Planned(message, name, "none: it was refused, or its place is not there", at=row.look_at)
        is_there = row is not None and row.external_id is not None and not self.desk.is_next(message, row)
        if not is_there and message.phase in GONE:
            return Planned(message, name, "none" if row is not None else "none: told only where there is a message yet")
        told, drawn = self.desk.drawn(message, row)
        now = self.desk.clock()
        made: Decision = decide(
            told,
            drawn.digest,
            before if is_there else None,
            differs_since=self._since(message, drawn.digest, row),
            now=now,
        )
        match made:
            case Now(ping):
                alerted = ping if ping is not None and ping.who in self.channel.alerts and not drawn.is_quiet else None
                return Planned(told, name, "edit" if is_there else "post", alerted)
            case Later(at):
                return Planned(told, name, "edit", at=at)
            case _:
                return Planned(told, name, "none")

    def bring_up_to_date(
        self, messages: Sequence[Message], *, goes_on: Callable[[], bool] = lambda: True
    ) -> Counter[Outcome]:
        """Post and edit what is due, what differs for longest first, and give what was done.

        What fails is in `failures`, and tried later. Where `goes_on` is false, nothing more is begun.
        Raises `Transient` (DatabaseUnreachable) where the rows cannot be read.
        """
        done: Counter[Outcome] = Counter()
        self.failures.clear()
        asked, messages = messages, self._placed(messages)
        if not self.failures:
            self._close_without_place(asked, messages)
        known = self._known(messages)
        due = [one for one in messages if self._is_due(one, known.get(one.row))]
        if due and not self._is_paused():
            due.sort(key=lambda one: self._differ[one.row][1] if one.row in self._differ else _LONG_AGO)
            done.update(self._told_at_once(due, goes_on))
        gone = self._differ.keys() - {one.row for one in messages}
        for key in gone:
            self._differ.pop(key, None)
        return done

    def _close_without_place(self, asked: Sequence[Message], placed: Sequence[Message]) -> None:
        """Look for no place of a preview that is gone again, once there is none."""
        there = {one.key for one in placed}
        gone = [one.key for one in asked if one.phase in GONE and one.key not in there]
        if gone and self.is_of_previews:
            with self.desk.database.write() as connection:
                rows.close(connection, self.desk.database, self.channel.name, gone)

    def _told_at_once(self, due: Sequence[Message], goes_on: Callable[[], bool]) -> list[Outcome]:
        """A few at a time, in threads that keep no process from ending: whoever comes next finds what they did."""
        left, done = iter(due), list[Outcome]()
        died: list[BaseException] = []

        def work() -> None:
            try:
                for message in left:
                    if not goes_on():
                        return
                    one = self._tell(message)
                    if one is not None:
                        done.append(one)
            except BaseException as err:  # noqa: BLE001 - raised below, where it is waited for
                died.append(err)

        name = f"rtb-hub-{self.channel.name}"
        threads = [threading.Thread(target=work, name=name, daemon=True) for _ in range(min(AT_ONCE, len(due)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for err in died:
            raise err
        return done

    def _is_due(self, message: Message, row: MessageRow | None) -> bool:
        told, drawn = self.desk.drawn(message, row)
        return self.desk.is_due(told, drawn, row, differs_since=self._since(message, drawn.digest, row))

    def _since(self, message: Message, digest: str, row: MessageRow | None) -> datetime:
        """When it was first seen to differ from what it tells."""
        before, now = before_of(row.told) if row is not None else None, self.desk.clock()
        if before is not None and before.digest == digest:
            self._differ.pop(message.row, None)
            return now
        told = before.digest if before is not None else ""
        known = self._differ.get(message.row)
        if known is None or known[0] != told:
            known = self._differ[message.row] = (told, now if self.is_lasting else _LONG_AGO)
        return known[1]

    def _is_paused(self) -> bool:
        with self._lock:
            return self._resumes is not None and self.desk.clock() < self._resumes

    def _tell(self, message: Message) -> Outcome | None:
        if self._is_paused() or self._ends.is_set():
            return None
        since = self._differ.get(message.row)
        try:
            done = self.desk.tell(message, differs_since=since[1] if since else self.desk.clock())
        except Exception as err:  # noqa: BLE001 - the border of a message: others go on
            self.telemetry.count(metrics.MESSAGES, channel=self.channel.name, outcome="failed")
            self.failures.append(err)
            if isinstance(err, HubError):
                self._failed(err)
            else:
                self.telemetry.unexpected("entry", err)
            return None
        with self._lock:
            self._refusals = 0
        self.telemetry.count(metrics.MESSAGES, channel=self.channel.name, outcome=done)
        return done

    def _failed(self, err: HubError) -> None:
        """Leave the channel alone for as long as it says, or as such things last."""
        self.telemetry.refused(err)
        with self._lock:
            if not isinstance(err, PlaceRefused):
                self._refusals = self._refusals + 1 if isinstance(err, Stalled) else 0
            pause = None
            if isinstance(err, Waiting):
                pause = timedelta(seconds=err.retry_after_seconds)
            elif isinstance(err, Transient):
                pause = _AWAY
            elif self._refusals >= _REFUSALS:
                pause, self._refusals = _PAUSE, 0
            if pause is not None:
                until = self.desk.clock() + pause
                self._resumes = until if self._resumes is None else max(until, self._resumes)


def new_token() -> str:
    """Who holds rows: this process, and no other."""
    return secrets.token_hex(8)
