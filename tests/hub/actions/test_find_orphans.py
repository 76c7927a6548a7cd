"""Orphans in AWS beside those of the cluster: of what is gone for sure, and of what AWS tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hub.actions.cluster_phases import phases, read_environment
from hub.actions.orphans import Found, find_orphans
from reconcilers.ports.cluster import ClusterState
from reconcilers.ports.target_groups import TargetGroup, Targets
from worlds.acting import Acting
from worlds.observations import FakeCluster, application, cluster, namespace

GROUP = TargetGroup("k8s-previewr-web-1", "arn", "preview-rtb-7")


@pytest.fixture
def acting(tmp_path: Path) -> Acting:
    return Acting(tmp_path / "state.git")


def found(acting: Acting, reader: FakeCluster) -> Found:
    return find_orphans("int", repository=acting.repository, cluster=reader, clock=acting.clock)


def kinds(acting: Acting, *things: Any, aws: Targets | None) -> list[str]:
    return [one.kind for one in found(acting, FakeCluster(cluster(*things), aws=aws)).orphans]


def test_a_target_group_whose_namespace_is_gone_is_told(acting: Acting) -> None:
    assert kinds(acting, aws=Targets((GROUP,))) == ["target-group-left-over"]


def test_one_of_any_namespace_that_is_there_is_none(acting: Acting) -> None:
    for thing in (
        namespace("preview-rtb-7"),
        namespace("preview-rtb-7", environment="stg"),
        application("preview-rtb-7"),
    ):
        assert "target-group-left-over" not in kinds(acting, thing, aws=Targets((GROUP,)))


@dataclass
class Begins(FakeCluster):
    """A cluster where a preview begins after it was read first."""

    later: list[ClusterState] = field(default_factory=list)

    def observe(self, *given: Any, **named: Any) -> ClusterState:
        seen = super().observe(*given, **named)
        if self.later:
            self.state = self.later.pop()
        return seen


def test_one_of_a_preview_that_began_meanwhile_is_none(acting: Acting) -> None:
    reader = Begins(cluster(), aws=Targets((GROUP,)), later=[cluster(namespace("preview-rtb-7"))])
    assert found(acting, reader).orphans == ()


def test_what_aws_does_not_tell_is_told_as_unread_and_nothing_follows(acting: Acting) -> None:
    told = found(acting, FakeCluster(cluster(), aws=Targets((GROUP,), unread="cannot list the target groups")))
    assert (told.orphans, told.unread, told.is_aws_asked) == ((), ("cannot list the target groups",), True)
    assert found(acting, FakeCluster(cluster())).is_aws_asked is False


def test_aws_is_asked_once_for_many_that_are_gone(acting: Acting) -> None:
    reader = FakeCluster(cluster(), aws=Targets((GROUP,)))
    reading = read_environment(reader, acting.repository.state("int"))
    told = phases(reader, reading, [f"rtb-{number}" for number in range(5, 9)], now=acting.clock())[1]
    assert {name: phase.name for name, phase in told.items() if phase.name != "removed"} == {"rtb-7": "stuck"}
    assert reader.asked == ["aws"]


def test_aws_is_not_asked_of_one_that_waits_for_room(acting: Acting) -> None:
    acting.wait_for_room("RTB-7")
    reader = FakeCluster(cluster(), aws=Targets((GROUP,)))
    reading = read_environment(reader, acting.repository.state("int"))
    assert phases(reader, reading, ["rtb-7"], now=acting.clock())[1]["rtb-7"].name == "removed"
    assert reader.asked == []


def test_one_that_is_shown_as_removed_has_nothing_left_in_aws(acting: Acting) -> None:
    state = acting.repository.state("int")
    for aws, phase in ((Targets((GROUP,)), "stuck"), (Targets(unread="no"), "unknown"), (Targets(), "removed"), (None, "removed")):  # fmt: skip
        reader = FakeCluster(cluster(), aws=aws)
        reading = read_environment(reader, state, preview="preview-rtb-7")
        assert phases(reader, reading, ["rtb-7"], now=acting.clock())[1]["rtb-7"].name == phase
