"""What is told, with what is bound to it; figures with labels that nobody outside can multiply."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from generator.errors import HubError, Moved, Reason, Stalled, Transient
from hub.adapters.http.values import Call, Failure, Method
from hub.reconciling.registry import RECONCILERS
from hub.telemetry import events, metrics
from hub.telemetry.metrics import METRICS, MOST_ENVIRONMENTS, OTHER
from hub.telemetry.telemetry import SILENT, Border, EndedReconcile, GitOutcome, ReconcileOutcome, Telemetry
from reconcilers.results import Action, ActionKind, ReconcileResult
from worlds.telling import Told


def test_what_is_bound_stands_on_every_event_within_and_on_none_after() -> None:
    told = Told()
    with told.telemetry.about(environment="int"), told.telemetry.about(key="RTB-1", operation="start"):
        told.telemetry.written("abc")
    told.telemetry.written(None)
    first, second = told.of(events.WRITTEN)
    assert first == {
        "event": "written",
        "level": "info",
        "environment": "int",
        "key": "RTB-1",
        "operation": "start",
        "commit": "abc",
    }
    assert second == {"event": "written", "level": "info", "commit": None}


def test_what_is_bound_is_put_back_by_an_exception_too() -> None:
    told = Told()
    with pytest.raises(RuntimeError), told.telemetry.about(key="RTB-1"):
        raise RuntimeError
    told.telemetry.tell(events.WATCHING)
    assert told.events == [{"event": "watching", "level": "info"}]


def test_another_thread_has_nothing_bound() -> None:
    told = Told()
    with told.telemetry.about(key="RTB-1"):
        thread = threading.Thread(target=told.telemetry.tell, args=(events.WATCHING,))
        thread.start()
        thread.join()
    assert told.events == [{"event": "watching", "level": "info"}]


def test_each_round_has_an_id_of_its_own() -> None:
    told = Told()
    for _ in range(2):
        with told.telemetry.reconciling():
            told.telemetry.tell(events.ROUND)
            told.telemetry.git_process("fetch", "ok", seconds=0.1)
    assert [one["reconcile_id"] for one in told.events] == ["r1", "r1", "r2", "r2"]
    with Telemetry().reconciling() as one, Telemetry().reconciling() as other:
        assert one != other


def test_only_declared_fields_are_told() -> None:
    with pytest.raises(ValueError, match="watching has no manifest"):
        SILENT.tell(events.WATCHING, manifest="x")
    with pytest.raises(ValueError, match="by the name of token"), SILENT.about(token="x"):
        pass


def test_an_unexpected_exception_is_told_with_itself_and_counted() -> None:
    told, err = Told(), ZeroDivisionError("x")
    told.telemetry.unexpected("pass", err)
    (event,) = told.of(events.UNEXPECTED)
    assert event == {"event": "unexpected", "level": "error", "border": "pass", "error_type": "ZeroDivisionError", "error": err}  # fmt: skip
    assert told.figure(metrics.UNEXPECTED, border="pass") == 1


def call(**about: Any) -> Call:
    usual = {"system": "github", "operation": "/repos/{}/{}", "method": "GET", "seconds": 0.2, "waited_seconds": 0.0, "attempts": 1, "sent_bytes": 0, "received_bytes": 0}  # fmt: skip
    return Call(**{**usual, **about})


def test_a_call_is_counted_by_how_it_ended_and_never_by_its_path() -> None:
    told = Told()
    told.telemetry.http_call(call(outcome="502", attempts=3))
    told.telemetry.http_call(call(outcome="200", remaining=4999))
    told.telemetry.http_call(call(outcome="429"))
    told.telemetry.http_call(call(system="evil.example.com", method="BREW", outcome="?"))
    assert told.figure(metrics.HTTP_CALLS, target="github", method="GET", outcome="5xx") == 1
    assert told.figure(metrics.HTTP_TRIES, target="github") == 2
    assert told.figure(metrics.HTTP_SECONDS, target="github") == 3
    assert told.figure(metrics.HTTP_CALLS, target="github", method="GET", outcome="429") == 1
    assert told.figure(metrics.HTTP_REMAINING, target="github") == 4999
    assert told.figure(metrics.HTTP_CALLS, target=OTHER, method=OTHER, outcome=OTHER) == 1
    first = told.of(events.HTTP_CALL)[0]
    assert (first["route"], first["outcome"], first["tries"]) == ("/repos/{}/{}", "502", 3)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "committed"),
        (Moved(Reason.BRANCH_MOVED, "x"), "moved"),
        (Stalled(Reason.REPOSITORY_REFUSED, "x"), "refused"),
        (Transient(Reason.REPOSITORY_UNREACHABLE, "x"), "failed"),
    ],
)
def test_a_commit_is_counted_by_what_became_of_it(error: HubError | None, outcome: str) -> None:
    told = Told()
    told.telemetry.commit("preview/prd/rtb-1", seconds=0.5, commit=None if error else "abc", error=error)
    assert told.series(metrics.COMMITS) == [{"outcome": outcome}]
    assert told.figure(metrics.COMMITS, outcome=outcome) == 1
    assert told.of(events.COMMIT)[0]["branch"] == "preview/prd/rtb-1"


def test_a_refusal_is_told_without_its_remedy_and_counted_by_its_reason() -> None:
    told = Told()
    told.telemetry.refused(Stalled(Reason.CAPACITY_EXHAUSTED, "no room", remedy="stop one"))
    assert told.events == [{"event": "refused", "level": "info", "reason": "CapacityExhausted", "why": "no room"}]
    assert told.figure(metrics.REFUSALS, reason="CapacityExhausted") == 1


def test_a_pass_counts_what_it_did_and_shows_what_stands() -> None:
    told, due = Told(), datetime(2026, 11, 23, 2, tzinfo=UTC)
    found = ReconcileResult("expiry", "int", (Action("remove", "int/rtb-1", "x"), Action("remove", "int/rtb-2", "x")))
    told.telemetry.pass_ended(EndedReconcile("expiry", "int", "changed", found))
    told.telemetry.pass_ended(EndedReconcile("expiry", "int", "held", found))
    told.telemetry.pass_ended(EndedReconcile("expiry", "stg", "failed"))
    told.telemetry.next_due("int", due)
    told.telemetry.succeeded("int", at=due)
    told.telemetry.holds("int", previews=3, queued=1)
    both = {"reconciler": "expiry", "environment": "int"}
    assert told.figure(metrics.ACTIONS, environment="int", action="remove") == 2
    assert told.figure(metrics.PASSES, **both, outcome="changed") == told.figure(metrics.PASSES, **both, outcome="held")
    assert told.figure(metrics.HELD, **both) == told.figure(metrics.SET_ASIDE, **both) == 0
    assert told.figure(metrics.NEXT_DUE, environment="int") == due.timestamp()
    assert told.figure(metrics.LAST_SUCCESS, environment="int") == due.timestamp()
    assert told.figure(metrics.PREVIEWS, environment="int") == 3
    assert told.figure(metrics.QUEUED, environment="int") == 1
    told.telemetry.next_due("int", None)
    assert told.figure(metrics.NEXT_DUE, environment="int") == 0


def test_planning_is_timed_however_it_ends_and_says_what_it_is_about() -> None:
    told = Told()
    with told.telemetry.planning("drift", "int"):
        told.telemetry.git_process("log", "ok", seconds=0.1)
    with pytest.raises(RuntimeError), told.telemetry.planning("drift", "stg"):
        raise RuntimeError
    (event,) = told.events
    assert (event["reconciler"], event["environment"]) == ("drift", "int")
    assert told.figure(metrics.PASS_SECONDS, reconciler="drift") == 2


class TestLabels:
    def test_no_name_but_that_of_an_environment_becomes_one(self) -> None:
        told = Told()
        for name in ("int", 'x"} 1\n', "RTB-1", "a" * 64, "", "ünt"):
            told.telemetry.holds(name, previews=1, queued=0)
        assert told.series(metrics.PREVIEWS) == [{"environment": "int"}, {"environment": OTHER}]

    def test_however_many_environments_there_are_the_series_are_bounded(self) -> None:
        told = Told()
        for number in range(MOST_ENVIRONMENTS + 50):
            told.telemetry.next_due(f"env-{number}", None)
        assert len(told.series(metrics.NEXT_DUE)) == MOST_ENVIRONMENTS + 1
        told.telemetry.next_due("env-0", datetime(2026, 1, 1, tzinfo=UTC))
        assert told.figure(metrics.NEXT_DUE, environment="env-0")
        assert told.figure(metrics.NEXT_DUE, environment=OTHER) == 0

    def test_a_label_that_a_metric_does_not_have_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"has no labels \['key'\]"):
            Told().meter.add(metrics.COMMITS, 1, {"outcome": "moved", "key": "RTB-1"})

    @pytest.mark.parametrize(
        ("label", "words"),
        [
            (metrics.ACTION, get_args(ActionKind)),
            (metrics.RECONCILER, (*RECONCILERS, "all")),
            (metrics.BORDER, get_args(Border)),
            (metrics.PASS_OUTCOME, get_args(ReconcileOutcome)),
            (metrics.GIT_OUTCOME, get_args(GitOutcome)),
            (metrics.METHOD, get_args(Method)),
            (metrics.HTTP_OUTCOME, ("1xx", "2xx", "3xx", "4xx", "429", "5xx", *get_args(Failure))),
        ],
        ids=lambda value: getattr(value, "name", ""),
    )
    def test_the_values_listed_are_those_of_the_code(self, label: metrics.Label, words: tuple[str, ...]) -> None:
        assert label.values == words

    @pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
    def test_a_label_is_written_out_or_an_environment_or_a_route(self, metric: metrics.Metric) -> None:
        assert all(label.values or label.name in ("environment", "route") for label in metric.labels)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_name_says_its_unit(metric: metrics.Metric) -> None:
    endings = {
        "counter": ("_total",),
        "histogram": ("_seconds",),
        "gauge": (
            *(
                "_seconds",
                "_entries",
                "_requests",
                "_previews",
                "_held",
                "_reports",
                "_info",
                "_jobs",
                "_clients",
                "_stopped",
            ),
        ),
    }
    assert metric.name.startswith("rtb_hub_")
    assert metric.name.endswith(endings[metric.kind])
    assert bool(metric.bounds) == (metric.kind == "histogram")
    assert metric.meaning


def test_every_event_and_metric_is_listed_once() -> None:
    assert {one for one in vars(events).values() if isinstance(one, events.Event)} == set(events.EVENTS)
    declared = [one for one in vars(metrics).values() if isinstance(one, metrics.Metric)]
    assert sorted(one.name for one in declared) == sorted({one.name for one in METRICS})
    assert len({one.name for one in events.EVENTS}) == len(events.EVENTS)


def test_who_tells_nobody_loads_neither_library() -> None:
    code = "import sys, hub.telemetry.telemetry as t; t.SILENT.git_process('fetch', 'ok', seconds=1)\n"
    code += "print(sorted({'structlog', 'prometheus_client', 'pydantic', 'logging'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
