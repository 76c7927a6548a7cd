"""`rtb-hub reconcile --watch`: sleep until something is due, look sooner when the repository changed, never give up.

Two watches at once do no harm: a commit compares and swaps, and who comes second plans on what is there then. One that
is killed leaves whole commits only.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from generator.errors import ConfigError, HubError, declared
from generator.values.formats import format_time
from hub.reconciling.figures import RoundFigures
from hub.reconciling.interruption import Interruption
from hub.reconciling.journal import Journal
from hub.reconciling.registry import ReconcileTime
from hub.reconciling.round import Asked, Outcome, Round
from hub.retrying import Backoff
from hub.telemetry import events
from hub.telemetry.telemetry import Telemetry
from hub.wiring import Hub
from reconcilers.ports.git import GitStore
from reconcilers.state.clocks import CLOCK_TOLERANCE

if TYPE_CHECKING:
    from hub.telemetry.serving import MetricsAddress

#: How often the remote's heads are asked for. A lease that was made meanwhile, however short, is seen this soon.
POLL_SECONDS = 20.0
#: A full look at least this often, whatever the heads say; and the log is not silent for longer.
REFRESH_SECONDS = 600.0
#: The first pause after a failure, which doubles up to the other: a repository that is away for a moment is no
#: other failure than one that needs a person, before it was tried again.
BACKOFF_SECONDS, BACKOFF_CAP_SECONDS = 1.0, 60.0
#: A loop that did not go on for longer is stuck: in a round that hangs, since no pause is that long.
STUCK_SECONDS = 900.0
NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Time:
    """The clock (aware), seconds that only go forward, and a pause that says whether to end; replaced in tests.

    `jitter` spreads the tries of several watches: 0 to 1.
    """

    pause: Callable[[float], bool]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    seconds: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random


def watch_store(ours: Hub, store: GitStore, asked: Asked, *, metrics: MetricsAddress | None = None) -> None:
    """Watch until SIGTERM or SIGINT, and tell `ours.telemetry`. `metrics`: where its figures are served meanwhile.

    Raises `ConfigError` (InvalidValue) for an address that cannot be served at.
    """
    with Interruption() as interruption, ExitStack() as stack:
        clock = Time(interruption.pause)

        def look() -> tuple[Outcome, ...]:
            return Round(ours, store, asked, ReconcileTime(clock.now().replace(microsecond=0))).run()

        def heads() -> dict[str, str]:
            return {branch: snapshot.commit for branch, snapshot in store.snapshots().items()}

        watch = Watch(look, heads, clock, ours.telemetry)
        served = stack.enter_context(metrics.served(lambda: watch.is_turning)) if metrics else None
        about = {"repository": store.location, "reconcilers": ", ".join(asked.reconcilers()), "metrics": served}
        ours.telemetry.tell(events.WATCHING, **about)
        watch.run()
        ours.telemetry.tell(events.ENDED, why="asked to")


@dataclass
class Watch:
    """`look` makes a round, `heads` says cheaply where the branches are."""

    look: Callable[[], Sequence[Outcome]]
    heads: Callable[[], dict[str, str]]
    time: Time
    telemetry: Telemetry
    _seen: dict[str, str] | None = field(default=None, init=False)
    _failures: int = field(default=0, init=False)
    _told: float = field(default=NEVER, init=False)
    _turned: float = field(default=NEVER, init=False)
    _succeeded: frozenset[str] = field(default=frozenset(), init=False)
    _offset: timedelta | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """A journal of its own, and a loop that has just begun."""
        self._journal, self._turned = Journal(self.telemetry), self.time.seconds()

    @property
    def is_turning(self) -> bool:
        """Whether the loop went on within the time in which it must."""
        return self.time.seconds() - self._turned <= STUCK_SECONDS

    def run(self) -> None:
        """Go on until a pause says that it is enough."""
        while True:
            with self.telemetry.reconciling():
                due, retry = self._turn()
            if self._sleep(due, retry):
                return

    def _turn(self) -> tuple[datetime | None, float | None]:
        """One round, told and counted; when something is due next, and when (of `time.seconds`) to try again."""
        self._check_clock()
        begin = self.time.seconds()
        outcomes = self._round()
        errors = [one.error for one in outcomes if one.error]
        self._failures = self._failures + 1 if errors else 0
        due = min((one.next_due for one in outcomes if one.next_due), default=None)
        retry = self.time.seconds() + self._backoff() if errors else None
        self._tell(RoundFigures(outcomes, self.time.seconds() - begin), due, retry)
        return due, retry

    def _round(self) -> Sequence[Outcome]:
        try:
            if self._seen is None:
                self._seen = self.heads()  # before the look: what changes in between gives one look more
            return self.look()
        except Exception as err:
            if isinstance(err, ConfigError) and self._told == NEVER:
                raise  # what was asked for is wrong, and waiting does not mend that
            return (Outcome("all", "all", error=declared("the repository cannot be observed", err)),)

    def _backoff(self) -> float:
        """Seconds until the next try: half of them are sure, the other half is left to chance."""
        half = Backoff(
            first_seconds=BACKOFF_SECONDS,
            most_seconds=BACKOFF_CAP_SECONDS,
            random=lambda: (1 + self.time.jitter()) / 2,
        )
        return half.seconds(self._failures)

    def _tell(self, figures: RoundFigures, due: datetime | None, retry: float | None) -> None:
        now = self.time.seconds()
        figures.note(self.telemetry, at=self.time.now())
        self._succeeded = figures.succeeded
        is_news = self._journal.tell_round(figures.outcomes)
        figures.tell(self.telemetry, is_news=is_news)
        if is_news or now - self._told >= REFRESH_SECONDS:
            self._told = now
            nothing = "nothing is due" if retry is None else "not known before what failed is tried again"
            about = {"next": format_time(due) if due else nothing}
            if retry is not None:
                about["retry"] = f"in {retry - now:.0f} s"
            self.telemetry.tell(events.WAITING, **about)

    def _sleep(self, due: datetime | None, retry: float | None) -> bool:
        """Until the next look: something is due, a failure is tried again, heads moved. True: it is enough."""
        begin = polled = self.time.seconds()
        while True:
            now = self._turned = self.time.seconds()
            left = [POLL_SECONDS - (now - polled), REFRESH_SECONDS - (now - begin)]
            left += [(due - self.time.now()).total_seconds()] if due else []
            left += [retry - now] if retry is not None else []
            if self.time.pause(max(0.0, min(left))):
                return True
            now = self.time.seconds()
            if (due and self.time.now() >= due) or now - begin >= REFRESH_SECONDS:
                return False
            if retry is not None:
                if now >= retry:
                    return False
                polled = now  # heads are read with the next try
            elif now - polled >= POLL_SECONDS:
                polled = now
                if self._moved():
                    return False
                self._note_unchanged()
            self._check_clock()

    def _moved(self) -> bool:
        """True when the heads are no longer what they were, or cannot be read: the next look tells why."""
        before, self._seen = self._seen, None
        try:
            self._seen = self.heads()
        except HubError:
            return True
        return self._seen != before

    def _note_unchanged(self) -> None:
        """Nothing moved since what succeeded, and nothing was due: it would succeed again."""
        for name in sorted(self._succeeded):
            self.telemetry.succeeded(name, at=self.time.now())

    def _check_clock(self) -> None:
        """Tell when the clock went another way than the seconds that only go forward."""
        offset = self.time.now() - datetime.fromtimestamp(0, UTC) - timedelta(seconds=self.time.seconds())
        if self._offset is not None and abs(offset - self._offset) > CLOCK_TOLERANCE:
            leap = offset - self._offset
            way = "forward: what is not due may go" if leap > timedelta(0) else "back: what is due stays"
            self.telemetry.tell(
                events.CLOCK_LEAPED, by=f"{leap.total_seconds():+.0f} s", why=f"{way} until it is right"
            )
        self._offset = offset
