"""A period's digest stands once in each channel, whatever is killed, lost or asked for again."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from generator.values.office_hours import zone_of
from hub.actions.telling.digests import Every, Period, by_channel, period_of
from hub.actions.telling.teller import Teller
from hub.adapters.slack.digests import SlackDigests
from hub.adapters.slack.messages import SlackMessages
from hub.adapters.slack.site import SlackSite
from hub.views.digest.model import DigestMessage, Wanted
from hub.views.messages.words import ENGLISH
from worlds.announcing import Announcing
from worlds.digests import digest_example
from worlds.faulty import Fault, Killed
from worlds.messages import NOW
from worlds.mortal import Life

HOWS = [
    "drop-before",
    "drop-after",
    "drop-late",
    "503-before",
    "503-after",
    "429",
    "kill-before",
    "kill-after",
    None,
    None,
]
MESSAGE = DigestMessage("2026-W48", "*", "unseen", at="C0TEAM", found=digest_example())


@pytest.fixture
def world(tmp_path: Path) -> Announcing:
    return Announcing(tmp_path)


def worker(world: Announcing, life: Life | None = None) -> Teller:
    desk = world.worker(SlackMessages, life).desk
    site: SlackSite = desk.channel.site  # type: ignore[attr-defined]
    channel = SlackDigests(site, ENGLISH, lambda _: None, world.clock, refused=world.refusals.append)
    return Teller(replace(desk, channel=channel, renews=False), is_of_previews=False)


@pytest.mark.parametrize(
    ("every", "at", "zone", "name"),
    [
        ("week", datetime(2026, 11, 30, 0, 0, tzinfo=UTC), "Etc/UTC", "2026-W49"),
        ("week", datetime(2026, 11, 29, 23, 59, tzinfo=UTC), "Etc/UTC", "2026-W48"),
        ("week", datetime(2026, 11, 29, 15, 0, tzinfo=UTC), "Asia/Seoul", "2026-W49"),
        ("week", datetime(2027, 1, 1, 12, 0, tzinfo=UTC), "Etc/UTC", "2026-W53"),
        ("day", datetime(2026, 11, 28, 15, 0, tzinfo=UTC), "Asia/Seoul", "2026-11-29"),
    ],
)
def test_a_period_begins_by_the_clocks_of_its_zone(every: Every, at: datetime, zone: str, name: str) -> None:
    since = at - timedelta(days=7 if every == "week" else 1)
    assert period_of(every, at, zone_of(zone)) == Period(name, since)


@pytest.mark.parametrize(("every", "days"), [("day", 1), ("week", 7)])
@pytest.mark.parametrize(
    ("at", "change"),
    [(datetime(2026, 10, 25, 8, tzinfo=UTC), 1), (datetime(2026, 3, 29, 7, tzinfo=UTC), -1)],
    ids=["an hour comes twice", "an hour is left out"],
)
def test_no_hour_is_left_out_or_told_twice_where_clocks_change(
    every: Every, days: int, at: datetime, change: int
) -> None:
    found = period_of(every, at, zone_of("Europe/Berlin"))
    assert at - found.since == timedelta(days=days, hours=change)


def test_each_channel_is_told_of_its_projects_and_the_first_of_all_others() -> None:
    channels = {"": "C0TEAM", "SHOP": "C0SHOP", "ABC": "C0SHOP", "RTB": "C0TEAM"}
    found = by_channel(channels, Wanted(NOW - timedelta(days=7), NOW))
    assert found["C0TEAM"].others == {"SHOP", "ABC"}
    assert found["C0SHOP"].projects == {"SHOP", "ABC"}
    assert (found["C0TEAM"].projects, found["C0SHOP"].others) == (frozenset(), frozenset())


def test_it_is_posted_once_and_stays_as_it_is(world: Announcing) -> None:
    assert world.tell(MESSAGE, by=worker(world)) == Counter(posted=1)
    (posted,) = world.posted
    assert "RTB: 2 now, 1 ending within 24 hours" in str(posted["blocks"])
    for later in (60, 700, 90_000):
        world.later(seconds=later)
        world.tell(DigestMessage("2026-W48", "*", "unseen", at="C0TEAM"), by=worker(world))
    assert world.posted == [posted]
    assert world.tell(DigestMessage("2026-W49", "*", "unseen", at="C0TEAM", found=MESSAGE.found), by=worker(world)) == {
        "posted": 1
    }
    assert world.violations() == []


@pytest.mark.parametrize("seed", range(40))
def test_whatever_goes_wrong_there_is_exactly_one(world: Announcing, seed: int) -> None:
    rolls = random.Random(seed)
    for _ in range(rolls.randint(2, 10)):
        world.later(seconds=rolls.choice([1, 20, 45, 61, 300, 700]))
        world.faults = [Fault(how) if how else None for how in rolls.choices(HOWS, k=5)]  # type: ignore[arg-type]
        life = Life(writes=rolls.choice([None, None, 1, 2, 3, 4]))
        with contextlib.suppress(Killed):
            world.tell(MESSAGE, by=worker(world, life))
        if rolls.random() < 0.1:
            world.later(seconds=25)
            world.arrive()
            world.lose_the_database()
    world.faults = []
    for _ in range(4):
        world.later(minutes=11)
        world.tell(MESSAGE, by=worker(world))
    assert len(world.posted) == 1
    assert world.violations() == []
