"""What the guard says of history itself: dates that cannot be true, and lines that meet where nobody can see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconcilers.guard.lines import TOLERANCE, date_refusals, merge_refusals
from reconcilers.guard.walk import Dated, Merging
from worlds.builders import NOW, image
from worlds.guarding import HOUR, World, lay_out, rules, with_component

SECOND = timedelta(seconds=1)
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def refused(written: datetime | None, made: datetime | None, *after: datetime, now: datetime = NOW) -> bool:
    return [one.rule for one in date_refusals([Dated("c", written, made, after)], now)] == ["commit-date"]


@pytest.mark.parametrize(("off", "told"), [(-SECOND, False), (timedelta(0), False), (SECOND, True)])
def test_a_commit_is_no_later_than_now_but_for_what_clocks_differ(off: timedelta, told: bool) -> None:
    assert timedelta(hours=1) == TOLERANCE
    assert refused(NOW, NOW + HOUR + off) == told
    assert refused(NOW + HOUR + off, NOW) == told


@pytest.mark.parametrize(("off", "told"), [(-SECOND, True), (timedelta(0), False), (SECOND, False)])
def test_a_commit_is_no_earlier_than_its_parents_but_for_what_clocks_differ(off: timedelta, told: bool) -> None:
    assert refused(NOW, NOW - 2 * HOUR + off, NOW - HOUR) == told
    assert refused(NOW, NOW - 2 * HOUR + off, NOW - 9 * HOUR, NOW - HOUR) == told, "the latest of a merge's parents"
    assert not refused(NOW - 999 * HOUR, NOW, NOW), "an author's date is as old as what was taken over"


@pytest.mark.parametrize(("off", "told"), [(-SECOND, False), (timedelta(0), False), (SECOND, True)])
def test_a_parent_that_is_ahead_of_now_itself_bounds_nothing(off: timedelta, told: bool) -> None:
    """Else nobody could commit to that branch again."""
    assert refused(NOW, NOW - HOUR, NOW + HOUR + off) != told


@pytest.mark.parametrize(
    ("at", "told"), [(FIRST - SECOND, True), (FIRST, False), (LAST - SECOND, False), (LAST, True), (None, True)]
)
def test_dates_are_of_years_that_leases_may_have(at: datetime | None, told: bool) -> None:
    assert refused(at, at, now=LAST) == told
    assert refused(at, LAST - SECOND, now=LAST) == told


def test_one_merge_base_and_nothing_of_others() -> None:
    def told(**fields: object) -> list[str]:
        return [one.rule for one in merge_refusals([Merging("c", **fields)])]  # type: ignore[arg-type]

    assert [told(bases=bases) for bases in (0, 1, 2)] == [["merge-bases"], [], ["merge-bases"]]
    assert told(foreign=("d", "e")) == ["foreign-merge"]
    assert told(conflicts=("x", "y")) == ["merge-conflict"]


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, str, str]:
    return lay_out(tmp_path_factory.mktemp("lines") / "state.git")


@pytest.mark.parametrize(
    "date", ["253402300801 +0000", "1823558400000 +0000", "-5 +0000", "4 +0000", "99999999999999999999 +0000", f"{'9' * 5000} +0000", "x"],
    ids=["year 10000", "milliseconds", "negative", "1970", "beyond 64 bits", "5000 digits", "no number"],
)  # fmt: skip
@pytest.mark.parametrize("role", [b"author", b"committer"])
@pytest.mark.parametrize("who", ["any", "expiry"])
def test_an_absurd_date_in_a_commit_is_refused(
    heads: tuple[World, str, str], date: str, role: bytes, who: str, tmp_path: Path
) -> None:
    world, main, _ = heads
    head = dated(world, world.commit({}, main), role, date)
    assert "commit-date" in rules(world.judge(main, head, who=who))  # type: ignore[arg-type]
    after = world.commit({}, head)
    assert rules(world.judge(head, after, who=who)) == set()  # type: ignore[arg-type]


def dated(world: World, commit: str, role: bytes, date: str) -> str:
    """The same commit with another date, as nobody's Git would write it."""
    lines = world.git("cat-file", "commit", commit).split(b"\n")
    told = [line if not line.startswith(role + b" ") else b"%s a <a@example.com> %s" % (role, date.encode()) for line in lines]  # fmt: skip
    made = world.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=b"\n".join(told))
    return made.decode().strip()


def test_what_a_merge_brought_into_prd_is_looked_at_too(heads: tuple[World, str, str]) -> None:
    world, main, prd = heads
    asked = world.commit(world.files(prd, world.preview(prd, "prd", "RTB-9")), prd)
    assert rules(world.judge(prd, world.commit(world.files(prd, world.preview(prd, "prd", "RTB-9")), prd, asked), "prd")) == set()  # fmt: skip
    other = world.commit({}, asked, main)
    merged = world.commit(world.files(prd, world.preview(prd, "prd", "RTB-9")), prd, other)
    assert rules(world.judge(prd, merged, "prd")) == {"foreign-merge"}
    absurd = dated(world, asked, b"committer", "253402300801 +0000")
    merged = world.commit(world.files(prd, world.preview(prd, "prd", "RTB-9")), prd, absurd)
    assert rules(world.judge(prd, merged, "prd")) == {"commit-date"}


def test_merges_of_branches_that_nobody_reviews_are_as_people_make_them(heads: tuple[World, str, str]) -> None:
    world, main, _ = heads
    one, two = (world.started(main, "int", key) for key in ("RTB-1", "RTB-2"))
    both = world.commit(world.files(main, world.preview(main, "int", "RTB-2")), one, two)
    third = world.commit(world.files(main, world.preview(main, "int", "RTB-1")), two, one)
    crossed = world.commit({}, both, third)
    assert rules(world.judge(main, crossed)) == set()


def test_a_conflict_with_the_target_is_told(heads: tuple[World, str, str]) -> None:
    world, _, prd = heads
    entry = world.preview(prd, "prd", "RTB-9")
    one = world.commit(world.files(prd, entry), prd)
    two = world.commit(world.files(prd, with_component(entry, "web", image=image("web", "c"))), prd)
    proposal = world.history.proposal(one, two)
    assert proposal.tree is None
    assert [merging.conflicts != () for merging in proposal.walk.merges] == [True]
