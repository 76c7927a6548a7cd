"""Trying again: only when the branch moved, as often as allowed, with pauses that are bounded and differ."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import Moved, Reason, Transient
from hub.retrying import Backoff, in_turn, planned_anew, retried


class Attempts:
    """Fails with `error` the first `failures` times."""

    def __init__(self, failures: int, error: Exception) -> None:
        self.failures, self.error, self.made = failures, error, 0

    def __call__(self) -> int:
        self.made += 1
        if self.made <= self.failures:
            raise self.error
        return self.made


MOVED = Moved(Reason.BRANCH_MOVED, "main moved")


@given(st.integers(0, 12), st.lists(st.floats(0, 1, exclude_max=True), min_size=12, max_size=12))
def test_pauses_grow_to_a_bound_and_tries_end(failures: int, dice: list[float]) -> None:
    slept: list[float] = []
    thrown = iter(dice)
    backoff = Backoff(tries=6, first_seconds=0.1, most_seconds=1.0, sleep=slept.append, random=lambda: next(thrown))
    attempts = Attempts(failures, MOVED)
    if failures < 6:
        assert planned_anew(attempts, backoff=backoff) == failures + 1
    else:
        with pytest.raises(Moved):
            planned_anew(attempts, backoff=backoff)
    assert attempts.made == min(failures + 1, 6)
    bounds = [0.1, 0.2, 0.4, 0.8, 1.0]
    assert slept == [bound * die for bound, die in zip(bounds, dice, strict=False)][: attempts.made - 1]


def test_another_error_is_not_tried_again() -> None:
    slept: list[float] = []
    attempts = Attempts(1, Transient(Reason.REPOSITORY_UNREACHABLE, "gone"))
    with pytest.raises(Transient):
        planned_anew(attempts, backoff=Backoff(sleep=slept.append))
    assert (attempts.made, slept) == (1, [])


def test_what_is_tried_again_is_the_error_that_was_named() -> None:
    slept: list[float] = []
    attempts = Attempts(2, Transient(Reason.REPOSITORY_UNREACHABLE, "gone"))
    backoff = Backoff(tries=3, first_seconds=1.0, sleep=slept.append, random=lambda: 1.0)
    assert retried(attempts, on=Transient, backoff=backoff) == 3
    assert slept == [1.0, 2.0]


@pytest.mark.parametrize(("tries", "pauses"), [(1, []), (2, [1.0]), (5, [1.0, 2.0, 3.0, 3.0])])
def test_a_pause_lies_between_two_looks_and_none_after_the_last(tries: int, pauses: list[float]) -> None:
    slept: list[float] = []
    backoff = Backoff(tries, first_seconds=1.0, most_seconds=3.0, sleep=slept.append, random=lambda: 1.0)
    assert list(backoff.attempts()) == list(range(1, tries + 1))
    assert slept == pauses


def test_who_has_seen_enough_does_not_pause() -> None:
    slept: list[float] = []
    for attempt in Backoff(tries=5, sleep=slept.append).attempts():
        if attempt == 2:
            break
    assert len(slept) == 1


def test_of_those_who_compete_who_lost_most_pauses_shorter_again() -> None:
    backoff = Backoff(first_seconds=1.0, most_seconds=100.0, shorter_after=5, random=lambda: 1.0)
    assert [backoff.seconds(failed) for failed in range(1, 10)] == [1, 2, 4, 8, 16, 8, 4, 4, 4]


class Turns:
    """Whose turn it is, by what was asked."""

    def __init__(self, *, are_waited_for: bool, has_come: bool = True) -> None:
        self.waited_for, self.has_come = are_waited_for, has_come
        self.since: list[float] = []

    @contextmanager
    def turn(self, since: float) -> Iterator[bool]:
        self.since.append(since)
        yield self.has_come

    def are_waited_for(self) -> bool:
        return self.waited_for


@pytest.mark.parametrize(
    ("are_waited_for", "has_lost", "is_taken"),
    [(False, False, False), (False, True, True), (True, False, True), (True, True, True)],
)
@pytest.mark.parametrize("has_come", [True, False])
def test_a_turn_is_taken_by_who_lost_and_where_others_wait(
    *, are_waited_for: bool, has_lost: bool, is_taken: bool, has_come: bool
) -> None:
    turns = Turns(are_waited_for=are_waited_for, has_come=has_come)
    with in_turn(turns, 7.0, has_lost=has_lost) as told:
        assert told == (has_come if is_taken else None)
    assert turns.since == ([7.0] if is_taken else [])
    with in_turn(None, 7.0, has_lost=has_lost) as told:
        assert told is None
