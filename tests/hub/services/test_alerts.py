"""The alerts of the services are PromQL of figures that there are, in the process that tells them."""

from __future__ import annotations

import re
from typing import Any

import promql_parser
import pytest
import yaml

from hub.queue.payloads import NAMES
from hub.telemetry.metrics import JOB, JOB_STATE, METRICS, QUEUE
from worlds.places import TESTS
from worlds.promql import selectors

RULES = yaml.safe_load((TESTS / "golden" / "hub" / "services" / "alerts.yaml").read_text(encoding="utf-8"))
ALERTS: dict[str, Any] = {one["alert"]: one for group in RULES["spec"]["groups"] for one in group["rules"]}
FIGURES = {one.name: one for one in METRICS}


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_reads_figures_with_labels_and_values_that_there_are(name: str) -> None:
    found = list(selectors(promql_parser.parse(ALERTS[name]["expr"])))
    assert found
    for one in found:
        figure = FIGURES[one.name]
        labels = {label.name: label.values for label in figure.labels}
        for matcher in one.matchers.matchers:
            assert matcher.value in (labels[matcher.name] or ()), (one.name, matcher)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_it_is_and_what_to_do(name: str) -> None:
    one = ALERTS[name]
    assert one["labels"]["severity"] == "warning"
    assert {*one["annotations"]} == {"summary", "description", "runbook_url"}
    for place in re.findall(r"\{\{ \$labels\.(\w+) \}\}", str(one["annotations"])):
        assert place in one["expr"]
    if "for" in one:
        assert re.fullmatch(r"[0-9]+m", one["for"])


def test_every_figure_and_alert_that_operators_were_promised_is_there() -> None:
    promised = {
        "deliveries_total", "delivery_seconds", "jobs", "job_oldest_seconds", "job_seconds", "job_attempts_total",
        "relay_lag_seconds", "sweep_recovered_total", "operation_seconds", "http_seconds", "sse_clients",
        "snapshot_age_seconds", "http_calls_total",
    }  # fmt: skip
    assert {f"rtb_hub_{one}" for one in promised} <= set(FIGURES)
    assert set(ALERTS) >= {
        "RtbHubJobsWait", "RtbHubJobsDead", "RtbHubRelayLags", "RtbHubSnapshotOld", "RtbHubNoDeliveries"
    }  # fmt: skip


def test_labels_name_the_jobs_queues_and_states_that_there_are() -> None:
    from typing import get_args

    from hub.queue.redis import QUEUES
    from hub.store.jobs import State

    assert set(NAMES) <= set(JOB.values or ())
    assert QUEUE.values == tuple(QUEUES)
    assert JOB_STATE.values == get_args(State)


def test_no_label_says_whose_or_which_preview_it_is() -> None:
    names = {label.name for figure in METRICS for label in figure.labels}
    assert names.isdisjoint({"issue", "key", "login", "actor", "requester", "branch", "path", "principal", "address"})
