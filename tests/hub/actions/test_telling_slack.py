"""What is Slack's own about messages: new ones for previews that begin anew, replies that alert, channels, limits."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from generator.values.naming import IssueKey
from hub.actions.telling.posting import AGAIN
from hub.actions.telling.teller import Teller
from hub.adapters.slack.faults import SlackFaults
from hub.adapters.slack.history import PAGES
from hub.adapters.slack.messages import TOLD_AGAIN, SlackMessages
from hub.store.messages import LEASE
from hub.views.messages.words import ENGLISH
from hub.wiring.slack import faults_spread
from reconcilers.causes.model import Audience
from reconcilers.causes.removal_rules import LEAKS
from reconcilers.messages.channels import Found, Place
from reconcilers.messages.model import MessagePhase
from worlds.announcing import REPOSITORY, Announcing
from worlds.faulty import Fault, Killed
from worlds.messages import message
from worlds.slack_server import SlackChannel
from worlds.slack_server.site import BOT_ID

HOWS = ["drop-before", "drop-after", "503-before", "503-after", "kill-before", "kill-after"]


@pytest.fixture
def world(tmp_path: Path) -> Announcing:
    return Announcing(tmp_path)


def teller(world: Announcing, **changed: Any) -> Teller:
    worker = world.worker(SlackMessages)
    channel: Any = worker.channel
    for name, value in changed.items():
        setattr(channel, name, value)
    return worker


def replies(world: Announcing) -> list[dict[str, Any]]:
    return [one for below in world.slack.channels["C0TEAM"].replies.values() for one in below]


def test_it_is_posted_once_and_edited_and_a_preview_that_begins_anew_gets_another(world: Announcing) -> None:
    worker = teller(world)
    for phase in ("starting", "running", "expiring soon", "removed"):
        world.later(minutes=2)
        world.tell(message(phase), by=worker)
        assert world.phases(SlackMessages) == [phase]
    first = world.posted[0]["ts"]
    assert world.row("slack").state == "closed"
    world.later(days=2)
    world.tell(message("stopping"), message("removed"), by=worker)
    assert len(world.posted) == 1, "what is late to go begins nothing"
    assert [one.action for one in worker.planned([message("starting")])] == ["post"]
    assert world.tell(message("starting"), by=worker) == Counter(posted=1)
    assert world.phases(SlackMessages) == ["removed", "starting"]
    world.later(seconds=AGAIN.total_seconds() + 1)
    world.lose_the_database()
    world.tell(message("failed"), by=teller(world))
    assert world.phases(SlackMessages) == ["removed", "failed"]
    world.later(minutes=2)
    world.tell(message("removed"), by=teller(world))
    assert world.phases(SlackMessages) == ["removed", "removed"], "the older one is nobody's second"
    assert world.posted[0]["ts"] == first
    assert world.violations() == []


@pytest.mark.parametrize("how", HOWS)
def test_a_second_generation_is_posted_once_whatever_becomes_of_the_post(world: Announcing, how: str) -> None:
    worker = teller(world)
    for phase in ("running", "removed"):
        world.later(minutes=20)
        world.tell(message(phase), by=worker)
    world.later(days=1)
    world.faults = [None, None, Fault(how)]  # type: ignore[arg-type]
    again = teller(world)
    for _ in range(4):
        try:
            world.tell(message("starting"), by=again)
        except Killed:
            again = teller(world)
            world.later(seconds=LEASE.total_seconds())
        world.later(minutes=2)
    assert world.phases(SlackMessages) == ["removed", "starting"]


def test_what_a_person_deleted_is_not_made_again_in_that_phase(world: Announcing) -> None:
    worker = teller(world)
    world.tell(message("running"), by=worker)
    world.delete()
    for _ in range(6):
        world.later(minutes=5)
        world.tell(replace(message("running"), url="https://another.example.com/"), by=worker)
        assert not world.posted
    assert world.row("slack").state == "declined"
    assert world.tell(message("failed"), by=worker) == Counter(posted=1)


def test_who_has_to_act_is_told_below_once_for_each_cause(world: Announcing) -> None:
    worker = teller(world, account_of={"alice": "U0ALICE"}.get)
    for phase, audience in [("starting", None), ("running", None), ("failed", Audience.PLATFORM), ("running", None),
                            ("failed", Audience.DEVELOPER), ("running", None), ("failed", Audience.DEVELOPER),
                            ("expiring soon", None)]:  # fmt: skip
        world.later(minutes=3)
        world.tell(message(phase, audience or Audience.DEVELOPER), by=worker)  # type: ignore[arg-type]
    first, second = replies(world)
    assert first["metadata"]["event_payload"] == {"once": "failed code-developer"}
    assert first["blocks"][0]["elements"][0]["elements"][0] == {"type": "user", "user_id": "U0ALICE"}
    assert second["metadata"]["event_payload"]["once"].startswith("expiring soon ")
    assert world.violations() == []


@pytest.mark.parametrize("code", ["target-group-left", "namespace-left-over", "removal-silent"])
def test_what_a_removal_left_there_is_told_below_once_and_no_other_hold_up_is(world: Announcing, code: str) -> None:
    left = message("stuck", Audience.PLATFORM)
    assert left.cause is not None
    left = replace(left, cause=replace(left.cause, code=code), requested_by="", asked_at=None)
    worker = teller(world)
    for told in (message("running"), left, left, message("stopping"), message("stopping"), left, left):
        world.later(minutes=3)  # what is not told at once is looked at twice
        world.tell(told, by=worker)
    assert world.phases(SlackMessages) == ["stuck"]
    found = replies(world)
    is_leak = code in LEAKS
    assert [one["metadata"]["event_payload"]["once"] for one in found] == ([f"leak {code}"] if is_leak else [])
    assert not any("123456789012" in str(one) for one in found)
    assert world.violations() == []


def test_whose_account_nobody_knows_is_named(world: Announcing) -> None:
    worker = teller(world)
    world.tell(message("running"), by=worker)
    world.later(minutes=2)
    (planned,) = worker.planned([message("failed", Audience.PLATFORM)])
    assert planned.ping is None, "the platform's faults alert nobody here"
    (planned,) = worker.planned([message("failed")])
    assert planned.ping is not None
    world.tell(message("failed"), by=worker)
    (reply,) = replies(world)
    assert reply["blocks"][0]["elements"][0]["elements"][0]["text"] == "alice"


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("how", HOWS)
def test_whatever_goes_wrong_at_an_alert_it_comes_once(world: Announcing, how: str, at: int) -> None:
    """Of the calls for one: the look at the replies, the reply, the edit."""
    worker = teller(world)
    world.tell(message("running"), by=worker)
    world.later(minutes=3)
    world.faults = [*(None for _ in range(at)), Fault(how)]  # type: ignore[arg-type]
    for _ in range(4):
        try:
            world.tell(message("failed"), by=worker)
        except Killed:
            worker = teller(world)
            world.later(seconds=LEASE.total_seconds())
        world.later(minutes=2)
    assert world.phases(SlackMessages) == ["failed"]
    assert len(replies(world)) == 1


@pytest.mark.parametrize("wrong", ["archived", "not invited", "not there", "none"])
def test_a_channel_that_cannot_be_posted_in_waits_and_is_told_of_now_and_then(world: Announcing, wrong: str) -> None:
    worker = teller(world)
    channel = world.slack.channels["C0TEAM"]
    channel.is_archived, channel.is_member = wrong == "archived", wrong != "not invited"
    if wrong == "not there":
        del world.slack.channels["C0TEAM"]
    world.team = None if wrong == "none" else "C0TEAM"
    others = [replace(message("running"), issue=f"RTB-{number}") for number in range(1, 9)]
    assert world.tell(*others, by=worker) == Counter(parked=8)
    assert len(world.refusals) == (0 if wrong == "none" else 1)
    assert not worker.failures, "other teams' channels go on"
    calls = len(world.slack.calls)
    assert world.tell(*others, by=worker) == Counter()
    assert len(world.slack.calls) == calls
    world.team, world.slack.channels["C0TEAM"] = "C0TEAM", channel
    channel.is_archived, channel.is_member = False, True
    world.later(days=1)
    assert world.tell(*others, by=worker) == Counter(posted=8)


def test_an_archived_channel_keeps_messages_as_they_are_and_says_so(world: Announcing) -> None:
    worker = teller(world)
    world.tell(message("running"), by=worker)
    world.slack.channels["C0TEAM"].is_archived = True
    world.later(minutes=2)
    assert world.tell(message("failed"), by=worker) == Counter()
    (failure,) = worker.failures
    assert "name another channel" in str(failure) or "is_archived" in str(failure)
    world.slack.channels["C0TEAM"].is_archived = False
    world.later(minutes=11)
    world.tell(message("failed"), by=worker)
    assert world.phases(SlackMessages) == ["failed"]
    assert timedelta(0) < TOLD_AGAIN


def test_an_archived_channel_of_one_team_keeps_no_other_team_waiting(world: Announcing) -> None:
    world.slack.channels["C0SHOP"] = SlackChannel("shop")
    worker = teller(world, channel_of={"RTB": "C0TEAM", "SHOP": "C0SHOP"}.get)
    ours = [replace(message("running"), issue=f"RTB-{number}") for number in range(1, 9)]
    shop = replace(message("running"), issue="SHOP-1")
    world.tell(*ours, shop, by=worker)
    world.slack.channels["C0TEAM"].is_archived = True
    world.later(minutes=2)
    assert world.tell(*(replace(one, phase="failed") for one in ours), by=worker) == Counter()
    assert len(worker.failures) == 8
    assert world.tell(replace(shop, phase="failed"), by=worker) == Counter(edited=1)


def test_a_renamed_channel_is_the_same(world: Announcing) -> None:
    worker = teller(world)
    world.tell(message("running"), by=worker)
    world.slack.channels["C0TEAM"].name = "another-name"
    world.later(minutes=2)
    world.tell(message("failed"), by=worker)
    assert world.phases(SlackMessages) == ["failed"]


def test_a_message_goes_on_where_it_stands_when_the_setting_names_another_channel(world: Announcing) -> None:
    worker = teller(world)
    world.tell(message("running"), by=worker)
    world.team = "C0OTHER"
    world.later(minutes=2)
    world.tell(message("failed"), by=worker)
    assert world.phases(SlackMessages) == ["failed"]


def test_a_scope_that_is_missing_is_named(world: Announcing) -> None:
    world.slack.scopes -= {"channels:history"}
    worker = teller(world)
    world.tell(message("running"), by=worker)
    (failure,) = worker.failures
    assert "channels:history" in str(failure)


def test_others_with_the_same_metadata_are_never_taken_for_the_hub(world: Announcing) -> None:
    world.tell(message("running"), by=teller(world))
    ours = world.posted[0]
    forged = {**ours, "ts": "1.000001", "user": "UMALLORY", "bot_id": "BMALLORY"}
    moved = {**ours, "ts": f"{float(ours['ts']) - 5:.6f}", "metadata": {"event_type": "x", "event_payload": {}}}
    for one in (forged, moved):
        world.slack.channels["C0TEAM"].messages[one["ts"]] = one
    world.lose_the_database()
    world.later(minutes=5)
    world.tell(message("failed"), by=teller(world))
    told = {one["ts"]: one["blocks"] for one in world.posted}
    assert ours["bot_id"] == BOT_ID
    assert told[forged["ts"]] != told[ours["ts"]]
    assert len(told) == 3


def test_two_hubs_environments_and_issues_in_one_channel_have_a_message_each(world: Announcing) -> None:
    world.tell(
        message("running"), replace(message(), environment="stg"), replace(message(), issue="RTB-12"), by=teller(world)
    )
    another = teller(world)
    object.__setattr__(another.desk, "repository", "ba9876543210")
    world.lose_the_database()
    world.tell(message("running"), by=another)
    assert len(world.posted) == 4
    world.lose_the_database()
    world.later(minutes=1)
    assert world.tell(message("running"), by=teller(world)) == Counter(found=1)


def test_a_channel_is_read_once_for_all_and_only_so_far_back(world: Announcing) -> None:
    many = [replace(message("running"), issue=f"RTB-{number}") for number in range(1, 31)]
    channel = world.slack.channels["C0TEAM"]
    for number in range(3000):
        ts = f"{int(world.seconds()) - 90_000}.{number:06d}"
        channel.messages[ts] = {"type": "message", "ts": ts, "user": "U0X", "text": "hello"}
    world.tell(*many, by=teller(world))
    assert world.slack.calls.count("chat.postMessage") == 30
    assert world.slack.calls.count("conversations.history") <= PAGES + 5
    assert world.violations() == []


def others_are_told_of(world: Announcing, worker: Teller) -> None:
    """The channel is read again, and what stands in it for long is known from before."""
    world.later(minutes=4)
    world.tell(replace(message("running"), issue="RTB-9"), by=worker)


def of_our_preview(world: Announcing) -> list[str]:
    told = [one["metadata"]["event_payload"] for one in world.posted]
    return [str(one["phase"]) for one in told if one["issue"] == "RTB-123"]


def test_an_edit_that_was_lost_is_made_again_though_the_channel_was_read_before(world: Announcing) -> None:
    worker = teller(world)
    world.tell(message("running"), by=worker)
    others_are_told_of(world, worker)
    world.faults = [None, None, Fault("drop-after")]
    world.tell(message("failed"), by=worker)
    assert of_our_preview(world) == ["failed"]
    world.later(minutes=3)
    world.tell(message("running"), by=worker)
    assert of_our_preview(world) == ["running"]


@pytest.mark.parametrize("by_another", [False, True])
def test_a_preview_that_begins_anew_soon_gets_another_though_the_channel_was_read_before(
    world: Announcing, by_another: bool
) -> None:
    worker = teller(world)
    world.tell(message("running"), by=worker)
    others_are_told_of(world, worker)
    world.tell(message("removed"), by=teller(world) if by_another else worker)
    world.later(minutes=3)
    assert world.tell(message("starting"), by=worker) == Counter(posted=1)
    assert of_our_preview(world) == ["removed", "starting"]


def test_a_message_that_somebody_deleted_is_not_known_from_before(world: Announcing) -> None:
    worker = teller(world)
    world.tell(message("running"), by=worker)
    others_are_told_of(world, worker)
    ours = next(ts for ts, one in world.slack.channels["C0TEAM"].messages.items() if "RTB-123" in one["text"])
    del world.slack.channels["C0TEAM"].messages[ours]
    place = Place(REPOSITORY, "int", IssueKey.parse("RTB-123"))
    assert worker.channel.find(place) == Found()


def test_a_channel_that_cannot_be_read_meanwhile_is_no_channel_without_messages(world: Announcing) -> None:
    worker = teller(world)
    world.tell(message("running"), by=worker)
    world.slack.channels["C0TEAM"].is_member = False
    assert worker.channel.find(Place(REPOSITORY, "int", IssueKey.parse("RTB-123"))) is None


def at_once(world: Announcing, count: int, phase: MessagePhase, worker: Teller) -> float:
    """How many seconds pass until this many previews are told of."""
    begin = world.seconds()
    several = [replace(message(phase), issue=f"RTB-{number}") for number in range(1, count + 1)]
    for _ in range(count):
        world.tell(*several, by=worker)
        if (
            all(one["metadata"]["event_payload"]["phase"] == phase for one in world.posted)
            and len(world.posted) == count
        ):
            return world.seconds() - begin
        world.later(seconds=2)
    raise AssertionError("not all are told of")


def test_many_at_once_take_what_the_limits_take_and_break_none(
    world: Announcing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """40 here, one after another so that the clock is right; 500 took 499 s to post and 602 s to edit."""
    monkeypatch.setattr("hub.actions.telling.teller.AT_ONCE", 1)
    world.slack.limits = True
    worker = teller(world)
    count = 40
    assert at_once(world, count, "starting", worker) <= count * 1.0 * 1.2
    world.later(minutes=2)
    assert at_once(world, count, "running", worker) <= count * 1.2 * 1.2
    assert not worker.failures
    assert set(world.slack.edits.values()) == {1}
    assert world.violations() == []


def platform(world: Announcing) -> Teller:
    """What tells faults of the platform in a channel of its own."""
    worker = teller(world)
    previews: Any = worker.channel
    channel = SlackFaults(previews.site, ENGLISH, lambda project: "C0PLATFORM", world.clock)
    desk = replace(worker.desk, channel=channel)
    return replace(worker, desk=desk, spread=faults_spread(world.clock), is_of_previews=False)


def told_of_the_platform(world: Announcing) -> list[str]:
    return [str(one["text"]) for one in world.slack.channels["C0PLATFORM"].messages.values()]


def test_a_fault_of_the_platform_is_told_once_however_many_previews_have_it(world: Announcing) -> None:
    world.slack.channels["C0PLATFORM"] = SlackChannel("platform")
    worker = platform(world)
    broken = [replace(message("stuck", Audience.PLATFORM), issue=f"RTB-{number}") for number in range(1, 41)]
    others = [replace(message("failed"), issue="RTB-99"), replace(message("running"), issue="RTB-100")]
    assert world.tell(*broken[:3], *others, by=worker) == Counter(posted=1)
    world.tell(*broken, *others, by=worker)
    world.later(minutes=2)
    assert world.tell(*broken, *others, by=worker) == Counter(edited=1), "which previews have it is told together"
    (posted,) = world.slack.channels["C0PLATFORM"].messages.values()
    told = str(posted["blocks"])
    assert "123456789012" in told, "those who run it see account numbers"
    assert "and 20 more" in told
    assert worker.open_keys() == frozenset(), "no preview is called so"
    for _ in range(3):
        world.later(minutes=4)
        world.tell(*others, replace(message("unknown"), issue="RTB-1"), by=worker)
        assert told == str(posted["blocks"]), "one that cannot be looked at may have it still"
    world.tell(*broken[:1], by=worker)
    for _ in range(4):
        world.later(minutes=4)
        world.tell(*others, by=worker)
    assert "is over" in told_of_the_platform(world)[0]
    world.later(minutes=4)
    world.tell(*broken[:1], *others, by=worker)
    assert len(told_of_the_platform(world)) == 2, "it is told anew when it comes again"
    assert world.violations() == []


def test_an_environment_that_cannot_be_read_is_told_nothing_of(world: Announcing) -> None:
    world.slack.channels["C0PLATFORM"] = SlackChannel("platform")
    worker = platform(world)
    world.tell(message("stuck", Audience.PLATFORM), by=worker)
    for _ in range(5):
        world.later(minutes=9)
        assert world.tell(replace(message(), environment="stg"), by=worker) == Counter()
    assert "is over" not in told_of_the_platform(world)[0]
