"""Trying again: only when the branch moved, as often as allowed, with pauses that are bounded and differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import Moved, Reason, Transient
from hub.writing.backoff import Backoff, planned_anew


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
