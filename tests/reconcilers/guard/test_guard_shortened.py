"""Leases that are made shorter: one is anybody's to make, many at once are a deletion that comes a little later."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

import pytest

from generator.model.entry import Extension, Preview
from generator.values.formats import format_time
from worlds.builders import NOW
from worlds.guarding import HOUR, Files, World, entry_path, lay_out, manifest_path, one, rules, with_lease

KEYS = tuple(f"RTB-{number}" for number in range(1, 6))
ENV = "environments/int/environment.yaml"


@dataclass(frozen=True)
class State:
    """Five previews of int that run for 24 h, since an hour ago."""

    world: World
    main: str
    previews: tuple[Preview, ...]

    def committed(self, *previews: Preview, on: str = "") -> str:
        return self.world.commit(together(self.world, on or self.main, *previews), on or self.main)


def together(world: World, base: str, *previews: Preview) -> Files:
    return {path: text for preview in previews for path, text in world.files(base, preview).items()}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> State:
    world, first, _ = lay_out(tmp_path_factory.mktemp("guard") / "state.git")
    previews = tuple(world.preview(first, "int", key, now=NOW - HOUR) for key in KEYS)
    return State(world, world.commit(together(world, first, *previews), first), previews)


def lasting(preview: Preview, hours: int) -> Preview:
    """The preview with another ttl, by which it ends at another time."""
    return with_lease(preview, ttl=f"{hours}h", expires_at=NOW + (hours - 1) * HOUR)


def extended(preview: Preview) -> Preview:
    by = Extension.model_validate({"by": "2h", "requestedBy": "bob", "at": format_time(NOW), "reason": ""})
    return with_lease(preview, extensions=[by], expires_at=NOW + 25 * HOUR)


def removal(preview: Preview) -> Files:
    return {entry_path(preview): None, manifest_path(preview): None}


def test_one_lease_may_end_earlier_and_many_later(state: State) -> None:
    assert state.world.judge(state.main, state.committed(lasting(state.previews[0], 2)), cap=1).refusals == ()
    assert state.world.judge(state.main, state.committed(*map(extended, state.previews)), cap=1).refusals == ()


@pytest.mark.parametrize("hours", [2, 23])
@pytest.mark.parametrize("commits", [1, 5], ids=["in one commit", "in one each"])
def test_those_that_end_earlier_count_towards_the_cap(state: State, hours: int, commits: int) -> None:
    shortened = [lasting(preview, hours) for preview in state.previews]
    head = state.main
    for group in [shortened] if commits == 1 else [[preview] for preview in shortened]:
        head = state.committed(*group, on=head)
    assert state.world.judge(state.main, head, cap=5).refusals == ()
    refusal = one(state.world.judge(state.main, head, cap=4))
    assert (refusal.rule, refusal.message) == ("removal-cap", "5 end earlier than they did, and the cap is 4")


def test_an_extension_that_is_taken_back_counts_too(state: State) -> None:
    base = state.committed(*map(extended, state.previews))
    assert rules(state.world.judge(base, state.committed(*state.previews, on=base), cap=4)) == {"removal-cap"}


def test_what_is_removed_and_what_ends_earlier_count_together(state: State) -> None:
    first = state.committed(*(lasting(preview, 2) for preview in state.previews[1:4]))
    head = state.world.commit(removal(state.previews[0]), first)
    assert state.world.judge(state.main, head, cap=4).refusals == ()
    refusal = one(state.world.judge(state.main, head, cap=3))
    assert refusal.message == "1 previews are removed and 3 end earlier than they did, and the cap is 3"


@pytest.mark.parametrize(("most", "refused"), [(4, True), (5, False)])
def test_no_more_end_earlier_than_expiry_may_remove(state: State, most: int, *, refused: bool) -> None:
    text = state.world.read(state.main, ENV) + f"  expiry: {{maxRemovals: {most}}}\n".encode()
    base = state.world.commit({ENV: text}, state.main)
    head = state.committed(*(lasting(preview, 2) for preview in state.previews), on=base)
    judgement = state.world.judge(base, head)
    assert [one.rule for one in judgement.refusals] == (["removal-cap"] if refused else [])


def test_what_is_over_is_not_made_shorter(state: State) -> None:
    later = NOW + 24 * HOUR
    anew = [with_lease(one, requested_at=later, ttl="1h", expires_at=later + HOUR) for one in state.previews]
    judgement = state.world.judge(state.main, state.committed(*anew), cap=1, now=later)
    assert judgement.refusals == ()
    assert {PurePosixPath(path).name for path in judgement.changed} == {key.lower() for key in KEYS}
