"""Figures of previews by their clusters, and the dashboard that shows them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any

import promql_parser
import pytest

from generator.errors import Reason, Transient
from generator.values.formats import format_time
from hub.reconciling import observing
from hub.reconciling.observing import Observing
from hub.telemetry import metrics
from hub.telemetry.metrics import METRICS
from hub.telemetry.telemetry import Telemetry
from reconcilers.causes.model import Layer
from reconcilers.health.figures import Track
from reconcilers.health.phase import Phase, Seen
from reconcilers.state.entries import EntryRecord
from worlds.builders import NOW, environment, preview
from worlds.memory_store import MemorySnapshot
from worlds.places import ROOT
from worlds.promql import selectors

DASHBOARD = ROOT / "docs" / "dashboards" / "previews.json"
SUFFIXES = ("_bucket", "_sum", "_count")


def entry(ends: timedelta = timedelta(hours=8)) -> EntryRecord:
    made = preview(environment())
    times = {"activated_at": format_time(NOW), "expires_at": format_time(NOW + ends)}
    spec = made.spec.model_copy(update={"lease": made.spec.lease.model_copy(update=times)})
    path = PurePosixPath("environments/int/previews/rtb/100/rtb-123/preview.yaml")
    return EntryRecord(path, MemorySnapshot("main", "0" * 40, {}), made.model_copy(update={"spec": spec}))


def look(track: Track, name: str, seen: Seen, *, after: float) -> Any:
    return track.figures({"rtb-123": seen}, {"rtb-123": Phase(name)}, now=NOW + timedelta(seconds=after))  # type: ignore[arg-type]


def test_time_to_url_is_from_the_begin_of_the_lease_and_told_once() -> None:
    track, seen = Track(), Seen(entry=entry())
    assert look(track, "starting", seen, after=30).starts == ()
    assert look(track, "running", seen, after=95).starts == (("fargate", 95.0),)
    assert look(track, "failed", seen, after=120).starts == ()
    assert look(track, "running", seen, after=150).starts == (), "it came up before"


def test_one_that_ran_when_it_was_first_looked_at_did_not_come_up_then() -> None:
    assert look(Track(), "running", Seen(entry=entry()), after=9000).starts == ()


def test_one_that_came_up_between_two_looks_is_told() -> None:
    track = Track()
    track.figures({}, {}, now=NOW)
    assert look(track, "running", Seen(entry=entry()), after=25).starts == (("fargate", 25.0),)


def test_due_to_gone_is_from_the_end_of_the_lease() -> None:
    track, late = Track(), Seen(entry=entry(timedelta(seconds=100)))
    assert look(track, "running", late, after=90).gone == ()
    found = look(track, "expiring soon", late, after=130)
    assert (found.expiry_lag, found.gone) == (timedelta(seconds=30), ())
    assert look(track, "stopping", Seen(), after=160).gone == ()
    assert track.figures({}, {}, now=NOW + timedelta(seconds=190)).gone == (90.0,)
    assert track.figures({}, {}, now=NOW + timedelta(seconds=220)).gone == ()


def test_of_one_that_is_stopped_it_is_from_the_first_look_without_its_entry() -> None:
    track = Track()
    look(track, "running", Seen(entry=entry()), after=10)
    assert look(track, "stopping", Seen(), after=40).gone == ()
    assert look(track, "removed", Seen(), after=100).gone == (60.0,)


def test_labels_are_the_layers_and_phases_that_there_are() -> None:
    from typing import get_args

    from reconcilers.health.phase import PhaseName

    assert metrics.LAYER.values == tuple(layer.slug for layer in Layer)
    assert metrics.PHASE.values == get_args(PhaseName)


class Counted:
    def __init__(self) -> None:
        self.put_: dict[tuple[str, tuple[str, ...]], float] = {}

    def put(self, metric: Any, value: float, labels: Any) -> None:
        self.put_[metric.name, tuple(sorted(labels.values()))] = value

    def add(self, metric: Any, by: float, labels: Any) -> None:
        self.put(metric, by, labels)

    def observe(self, metric: Any, value: float, labels: Any) -> None:
        self.put(metric, value, labels)


def test_a_cluster_that_is_away_keeps_no_other_from_being_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(cluster: Any, state: Any) -> Any:
        error = Transient(Reason.CLUSTER_UNREACHABLE, "no network") if cluster == "away" else None
        return SimpleNamespace(error=error, names=[])

    monkeypatch.setattr(observing, "read_environment", read)
    monkeypatch.setattr(observing, "phases", lambda *_, **__: ({}, {}))
    meter = Counted()
    states: Any = SimpleNamespace(state=lambda name: name, store=None)
    clusters: Any = {"int": "away", "stg": "here"}
    Observing(states, clusters, Telemetry(meter=meter), lambda: NOW).look()
    observed = {labels for name, labels in meter.put_ if name == metrics.LAST_OBSERVATION.name}
    assert observed == {("stg",)}
    assert meter.put_[metrics.PHASES.name, ("running", "stg")] == 0
    assert meter.put_[metrics.REFUSALS.name, ("ClusterUnreachable",)] == 1


EXPRESSIONS = [
    pytest.param(target["expr"], id=panel["title"])
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    for target in panel["targets"]
]


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_a_panel_shows_figures_with_labels_that_there_are(expr: str) -> None:
    figures = {one.name: one for one in METRICS}
    found = list(selectors(promql_parser.parse(expr)))
    assert found
    for one in found:
        name = next(
            (one.name.removesuffix(s) for s in SUFFIXES if one.name.endswith(s) and one.name not in figures), one.name
        )
        labels = {label.name for label in figures[name].labels}
        assert {matcher.name for matcher in one.matchers.matchers} <= labels


def test_the_dashboard_is_what_its_tool_makes() -> None:
    scope: dict[str, Any] = {"__file__": str(ROOT / "tools" / "figures_dashboard.py"), "__name__": "dashboard"}
    exec(
        compile((ROOT / "tools" / "figures_dashboard.py").read_text(encoding="utf-8"), "figures_dashboard.py", "exec"),
        scope,
    )
    assert DASHBOARD.read_text(encoding="utf-8") == scope["text"]()
