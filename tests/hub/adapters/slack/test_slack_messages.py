"""Messages in Slack over HTTP, held to slack_sdk's models; what is repeated, and what never is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from generator.errors import ConfigError, HubError, Reason, Stalled, Transient, Waiting
from generator.values.naming import IssueKey
from hub.adapters.http import SenderParts, Unanswered
from hub.adapters.slack.messages import SlackMessages
from hub.adapters.slack.rights import app_of, room_of
from hub.adapters.slack.site import SlackSite, open_site
from hub.retrying import Backoff
from hub.views.messages.words import KOREAN
from reconcilers.messages.channels import Place
from reconcilers.messages.quiet import Before
from worlds.http_server import HttpServer, answers, resets
from worlds.jira_server.front import Front
from worlds.messages import NOW, every_message, message
from worlds.slack_server import SlackChannel, SlackServer

PLACE = Place("0123456789ab", "int", IssueKey("RTB", 123))
BEFORE = Before("d" * 32, "running", NOW, "", ("running", "expiring soon 2026-11-23T10:00:00Z"))
TOKEN = "xoxb-a-token-of-a-bot"


def site(url: str, slept: list[float] | None = None) -> SlackSite:
    pauses = [] if slept is None else slept
    parts = SenderParts(backoff=Backoff(tries=3, first_seconds=0.0, sleep=pauses.append), seconds=lambda: 0.0)
    return open_site(url, lambda: TOKEN, parts)


def channel_at(where: SlackSite, told: list[HubError] | None = None) -> SlackMessages:
    refused = told.append if told is not None else [].append
    return SlackMessages(
        where, KOREAN, lambda project: "C0TEAM", lambda: NOW, lambda name: "U0ALICE", ("S0LEADS",), refused
    )


def test_every_message_is_posted_found_edited_and_removed() -> None:
    slack = SlackServer()
    with Front(slack) as front:
        for told in (message("awaiting approval"), message("stuck"), message("removed")):
            channel = channel_at(site(front.url))
            assert (channel.find(PLACE) or pytest.fail("no channel")).posted == ()
            made = channel.post(PLACE, channel.drawn(told), BEFORE)
            assert made is not None
            found = channel.find(PLACE)
            assert found is not None
            assert [(one.id, one.before) for one in found.posted] == [(made, BEFORE)]
            fresh = channel_at(site(front.url)).find(PLACE)
            assert fresh == found
            assert channel.edit(PLACE, made, channel.drawn(message("failed")), BEFORE, alerts=True)
            channel.remove(PLACE, made)
            channel.remove(PLACE, made)
            assert not channel.edit(PLACE, made, channel.drawn(told), BEFORE, alerts=True)
            assert not channel.edit(PLACE, made, channel.drawn(told), BEFORE, alerts=False)
            channel.note(PLACE, None)
    assert slack.violations == []


def test_who_may_approve_is_mentioned_where_that_is_asked_alone() -> None:
    channel = channel_at(site("http://127.0.0.1:1"))
    mention = "'usergroup_id': 'S0LEADS'"
    assert {one.phase for one in every_message() if mention in str(channel.drawn(one).content)} == {"awaiting approval"}


def test_a_message_is_never_sent_twice_by_one_call() -> None:
    for step in (resets, answers(503, {})):
        with HttpServer([step]) as server:
            channel = channel_at(site(server.url))
            with pytest.raises(Transient, match="RTB-123 in channel C0TEAM") as raised:
                channel.post(PLACE, channel.drawn(message()), BEFORE)
            assert len(server.seen) == 1
            assert not isinstance(raised.value, Unanswered) or raised.value.may_have_acted
            assert parse_qs(server.seen[0].body.decode())["channel"] == ["C0TEAM"]
            assert server.seen[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_limit_is_told_at_once_with_its_length() -> None:
    slept = list[float]()
    limits = [answers(429, {}, Retry_After="7"), answers(200, {"ok": False, "error": "ratelimited"})]
    with HttpServer(limits) as server:
        channel = channel_at(site(server.url, slept))
        for seconds in (7.0, 30.0):
            with pytest.raises(Waiting) as raised:
                channel.post(PLACE, channel.drawn(message()), BEFORE)
            assert (raised.value.reason, raised.value.retry_after_seconds) == (Reason.SLACK_LIMITED, seconds)
    assert slept == [1.0], "a second apart from the post before, and for no limit"


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        ("invalid_auth", Stalled, "token is not accepted"),
        ("token_revoked", Stalled, "token is not accepted"),
        ("missing_scope", Stalled, "lacks chat:write"),
        ("restricted_action", Stalled, "restricted_action"),
        ("edit_window_closed", Stalled, "edit_window_closed"),
        ("fatal_error", Transient, "fatal_error"),
        ("<script>\n", Stalled, "no error that it has a name for"),
        (7, Stalled, "no error that it has a name for"),
    ],
)
def test_a_refusal_is_told_with_what_to_do(code: object, kind: type[HubError], told: str) -> None:
    with HttpServer([answers(200, {"ok": False, "error": code, "needed": "chat:write"})]) as server:
        channel = channel_at(site(server.url))
        with pytest.raises(kind, match=told) as raised:
            channel.post(PLACE, channel.drawn(message()), BEFORE)
    assert raised.value.faults[0].remedy


@pytest.mark.parametrize("code", ["channel_not_found", "is_archived", "not_in_channel"])
def test_a_channel_that_cannot_be_posted_in_is_no_place_and_is_told_once(code: str) -> None:
    refused = list[HubError]()
    with HttpServer([answers(200, {"ok": False, "error": code})] * 2) as server:
        channel = channel_at(site(server.url), refused)
        assert channel.post(PLACE, channel.drawn(message()), BEFORE) is None
        assert channel.find(PLACE) is None
    (err,) = refused
    assert code in str(err)
    assert err.faults[0].remedy


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"ok": true}', b'{"ok": true, "messages": [{"ts": "x"}]}', b"<html>"])
def test_an_answer_that_makes_no_sense_is_an_error_and_no_empty_channel(body: bytes) -> None:
    with HttpServer([answers(200, body)]) as server, pytest.raises(Transient, match="makes no sense"):
        channel_at(site(server.url)).find(PLACE)


@pytest.mark.parametrize(
    "metadata",
    [None, 7, {}, {"event_type": "rtb_hub_preview"}, {"event_type": "rtb_hub_preview", "event_payload": []},
     {"event_type": "rtb_hub_preview", "event_payload": {"issue": "RTB-123", "pings": 7}},
     {"event_type": "rtb_hub_preview", "event_payload": {"issue": "RTB-123", "pings": "", "phase": "flying"}}],
)  # fmt: skip
def test_metadata_that_the_hub_did_not_write_is_none(metadata: Any) -> None:
    slack = SlackServer()
    said = {"type": "message", "ts": f"{NOW.timestamp():.6f}", "user": "U0HUB", "metadata": metadata}
    slack.channels["C0TEAM"].messages[said["ts"]] = said
    with Front(slack) as front:
        found = channel_at(site(front.url)).find(PLACE)
    assert found is not None
    assert found.posted == ()


def test_what_the_app_lacks_and_what_keeps_it_from_a_channel() -> None:
    slack = SlackServer(channels={"C0A": SlackChannel("a"), "C0B": SlackChannel("b", is_member=False),
                                  "C0C": SlackChannel("c", is_archived=True)})  # fmt: skip
    with Front(slack) as front:
        where = site(front.url)
        app = app_of(where, now=NOW)
        assert (app.team, app.lacking) == ("Team", ())
        assert app.ahead is not None
        assert abs(app.ahead) > timedelta(minutes=1)
        wrong = {name: room_of(where, name).wrong for name in ("C0A", "C0B", "C0C", "C0D")}
        assert wrong == {"C0A": "", "C0B": "not_in_channel", "C0C": "is_archived", "C0D": "channel_not_found"}
        slack.scopes -= {"groups:history", "channels:read"}
        assert app_of(where, now=NOW).lacking == ("groups:history", "channels:read")
        assert room_of(where, "C0D").wrong == "", "who may not look cannot tell"


@pytest.mark.parametrize(
    ("url", "token", "field"),
    [
        ("ftp://slack.com", TOKEN, "RTB_HUB_SLACK_API"),
        ("http://slack.com", TOKEN, "RTB_HUB_SLACK_API"),
        ("https://slack.com", "xoxp-a-token-of-a-person", "RTB_HUB_SLACK_TOKEN"),
        ("https://slack.com", "", "RTB_HUB_SLACK_TOKEN"),
        ("https://slack.com", "xoxb-a\nb-token", "RTB_HUB_SLACK_TOKEN"),
    ],
)
def test_what_is_no_workspace_or_no_bot_is_refused(url: str, token: str, field: str) -> None:
    with pytest.raises(ConfigError) as raised:
        open_site(url, lambda: token, SenderParts())
    assert [one.field for one in raised.value.faults] == [field]
    assert not token or token not in str(raised.value)
