"""Each answer to a request is told once, with what it is about."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest

from generator.errors import Reason, unexpected
from generator.values.naming import IssueKey
from hub.reconciling.figures import RoundFigures
from hub.reconciling.journal import Journal
from hub.reconciling.round import Outcome
from hub.retrying import Backoff
from hub.telemetry import events, metrics
from hub.writing.writer import Writer
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.stop import plan_stop
from reconcilers.state.environment import EnvironmentState
from worlds.builders import LIBRARY, NOW
from worlds.group_commit_process import starting
from worlds.memory_store import MemoryStore
from worlds.places import ROOT
from worlds.planning import state_store
from worlds.telling import Told


def writing(store: Any, told: Told) -> Writer:
    return Writer(store, LIBRARY, lambda: NOW, Backoff(tries=2, sleep=lambda _: None), telemetry=told.telemetry)


def test_what_is_written_refused_and_broken_is_told_with_its_key() -> None:
    told, store = Told(), state_store()
    gone, broken = IssueKey.parse("RTB-8"), IssueKey.parse("RTB-9")

    def breaks(state: EnvironmentState, now: datetime) -> Any:
        raise ZeroDivisionError("a mistake")

    writing(store, told).write_all(
        [
            starting("RTB-1"),
            Submission("int", gone, lambda state, _: plan_stop(gone, state, requested_by="bob"), "stop"),
            Submission("int", broken, breaks),
        ]
    )
    by_key = {one["key"]: one for one in told.events}
    assert len(told.events) == 3
    assert by_key["RTB-1"] == {"event": "written", "level": "info", "environment": "int", "key": "RTB-1", "commit": store.heads["main"]}  # fmt: skip
    assert (by_key["RTB-8"]["event"], by_key["RTB-8"]["reason"]) == ("refused", "PreviewNotFound")
    assert by_key["RTB-8"]["operation"] == "stop"
    assert (by_key["RTB-9"]["event"], by_key["RTB-9"]["error_type"]) == ("unexpected", "ZeroDivisionError")
    assert by_key["RTB-9"]["error"].__traceback__ is not None
    assert told.figure(metrics.REFUSALS, reason="PreviewNotFound") == 1
    assert told.figure(metrics.REFUSALS, reason=Reason.UNEXPECTED) is None
    assert told.figure(metrics.UNEXPECTED, border="request") == 1


def test_a_store_that_breaks_is_told_for_each_of_its_round() -> None:
    class Broken(MemoryStore):
        def snapshots(self) -> Any:
            raise RuntimeError("no memory")

    told = Told()
    answers = writing(Broken(), told).write_all([starting("RTB-1"), starting("RTB-2")])
    assert all(isinstance(one.exception(), RuntimeError) for one in answers)
    assert [(one["event"], one["key"]) for one in told.events] == [("unexpected", "RTB-1"), ("unexpected", "RTB-2")]


def test_a_pass_that_breaks_is_told_once_with_its_traceback_and_counted_each_time() -> None:
    told, err = Told(), ZeroDivisionError("a mistake")
    journal = Journal(told.telemetry)
    for _ in range(3):
        outcomes = (Outcome("drift", "int", error=unexpected("int cannot be judged", err)), Outcome("drift", "stg"))
        RoundFigures(outcomes, 1.0).note(told.telemetry, at=NOW)
        journal.tell_round(outcomes)
    assert [one["event"] for one in told.events] == ["failed", "unexpected"]
    assert told.events[1]["error"] is err
    assert (told.events[1]["environment"], told.events[1]["reconciler"]) == ("int", "drift")
    assert told.figure(metrics.UNEXPECTED, border="pass") == 3
    assert told.figure(metrics.PASSES, reconciler="drift", environment="int", outcome="unexpected") == 3
    assert told.series(metrics.LAST_SUCCESS) == [{"environment": "stg"}]
    assert events.UNEXPECTED.level == "error"


@pytest.mark.parametrize("verb", ["start", "stop", "extend", "revive"])
def test_an_action_says_which_operation_it_is(verb: str) -> None:
    text = (ROOT / "hub" / "actions" / f"{verb}.py").read_text(encoding="utf-8")
    assert re.findall(r'Submission\(.*, "([a-z]+)"\)', text) == [verb]
    assert f"`{verb}`" in events.BOUND["operation"]
