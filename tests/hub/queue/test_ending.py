"""What becomes of a job by its error's kind, and an error as a job keeps it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from generator.errors import About, ConfigError, Fault, Moved, Reason, Remedy, RemedyKind, Stalled, Transient, Waiting
from hub.queue.ending import ending_of, error_data, faults_of
from hub.queue.port import Finished, Pace
from hub.store.jobs import JobRow

NOW = datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
GONE = Transient(Reason.REPOSITORY_UNREACHABLE, "gone")


def row(attempts: int = 1, age: timedelta = timedelta(0)) -> JobRow:
    return JobRow(
        "op-1", 1, "jira-queue", "preview.start", {}, "int/RTB-1", True, "active", NOW, NOW - age, attempts, 0
    )


def pause(attempts: int, chance: float) -> timedelta:
    run_at = ending_of(row(attempts), GONE, now=NOW, pace=Pace(), chance=lambda: chance).run_at
    assert run_at is not None
    return run_at - NOW


def test_pauses_double_up_to_a_bound_and_half_of_each_is_chance() -> None:
    assert [pause(n, 1.0).total_seconds() for n in (1, 2, 3, 9, 10, 1000)] == [1, 2, 4, 256, 300, 300]
    assert [pause(n, 0.0).total_seconds() for n in (1, 10)] == [0.5, 150]


@pytest.mark.parametrize("error", [GONE, Moved(Reason.BRANCH_MOVED, "moved")], ids=["transient", "moved"])
def test_within_six_hours_nothing_that_may_pass_is_dead(error: Exception) -> None:
    ages = [timedelta(hours=5, minutes=59), timedelta(hours=6)]
    assert [ending_of(row(9, age), error, now=NOW, pace=Pace()).state for age in ages] == ["pending", "dead"]


@pytest.mark.parametrize(("asked", "given"), [(15.0, 15.0), (-1.0, 0.0), (1e12, 3600.0)])
def test_what_waits_is_looked_at_when_it_says_and_within_an_hour(asked: float, given: float) -> None:
    waits = Waiting(Reason.NOT_IN_TIME, "no image", retry_after_seconds=asked)
    ending = ending_of(row(age=timedelta(days=9)), waits, now=NOW, pace=Pace())
    assert (ending.state, ending.run_at) == ("waiting", NOW + timedelta(seconds=given))


@pytest.mark.parametrize(
    "error", [ConfigError(Reason.INVALID_VALUE, "x"), Stalled(Reason.FORGE_DENIED, "y"), KeyError("z")]
)
def test_all_else_is_dead_at_once(error: Exception) -> None:
    assert ending_of(row(), error, now=NOW, pace=Pace()).state == "dead"


def test_what_is_done_keeps_its_result() -> None:
    assert ending_of(row(), Finished({"commit": "c"}), now=NOW, pace=Pace()).result == {"commit": "c"}


def test_that_the_process_is_to_end_is_not_caught() -> None:
    with pytest.raises(KeyboardInterrupt):
        ending_of(row(), KeyboardInterrupt(), now=NOW, pace=Pace())


def test_faults_come_back_as_they_were() -> None:
    faults = (
        Fault("bad", field="web.cpu", allowed="250m", nearest="x", remedy="ask"),
        Fault("no room", remedy=Remedy(RemedyKind.STOP_FIRST_TO_END, About("int", may_wait=True, count=3))),
        Fault("plain"),
    )
    kept = json.loads(json.dumps(error_data(Stalled(Reason.CAPACITY_EXHAUSTED, faults))))
    assert (kept["reason"], faults_of(kept)) == ("CapacityExhausted", faults)
    assert kept["faults"][2] == {"message": "plain"}
