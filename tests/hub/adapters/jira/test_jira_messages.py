"""Comments and links over HTTP, held to what Atlassian publishes; what is repeated, and what never is."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from generator.errors import Reason, Stalled, Waiting
from generator.values.naming import IssueKey
from hub.adapters.http import SenderParts, Unanswered
from hub.adapters.jira.editions import CLOUD, DATA_CENTER, EDITIONS, Edition
from hub.adapters.jira.messages import NEEDS, JiraComments, JiraLinks
from hub.adapters.jira.site import Account, JiraSite, open_site
from hub.retrying import Backoff
from hub.views.messages.words import KOREAN
from reconcilers.messages.channels import Channel, Place
from reconcilers.messages.quiet import Before
from worlds.http_server import HttpServer, answers, resets
from worlds.jira_server import JiraFront, JiraServer
from worlds.jira_server.site import Issue
from worlds.messages import NOW, every_message, message

PLACE = Place("0123456789ab", "int", IssueKey("RTB", 123))
BEFORE = Before("d" * 32, "running", NOW, "", ("running",))
KINDS = pytest.mark.parametrize("kind", [JiraComments, JiraLinks])
BOTH = pytest.mark.parametrize("edition", EDITIONS.values(), ids=EDITIONS)


def site(url: str, slept: list[float] | None = None, edition: Edition = CLOUD) -> JiraSite:
    pauses = [] if slept is None else slept
    parts = SenderParts(backoff=Backoff(tries=3, first_seconds=0.0, sleep=pauses.append))
    account = Account("hub@example.com" if edition.has_emails else "", lambda: "ATATT3xFfGF0-secret", edition)
    return open_site(url, account, parts, needs=NEEDS)


@KINDS
@BOTH
@pytest.mark.parametrize("lists_properties", [True, False], ids=["listed", "one by one"])
def test_every_message_is_posted_found_edited_and_removed(kind: Any, edition: Edition, lists_properties: bool) -> None:
    jira = JiraServer(issues={"RTB-123": Issue()}, edition=edition.name, lists_properties=lists_properties)
    with JiraFront(jira, prefix="" if edition is CLOUD else "/jira") as front:
        channel: Channel = kind(site(front.url, edition=edition), KOREAN)
        for told in every_message():
            found = channel.find(PLACE)
            assert found is not None
            assert found.posted == ()
            made = channel.post(PLACE, channel.drawn(told), BEFORE)
            assert made is not None
            channel.note(PLACE, made)
            found = channel.find(PLACE)
            assert found is not None
            assert [one.id for one in found.posted] == [made]
            assert found.posted[0].before in (BEFORE, None)
            assert channel.edit(PLACE, made, channel.drawn(message("failed")), BEFORE, alerts=True)
            channel.remove(PLACE, made)
            channel.remove(PLACE, made)
            assert not channel.edit(PLACE, made, channel.drawn(told), BEFORE, alerts=False)
            found = channel.find(PLACE)
            assert found is not None
            assert (found.posted, found.is_declined) == ((), True)
            channel.note(PLACE, None)
            jira.issues["RTB-123"].properties.clear()
    assert jira.violations == []


def test_a_link_is_crossed_out_when_its_preview_is_gone_and_leads_to_the_review_before() -> None:
    channel = JiraLinks(site("http://127.0.0.1:1"), KOREAN)
    links = {one.phase: channel.drawn(one).content["object"] for one in every_message()}
    assert {phase for phase, link in links.items() if link["status"]["resolved"]} == {"removed", "withdrawn"}
    assert links["awaiting approval"]["url"].endswith("/pull/7")
    assert links["running"]["url"] == "https://rtb-123.int.example.com/"


@KINDS
@BOTH
def test_what_is_not_there_is_told_as_that(kind: Any, edition: Edition) -> None:
    with JiraFront(JiraServer(edition=edition.name)) as front:
        channel: Channel = kind(site(front.url, edition=edition), KOREAN)
        assert channel.post(PLACE, channel.drawn(message()), BEFORE) is None
        assert not channel.edit(PLACE, "1", channel.drawn(message()), BEFORE, alerts=False)
        channel.note(PLACE, "1")
    assert kind is JiraLinks or JiraComments(site("http://127.0.0.1:1"), KOREAN).alerts == {"requester"}


def test_a_comment_is_never_sent_twice_by_one_call() -> None:
    for step in (resets, answers(503, {})):
        with HttpServer([step]) as server:
            channel = JiraComments(site(server.url), KOREAN)
            with pytest.raises(Exception, match="cannot comment on RTB-123") as raised:
                channel.post(PLACE, channel.drawn(message()), BEFORE)
            assert len(server.seen) == 1
            assert not isinstance(raised.value, Unanswered) or raised.value.may_have_acted
            body = json.loads(server.seen[0].body)
            assert body["properties"][0]["value"]["phase"] == "running"


@pytest.mark.parametrize("alerts", [True, False])
def test_an_edit_is_repeated_where_that_alerts_nobody_twice(alerts: bool) -> None:
    with HttpServer([answers(503, {}), answers(200, {"id": "7"})]) as server:
        channel = JiraComments(site(server.url), KOREAN)
        drawn = channel.drawn(message())
        if alerts:
            with pytest.raises(Exception, match="answers 503"):
                channel.edit(PLACE, "7", drawn, BEFORE, alerts=True)
        else:
            assert channel.edit(PLACE, "7", drawn, BEFORE, alerts=False)
        assert len(server.seen) == (1 if alerts else 2)
        assert parse_qs(urlsplit(server.seen[0].target).query) == {"notifyUsers": [str(alerts).lower()]}


def test_where_every_edit_may_alert_none_is_repeated_and_none_says_so() -> None:
    with HttpServer([answers(503, {}), answers(200, {"id": "7"})]) as server:
        channel = JiraComments(site(server.url, edition=DATA_CENTER), KOREAN)
        with pytest.raises(Exception, match="answers 503"):
            channel.edit(PLACE, "7", channel.drawn(message()), BEFORE, alerts=False)
        assert [one.target for one in server.seen] == ["/rest/api/2/issue/RTB-123/comment/7"]
        assert server.seen[0].headers["authorization"] == "Bearer ATATT3xFfGF0-secret"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "900", "X-RateLimit-Interval-Seconds": "60"}, 900),
        ({"Retry-After": "0", "X-RateLimit-Interval-Seconds": "600"}, 600),
        ({"X-RateLimit-Interval-Seconds": "600"}, 600),
    ],
)
def test_a_limit_of_data_center_ends_with_its_interval_where_it_says_no_more(
    headers: dict[str, str], seconds: float
) -> None:
    jira = JiraServer(issues={"RTB-123": Issue()}, edition="data-center")
    with JiraFront(jira, replies=[(429, headers)]) as front, pytest.raises(Waiting) as raised:
        JiraComments(site(front.url, edition=DATA_CENTER), KOREAN).find(PLACE)
    assert raised.value.retry_after_seconds == seconds


def test_a_limit_that_ends_soon_is_waited_for_and_one_that_does_not_is_told() -> None:
    jira, slept = JiraServer(issues={"RTB-123": Issue()}), list[float]()
    with JiraFront(jira, replies=[(429, {"Retry-After": "7"}), (429, {})]) as front:
        channel = JiraComments(site(front.url, slept), KOREAN)
        assert channel.post(PLACE, channel.drawn(message()), BEFORE) is not None
        assert slept[:1] == [7.0]
        assert len(jira.issues["RTB-123"].comments) == 1
        front.replies = [(429, {"Retry-After": "900"})]
        with pytest.raises(Waiting) as raised:
            channel.find(PLACE)
        assert (raised.value.reason, raised.value.retry_after_seconds) == (Reason.JIRA_LIMITED, 900)


def test_a_refusal_says_what_the_account_needs() -> None:
    jira = JiraServer(issues={"RTB-123": Issue()}, denied=[("POST", "/rest/api/3/issue/{issueIdOrKey}/comment")])
    with JiraFront(jira) as front:
        channel = JiraComments(site(front.url), KOREAN)
        with pytest.raises(Stalled, match="do not have permission") as raised:
            channel.post(PLACE, channel.drawn(message()), BEFORE)
    assert "Add Comments" in str(raised.value.faults[0].remedy)


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"comments": [{"id": "x"}]}', b'{"comments": 1}', b"<html>"])
def test_an_answer_that_makes_no_sense_is_an_error_and_no_empty_list(body: bytes) -> None:
    with HttpServer([answers(200, body)]) as server, pytest.raises(Exception, match="makes no sense"):
        JiraComments(site(server.url), KOREAN).find(PLACE)
