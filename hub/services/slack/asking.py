"""Who asks for something in Slack, by what right, and the operation that it becomes.

It is done by the rights of the person whose account in Slack it is, as they were read for a session that still lasts:
who is signed in nowhere, or is a person no more, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from generator.errors import ConfigError, HubError, Reason
from hub.queue.jobs import Jobs
from hub.queue.payloads import AskedInSlack, FromSlack
from hub.queue.port import Finished
from hub.services.api.keeping import Asked, keep
from hub.services.api.rights import RIGHTS, ROLES, Caller, Right
from hub.store import audit, operations, people, sessions, slack_links
from hub.store.audit import Entry
from hub.store.slack_links import SlackUser
from hub.views.messages.clicks import ClickWords

#: Who puts jobs of what comes from Slack; what other programs put into the queue never says so.
SLACK: Final = {"kind": "service", "id": "slack", "via": "slack"}


class RefusedError(Exception):
    """It is not done. `why`: in a word, for the audit log; `said`: what who asked is told."""

    def __init__(self, why: str, said: str) -> None:
        super().__init__(why)
        self.why, self.said = why, said


def must_be_slacks(payload: Mapping[str, Any]) -> None:
    """Raise `ConfigError` (NotAllowed) for a job that the listener did not put."""
    if payload["requestedBy"] != SLACK:
        raise ConfigError(Reason.NOT_ALLOWED, "this comes from Slack alone, by the listener that proved it")


@dataclass(frozen=True)
class Asking:
    """What is asked for in Slack. `answer` tells who asked, and nobody else, by the address that Slack gave.

    `url`: of the hub's pages, where an account is linked; None: admins alone link them.
    """

    jobs: Jobs
    say: ClickWords
    answer: Callable[[str, str], None]
    refused: Callable[[HubError], None]
    url: str | None = None

    def caller(self, asked: FromSlack) -> Caller:
        """Whose account it is. Raises `RefusedError` (of nobody's: with a link), `Transient` (DatabaseUnreachable)."""
        database = self.jobs.database
        with database.read() as connection:
            now = database.now(connection)
            found = people.whose(connection, "slack", asked.user)
            roles = sessions.live_roles(connection, found.id, now=now) if found is not None else None
        if found is None:
            raise RefusedError("nobody's account", self.link(asked))
        if roles is None:
            raise RefusedError("not signed in", self.say.signed_out)
        held = [one for one in ROLES if one in roles]
        return Caller(found.id, found.name, "person", "slack", held[-1] if held else None, roles=roles)

    def link(self, asked: FromSlack) -> str:
        """How an account becomes somebody's, with a new link, in words. Raises `Transient` (DatabaseUnreachable)."""
        if self.url is None or asked.team is None:
            return self.say.unlinked.format(user=asked.user)
        database, account = self.jobs.database, SlackUser(asked.team, asked.user, asked.user_name, asked.team_name)
        with database.write() as connection:
            secret = slack_links.add(connection, database, account, now=database.now(connection))
        minutes = int(slack_links.LASTS.total_seconds() // 60)
        return self.say.link.format(user=asked.user, minutes=minutes, url=f"{self.url}/api/auth/slack?token={secret}")

    def right(self, caller: Caller, method: str, path: str) -> Right:
        """The right of the API's route, which the caller has. Raises `RefusedError`."""
        right = RIGHTS[method, path]
        if not caller.may(right):
            raise RefusedError("role", self.say.no_role.format(role=right.role))
        return right

    def asked_before(self, caller: Caller, key: str) -> str | None:
        """The operation that this became when it was looked at before, by somebody who did not come to its end."""
        with self.jobs.database.read() as connection:
            return operations.named(connection, caller.id, key)

    def put(self, caller: Caller, asked: Asked) -> str:
        """Have it done; the id of its operation. Raises `RefusedError` for what may not begin now, `Transient`."""
        entry = Entry(caller.name, "slack", asked.action, asked.key, "allowed", None)
        try:
            with self.jobs.database.write() as connection:
                operation, _ = keep(connection, self.jobs, caller, asked, entry)
        except HubError as err:
            if err.reason is Reason.DATABASE_UNREACHABLE:
                raise
            raise RefusedError(err.reason.value, err.words) from err
        self.jobs.notify()
        return operation

    def refuse(self, asked: AskedInSlack, about: tuple[str, str], err: RefusedError) -> Finished:
        """Audit that it was refused, and tell who asked. Raises `Transient` (DatabaseUnreachable)."""
        database, entry = self.jobs.database, Entry(f"slack:{asked.user}", "slack", *about, "refused", err.why)
        with database.write() as connection:
            audit.add(connection, entry, now=database.now(connection))
        self.tell(asked.response_url, err.said)
        return Finished({"refused": err.why})

    def tell(self, url: str, text: str) -> None:
        """Slack takes an answer for half an hour, and five of them: one that is not taken changes nothing."""
        try:
            self.answer(url, text)
        except HubError as err:
            self.refused(err)
