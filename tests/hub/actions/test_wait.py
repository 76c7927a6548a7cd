"""Waiting for a preview: when it ends, by what is seen one after the other, and what is told meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pytest

from generator.errors import ConfigError, HubError, Reason, Stalled, Transient
from generator.values.naming import IssueKey
from hub.actions.repository import Repository
from hub.actions.status import GIT_SECONDS, follow
from hub.actions.wait import EVERY_SECONDS, SURE_SECONDS, Awaited, Page, Stopwatch, Waited, observations
from hub.adapters.kubernetes.cluster import Recorded
from reconcilers.health.phase import Phase, PhaseName
from reconcilers.ports.target_groups import TargetGroup, Targets
from reconcilers.state.environment import EnvironmentState
from worlds.acting import Acting
from worlds.situations import application, recorded

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
class Followed:
    """What is there at one look after the other (the last stays), with time that passes only between them."""

    seen: list[dict[str, Any] | HubError]
    passing: Passing = field(default_factory=Passing)
    is_asked: bool = True

    def recorded(self) -> Recorded:
        found = self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]
        if isinstance(found, HubError):
            raise found
        return Recorded(found["objects"], {}, found.get("targets"))

    def wait(self, seconds: float) -> None:
        self.passing.at += seconds


def there(health: str) -> dict[str, Any]:
    return recorded(applications=[application(health=health)])


def follows(
    acting: Acting,
    *seen: dict[str, Any] | HubError,
    ask: Callable[[str, str], str] | None = None,
    repository: Repository | None = None,
    **awaited: Any,
) -> tuple[Waited, list[tuple[str, float]]]:
    """What waiting gave, and the phases told with the seconds they were told at."""
    told: list[tuple[str, float]] = []
    followed = Followed([*seen])
    done = follow(
        Awaited(KEY, "int", **awaited),
        repository=repository or acting.repository,
        followed=followed,
        clock=acting.clock,
        changed=lambda phase, after: told.append((phase.name, after.total_seconds())),
        page=Page(ask) if ask else None,
        seconds=lambda: followed.passing.at,
    )
    return done, told


@pytest.fixture
def acting(tmp_path: Path) -> Acting:
    made = Acting(tmp_path / "state.git")
    made.start()
    return made


def test_each_change_is_told_once_and_the_last_is_the_value(acting: Acting) -> None:
    done, told = follows(acting, there("Progressing"), there("Progressing"), there("Healthy"))
    assert told == [("starting", 0.0), ("running", 2 * EVERY_SECONDS)]
    assert (done.phase.name, done.seconds) == ("running", 2 * EVERY_SECONDS)


def test_with_its_page_asked_it_runs_once_that_answers(acting: Acting) -> None:
    told = ["x answers 503", "x answers 503", ""]
    asked: list[tuple[str, str]] = []

    def ask(host: str, path: str) -> str:
        asked.append((host, path))
        return told.pop(0)

    done, _ = follows(acting, there("Healthy"), ask=ask)
    assert (done.phase.name, done.seconds) == ("running", 2 * EVERY_SECONDS)
    assert asked == [("rtb-123.int.preview.example.com", "/")] * 3


def test_its_page_is_not_asked_while_it_does_not_run(acting: Acting) -> None:
    with pytest.raises(Transient, match="it is starting"):
        follows(acting, there("Progressing"), ask=lambda *_: pytest.fail("asked"), seconds=4.0)


def test_a_cluster_that_cannot_be_read_now_is_unknown_and_looked_at_again(acting: Acting) -> None:
    away = Transient(Reason.CLUSTER_UNREACHABLE, "no answer")
    _, told = follows(acting, away, there("Healthy"))
    assert told == [("unknown", 0.0), ("running", EVERY_SECONDS)]


@dataclass(frozen=True, slots=True)
class SometimesAway(Repository):
    """A repository that cannot be read at its second reading."""

    readings: list[str] = field(default_factory=list)

    def state(self, environment: str) -> EnvironmentState:
        self.readings.append(environment)
        if len(self.readings) == 2:
            raise Transient(Reason.REPOSITORY_UNREACHABLE, "no answer")
        return Repository.state(self, environment)


def test_git_is_read_now_and_then_and_unknown_while_it_is_away(acting: Acting) -> None:
    behind = acting.repository
    away = SometimesAway(**{one.name: getattr(behind, one.name) for one in fields(behind)})
    _, told = follows(acting, *[there("Progressing")] * 10, there("Healthy"), repository=away)
    assert told == [
        ("starting", 0.0), ("unknown", GIT_SECONDS), ("starting", GIT_SECONDS + EVERY_SECONDS), ("running", 11 * EVERY_SECONDS),
    ]  # fmt: skip
    assert len(away.readings) == 3 + 1, "at the beginning, after ten seconds, again, and ten seconds later"


def test_one_that_is_stopped_meanwhile_ends_it(acting: Acting) -> None:
    gone = recorded(applications=[], namespaces=[])
    seen = [there("Progressing"), gone]
    acting.stop()
    with pytest.raises(Stalled, match="it is removed") as caught:
        follows(acting, *seen)
    assert caught.value.reason is Reason.PREVIEW_FAILED


def test_a_cluster_that_refuses_and_an_environment_that_is_not_there_end_it(acting: Acting) -> None:
    with pytest.raises(Stalled, match="no"):
        follows(acting, Stalled(Reason.CLUSTER_REFUSED, "no"))
    with pytest.raises(ConfigError, match="itn"):
        follow(Awaited(KEY, "itn"), repository=acting.repository, followed=Followed([{}]), clock=acting.clock)


def test_removed_is_waited_for_until_aws_has_nothing_left(acting: Acting) -> None:
    acting.stop()
    empty = recorded(applications=[], namespaces=[])
    left = Targets((TargetGroup("k8s-previewr-web-1", "arn", KEY.namespace),))
    away, none = Targets(unread="no answer"), Targets()
    done, told = follows(acting, *({**empty, "targets": one} for one in (left, away, none)), goal="removed")
    assert [name for name, _ in told] == ["stuck", "unknown", "removed"]
    assert done.phase.name == "removed"
    refused = Targets(unread="AccessDenied", remedy="allow it", is_refused=True)
    with pytest.raises(Stalled, match=r"target groups in AWS are gone is not known: AccessDenied.*allow it"):
        follows(acting, {**empty, "targets": refused}, goal="removed")


def test_one_that_waits_for_room_is_told_so_whatever_aws_says(tmp_path: Path) -> None:
    waits = Acting(tmp_path / "full.git")
    waits.wait_for_room()
    refused = Targets(unread="AccessDenied", remedy="allow it", is_refused=True)
    left = Targets((TargetGroup("k8s-previewr-web-1", "arn", KEY.namespace),))
    for targets in (refused, left):
        with pytest.raises(Stalled, match="it is queued, and waits for room") as caught:
            follows(waits, {**recorded(applications=[], namespaces=[]), "targets": targets})
        assert caught.value.reason is Reason.PREVIEW_FAILED


def test_time_that_is_up_says_what_it_is_instead(acting: Acting) -> None:
    with pytest.raises(Transient, match="not removed in time: it is running") as caught:
        follows(acting, there("Healthy"), goal="removed", seconds=10.0)
    assert caught.value.reason is Reason.NOT_IN_TIME
