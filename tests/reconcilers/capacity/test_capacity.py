"""Room on the shards: a new preview goes where there is most, a standing one keeps its own or is refused."""

from __future__ import annotations

from typing import Any

import pytest

from generator.errors import Reason, Stalled
from worlds.builders import environment
from worlds.memory_store import MemoryStore
from worlds.planning import merged, planned, started, state_store


def shards(count: int, room: int) -> dict[str, Any]:
    """An environment's exposure with `count` shards of `room` target groups each."""
    policy = environment().spec.exposure.model_dump(by_alias=True)
    return {"exposure": {**policy, "shards": count, "targetGroupsPerShard": room}}


def with_web_previews(*keys: str, spec: dict[str, Any]) -> MemoryStore:
    """A repository with previews of one exposed component each, on the shards in turn."""
    store = state_store()
    for key in keys:
        started(store, key=key, blueprint="web", spec=spec)
    return store


def test_a_new_preview_goes_where_there_is_most_room() -> None:
    spec = shards(2, 3)
    store = with_web_previews("RTB-1", "RTB-2", "RTB-3", spec=spec)  # 2 on previews-0, 1 on previews-1
    assert planned(store, spec=spec).preview.spec.shard == "previews-1"
    with pytest.raises(
        Stalled, match=r"no shard has capacity for 2 target groups of 2 \(previews-0: 2, previews-1: 1\)"
    ):
        planned(store, spec=shards(2, 2))


def test_an_update_that_its_shard_has_no_room_for_is_refused_with_the_numbers() -> None:
    spec = shards(2, 2)
    store = with_web_previews("RTB-1", "RTB-2", "RTB-123", spec=spec)  # RTB-1 and RTB-123 on previews-0
    with pytest.raises(Stalled) as caught:
        planned(store, blueprint="web-api", spec=spec)
    assert caught.value.reason is Reason.CAPACITY_EXHAUSTED
    (fault,) = caught.value.faults
    assert fault.message == "previews-0 has 1 of 2 target groups in use by others, and RTB-123 asks for 2, 1 more"
    assert "start it anew" in fault.remedy


def test_an_update_that_fits_keeps_its_shard_though_another_has_more_room() -> None:
    spec = shards(2, 3)
    store = with_web_previews("RTB-1", "RTB-2", "RTB-123", spec=spec)
    assert planned(store, blueprint="web-api", spec=spec).preview.spec.shard == "previews-0"


@pytest.mark.parametrize("blueprint", ["web", "web-api"])
def test_an_update_that_adds_none_is_never_refused_for_room(blueprint: str) -> None:
    store = with_web_previews("RTB-1", "RTB-2", spec=shards(1, 5))
    started(store, blueprint="web-api", spec=shards(1, 5))
    outcome = planned(store, blueprint=blueprint, settings=[("web.cpu", "500m")], spec=shards(1, 1))
    assert (outcome.change, outcome.preview.spec.shard) == ("updated", "previews-0")


def test_a_shard_that_is_no_longer_made_is_kept_but_takes_no_more() -> None:
    store = with_web_previews("RTB-1", "RTB-123", spec=shards(2, 5))
    assert planned(store, blueprint="web", spec=shards(1, 5)).preview.spec.shard == "previews-1"
    with pytest.raises(Stalled, match="previews-1 is none of previews-0"):
        planned(store, blueprint="web-api", spec=shards(1, 5))


def test_a_preview_with_an_update_that_awaits_approval_counts_once_by_the_larger() -> None:
    store = state_store()
    started(store, "prd", blueprint="web-api")
    merged(store)
    started(store, "prd", blueprint="web", settings=[("web.cpu", "1")])
    limits = {"previews": 2, "cpu": "2", "memory": "2Gi"}
    # Live: 2 target groups and 2 × 0.25 vCPU. Asked for: 1 target group and 1 vCPU.
    spec = {"limits": limits, "fargate": {"quotaVcpu": 2}, **shards(1, 3)}
    assert planned(store, "prd", key="RTB-2", blueprint="web", spec=spec).change == "created"
    with pytest.raises(Stalled, match="no shard has capacity for 1 target groups of 2"):
        planned(store, "prd", key="RTB-2", blueprint="web", spec={**spec, **shards(1, 2)})
    with pytest.raises(Stalled, match="prd uses 1 of 1 Fargate vCPUs"):
        planned(store, "prd", key="RTB-2", blueprint="web", spec={**spec, "fargate": {"quotaVcpu": 1}})
    with pytest.raises(Stalled, match="prd has 1 of 1 previews"):
        planned(store, "prd", key="RTB-2", blueprint="web", spec={**spec, "limits": {**limits, "previews": 1}})
