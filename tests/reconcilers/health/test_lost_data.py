"""A database whose pod was replaced after the Job that filled it had ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from generator.errors import Remedy, RemedyKind
from hub.output.remedies import words
from reconcilers.health.lost_data import lost_data
from reconcilers.health.phase import Asked, Seen, needs_details, phase_of
from reconcilers.ports.cluster import Condition, NamespaceDetails, Pod, Workload
from worlds.observations import application, namespace

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def pod(minutes: int, name: str = "postgres-1", **fields: object) -> Pod:
    return Pod(name, "Running", NOW - timedelta(minutes=minutes), **{"keeps_data": True, **fields})  # type: ignore[arg-type]


def job(minutes: int, type_: str = "Complete") -> Workload:
    since = NOW - timedelta(minutes=minutes)
    return Workload("Job", f"seed-{minutes}", 1, 1, conditions=(Condition(type_, "True", since=since),))


@pytest.mark.parametrize(
    ("pods", "jobs", "is_lost"),
    [
        ([pod(9)], [job(8)], False),
        ([pod(5)], [job(8)], True),
        ([pod(5)], [job(8), job(4)], False),
        ([pod(5)], [job(8, "Failed")], False),
        ([pod(5)], [], False),
        ([pod(5, keeps_data=False)], [job(8)], False),
        ([pod(5, deleting_since=NOW)], [job(8)], False),
        ([pod(9, deleting_since=NOW), pod(5)], [job(8)], True),
    ],
    ids=["filled after", "replaced", "filled again", "filling failed", "never filled", "keeps nothing", "on its way out", "old and new"],
)  # fmt: skip
def test_a_pod_younger_than_what_filled_it_has_lost_it(pods: list[Pod], jobs: list[Workload], is_lost: bool) -> None:
    details = NamespaceDetails(pods=tuple(pods), workloads=tuple(jobs))
    assert bool(lost_data(details)) is is_lost
    seen = Seen(entry=Asked(), application=application(), namespace=namespace(), details=details, keeps_data=True)
    phase = phase_of(seen, now=NOW, warn_before=timedelta(hours=1))
    assert phase.name == ("failed" if is_lost else "running")
    if is_lost:
        assert (
            "pod postgres-1 is from 2026-11-23T01:55:00Z, and the Job had ended at 2026-11-23T01:52:00Z" in phase.cause
        )
        assert phase.remedy == Remedy(RemedyKind.FILL_AGAIN)
        assert "--set seed.env.FILLED=2" in words(phase.remedy)


def test_a_preview_that_keeps_data_is_looked_into_though_all_is_well() -> None:
    seen = Seen(entry=Asked(), application=application(), namespace=namespace())
    assert not needs_details(seen)
    assert needs_details(Seen(entry=Asked(), application=application(), namespace=namespace(), keeps_data=True))
