"""`sleep.afterIdle` on a real repository: who is idle sleeps by a commit, and who was touched meanwhile does not."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from generator.errors import HubError, Reason, Stalled, Transient
from hub.actions.doctor_traffic import check_traffic
from hub.adapters.git.opening import open_store
from hub.adapters.git.store import Identity
from hub.output.exit_codes import NEEDS_A_PERSON, OK
from reconcilers.ports.traffic import Measured, Span
from worlds.builders import NOW, environment
from worlds.commands import must, rtb_hub
from worlds.planning import started
from worlds.reconciling import ROOMY
from worlds.repositories import state_repository

AT = ("RTB-1", "--env", "int")
REFUSED = Stalled(Reason.CLUSTER_REFUSED, "CloudWatch refuses", remedy="allow cloudwatch:GetMetricData")


@dataclass
class Told:
    """Nobody asked for anything, unless it cannot be read."""

    error: HubError | None = None
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def of(self, namespaces: Collection[str], span: Span) -> Mapping[str, Measured]:
        self.asked.append(tuple(namespaces))
        self.check(span)
        return {name: Measured(groups=2, was_up=True) for name in namespaces}

    def check(self, span: Span) -> None:
        assert span.since < span.settled < span.now
        if self.error is not None:
            raise self.error


@pytest.fixture
def told() -> Iterator[Told]:
    made = Told()
    with mock.patch("hub.wiring.traffic.traffic_of", return_value=made):
        yield made


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A preview of three hours ago, in an environment where those sleep that nobody asked for 30 minutes."""
    state = state_repository(tmp_path / "state.git")
    must("env", "set", "int", "sleep.afterIdle=30m", "--repo", state)
    store = open_store(str(state), cache=tmp_path, environ=os.environ, identity=Identity("hub", "hub@example.com"))
    past = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    started(store, key="RTB-1", ttl="24h", now=past, spec=ROOMY)
    return state


@pytest.fixture
def run(state: Path) -> Callable[..., Any]:
    def reconcile(*words: str, code: int = OK) -> list[str]:
        ran = rtb_hub("reconcile", "--only", "sleep", "--env", "int", *words, "--repo", state, "-o", "json")
        assert ran.code == code, ran.out
        return [f"{one['kind']} {one['preview']}: {one['why']}" for one in ran.json()["passes"][0]["actions"]]

    return reconcile


def test_it_sleeps_by_a_commit_that_says_why_and_status_and_history_say_so(
    state: Path, told: Told, run: Callable[..., list[str]]
) -> None:
    (ahead,) = run("--dry-run")
    assert ahead.startswith("sleep int/rtb-1: no request since 20")
    (done,) = run()
    assert done == ahead or done.startswith("sleep int/rtb-1: no request since 20"), "the next five minutes"
    assert told.asked == [("preview-rtb-1",)] * 2
    assert (run(), len(told.asked)) == ([], 2), "it sleeps: it is not even asked about"
    events = must("history", "RTB-1", "--repo", state, "-o", "json").json()["events"]
    assert events[0]["action"] == "sleep"
    assert "no request since 20" in str(events[0])
    must("wake", *AT, "--repo", state)
    assert (run(), len(told.asked)) == ([], 2), "woken a moment ago"


def test_what_was_extended_a_moment_ago_stays_awake(state: Path, told: Told, run: Callable[..., list[str]]) -> None:
    must("extend", *AT, "--by", "1h", "--repo", state)
    assert (run(), len(told.asked)) == ([], 1)


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [(REFUSED, NEEDS_A_PERSON, "report"), (Transient(Reason.CLUSTER_UNREACHABLE, "slow"), OK, "wait")],
)
def test_what_cannot_be_read_leaves_it_awake_and_says_so(
    told: Told, run: Callable[..., list[str]], error: HubError, code: int, kind: str
) -> None:
    told.error = error
    (said,) = run(code=code)
    assert said.startswith(f"{kind} int: nobody is known to be idle, since requests cannot be read: {error.words}")
    assert ("cloudwatch:GetMetricData" in said) is (kind == "report")


def test_at_another_time_than_now_nobody_knows(told: Told, run: Callable[..., list[str]]) -> None:
    assert run("--at", (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")) == []
    assert told.asked == []


def test_doctor_warns_where_requests_cannot_be_read() -> None:
    given = [environment("int", sleep={"afterIdle": "2h"}), environment("stg")]
    (found,) = check_traffic(given, lambda one: Told(REFUSED), now=NOW)
    assert (found.severity, found.rule, str(found.where)) == ("warning", "requests-unread", "int: spec.sleep.afterIdle")
    assert found.remedy == ("allow cloudwatch:GetMetricData",)
    assert check_traffic(given, lambda one: Told(), now=NOW) == []
