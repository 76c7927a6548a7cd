"""Links to previews that people post in Slack: shown where the preview is told of anyway, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from generator.errors import ConfigError, Transient, Waiting
from generator.values.naming import IssueKey
from hub.adapters.http.turns import Turns
from hub.adapters.slack.site import PEER, SlackSite
from hub.adapters.slack.unfurling import Unfurls
from hub.queue.payloads import SlackUnfurl, parsed
from hub.services.slack.sharing import Linked, Shares, linked
from hub.store.jobs import JobRow
from hub.views.messages.commands import COMMANDS
from hub.views.messages.words import ENGLISH
from reconcilers.messages.model import Message
from worlds.delivering import NOW, from_slack, inbox
from worlds.faulty import Fault, Faulty, Killed
from worlds.messages import message
from worlds.serving import Serving, served
from worlds.slack_server import SlackChannel, SlackServer

HUB = "https://hub.example.com"
URL = f"{HUB}/previews/int/RTB-123"
TS = "1764244800.000100"


@dataclass
class World:
    serving: Serving
    slack: SlackServer = field(
        default_factory=lambda: SlackServer(channels={"C0TEAM": SlackChannel(), "C0ALL": SlackChannel()})
    )
    there: Sequence[Message] = (message("running"),)
    fault: list[Fault | None] = field(default_factory=list)

    def post(self, *urls: str, channel: str = "C0TEAM", event: str = "Ev1", retry: str = "", **said: Any) -> Any:
        """Somebody posts links, and Slack tells of it."""
        if channel in self.slack.channels:
            self.slack.channels[channel].messages[TS] = {"ts": TS, "links": urls}
        links = [{"domain": "hub.example.com", "url": url} for url in urls]
        shared = {"type": "link_shared", "user": "U0BOB", "channel": channel, "message_ts": TS, "links": links, **said}
        told = {"type": "event_callback", "team_id": "T0TEAM", "event_id": event, "event": shared}
        body = json.dumps(told).encode()
        headers = from_slack(body) | ({"X-Slack-Retry-Num": retry} if retry else {})
        return inbox(self.serving.jobs).send("slack", body, headers)

    def jobs(self) -> list[JobRow]:
        return [one for one in self.serving.jobs.listed(limit=100) if one.name == "slack.unfurl"]

    def do(self) -> Any:
        (row,) = self.jobs()
        given = parsed(row.name, row.payload)
        assert isinstance(given, SlackUnfurl)
        sender = Faulty(PEER, site=self.slack, faults=lambda: self.fault.pop(0) if self.fault else None)
        site = SlackSite("https://slack.com", sender, Turns(lambda: 0.0, lambda seconds: None))

        def channels(project: str) -> tuple[str | None, ...]:
            return {"RTB": "C0TEAM"}.get(project), "C0PLATFORM"

        shares = Shares(HUB, channels, lambda named: self.there, Unfurls(site), ENGLISH, COMMANDS["en"], lambda: NOW)
        return shares(given, row, self.serving.parts().reading()).result

    def shown(self, channel: str = "C0TEAM") -> Any:
        return self.slack.channels[channel].messages[TS].get("unfurls")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with served(tmp_path / "served") as serving:
        made = World(serving)
        made.slack.scopes.add("links:write")
        yield made
        assert made.slack.violations == []


def texts(tree: Any) -> str:
    return json.dumps(tree, ensure_ascii=False)


def test_a_link_has_its_previews_line_below_once_for_all_deliveries(world: World) -> None:
    answers = [world.post(URL, retry=number).status_code for number in ("", "1", "2")]
    assert answers == [200, 200, 200]
    assert world.do() == {"shown": 1}
    first = world.shown()
    assert list(first) == [URL]
    (line, as_of) = first[URL]["blocks"]
    said = "".join(one["text"] for one in line["elements"][0]["elements"])
    assert said == "🟢 Preview of RTB-123 in int: running"
    assert as_of["elements"][0]["text"] == "As of 2026-11-27 12:00 UTC"
    assert world.do() == {"shown": 1}
    assert world.shown() == first, "done again it is the same"


def test_a_line_has_neither_causes_nor_accounts(world: World) -> None:
    hostile = "account 123456789012: <!channel> panic at line 7"
    told = message("failed")
    assert told.cause is not None
    world.there = (replace(told, cause=replace(told.cause, text=hostile, for_platform=hostile)),)
    world.post(URL)
    world.do()
    assert "failed" in texts(world.shown())
    assert not any(one in texts(world.shown()) for one in ("123456789012", "panic", "channel>"))


@pytest.mark.parametrize(
    ("urls", "channel"),
    [
        ([URL], "C0ALL"),
        ([f"{HUB}/previews/int/OTHER-1"], "C0TEAM"),
        (["https://evil.example/previews/int/RTB-123", f"{HUB}.evil.example/previews/int/RTB-123"], "C0TEAM"),
        ([f"{HUB}/account", f"{HUB}/api/auth/slack?token=x"], "C0TEAM"),
        ([f"{HUB}/previews/nowhere/RTB-123"], "C0TEAM"),
        ([f"{HUB}/previews/int/RTB-9"], "C0TEAM"),
        ([URL], "D0EVE"),
    ],
)
def test_elsewhere_and_of_else_nothing_is_shown(world: World, urls: list[str], channel: str) -> None:
    world.post(*urls, channel=channel)
    assert world.do()["change"] == "nothing"
    assert "chat.unfurl" not in world.slack.calls


def test_the_way_to_an_issue_shows_each_environment_and_what_is_gone(world: World) -> None:
    world.there = (message("running"), replace(message("removed"), environment="stg"))
    way = f"{HUB}/preview/RTB-123"
    world.post(way, f"{way}/stg")
    assert world.do() == {"shown": 2}
    lines = {url: len(one["blocks"][0]["elements"]) for url, one in world.shown().items()}
    assert lines == {way: 2, f"{way}/stg": 1}


@pytest.mark.parametrize("fault", ["429", "503-before", "503-after", "drop-after"])
def test_what_slack_does_not_take_now_is_done_again(world: World, fault: Any) -> None:
    world.post(URL)
    world.fault = [Fault(fault)]
    with pytest.raises((Waiting, Transient)):
        world.do()
    assert world.do() == {"shown": 1}


@pytest.mark.parametrize("fault", ["kill-before", "kill-after"])
def test_a_worker_that_is_killed_leaves_what_another_does(world: World, fault: Any) -> None:
    world.post(URL)
    world.fault = [Fault(fault)]
    with pytest.raises(Killed):
        world.do()
    assert world.do() == {"shown": 1}


def test_a_message_that_is_gone_is_left_and_a_missing_scope_is_told(world: World) -> None:
    world.post(URL)
    del world.slack.channels["C0TEAM"].messages[TS]
    assert world.do() == {"change": "nothing", "why": "cannot_unfurl_message"}
    world.slack.scopes.discard("links:write")
    with pytest.raises(Exception, match="links:write"):
        world.do()


def test_what_is_still_written_or_none_of_a_message_is_no_job(world: World) -> None:
    assert world.post(URL, channel="COMPOSER").status_code == 200
    assert world.post(URL, event="Ev2", message_ts="x").status_code == 422
    assert world.post(URL, event="Ev3", type="app_mention").status_code == 200
    body = b'{"type": "event_callback"}'
    headers = from_slack(body, at=NOW - timedelta(minutes=6))
    assert inbox(world.serving.jobs).send("slack", body, headers).status_code == 401
    assert world.jobs() == []


def test_one_that_another_program_puts_is_none(world: World) -> None:
    world.post(URL)
    (row,) = world.jobs()
    given = parsed(row.name, row.payload)
    assert isinstance(given, SlackUnfurl)
    forged = replace(row, payload={**row.payload, "requestedBy": {"kind": "service", "id": "ci", "via": "queue"}})
    shares = Shares(HUB, lambda project: (), lambda named: (), lambda *_: "", ENGLISH, COMMANDS["en"], lambda: NOW)
    with pytest.raises(ConfigError, match="from Slack alone"):
        shares(given, forged, world.serving.parts().reading())


def test_what_a_link_leads_to() -> None:
    one = IssueKey("RTB", 1)
    assert linked(f"{HUB}/previews/int/RTB-1?tab=why#x", HUB) == Linked(one, "int")
    assert linked("https://HUB.example.com/preview/rtb-1", HUB) == Linked(one)
    for url in ("http://hub.example.com/preview/RTB-1", "https://hub.example.com:444/preview/RTB-1", "https://[", "",
                f"{HUB}/preview/RTB-1/int/x", f"{HUB}/previews/int/RTB", f"{HUB}@evil.example/preview/RTB-1"):  # fmt: skip
        assert linked(url, HUB) is None
