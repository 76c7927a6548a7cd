"""When a message is edited, and whom that alerts."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.values.naming import IssueKey
from reconcilers.causes.model import Audience
from reconcilers.messages.channels import Place, before_data, before_of
from reconcilers.messages.model import PHASES, Message
from reconcilers.messages.quiet import APART, PATIENCE, TOGETHER, Before, Later, Nothing, Now, Ping, after, decide
from worlds.messages import NOW, message

PLACE = Place("0123456789ab", "int", IssueKey("RTB", 123))


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def told(one: Message, at: datetime = NOW, before: Before | None = None) -> Before:
    """What stands with a message that was posted, or edited, at `at`."""
    made = decide(one, digest(one), before, differs_since=at, now=at)
    assert isinstance(made, Now)
    return after(one, digest(one), made.ping, before, at=at)


def digest(one: Message) -> str:
    return sha256(repr(one).encode()).hexdigest()[:32]


def judge(one: Message, before: Before | None, *, since: datetime, now: datetime) -> Nothing | Later | Now:
    return decide(one, digest(one), before, differs_since=since, now=now)


def test_what_is_told_already_is_not_told_again() -> None:
    assert judge(message(), told(message()), since=NOW, now=NOW + timedelta(days=9)) == Nothing()


def test_what_changes_a_little_is_told_together_and_once_a_minute() -> None:
    before, changed = told(message()), replace(message(), ends=NOW + timedelta(hours=12))
    early = NOW + seconds(10)
    assert judge(changed, before, since=early, now=early) == Later(NOW + APART)
    late = NOW + seconds(300)
    assert judge(changed, before, since=late, now=late) == Later(late + TOGETHER)
    assert judge(changed, before, since=late, now=late + TOGETHER) == Now(None), "an extension alerts nobody"


@pytest.mark.parametrize("phase", ["running", "expiring soon", "failed", "removed"])
def test_what_people_wait_for_is_told_at_once(phase: str) -> None:
    one = message(phase)  # type: ignore[arg-type]
    assert isinstance(judge(one, told(message("starting")), since=NOW, now=NOW), Now)


def test_a_moment_without_the_cluster_changes_nothing() -> None:
    before, lost = told(message()), message("unknown")
    assert judge(lost, before, since=NOW + APART, now=NOW + APART) == Later(NOW + APART + PATIENCE)
    assert isinstance(judge(lost, before, since=NOW, now=NOW + PATIENCE), Now)
    again = Before("another digest", "unknown", NOW)
    assert judge(replace(lost, last=None), again, since=NOW, now=NOW + timedelta(days=1)) == Nothing()
    assert judge(lost, None, since=NOW, now=NOW + timedelta(days=1)) == Nothing(), "none is made to say nothing"


def test_an_editor_whose_clock_is_ahead_delays_no_one_for_long() -> None:
    before = told(message(), NOW + timedelta(days=2))
    changed = replace(message(), ends=None)
    assert judge(changed, before, since=NOW, now=NOW) == Later(NOW + APART)


@pytest.mark.parametrize(
    ("one", "ping"),
    [
        (message("awaiting approval"), Ping("approvers", "awaiting approval")),
        (message("running"), Ping("requester", "running")),
        (message("expiring soon"), Ping("requester", "expiring soon 2026-11-23T10:00:00Z")),
        (message("failed", Audience.DEVELOPER), Ping("requester", "failed code-developer")),
        (message("stuck", Audience.PLATFORM), Ping("platform", "stuck code-platform")),
        *((message("stuck", Audience.NOBODY), None) for _ in "x"),
        *((message(one), None) for one in ("queued", "starting", "unseen", "stopping", "removed", "withdrawn")),  # type: ignore[arg-type]
    ],
)
def test_whom_a_message_alerts(one: Message, ping: Ping | None) -> None:
    assert judge(one, None, since=NOW, now=NOW) == Now(ping)


def test_nobody_is_alerted_of_the_same_twice_until_the_preview_is_gone() -> None:
    one = told(message("running"))
    two = told(message("failed"), NOW + seconds(90), one)
    assert two.pings == ("running", "failed code-developer")
    three = told(message("running"), NOW + seconds(180), two)
    assert three.pings == two.pings
    assert judge(message("failed"), three, since=NOW, now=NOW + seconds(300)) == Now(None)
    gone = told(message("removed"), NOW + seconds(400), three)
    assert told(message("running"), NOW + seconds(600), gone).pings == ("running",)


@given(st.lists(st.tuples(st.sampled_from(PHASES), st.integers(0, 90)), max_size=40))
def test_whatever_happens_edits_are_few_and_alerts_are_told_once(steps: list[tuple[str, int]]) -> None:
    before, now, edits, pings, since = None, NOW, [], [], None
    for phase, wait in steps:
        now += seconds(wait)
        one = message(phase)  # type: ignore[arg-type]
        since = now if since is None or before is None or before.digest == digest(one) else since
        made = judge(one, before, since=since, now=now)
        if isinstance(made, Now):
            pings = [] if phase in ("removed", "withdrawn") else [*pings, *([made.ping.once] if made.ping else [])]
            before, since = after(one, digest(one), made.ping, before, at=now), None
            edits.append(before)
            assert before_of(before_data(PLACE, before), PLACE) == before
        assert len(pings) == len(set(pings))
    for first, second in pairwise(edits):
        assert first.digest != second.digest


def test_what_stands_with_another_hubs_message_is_not_ours() -> None:
    data = before_data(PLACE, told(message()))
    assert before_of(data, PLACE) == told(message())
    assert before_of(data, replace(PLACE, subject=IssueKey("ABC", 1))) is not None, "an issue may move"
    assert before_of(data, replace(PLACE, repository="another")) is None
    assert before_of(data, replace(PLACE, environment="stg")) is None


@pytest.mark.parametrize(
    "wrong",
    [
        None, 1, [], {}, {"phase": "x"}, {"phase": []}, {"at": "2026"}, {"at": 5}, {"pings": [1]}, {"digest": None},
        {"digest": "\ud800"}, {"code": "\0"}, {"code": "x" * 1000}, {"pings": ["\ud800"]},
    ],
)  # fmt: skip
def test_what_makes_no_sense_tells_nothing(wrong: object) -> None:
    data = before_data(PLACE, told(message()))
    assert before_of({**data, **wrong} if isinstance(wrong, dict) and wrong else wrong) is None
