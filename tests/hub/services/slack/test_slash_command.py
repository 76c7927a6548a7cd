"""`/preview` in Slack: signed by a sender of our own, done once by the rights of whose account it is, answered to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from contracts.queue_contract import QUICK
from generator.errors import ConfigError, Waiting
from generator.values.naming import IssueKey
from hub.actions.telling.previews import Previews
from hub.queue.payloads import SlackAnswer, SlackCommand, parsed
from hub.services.slack.asking import Asking, RefusedError
from hub.services.slack.clicking import Clicks
from hub.services.slack.commanding import MOST_LISTED, Commands, Typed, typed
from hub.services.slack.ending import GIVES_UP, Endings
from hub.services.slack.opening import InTurn, Slack
from hub.services.slack.sharing import Shares
from hub.services.worker.service import working
from hub.store import operations, people
from hub.store.jobs import JobRow
from hub.store.tables import AUDIT
from hub.views.messages.clicks import CLICKS
from hub.views.messages.commands import COMMANDS
from hub.views.messages.words import ENGLISH
from reconcilers.messages.model import Message
from reconcilers.ports.sources import Work
from worlds.approving import TEAM, laid_out
from worlds.builders import digest
from worlds.commands import git
from worlds.delivering import NOW, inbox
from worlds.messages import message
from worlds.serving import Serving, job, served
from worlds.slack_asking import ALICE, BOB, EVE, HOOK, command, person, signed

RULE = f"""\
projects:
  RTB:
    startOn: {{statusIds: ["10"]}}
    environments: [ENV]
    images:
      web: {{repository: registry.example.com/web, WEB}}
      api: {{repository: registry.example.com/api, digest: "{digest()}"}}
