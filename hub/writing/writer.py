"""Writing requests to the state repository, round by round: observe, plan all, commit, answer each.

What holds, each with a test in tests/hub/writing/test_group_commit.py:

* Each request has its own answer: its error, that of its round's store, or the commit it is in.
* A branch that moved is observed again, and everything for it planned anew, a bounded number of times: on one machine
  in turn, who waits longest first (`hub.adapters.git.turns`), so that none loses for ever.
* A round that soon follows another is planned on what is known, without asking the remote: a fetch is a third of a
  start. A commit that goes through proves it right; whatever else comes of it is planned anew on what the remote says.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from generator.errors import HubError, Moved, Unexpected
from generator.model.blueprint import TemplateLibrary
from generator.model.environment import Environment
from hub.retrying import COMPETING, Backoff, Turns, in_turn
from hub.telemetry import events
from hub.telemetry.telemetry import SILENT, Telemetry
from reconcilers.lifecycle.batch import Accepted, Outcome, Refused, Step, Submission, plan_batch
from reconcilers.ports.git import EntryCache, GitStore, Snapshot
from reconcilers.state.clocks import clock_behind, must_not_be_far_behind
from reconcilers.state.entries import NOTHING_KEPT
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.rereading import StateReader

O_co = TypeVar("O_co", bound=Outcome, covariant=True)
O = TypeVar("O", bound=Outcome)  # noqa: E741 - an outcome
#: After so long nobody guesses that nothing happened. After a guess that failed, others write too: so many rounds ask.
_RECENT, _ROUNDS_TO_ASK = timedelta(seconds=30), 8
#: Who has the turn pauses no longer than after so many tries.
_IN_TURN = 4


@dataclass(frozen=True, slots=True)
class Written(Generic[O_co]):
    """What was done. `commit`: the one it is in, or that it was found in; None when only a branch was deleted."""

    outcome: O_co
    environment: Environment
    commit: str | None


@dataclass(frozen=True, slots=True)
class Again:
    """To be planned anew: the branch moved, or (None) another request for the same preview went first, or a guess."""

    moved: Moved | None


Answer = Written[Outcome] | HubError | Again


def commit_round(
    store: GitStore,
    state_of: Callable[[str], EnvironmentState],
    submissions: Sequence[Submission[Outcome]],
    *,
    now: datetime,
    is_guess: bool = False,
) -> Iterator[tuple[int, Answer]]:
    """Plan all on one observation and carry it out; the place of each submission with its answer as soon as known.

    `state_of` gives an environment's state by its name, or raises why it cannot be read. Where `now` is far behind its
    branch's newest commit, it is refused.
    `is_guess`: the observation may be old, so that only what was committed is an answer.
    """

    def checked(name: str) -> EnvironmentState:
        state = state_of(name)
        must_not_be_far_behind(now, state.snapshot.committed_at, branch=state.snapshot.branch)
        return state

    batch = plan_batch(submissions, checked, now=now)
    accepted = {place: answer for place, answer in enumerate(batch.answers) if isinstance(answer, Accepted)}
    failed: dict[int, HubError] = {}
    for step in batch.steps:
        try:
            commit = _carried_out(step, store, now)
        except HubError as err:
            failed |= dict.fromkeys(step.members, err)
            yield from ((place, _failure(err)) for place in step.members)
        else:
            yield from ((place, _written(accepted[place], commit)) for place in step.members)
    in_steps = {place for step in batch.steps for place in step.members}
    for place, answer in enumerate(batch.answers):
        if place in in_steps:
            continue
        if is_guess:
            yield place, Again(None)
        elif isinstance(answer, Refused):
            # Where there was no room beside one that then failed, nobody knows whether there is.
            beside = next((failed[other] for other in sorted(answer.beside) if other in failed), None)
            yield place, _failure(beside) if beside else answer.error
        else:
            yield place, _written(answer, None) if isinstance(answer, Accepted) else Again(None)


def _carried_out(step: Step, store: GitStore, now: datetime) -> str | None:
    if step.withdraw is not None:
        branch, expected = step.withdraw
        store.delete_branch(branch, expected=expected)
    return store.commit(step.plan, at=now) if step.plan else None


def _failure(err: HubError) -> Answer:
    return Again(err) if isinstance(err, Moved) else err


def _written(answer: Accepted[Outcome], commit: str | None) -> Written[Outcome]:
    plan = answer.outcome.plan
    return Written(answer.outcome, answer.environment, commit or (plan.base if plan else None))


@dataclass(eq=False, slots=True)
class Item:
    """A submission on its way. `moved`: how often the branch moved under it. `since`: when it came (monotonic)."""

    submission: Submission[Any]
    future: Future[Written[Any]] = field(default_factory=Future)
    moved: int = 0
    since: float = field(default_factory=time.monotonic)


@dataclass(eq=False)
class Writer:
    """Writes submissions to one store, round by round, in the calling thread, and tells `telemetry` their answers."""

    store: GitStore
    library: TemplateLibrary
    clock: Callable[[], datetime]
    backoff: Backoff = COMPETING
    cache: EntryCache = NOTHING_KEPT
    telemetry: Telemetry = SILENT
    turns: Turns | None = None

    def __post_init__(self) -> None:
        """Nothing is known yet."""
        self._reader = StateReader(self.store.location, self.library, self.cache)
        self._last: datetime | None = None  # when the last round was that went through
        self._to_ask = 0  # rounds before the next guess

    def write(self, submission: Submission[O]) -> Written[O]:
        """Write one. Raises what planning it and the store raise; `Moved` when the branch never stood still."""
        (future,) = self.write_all([submission])
        return future.result()

    def write_all(self, submissions: Sequence[Submission[O]]) -> list[Future[Written[O]]]:
        """Write all, each answered: with what was written or with its own error."""
        items = [Item(one) for one in submissions]
        left = items
        while left:
            left = self.round(left)
        return [item.future for item in items]

    def round(self, items: Sequence[Item]) -> list[Item]:
        """One round. Answers all but those to be planned anew, which it returns in order, after a pause if need be."""
        since, has_lost = min(item.since for item in items), any(item.moved for item in items)
        with in_turn(self.turns, since, has_lost=has_lost) as has_turn:
            self._last = None if has_turn else self._last  # others wrote meanwhile
            again = self._tried(items)
            moved = max((item.moved for item in again), default=0)
            if moved and has_turn:  # only others' machines were quicker: nobody here waits for long
                self.backoff.pause(min(moved, _IN_TURN))
            elif moved and (self.turns is None or has_turn is False):  # else it waits for its turn
                self.backoff.pause(moved)
        return again

    def _tried(self, items: Sequence[Item]) -> list[Item]:
        """Answer all but those to be planned anew, which it returns in order."""
        unanswered = dict(enumerate(items))
        again: dict[int, Item] = {}
        try:
            for place, answer in self._answers([item.submission for item in items]):
                item = unanswered.pop(place)
                if isinstance(answer, Written):
                    self._tell(item, answer)
                    item.future.set_result(answer)
                elif isinstance(answer, HubError):
                    self._refuse(item, answer)
                elif self._may_try(item, answer):
                    again[place] = item
        except Exception as err:  # noqa: BLE001 - whatever it is, every caller must hear of it, and the loop go on
            for item in unanswered.values():
                self._refuse(item, err)
        return [again[place] for place in sorted(again)]

    def prepare(self) -> None:
        """Read what the last round left, so that the next one need not: for a moment when nobody waits."""
        if self._last is not None:
            try:
                self._reader.read(self.store.known())
            except Exception:  # noqa: BLE001 - nobody is there to hear of it, and the thread must go on
                self._last = None  # the next round asks and reads, and tells those who are in it

    def _answers(self, submissions: Sequence[Submission[Any]]) -> Iterator[tuple[int, Answer]]:
        now = self.clock()
        is_guess = self._may_guess(submissions, now)
        self._last, self._to_ask = None, max(0, self._to_ask - 1)
        branches = self.store.known() if is_guess else self.store.snapshots()
        reading = self._reader.read(branches)
        is_calm = True
        for place, answer in commit_round(self.store, reading.state, submissions, now=now, is_guess=is_guess):
            is_calm = is_calm and isinstance(answer, Written)
            if is_guess and isinstance(answer, Again):
                self._to_ask = _ROUNDS_TO_ASK if answer.moved else self._to_ask
                yield place, Again(None)
            else:
                yield place, answer
            if isinstance(answer, Written):
                self._tell_clock(answer.environment.spec.branch, branches, now)
        if is_calm:
            self._last = now  # else the next round asks: some are in it again, or nobody knows what was done

    def _tell_clock(self, branch: str, before: Mapping[str, Snapshot], now: datetime) -> None:
        """Tell of a clock by which leases were written wrongly, if it shows."""
        why = clock_behind(now, before[branch].committed_at) if branch in before else ""
        if why:
            self.telemetry.tell(events.CLOCK_BEHIND, branch=branch, why=why)

    def _may_guess(self, submissions: Sequence[Submission[Any]], now: datetime) -> bool:
        """Whether a round may do without asking the remote: one that was there is recent, and its plans prove it.

        A plan for a gated environment proves nothing: what others ask for there stands on other branches.
        """
        is_recent = self._last is not None and abs(now - self._last) < _RECENT and not self._to_ask
        return is_recent and not {one.environment for one in submissions} & self._reader.gated

    def _may_try(self, item: Item, answer: Again) -> bool:
        if answer.moved is None:
            return True
        item.moved += 1
        if item.moved < self.backoff.tries:
            return True
        what = f"{answer.moved.words}; others were first {item.moved} times"
        self._refuse(item, Moved(answer.moved.reason, what, remedy="ask again, when fewer write at once"))
        return False

    def _refuse(self, item: Item, err: Exception) -> None:
        self._tell(item, err)
        item.future.set_exception(err)

    def _tell(self, item: Item, answer: Written[Outcome] | Exception) -> None:
        asked = item.submission
        about = {"environment": asked.environment, "key": str(asked.key)}
        with self.telemetry.about(**about, **({"operation": asked.operation} if asked.operation else {})):
            if isinstance(answer, Written):
                self.telemetry.written(answer.commit)
            elif isinstance(answer, HubError) and not isinstance(answer, Unexpected):
                self.telemetry.refused(answer)
            else:
                self.telemetry.unexpected("request", answer.__cause__ or answer)
