"""Waiting for a preview: when it ends, by what is seen one after the other, and what is told meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from generator.errors import ConfigError, HubError, Reason, Stalled, Transient
from generator.values.naming import IssueKey
from hub.actions.wait import EVERY_SECONDS, SURE_SECONDS, Awaited, Observer, Stopwatch, Waited, observations, wait
from reconcilers.health.phase import Phase, PhaseName
from reconcilers.ports.cluster import ClusterState
from worlds.acting import Acting
from worlds.observations import FakeCluster, application, cluster, namespace
from worlds.planning import Broken

KEY = IssueKey.parse("RTB-123")


@dataclass
class Passing:
    """Time that passes only while somebody sleeps."""

    at: float = 0.0

    def stopwatch(self) -> Stopwatch:
        return Stopwatch(lambda: self.at, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.at += seconds


def script(*names: PhaseName) -> Callable[[], Phase]:
    """Phases one after the other; the last stays."""
    left = list(names)
    return lambda: Phase(left.pop(0) if len(left) > 1 else left[0], "a cause")


def waited(*names: PhaseName, goal: Any = "running", seconds: float = 600) -> tuple[list[str], str, float]:
    """The phases seen, the reason it ended with, and the seconds it took."""
    passing, seen, reason = Passing(), [], ""
    try:
        for phase in observations(script(*names), goal, seconds, passing.stopwatch()):
            seen.append(phase.name)  # noqa: PERF401 - what was seen before an error counts too
    except HubError as err:
        reason = err.reason
        assert "a cause" in str(err)
    return seen, reason, passing.at


@pytest.mark.parametrize(
    ("names", "goal", "reason"),
    [
        (("starting", "running"), "running", ""),
        (("unknown", "starting", "expiring soon"), "running", ""),
        (("failed", "failed", "starting", "running"), "running", ""),
        (("failed", *("starting",) * 10, "failed", "running"), "running", ""),
        (("starting", "failed"), "running", "PreviewFailed"),
        (("starting", "stuck"), "running", "PreviewFailed"),
        (("removed",), "running", "PreviewFailed"),
        (("starting",), "running", "NotInTime"),
        (("unknown",), "running", "NotInTime"),
        (("running", "stopping", "removed"), "removed", ""),
        (("stopping", "stuck", "stopping", "removed"), "removed", ""),
        (("stuck",), "removed", "NotInTime"),
        (("unknown",), "removed", "NotInTime"),
    ],
    ids=lambda value: " → ".join(value) if isinstance(value, tuple) else str(value),
)
def test_waiting(names: tuple[PhaseName, ...], goal: str, reason: str) -> None:
    seen, ended, took = waited(*names, goal=goal)
    assert ended == reason
    if not reason:
        assert seen == list(names)
    elif reason == "NotInTime":
        assert 600 <= took < 610
    else:
        assert SURE_SECONDS <= took < SURE_SECONDS + 10


@dataclass
class Changing(FakeCluster):
    """A cluster where something else is to be seen at each look; the last stays."""

    seen: list[ClusterState] = field(default_factory=list)

    def observe(self, argocd: str, *, preview: str | None = None, with_set: bool = True) -> ClusterState:
        self.state = self.seen.pop(0) if self.seen else self.state
        return super().observe(argocd, preview=preview, with_set=with_set)


def waits(acting: Acting, seen: FakeCluster, **awaited: Any) -> tuple[Waited, list[tuple[str, float]]]:
    """What waiting gave, and the phases told with the seconds they were told at."""
    told: list[tuple[str, float]] = []
    done = wait(
        Awaited(KEY, "int", **awaited),
        observer=Observer(acting.repository, seen, acting.clock),
        stopwatch=Passing().stopwatch(),
        changed=lambda phase, after: told.append((phase.name, after.total_seconds())),
    )
    return done, told


@pytest.fixture
def acting(tmp_path: Path) -> Acting:
    made = Acting(tmp_path / "state.git")
    made.start()
    return made


def test_each_change_is_told_once_and_the_last_is_the_value(acting: Acting) -> None:
    progressing = cluster(application(health="Progressing"), namespace())
    running = cluster(application(), namespace())
    done, told = waits(acting, Changing(seen=[progressing, progressing, running]))
    assert told == [("starting", 0.0), ("running", 2 * EVERY_SECONDS)]
    assert (done.phase.name, done.seconds) == ("running", 2 * EVERY_SECONDS)


def test_with_its_page_asked_it_runs_once_that_answers(acting: Acting) -> None:
    told = ["x answers 503", "x answers 503", ""]
    asked: list[tuple[str, str]] = []

    def ask(host: str, path: str) -> str:
        asked.append((host, path))
        return told.pop(0)

    seen = FakeCluster(cluster(application(), namespace()))
    observer = Observer(acting.repository, seen, acting.clock, ask)
    done = wait(Awaited(KEY, "int"), observer=observer, stopwatch=Passing().stopwatch())
    assert (done.phase.name, done.seconds) == ("running", 2 * EVERY_SECONDS)
    assert asked == [("rtb-123.int.preview.example.com", "/")] * 3


def test_its_page_is_not_asked_while_it_does_not_run(acting: Acting) -> None:
    seen = FakeCluster(cluster(application(health="Progressing"), namespace()))
    observer = Observer(acting.repository, seen, acting.clock, lambda *_: pytest.fail("asked"))
    assert observer.phase(KEY, "int").name == "starting"


def test_what_cannot_be_read_now_is_unknown_and_looked_at_again(acting: Acting) -> None:
    behind = acting.repository
    lost = Broken(behind.store, at=1, fails=True)
    seen = FakeCluster(cluster(application(), namespace()))
    looks = Observer(replace(behind, store=lost), seen, acting.clock)
    assert looks.phase(KEY, "int").name == "unknown"
    assert looks.phase(KEY, "int").name == "running"


def test_a_cluster_that_refuses_and_an_environment_that_is_not_there_end_it(acting: Acting) -> None:
    refuses = FakeCluster(error=Stalled(Reason.CLUSTER_REFUSED, "no"))
    with pytest.raises(Stalled, match="no"):
        waits(acting, refuses)
    with pytest.raises(ConfigError, match="itn"):
        Observer(acting.repository, FakeCluster(), acting.clock).phase(KEY, "itn")


def test_time_that_is_up_says_what_it_is_instead(acting: Acting) -> None:
    with pytest.raises(Transient, match="not removed in time: it is running") as caught:
        waits(acting, FakeCluster(cluster(application(), namespace())), goal="removed", seconds=10.0)
    assert caught.value.reason is Reason.NOT_IN_TIME
