"""One message: posted once, edited after that, and found again by whoever lost where it is.

At most one, whatever is killed where: a row is taken before anything is sent; that a post begins is written before it
is sent; whoever finds a post that began and does not know its end waits until it cannot arrive any more, looks, and
posts only where there is none. Some time after each post it is looked once more, and what is too many is removed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from generator.errors import HubError, Stalled, Transient, Waiting
from hub.store import messages as rows
from hub.store.database import Database
from hub.store.messages import MessageRow
from reconcilers.messages.channels import Channel, Drawn, Place, Posted, before_data, before_of
from reconcilers.messages.model import GONE, Last, Message, split_row
from reconcilers.messages.quiet import Before, Later, Now, after, decide

#: What was done about a message. `taken`: another worker has it in hand.
Outcome = Literal["posted", "edited", "found", "unchanged", "later", "declined", "parked", "taken"]
#: A post whose end is not known arrives within, or never: twice what is waited for an answer, and more.
SETTLED: Final = timedelta(seconds=60)
#: After a post, when it is looked whether there is one too many.
AGAIN: Final = timedelta(minutes=10)
#: When it is tried again where what a message would stand at is not there, and where it is refused.
MISSING: Final = timedelta(days=1)
REFUSED: Final = timedelta(minutes=10)
#: With none of these a preview begins.
_NO_BEGIN: Final = frozenset({*GONE, "stopping", "unknown"})


@dataclass(frozen=True)
class Desk:
    """What one process posts and edits with: a channel, the rows, and who this process is (`token`).

    `refused` is told of what does no harm to the message. `missing`: when it is tried again where a message's place is
    not there. `renews`: a preview that begins anew after its last word is told of by a new message.
    """

    channel: Channel
    database: Database
    repository: str
    clock: Callable[[], datetime]
    token: str
    refused: Callable[[HubError], None]
    missing: timedelta = MISSING
    renews: bool = False

    def is_next(self, message: Message, row: MessageRow | None) -> bool:
        """Whether a new message takes the place of the one that the row is of."""
        before = before_of(row.told) if row is not None else None
        return self.renews and message.phase not in _NO_BEGIN and before is not None and before.phase in GONE

    def current(self, message: Message, posted: Sequence[Posted]) -> Sequence[Posted]:
        """Those of `posted` that are of this preview, and of none before it under the same name; oldest first."""
        if not self.renews:
            return posted
        running = [one for one in posted if one.before is None or one.before.phase not in GONE]
        return running or (posted[-1:] if message.phase in _NO_BEGIN else [])

    def is_due(self, message: Message, drawn: Drawn, row: MessageRow | None, *, differs_since: datetime) -> bool:
        """Whether there is anything to do about it just now, by a row that was read before; both as of `drawn`."""
        now = self.clock()
        if row is None:
            return message.phase != "unknown"  # of one that is gone, what there may be is told its last word
        if row.state == "closed" and message.phase in GONE:
            return False
        if self.is_next(message, row):
            return True
        must_wait = row.look_at is not None and now < row.look_at
        if row.external_id is None and message.phase == "unknown":
            return False
        if row.state == "declined":
            before = before_of(row.told)
            return before is None or before.phase != message.phase
        if row.state == "parked" or row.external_id is None:
            return not must_wait
        if row.look_at is not None and not must_wait:
            return True
        return isinstance(decide(message, drawn.digest, before_of(row.told), differs_since=differs_since, now=now), Now)

    def drawn(self, message: Message, row: MessageRow | None) -> tuple[Message, Drawn]:
        """The message with what was told before, where nothing newer is known, and how it looks."""
        before = before_of(row.told) if row is not None else None
        if message.phase == "unknown" and before is not None:
            message = replace(message, last=Last(before.phase, before.at))
        return message, self.channel.drawn(message)

    def tell(self, message: Message, *, differs_since: datetime) -> Outcome:
        """Post or edit it. Raises what the channel raises, and `Transient` (DatabaseUnreachable).

        The row is given back as it was kept last, whatever is raised; one that is refused, or that a mistake of
        ours keeps from being told, is left alone for a while.
        """
        with self.database.write() as connection:
            row = rows.take(connection, self.database, message.row, self.channel.name, token=self.token)
        if row is None:
            return "taken"
        hand = _Hand(self, message, row, differs_since)
        try:
            return hand.act()
        except (Transient, Waiting):
            raise
        except Exception:
            hand.row = replace(hand.row, state="parked", look_at=self.clock() + REFUSED)
            raise
        finally:
            with self.database.write() as connection:
                rows.give_back(connection, hand.row)


@dataclass
class _Hand:
    """One message whose row this process has."""

    desk: Desk
    message: Message
    row: MessageRow
    differs_since: datetime
    place: Place = field(init=False)

    def __post_init__(self) -> None:
        key, at = split_row(self.row.key)
        environment, _, subject = key.partition("/")
        self.place = Place(self.desk.repository, environment, subject, at)

    def act(self) -> Outcome:
        if self.desk.is_next(self.message, self.row):
            self.row = replace(self.row, state="open", external_id=None, told=None, intent_at=None, look_at=None)
        now, row = self.desk.clock(), self.row
        is_found = False
        if row.external_id is None or row.was_held or (row.look_at is not None and row.look_at <= now):
            looked = self._look(now)
            if looked is not None and looked != "found":
                return looked
            is_found = looked == "found"
        if self.row.external_id is None:
            return self._post(now)
        return self._edit(now, "found" if is_found else "unchanged")

    def _look(self, now: datetime) -> Outcome | None:
        """Look for it. None: there is none, and one may be posted, or what is known stays."""
        found = self.desk.channel.find(self.place)
        if found is None:
            return self._park(now)
        if posted := self.desk.current(self.message, found.posted):
            first, *others = posted
            for other in others:
                self.desk.channel.remove(self.place, other.id)
            is_known = first.id == self.row.external_id
            is_sure = is_known and not self.row.was_held and self.row.intent_at is None
            told = before_data(self.place, first.before) if first.before else self.row.told if is_sure else None
            self.row = replace(self.row, external_id=first.id, told=told, intent_at=None, look_at=None)
            if not is_known:
                self.row = replace(self.row, state="open")
                self._keep()
            return "found"
        if self.row.external_id is not None:
            self.row = replace(self.row, look_at=None)  # too far back to be looked at: editing tells whether it is gone
            return None
        before = before_of(self.row.told)
        is_over = self.message.phase in GONE
        if found.is_declined and not is_over and (before is None or before.phase == self.message.phase):
            return self._decline(Before("", self.message.phase, now))
        if self.row.intent_at is not None and now < self.row.intent_at + SETTLED:
            self.row = replace(self.row, look_at=self.row.intent_at + SETTLED)
            return "later"
        return None

    def _post(self, now: datetime) -> Outcome:
        if self.message.phase in GONE or self.message.phase == "unknown":
            self.row = replace(self.row, state="closed" if self.message.phase in GONE else "open", intent_at=None)
            return "unchanged"
        message, drawn = self.desk.drawn(self.message, None)
        decision = decide(message, drawn.digest, None, differs_since=self.differs_since, now=now)
        ping = decision.ping if isinstance(decision, Now) else None
        new = after(message, drawn.digest, ping, None, at=now)
        self.row = replace(self.row, state="open", intent_at=now, look_at=None)
        if not self._keep():
            return "taken"
        try:
            made = self.desk.channel.post(self.place, drawn, new)
        except (Waiting, Stalled):  # refused, so that none was made
            self.row = replace(self.row, intent_at=None)
            raise
        if made is None:
            return self._park(now)
        told = before_data(self.place, new)
        self.row = replace(
            self.row, state="open", external_id=made, told=told, intent_at=None, look_at=self.desk.clock() + AGAIN
        )
        self._keep()
        self._note(made)
        return "posted"

    def _edit(self, now: datetime, otherwise: Outcome) -> Outcome:
        before = before_of(self.row.told)
        message, drawn = self.desk.drawn(self.message, self.row)
        decision = decide(message, drawn.digest, before, differs_since=self.differs_since, now=now)
        if not isinstance(decision, Now) or self.row.external_id is None:
            is_last = before is not None and before.digest == drawn.digest and message.phase in GONE
            self.row = replace(self.row, state="closed" if is_last else "open")
            return "later" if isinstance(decision, Later) else otherwise
        ping = decision.ping
        new = after(message, drawn.digest, ping, before, at=now)
        alerts = ping is not None and ping.who in self.desk.channel.alerts and not drawn.is_quiet
        try:
            is_there = self.desk.channel.edit(self.place, self.row.external_id, drawn, new, alerts=alerts)
        except Transient:
            # It may be edited: else somebody is alerted twice, and what changes back is not told.
            self.row = replace(self.row, look_at=now, intent_at=now)
            raise
        if not is_there:
            return self._decline(before or new)
        state: rows.State = "closed" if message.phase in GONE else "open"
        self.row = replace(self.row, state=state, told=before_data(self.place, new), intent_at=None)
        return "edited"

    def _decline(self, before: Before) -> Outcome:
        """Somebody deleted it: none is made again while the preview is in the phase that it told of."""
        told = before_data(self.place, before)
        self.row = replace(self.row, state="declined", external_id=None, told=told, intent_at=None, look_at=None)
        self._keep()
        self._note(None)
        return "declined"

    def _note(self, message: str | None) -> None:
        """Who lost the database finds a message without it too, but not that one was deleted."""
        try:
            self.desk.channel.note(self.place, message)
        except Stalled as err:
            self.desk.refused(err)

    def _park(self, now: datetime) -> Outcome:
        state: rows.State = "closed" if self.message.phase in GONE else "parked"
        self.row = replace(self.row, state=state, intent_at=None, look_at=now + self.desk.missing)
        return "parked"

    def _keep(self) -> bool:
        database = self.desk.database
        with database.write() as connection:
            return rows.keep(connection, database, self.row)