"""
PINNED = RULE.replace("WEB", f'digest: "{digest()}"')


@dataclass
class Code:
    """Repositories of code, with open pull requests."""

    works_of: Sequence[Work] = ()

    def works(self, repository: str, key: IssueKey) -> tuple[Work, ...]:
        return tuple(self.works_of)


@dataclass
class World:
    serving: Serving
    told: list[str] = field(default_factory=list)
    code: Any = None
    messages: Callable[[Iterable[str]], Sequence[Message]] | None = None

    def slack(self) -> Slack:
        def answer(url: str, text: str) -> None:
            assert url == HOOK
            self.told.append(text)

        jobs, parts = self.serving.jobs, self.serving.parts()
        asking = Asking(jobs, CLICKS["en"], answer, lambda err: None, "https://hub.example.com")
        previews = Previews(parts.store, self.serving.parts().reading, lambda: datetime.now(UTC))
        told = self.messages or InTurn(previews)
        shares = Shares(None, lambda _: (), told, lambda *_: "", ENGLISH, COMMANDS["en"], lambda: NOW)
        return Slack(
            Clicks(asking),
            Commands(asking, COMMANDS["en"], ENGLISH, told, self.code),
            Endings(asking, COMMANDS["en"]),
            shares,
        )

    def say(self, text: str, user: str = ALICE, trigger: str = "7.8") -> JobRow:
        """The command, once it is done."""
        assert command(self.serving.jobs, text, user, trigger).status_code == 200
        return self.serving.ended(self.commands()[0].id)

    def commands(self, name: str = "slack.command") -> list[JobRow]:
        return [one for one in self.serving.jobs.listed(limit=200) if one.name == name]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with served(tmp_path / "served") as made:
        yield World(made)


def at_work(world: World) -> Any:
    return working(world.serving.parts(), world.serving.jobs, pace=QUICK, slack=world.slack())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", Typed("help")),
        ("  HELP ", Typed("help")),
        ("list", Typed("list")),
        ("start rtb-1", Typed("start", IssueKey("RTB", 1))),
        ("why RTB-1 int", Typed("why", IssueKey("RTB", 1), "int")),
    ],
)
def test_what_is_typed_is_read(text: str, wanted: Typed) -> None:
    assert typed(text, COMMANDS["en"]) == wanted


@pytest.mark.parametrize(
    "text",
    ["stop RTB-1", "start", "why", "list mine", "start RTB-1 int now", "<!channel>\u202e", "x" * 500, "; rm -rf /"],
)
def test_what_is_no_command_is_told_with_those_there_are(text: str) -> None:
    with pytest.raises(RefusedError) as refused:
        typed(text, COMMANDS["en"])
    assert "/preview start KEY [ENVIRONMENT]" in refused.value.said
    assert "\u202e" not in refused.value.said
    assert len(refused.value.said) < 700


@pytest.mark.parametrize("text", ["start ../x", "why RTB", "start RTB-0", "start RTB-1'"])
def test_what_is_no_issue_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is not an issue key"):
        typed(text, COMMANDS["en"])


def test_start_why_and_list_by_the_persons_own_rights(world: World) -> None:
    alice = person(world.serving, "alice", ALICE, "developer")
    person(world.serving, "bob", BOB, "viewer")
    world.serving.configured(PINNED.replace("ENV", "int"))
    with at_work(world):
        for _ in range(3):  # the same trigger: Slack's retries, and who listens to the network
            assert command(world.serving.jobs, "start rtb-1").content == b""
        (row,) = world.commands()
        operation = (world.serving.ended(row.id).result or {})["asked"]
        world.serving.ended(operation)
        world.say("list", trigger="1.1")
        world.say("why RTB-1", trigger="1.2")
        world.say("list", BOB, "1.3")
        world.say("start RTB-2", BOB, "1.4")
        world.say("why RTB-1 int", BOB, "1.5")
    asked, listed, why, none, refused, others = (one for one in world.told if "created" not in one)
    assert asked == "Asked for: RTB-1 in int. You are told here what becomes of it."
    assert (listed, none) == (
        "Preview of RTB-1 in int: started https://rtb-1.int.preview.example.com/",
        "You have no previews.",
    )
    assert "- Asked for by: alice" in why
    assert "up to date" not in why
    assert others == why
    assert refused == "You may not do that: it takes the role developer at the hub."
    with world.serving.database.read() as connection:
        (one,) = operations.listed(connection, operations.Which())
        rows = connection.execute(AUDIT.select().where(AUDIT.c.via == "slack").order_by(AUDIT.c.id)).all()
    assert (one.kind, one.key, one.requested_by, one.via, one.principal) == (
        "preview.start", "int/RTB-1", "alice", "slack", alice)  # fmt: skip
    assert [(row.who, row.action, row.outcome, row.reason) for row in rows] == [
        ("alice", "preview.start", "allowed", None),
        ("slack:U0BOB", "slack.command", "refused", "role"),
    ]


def test_a_start_is_of_the_newest_pull_request_of_the_issue(world: World) -> None:
    person(world.serving, "alice", ALICE, "developer")
    rule = RULE.replace("ENV", "int").replace("WEB", 'tag: "{key}-{sha7}", source: acme/web')
    world.serving.configured(rule)
    world.code = Code()
    with at_work(world):
        assert world.say("start RTB-1").result == {"refused": "no image"}
        assert "no open pull request of acme/web is of RTB-1" in world.told[0]
    world.code = Code([Work("acme/web", "feature/RTB-1-x", "0123456789" * 4, 7)])
    with at_work(world):
        world.say("start RTB-1", trigger="8.9")
    (start,) = world.commands("preview.start")
    assert start.payload["images"]["web"] == "registry.example.com/web:RTB-1-0123456"
    assert start.payload["branch"] == "feature/RTB-1-x"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("start RTB-1", "Which environment? Allowed: int, prd, stg"),
        ("start RTB-1 int", "Nothing names the images of project RTB in int"),
        ("start RTB-1 nope", "Allowed: int, prd, stg."),
        ("why RTB-1 ../x", "Allowed: int, prd, stg."),
        ("why RTB-1", "There is no preview of RTB-1."),
        ("start RTB1", "'RTB1' is not an issue key"),
        ("frobnicate", "/preview frobnicate is no command."),
    ],
)
def test_what_cannot_be_done_is_told_with_what_is_allowed(world: World, text: str, said: str) -> None:
    person(world.serving, "alice", ALICE, "developer")
    with at_work(world):
        world.say(text)
    assert said in world.told[0]
    assert world.commands("preview.start") == []


def test_who_is_nobody_is_helped_and_given_a_link_and_may_nothing_else(world: World) -> None:
    with at_work(world):
        world.say("help", EVE, "1.1")
        world.say("link", EVE, "1.2")
        world.say("list", EVE, "1.3")
    person(world.serving, "eve", EVE, "developer", signed_in=False)
    with at_work(world):
        world.say("link", EVE, "1.4")
        world.say("list", EVE, "1.5")
    assert "At the hub" not in world.told[0]
    assert all("https://hub.example.com/api/auth/slack?token=" in one for one in world.told[1:3])
    assert world.told[3] == "Your account in Slack is linked to eve already."
    assert "You are not signed in" in world.told[4]


def test_who_unlinks_acts_as_nobody(world: World) -> None:
    alice = person(world.serving, "alice", ALICE, "developer")
    with at_work(world):
        world.say("unlink", trigger="1.1")
        world.say("list", trigger="1.2")
    with world.serving.database.read() as connection:
        assert people.owner(connection, "slack", ALICE) is None
        rows = connection.execute(AUDIT.select().where(AUDIT.c.action == "account.unlink")).all()
    assert [(one.who, one.object, one.outcome) for one in rows] == [("alice", f"{alice} slack", "allowed")]
    assert world.told[0] == "Your account in Slack acts as nobody any more."
    assert "token=" in world.told[1]


def test_a_long_list_is_cut_off_and_others_previews_are_not_in_it(world: World) -> None:
    person(world.serving, "alice", ALICE, "viewer")
    own = [replace(message("running"), issue=f"RTB-{number}") for number in range(1, MOST_LISTED + 4)]
    world.messages = lambda named: [*own, replace(message("running"), requested_by="bob")]
    with at_work(world):
        world.say("list")
    assert len(world.told[0].split("\n")) == MOST_LISTED + 1
    assert "and 3 more" in world.told[0]


def test_a_worker_that_died_after_it_asked_asks_once(world: World) -> None:
    person(world.serving, "alice", ALICE, "developer")
    world.serving.configured(PINNED.replace("ENV", "int"))
    with at_work(world):
        row = world.say("start RTB-1")
    given = parsed("slack.command", row.payload)
    assert isinstance(given, SlackCommand)
    again = world.slack()(given, row, world.serving.parts().reading())
    assert again.result == row.result
    assert len(world.commands("preview.start")) == 1
    assert [one.id for one in again.follow_ups] == [one.id for one in world.commands("slack.answer")]


def answer_of(world: World, operation: str, environment: str = "int") -> tuple[SlackAnswer, JobRow]:
    """The job that tells of an operation, put now, and never done by a worker."""
    who = {"kind": "service", "id": "slack", "via": "slack"}
    said = {"requestedBy": who, "user": ALICE, "operation": operation, "responseUrl": HOOK}
    put = job("slack-answer-1", "slack.answer", environment=environment, **said)
    world.serving.put(replace(put, payload={**put.payload, "requestedBy": who}, key=""))
    row = world.serving.jobs.get("slack-answer-1")
    assert row is not None
    given = parsed(row.name, row.payload)
    assert isinstance(given, SlackAnswer)
    return given, row


def operation_of(world: World, environment: str, **said: Any) -> str:
    """What the API puts: an operation with its job, done by nobody yet."""
    made = replace(job("op-1", environment=environment, **said))
    with world.serving.database.write() as connection:
        database = world.serving.database
        new = operations.NewOperation("op-1", made.name, made.key, {}, "alice", "slack", "person-1")
        operations.add(connection, database, new, now=database.now(connection))
    world.serving.put(made)
    return "op-1"


def test_who_started_is_told_when_it_is_done_and_not_before(world: World) -> None:
    given, row = answer_of(world, operation_of(world, "int"))
    slack, reading = world.slack(), world.serving.parts().reading
    with pytest.raises(Waiting) as waits:
        slack(given, row, reading())
    assert 0 < waits.value.retry_after_seconds <= 120
    with working(world.serving.parts(), world.serving.jobs, pace=QUICK):
        world.serving.ended("op-1")
    assert slack(given, row, reading()).result == {"told": "done"}
    assert world.told == ["RTB-1 in int: created. https://rtb-1.int.preview.example.com/"]


def test_who_started_is_told_why_it_was_not_done(world: World) -> None:
    given, row = answer_of(world, operation_of(world, "int", images={"web": "registry.example.com/web"}))
    with working(world.serving.parts(), world.serving.jobs, pace=QUICK):
        world.serving.ended("op-1", "dead")
    assert world.slack()(given, row, world.serving.parts().reading()).result == {"told": "dead"}
    assert world.told[0].startswith("RTB-1 in int was not done: ")


def test_one_that_takes_too_long_is_told_while_slack_takes_an_answer(world: World) -> None:
    given, row = answer_of(world, operation_of(world, "int"))
    late = replace(row, created_at=row.created_at - GIVES_UP)
    assert world.slack()(given, late, world.serving.parts().reading()).result == {"told": "pending"}
    assert "waits still" in world.told[0]
    assert "op-1" in world.told[0]
    assert timedelta(minutes=30) > GIVES_UP


def test_a_start_in_a_reviewed_environment_gives_where_it_is_reviewed(world: World, tmp_path: Path) -> None:
    laid_out(tmp_path / "gated.git", "{kind: local}")
    git(tmp_path / "gated.git", "config", "--add", "rtb-hub.member", f"{TEAM} bob")
    world.serving = Serving(tmp_path / "gated.git", world.serving.url)
    person(world.serving, "alice", ALICE, "developer")
    operation_of(world, "prd")
    given, row = answer_of(world, "op-1", "prd")
    with working(world.serving.parts(), world.serving.jobs, pace=QUICK):
        world.serving.ended("op-1")
        review = (world.serving.ended("op-1-review").result or {})["request"]
    world.slack()(given, row, world.serving.parts().reading())
    assert world.told == [f"RTB-1 in prd: created.\nIt is started once this is approved: {review['url']}"]


def test_a_command_that_another_program_puts_is_none(world: World) -> None:
    person(world.serving, "alice", ALICE, "admin")
    with at_work(world):
        forged = job("op-2", "slack.command", user=ALICE, text="unlink", responseUrl=HOOK)
        payload = {name: value for name, value in forged.payload.items() if name not in ("issue", "environment")}
        world.serving.put(replace(forged, payload=payload, key=""))
        assert (world.serving.ended("op-2", "dead").error or {})["reason"] == "NotAllowed"
    assert world.told == []


def test_what_slack_did_not_sign_is_no_command_and_another_command_is_none_of_ours(world: World) -> None:
    body = urlencode({"command": "/preview", "text": "unlink", "user_id": ALICE, "response_url": HOOK})
    for headers in (signed(body, NOW - timedelta(seconds=301)), {**signed(body), "x-slack-signature": "v0=00"}):
        assert inbox(world.serving.jobs).send("slack", body.encode(), headers).status_code == 401
    assert command(world.serving.jobs, "list", command="/other").status_code == 200
    assert command(world.serving.jobs, "list", user_id="<@U1>", trigger="2").status_code == 422
    assert command(world.serving.jobs, "list", trigger="3", response_url="https://evil.example/x").status_code == 422
    assert world.commands() == []


def test_both_languages_of_commands_fill_in_the_same() -> None:
    for one in fields(COMMANDS["en"]):
        named = [{*re.findall(r"\{\w+\}", getattr(say, one.name))} for say in COMMANDS.values()]
        assert named[0] == named[1], one.name
