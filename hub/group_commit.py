"""Writing requests to the state repository: those that arrive together land in one commit and one push.

What holds, each with a test in tests/test_group_commit.py:

* Nothing is acknowledged before the push that holds it is done.
* Each caller learns its own outcome, once: its error, that of its round's store, or the commit it is in.
* Who arrives while a round is under way is in the next one. Nobody waits for others to arrive.
* A branch that moved is observed again, and everything for it planned anew, a bounded number of times.
* Who gives up, or fails, takes nobody along; the committer goes on.

Several committers on several machines are safe: the store compares and swaps. This one only spares them the races.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Generic, TypeVar

from generator.blueprint import TemplateLibrary
from generator.environment import Environment
from generator.errors import HubError, Moved, Reason, Transient
from hub.commands.retry import Backoff
from reconcilers.batch import Accepted, Outcome, Refused, Step, Submission, plan_batch
from reconcilers.entries import NOTHING_KEPT
from reconcilers.ports import EntryCache, GitStore
from reconcilers.reading import read_states

O_co = TypeVar("O_co", bound=Outcome, covariant=True)
O = TypeVar("O", bound=Outcome)  # noqa: E741 - an outcome
#: Requests in one commit at most: what is rendered before the first of them is acknowledged.
MOST = 200


@dataclass(frozen=True, slots=True)
class Written(Generic[O_co]):
    """What was done. `commit`: the one it is in, or that it was found in; None when only a branch was deleted."""

    outcome: O_co
    environment: Environment
    commit: str | None


@dataclass(frozen=True, slots=True)
class Again:
    """To be planned anew: the branch moved, or (None) another request for the same preview went first."""

    moved: Moved | None


Answer = Written[Outcome] | HubError | Again


def commit_round(
    store: GitStore,
    library: TemplateLibrary,
    submissions: Sequence[Submission[Outcome]],
    *,
    now: datetime,
    cache: EntryCache = NOTHING_KEPT,
) -> Iterator[tuple[int, Answer]]:
    """Observe once, plan all, carry it out; the place of each submission with its answer as soon as it is known.

    Raises what reading the store raises, before any answer.
    """
    states = {state.environment.name: state for state in read_states(store, library, cache=cache)}
    batch = plan_batch(submissions, states, now=now)
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
        if isinstance(answer, Refused):
            # Where there was no room beside one that then failed, nobody knows whether there is.
            beside = next((failed[other] for other in sorted(answer.beside) if other in failed), None)
            yield place, _failure(beside) if beside else answer.error
        elif place not in in_steps:
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
class _Item:
    """A submission on its way. `moved`: how often the branch moved under it."""

    submission: Submission[Any]
    future: Future[Written[Any]] = field(default_factory=Future)
    moved: int = 0


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes submissions to one store, round by round, in the calling thread."""

    store: GitStore
    library: TemplateLibrary
    clock: Callable[[], datetime]
    backoff: Backoff = field(default_factory=Backoff)
    cache: EntryCache = NOTHING_KEPT

    def write(self, submission: Submission[O]) -> Written[O]:
        """Write one. Raises what planning it and the store raise; `Moved` when the branch never stood still."""
        (future,) = self.write_all([submission])
        return future.result()

    def write_all(self, submissions: Sequence[Submission[O]]) -> list[Future[Written[O]]]:
        """Write all, each answered: with what was written or with its own error."""
        items = [_Item(one) for one in submissions]
        left = items
        while left:
            left = self.round(left)
        return [item.future for item in items]

    def round(self, items: Sequence[_Item]) -> list[_Item]:
        """One round. Answers all but those to be planned anew, which it returns in order, after a pause if need be."""
        unanswered = dict(enumerate(items))
        again: dict[int, _Item] = {}
        submissions = [item.submission for item in items]
        try:
            for place, answer in self._answers(submissions):
                item = unanswered.pop(place)
                if isinstance(answer, Written):
                    item.future.set_result(answer)
                elif isinstance(answer, HubError):
                    item.future.set_exception(answer)
                elif self._may_try(item, answer):
                    again[place] = item
        except Exception as err:  # noqa: BLE001 - whatever it is, every caller must hear of it, and the loop go on
            for item in unanswered.values():
                item.future.set_exception(err)
        moved = max((item.moved for item in again.values()), default=0)
        if moved:
            self.backoff.pause(moved)
        return [again[place] for place in sorted(again)]

    def _answers(self, submissions: Sequence[Submission[Any]]) -> Iterator[tuple[int, Answer]]:
        return commit_round(self.store, self.library, submissions, now=self.clock(), cache=self.cache)

    def _may_try(self, item: _Item, answer: Again) -> bool:
        if answer.moved is None:
            return True
        item.moved += 1
        if item.moved < self.backoff.tries:
            return True
        item.future.set_exception(answer.moved)
        return False


class GroupCommitter:
    """Takes submissions from many threads and writes them in one of its own, together. Close it, or use `with`."""

    def __init__(self, writer: Writer, *, most: int = MOST) -> None:
        self._writer, self._most = writer, most
        self._pending: deque[_Item] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def submit(self, submission: Submission[O]) -> Future[Written[O]]:
        """Hand one in. Cancelling the future withdraws it until its round begins. Raises `RuntimeError` once closed."""
        item = _Item(submission)
        with self._changed:
            if self._closed:
                raise RuntimeError("the committer is closed")
            self._pending.append(item)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="rtb-hub-group-commit", daemon=True)
                self._thread.start()
            self._changed.notify()
        return item.future

    def write(self, submission: Submission[O], *, timeout_seconds: float | None = None) -> Written[O]:
        """Hand one in and wait. Raises what `Writer.write` raises, and `Transient` (NotInTime) when the time is up."""
        future = self.submit(submission)
        try:
            return future.result(timeout_seconds)
        except TimeoutError as err:
            withdrawn = future.cancel()
            if future.done() and not withdrawn:
                return future.result()
            what = f"{submission.key} in {submission.environment} was not written within {timeout_seconds:g} s"
            then = (
                "nothing was changed; try again" if withdrawn else "it may still be written: look before you ask again"
            )
            raise Transient(Reason.NOT_IN_TIME, what, remedy=then) from err

    def close(self) -> None:
        """Take no more, and return when everything taken is answered."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> GroupCommitter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while items := self._taken():
            left = self._writer.round(items)
            with self._changed:
                self._pending.extendleft(reversed(left))

    def _taken(self) -> list[_Item]:
        """The next round's items, first come first served, without those given up; empty when closed and drained."""
        while True:
            with self._changed:
                while not self._pending and not self._closed:
                    self._changed.wait()
                if not self._pending:
                    return []
                taken = [self._pending.popleft() for _ in range(min(self._most, len(self._pending)))]
            going = [item for item in taken if item.future.running() or item.future.set_running_or_notify_cancel()]
            if going:
                return going
