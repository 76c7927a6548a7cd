"""What somebody types after `/preview`: read, done by their own rights, and answered to them alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from generator.errors import ConfigError, Stalled
from generator.values.naming import IssueKey
from hub.queue.payloads import SCHEMA, SlackCommand
from hub.queue.port import Finished
from hub.services.api.keeping import Asked
from hub.services.api.rights import Caller
from hub.services.slack.asking import SLACK, Asking, RefusedError, must_be_slacks
from hub.services.worker.works import start_by
from hub.store import audit, people
from hub.store import jobs as rows
from hub.store.audit import Entry
from hub.store.ids import derived
from hub.views.messages.commands import CommandWords, fault_lines
from hub.views.messages.document import document_of
from hub.views.messages.plain import plain_of
from hub.views.messages.words import Words
from reconcilers.messages.model import Message
from reconcilers.ports.sources import Sources
from reconcilers.state.project_rules import project_rules
from reconcilers.state.reading import Reading

#: Previews that are listed: an answer in Slack is read at a glance.
MOST_LISTED: Final = 20
_ABOUT_ONE: Final = ("start", "why")
VERBS: Final = ("help", "list", *_ABOUT_ONE, "link", "unlink")


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed. `environment` empty: none was named."""

    verb: str
    issue: IssueKey | None = None
    environment: str = ""


def typed(text: str, say: CommandWords) -> Typed:
    """Read it. Raises `RefusedError` for what is no command, `ConfigError` (InvalidIssueKey)."""
    verb, *rest = text.split() or ["help"]
    verb = verb.lower()
    most = 2 if verb in _ABOUT_ONE else 0
    if verb not in VERBS or len(rest) > most or (most and not rest):
        shown = "".join(sign if sign.isprintable() else " " for sign in text.strip())[:60]
        raise RefusedError("no command", f"{say.no_such.format(text=f'/preview {shown}')}\n{say.help}")
    if not rest:
        return Typed(verb)
    return Typed(verb, IssueKey.parse(rest[0].upper()), "".join(rest[1:]))


