"""Clicks in Slack: signed by a sender of our own, done once, and by the rights of the person whose account it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from contracts.queue_contract import QUICK
from generator.errors import Reason, Stalled
from generator.model.entry import Preview
from generator.values.formats import parse_time
from generator.values.naming import IssueKey
from hub.adapters.http import SenderParts
from hub.adapters.slack.answering import Answers
from hub.queue.payloads import SlackClick, parsed
from hub.retrying import Backoff
from hub.services.slack.asking import Asking
from hub.services.slack.clicking import Clicks
from hub.services.worker.service import working
from hub.store import operations, sessions, slack_links
from hub.store.jobs import JobRow
from hub.store.sessions import Beginning
from hub.store.tables import AUDIT
from hub.views.messages.buttons import buttons_of
from hub.views.messages.clicks import CLICKS
from hub.views.messages.words import ENGLISH, LANGUAGES
from reconcilers.messages.model import PHASES
from worlds.delivering import NOW, inbox
from worlds.http_server import HttpServer, answers
from worlds.messages import message
from worlds.serving import Serving, job, served
from worlds.slack_asking import ALICE, BOB, EVE, HOOK, person, signed
from worlds.slack_server.site import faults


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with served(tmp_path / "served") as made:
        yield made


def click(serving: Serving, action: str, user: str, trigger: str = "1.2", **changed: Any) -> Any:
    """What Slack sends of a click on a button of the message about RTB-1, signed."""
    lease = lease_of(serving)
    seen = {"issue": "RTB-1", "environment": "int", "askedAt": lease.requested_at, "ends": lease.expires_at, **changed}
    told = {
        "type": "block_actions", "user": {"id": user, "username": f"n-{user}", "team_id": "T0TEAM"},
        "team": {"id": "T0TEAM", "domain": "acme\u202e"}, "trigger_id": trigger, "response_url": HOOK,
        "actions": [{"type": "button", "action_id": f"rtb-hub.{action}", "value": json.dumps(seen)}],
    }  # fmt: skip
    body = urlencode({"payload": json.dumps(told)})
    return inbox(serving.jobs).send("slack", body.encode(), signed(body))


def preview_of(serving: Serving) -> Preview:
    record = serving.parts().reading().state("int").entry(IssueKey("RTB", 1))
    assert record is not None
    assert record.preview is not None
    return record.preview


def lease_of(serving: Serving) -> Any:
    return preview_of(serving).spec.lease


@contextmanager
def done(serving: Serving, told: list[str], **said: Any) -> Iterator[None]:
    """A worker that does clicks, within; there is a preview of RTB-1, whose job says `said`."""

    def answer(url: str, text: str) -> None:
        assert url == HOOK
        told.append(text)

    clicks = Clicks(Asking(serving.jobs, CLICKS["en"], answer, lambda err: None, "https://hub.example.com"))
    with working(serving.parts(), serving.jobs, pace=QUICK, slack=clicks):
        serving.put(job("op-1", **said))
        serving.ended("op-1")
        yield


def click_done(serving: Serving, action: str, user: str, **changed: Any) -> JobRow:
    """The first click, once it is done."""
    click(serving, action, user, **changed)
    (row,) = clicked(serving)
    return serving.ended(row.id)


def clicked(serving: Serving) -> list[JobRow]:
    return [one for one in serving.jobs.listed(limit=100) if one.name == "slack.click"]


def test_the_owner_extends_and_stops_by_clicks_each_once(serving: Serving) -> None:
    alice = person(serving, "alice", ALICE, "developer")
    told = list[str]()
    with done(serving, told):
        before = lease_of(serving)
        for _ in range(3):
            answer = click(serving, "extend", ALICE, ends=before.expires_at)
            assert (answer.status_code, answer.content) == (200, b"")
        (row,) = clicked(serving)
        serving.ended(row.id)
        (extend,) = [one for one in serving.jobs.listed(limit=100) if one.name == "preview.extend"]
        serving.ended(extend.id)
        after = lease_of(serving)
        assert parse_time(after.expires_at) - parse_time(before.expires_at) == timedelta(hours=4)
        click(serving, "stop", ALICE, "3.4")
        (stop,) = [one for one in clicked(serving) if one.id != row.id]
        serving.ended(stop.id)
        (removal,) = [one for one in serving.jobs.listed(limit=100) if one.name == "preview.stop"]
        serving.ended(removal.id)
    assert serving.parts().reading().state("int").entry(IssueKey("RTB", 1)) is None
    assert [one.split(":")[0] for one in told] == ["Asked for", "Asked for"]
    assert extend.id in told[0]
    with serving.database.read() as connection:
        asked = operations.listed(connection, operations.Which(key="int/RTB-1"))
        assert [(one.kind, one.requested_by, one.via, one.principal, one.state) for one in asked] == [
            ("preview.stop", "alice", "slack", alice, "done"), ("preview.extend", "alice", "slack", alice, "done")]  # fmt: skip
        rows = connection.execute(AUDIT.select().where(AUDIT.c.via == "slack").order_by(AUDIT.c.id)).all()
    assert [(one.who, one.action, one.outcome) for one in rows] == [
        ("alice", "preview.extend", "allowed"), ("alice", "preview.stop", "allowed")]  # fmt: skip


def test_the_owner_has_it_sleep_and_any_developer_wakes_it_each_once(serving: Serving) -> None:
    person(serving, "alice", ALICE, "developer")
    person(serving, "bob", BOB, "developer")
    told = list[str]()
    with done(serving, told):
        assert asked_by(serving, "sleep", BOB, "1.1") == {"refused": "another's"}
        asked_by(serving, "sleep", ALICE, "2.2")
        click(serving, "sleep", ALICE, "2.2")
        assert preview_of(serving).is_asleep
        asked_by(serving, "sleep", ALICE, "2.3")
        asked_by(serving, "wake", BOB, "3.3")
        woken = preview_of(serving).spec.sleep
    assert woken is not None
    assert (woken.asleep, woken.requested_by) == (False, "bob")
    refused, *asked = told
    assert refused.startswith("That preview is alice's")
    sleeps, wakes = "Asked for: RTB-1 in int is put to sleep", "Asked for: RTB-1 in int is woken"
    assert [one.split(".")[0] for one in asked] == [sleeps, sleeps, wakes]
    ran = [one for one in serving.jobs.listed(limit=100) if one.name in ("preview.sleep", "preview.wake")]
    assert {(one.name, one.state) for one in ran} == {("preview.sleep", "done"), ("preview.wake", "done")}
    assert len(ran) == 3, "a click that comes twice is one; a second click finds it asleep"


def asked_by(serving: Serving, action: str, user: str, trigger: str) -> dict[str, Any]:
    """What became of a click, once all that it asked for has ended."""
    before = {one.id for one in clicked(serving)}
    click(serving, action, user, trigger)
    (row,) = [one for one in clicked(serving) if one.id not in before]
    result = serving.ended(row.id).result or {}
    if (operation := result.get("asked")) is not None:
        serving.ended(str(operation))
    return result


@pytest.mark.parametrize(
    ("user", "changed", "why"),
    [
        (EVE, {}, "nobody's account"),
        ("U0AWAY", {}, "not signed in"),
        ("U0VIEWER", {}, "role"),
        (BOB, {}, "another's"),
        (ALICE, {"askedAt": "2020-01-01T00:00:00Z"}, "gone"),
        (ALICE, {"issue": "RTB-2"}, "gone"),
    ],
)
def test_who_may_not_changes_nothing_and_is_told_why(
    serving: Serving, user: str, changed: dict[str, Any], why: str
) -> None:
    person(serving, "alice", ALICE, "developer")
    person(serving, "bob", BOB, "developer")
    person(serving, "vic", "U0VIEWER", "viewer")
    person(serving, "amy", "U0AWAY", "admin", signed_in=False)
    told = list[str]()
    with done(serving, told):
        before = lease_of(serving)
        ended = click_done(serving, "stop", user, **changed)
    assert ended.result == {"refused": why}
    assert len(told) == 1
    assert lease_of(serving) == before
    assert [one.name for one in serving.jobs.listed(limit=100) if one.name == "preview.stop"] == []


def test_who_is_nobody_gets_a_link_of_their_own_and_nobody_else_does(serving: Serving) -> None:
    told = list[str]()
    with done(serving, told):
        row = click_done(serving, "stop", EVE)
    (token,) = re.findall(r"https://hub\.example\.com/api/auth/slack\?token=(\S+)", told[0])
    assert token not in str(row)
    with serving.database.read() as connection:
        found = slack_links.find(connection, token, now=serving.database.now(connection))
    assert found is not None
    assert (found.team, found.team_name, found.user, found.name) == ("T0TEAM", "acme", EVE, f"n-{EVE}")


@pytest.mark.parametrize("rule", ["jira/RTB", "github/RTB"])
def test_any_developer_extends_what_a_rule_started(serving: Serving, rule: str) -> None:
    person(serving, "bob", BOB, "developer")
    with done(serving, [], requestedBy={"kind": "service", "id": rule, "via": rule.partition("/")[0]}):
        before = lease_of(serving)
        assert before.requested_by == rule
        assert "asked" in (click_done(serving, "extend", BOB, ends=before.expires_at).result or {})
    ran = [one.payload["requestedBy"]["id"] for one in serving.jobs.listed(limit=100) if one.name == "preview.extend"]
    assert ran == ["bob"]


def test_an_operator_may_stop_what_is_anothers(serving: Serving) -> None:
    person(serving, "olga", "U0OPS", "operator")
    with done(serving, []):
        assert "asked" in (click_done(serving, "stop", "U0OPS").result or {})


def test_a_worker_that_died_after_it_put_the_operation_has_it_done_once(serving: Serving) -> None:
    person(serving, "alice", ALICE, "developer")
    told = list[str]()
    with done(serving, told):
        row = click_done(serving, "stop", ALICE)
        (stop,) = [one for one in serving.jobs.listed(limit=100) if one.name == "preview.stop"]
        serving.ended(stop.id)
    asking = Asking(serving.jobs, CLICKS["en"], lambda url, text: told.append(text), lambda err: None)
    given = parsed("slack.click", row.payload)
    assert isinstance(given, SlackClick)
    again = Clicks(asking)(given, row, serving.parts().reading())
    assert again.result == {"asked": stop.id}
    assert [one.name for one in serving.jobs.listed(limit=100) if one.name == "preview.stop"] == ["preview.stop"]
    assert told[0] == told[1]


def test_a_click_on_what_is_frozen_away_or_too_many_is_told(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.services.api.keeping.OPEN_OPERATIONS", 0)
    person(serving, "alice", ALICE, "developer")
    told = list[str]()
    with done(serving, told):
        assert click_done(serving, "stop", ALICE).result == {"refused": "TooManyRequests"}
    assert "alice has 0 operations that have not ended" in told[0]


def test_whose_session_ended_may_nothing(serving: Serving) -> None:
    found = person(serving, "alice", ALICE, "developer")
    database = serving.database
    with database.read() as connection:
        now = database.now(connection)
        assert sessions.live_roles(connection, found, now=now) == ("developer",)
        assert sessions.live_roles(connection, found, now=now + timedelta(days=8)) is None


@pytest.mark.parametrize(
    ("told", "ends", "holds"),
    [(("viewer",), "logout", ("viewer",)), (("developer",), "declined", None)],
    ids=["lowered, and signed out there", "disabled"],
)
def test_an_idle_session_gives_back_no_role_that_another_lost(
    serving: Serving, told: tuple[str, ...], ends: sessions.EndReason, holds: tuple[str, ...] | None
) -> None:
    found = person(serving, "alice", ALICE, "developer")
    database, given = serving.database, Beginning(found, "device", "oidc", "alice", told)
    with database.write() as connection:
        later = database.now(connection) + timedelta(minutes=10)
        other, _ = sessions.begin(connection, given, now=later)
        sessions.end(connection, found, ends, now=later + timedelta(minutes=10), session_id=other.id)
        now = later + timedelta(minutes=11)
        assert sessions.live_roles(connection, found, now=now) == holds
        sessions.begin(connection, Beginning(found, "browser", "oidc", "alice", ("operator",)), now=now)
        assert sessions.live_roles(connection, found, now=now) == ("operator",), "signed in anew"


def test_a_click_that_another_program_puts_is_none(serving: Serving) -> None:
    person(serving, "alice", ALICE, "admin")
    with done(serving, []):
        lease = lease_of(serving)
        forged = job("op-2", "slack.click", user=ALICE, action="stop", askedAt=lease.requested_at, responseUrl=HOOK)
        serving.put(replace(forged, key="click/x"))
        row = serving.ended("op-2", "dead")
    assert (row.error or {})["reason"] == Reason.NOT_ALLOWED
    assert lease_of(serving) == lease


@pytest.mark.parametrize("spoilt", ["signature", "body", "old", "future"])
def test_what_slack_did_not_sign_now_is_refused(serving: Serving, spoilt: str) -> None:
    body = urlencode({"payload": json.dumps({"type": "block_actions"})})
    headers = signed(
        body, NOW + {"old": -timedelta(seconds=301), "future": timedelta(seconds=301)}.get(spoilt, timedelta())
    )
    if spoilt == "signature":
        headers["x-slack-signature"] = "v0=" + "0" * 64
    answer = inbox(serving.jobs).send("slack", body.encode() + (b"&x=1" if spoilt == "body" else b""), headers)
    assert answer.status_code == 401
    assert clicked(serving) == []


@pytest.mark.parametrize(
    "value", ["", "[]", "7", "{}", '{"issue": "x"}', '{"issue": "RTB-1", "environment": "../x", "askedAt": "now"}']
)
def test_a_button_of_another_maker_is_kept_as_unreadable(serving: Serving, value: str) -> None:
    told = {
        "type": "block_actions", "user": {"id": ALICE}, "trigger_id": "9.9", "response_url": HOOK,
        "actions": [{"action_id": "rtb-hub.stop", "value": value}],
    }  # fmt: skip
    body = urlencode({"payload": json.dumps(told)})
    assert inbox(serving.jobs).send("slack", body.encode(), signed(body)).status_code == 422
    assert clicked(serving) == []


def test_a_button_that_opens_a_page_asks_for_nothing(serving: Serving) -> None:
    told = {
        "type": "block_actions",
        "user": {"id": ALICE},
        "trigger_id": "9.9",
        "actions": [{"action_id": "rtb-hub.open"}],
    }
    body = urlencode({"payload": json.dumps(told)})
    assert inbox(serving.jobs).send("slack", body.encode(), signed(body)).status_code == 200
    assert clicked(serving) == []


def test_buttons_say_which_preview_they_are_of_and_fit() -> None:
    for say in LANGUAGES.values():
        for phase in PHASES:
            told = replace(message(phase), asked_at=datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
            found = buttons_of(told, say)
            assert not found or list(faults([{"type": "actions", "elements": [*found]}])) == []
            names = [one["action_id"].removeprefix("rtb-hub.") for one in found]
            assert names == {
                "running": ["extend", "sleep", "stop"], "expiring soon": ["extend", "sleep", "stop"],
                "unseen": ["extend", "sleep", "stop"], "sleeping": ["wake", "stop"], "stopping": [], "removed": [], "withdrawn": [], "unknown": [],
            }.get(phase, ["stop"])  # fmt: skip
            for one in found:
                seen = json.loads(one["value"])
                assert (seen["issue"], seen["environment"], seen["askedAt"]) == (
                    "RTB-123",
                    "int",
                    "2026-11-23T02:00:00Z",
                )
                assert ("confirm" in one) is (one["action_id"] == "rtb-hub.stop")
    assert buttons_of(message("running"), ENGLISH) == (), "of one that nobody knows when it was asked for"
    assert buttons_of(replace(message("running"), asked_at=NOW, is_removal=True), ENGLISH) == ()


def test_an_answer_goes_to_slack_alone_and_mentions_nobody() -> None:
    parts = SenderParts(backoff=Backoff(tries=1, first_seconds=0.0, sleep=lambda seconds: None))
    with HttpServer([answers(200, b"ok"), answers(404, b"used_url")]) as server:
        answer = Answers(parts, (server.url,))
        answer(f"{server.url}/actions/T0/1/x", "<!channel> & all")
        sent = json.loads(server.seen[0].body)
        assert (sent["response_type"], sent["text"]) == ("ephemeral", "&lt;!channel&gt; &amp; all")
        assert server.seen[0].target == "/actions/T0/1/x"
        with pytest.raises(Stalled, match="404"):
            answer(f"{server.url}/actions/T0/1/x", "again")
    for url in ("https://hooks.slack.com.example.com/x", "http://hooks.slack.com/x", "https://127.0.0.1/x"):
        with pytest.raises(Stalled, match="none of Slack's"):
            Answers(parts)(url, "x")


def test_both_languages_fill_in_the_same() -> None:
    from dataclasses import fields

    english, korean = CLICKS["en"], CLICKS["ko"]
    for one in fields(english):
        named = [{*re.findall(r"\{\w+\}", getattr(say, one.name))} for say in (english, korean)]
        assert named[0] == named[1], one.name