@dataclass(frozen=True)
class Commands:
    """Does them. `messages` tells of all previews, and of those named (`int/RTB-123`) also if they are gone."""

    asking: Asking
    say: CommandWords
    words: Words
    messages: Callable[[Iterable[str]], Sequence[Message]]
    sources: Sources | None = None

    def __call__(self, command: SlackCommand, row: rows.JobRow, reading: Reading) -> Finished:
        """Do it, and answer. Raises `Transient` of what cannot be asked just now: it is done again."""
        must_be_slacks(row.payload)
        try:
            return self._done(command, row, reading)
        except RefusedError as err:
            return self.asking.refuse(command, ("slack.command", row.id), err)
        except (ConfigError, Stalled) as err:
            self.asking.tell(command.response_url, fault_lines(err))
            return Finished({"refused": err.reason.value})

    def _done(self, command: SlackCommand, row: rows.JobRow, reading: Reading) -> Finished:
        asked = typed(command.text, self.say)
        if asked.verb == "help":
            return self._told(command, "help", self._help(command))
        if asked.verb == "link":
            return self._told(command, "link", self._link(command))
        caller = self.asking.caller(command)
        if asked.issue is None:
            done = self._unlink if asked.verb == "unlink" else self._list
            return self._told(command, asked.verb, done(caller))
        if asked.verb == "why":
            return self._told(command, "why", self._why(caller, asked.issue, asked.environment, reading))
        operation, environment = self._start(caller, asked.issue, asked.environment, row, reading)
        self.asking.tell(command.response_url, self.say.asked.format(issue=asked.issue, environment=environment))
        return Finished({"asked": operation}, (_answer(command, row, operation, (asked.issue, environment)),))

    def _told(self, command: SlackCommand, verb: str, text: str) -> Finished:
        self.asking.tell(command.response_url, text)
        return Finished({"told": verb})

    def _help(self, command: SlackCommand) -> str:
        name = self._name(command)
        return f"{self.say.help}\n{self.say.you.format(name=name)}" if name else self.say.help

    def _link(self, command: SlackCommand) -> str:
        name = self._name(command)
        return self.say.linked.format(name=name) if name else self.asking.link(command)

    def _name(self, command: SlackCommand) -> str:
        """Who they are at the hub, signed in or not; empty: nobody."""
        with self.asking.jobs.database.read() as connection:
            found = people.whose(connection, "slack", command.user)
        return found.name if found is not None else ""

    def _unlink(self, caller: Caller) -> str:
        database = self.asking.jobs.database
        with database.write() as connection:
            if people.unlink(connection, caller.id, "slack"):
                entry = Entry(caller.name, "slack", "account.unlink", f"{caller.id} slack", "allowed", None)
                audit.add(connection, entry, now=database.now(connection))
        return self.say.unlinked

    def _list(self, caller: Caller) -> str:
        self.asking.right(caller, "GET", "/api/v1/previews")
        own = [one for one in self.messages(()) if one.requested_by == caller.name]
        lines = [self._line(one) for one in own[:MOST_LISTED]]
        if len(own) > MOST_LISTED:
            lines.append(self.say.more.format(count=len(own) - MOST_LISTED))
        return "\n".join(lines) or self.say.none

    def _line(self, message: Message) -> str:
        return " ".join(filter(None, (document_of(message, self.words).title, message.url if message.is_up else "")))

    def _why(self, caller: Caller, issue: IssueKey, environment: str, reading: Reading) -> str:
        self.asking.right(caller, "GET", "/api/v1/previews/{env}/{key}/why")
        names = [reading.state(environment).environment.name] if environment else sorted(reading.environments.found)
        asked = [f"{name}/{issue}" for name in names]
        told = [one for one in self.messages(asked) if one.key in asked and one.was_there]
        texts = [plain_of(replace(document_of(one, self.words), foot="")).rstrip() for one in told]
        return "\n\n".join(texts) or self.say.no_preview.format(issue=issue)

    def _start(
        self, caller: Caller, issue: IssueKey, environment: str, row: rows.JobRow, reading: Reading
    ) -> tuple[str, str]:
        """The operation, and in which environment."""
        self.asking.right(caller, "POST", "/api/v1/previews")
        rules = project_rules(reading.environments, issue.project)
        if not environment:
            if len(rules) != 1:
                allowed = ", ".join(rules or sorted(reading.environments.found))
                raise RefusedError("no environment", self.say.which.format(allowed=allowed))
            (environment,) = rules
        state = reading.state(environment)
        if (known := self.asking.asked_before(caller, row.id)) is not None:
            return known, environment
        said: dict[str, Any] = {"issue": str(issue), "environment": environment, "reason": "a command in Slack"}
        if environment in rules:
            wanted, unknown = start_by(issue, rules[environment], self.sources)
            there = state.entry(issue) or state.request(issue)
            if unknown and there is None:
                raise RefusedError("no image", "\n".join(f"{name}: {why}" for name, why in sorted(unknown.items())))
            said |= wanted
        elif state.entry(issue) is None:
            named = {"project": issue.project, "environment": environment}
            raise RefusedError("no images", self.say.no_images.format(**named))
        asked = Asked("preview.start", environment, str(issue), said, idempotency_key=row.id, parent=row.id)
        return self.asking.put(caller, asked), environment


def _answer(command: SlackCommand, row: rows.JobRow, operation: str, about: tuple[IssueKey, str]) -> rows.Job:
    name, (issue, environment) = derived(row.id, "answer"), about
    payload = {
        "schema": SCHEMA, "id": name, "requestedBy": dict(SLACK), "user": command.user, "operation": operation,
        "issue": str(issue), "environment": environment, "responseUrl": command.response_url,
    }  # fmt: skip
    return rows.Job(name, row.queue, "slack.answer", payload, parent=row.id)
