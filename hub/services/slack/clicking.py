"""A click on a button of a message: who clicked, whether they may, and the job that it becomes.

The click is done by the rights of the person whose account in Slack it is, as they were read for a session that still
lasts: who is signed in nowhere, or is a person no more, changes nothing. A request for approval is never approved here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from generator.errors import ConfigError, HubError, Reason
from generator.values.naming import IssueKey
from hub.queue.payloads import SCHEMA, SlackClick
from hub.queue.port import Finished
from hub.services.api.rights import RIGHTS, ROLES, Caller
from hub.store import audit, people, sessions
from hub.store import jobs as rows
from hub.store.audit import Entry
from hub.store.database import Database
from hub.store.ids import derived
from hub.views.messages.buttons import EXTENDS
from hub.views.messages.clicks import ClickWords
from reconcilers.state.reading import Reading

#: Who puts clicks; what other programs put into the queue never says so.
SLACK: Final = {"kind": "service", "id": "slack", "via": "slack"}


class RefusedError(Exception):
    """A click is not done. `why`: in a word, for the audit log; `said`: what who clicked is told."""

    def __init__(self, why: str, said: str) -> None:
        super().__init__(why)
        self.why, self.said = why, said


@dataclass(frozen=True)
class Clicks:
    """Does clicks. `answer` tells who clicked, and nobody else, what became of it; by the address that Slack gave."""

    database: Database
    say: ClickWords
    answer: Callable[[str, str], None]
    refused: Callable[[HubError], None]

    def __call__(self, click: SlackClick, row: rows.JobRow, reading: Reading) -> Finished:
        """Have it done. Raises what reading the state raises, and `Transient` (DatabaseUnreachable)."""
        if row.payload["requestedBy"] != SLACK:
            raise ConfigError(Reason.NOT_ALLOWED, "a click comes from Slack alone, by the listener that proved it")
        try:
            job, said = self._asked(click, row, reading)
        except RefusedError as err:
            self._note(click, f"slack:{click.user}", "refused", err.why)
            self._tell(click, err.said)
            return Finished({"refused": err.why})
        self._tell(click, said.format(issue=click.issue, environment=click.environment, by=EXTENDS, job=job.id))
        return Finished({"asked": job.id}, (job,))

    def _asked(self, click: SlackClick, row: rows.JobRow, reading: Reading) -> tuple[rows.Job, str]:
        caller = self._caller(click)
        right = RIGHTS["POST", f"/api/v1/previews/{{env}}/{{key}}/{click.action}"]
        if not caller.may(right):
            raise RefusedError("role", self.say.no_role.format(role=right.role))
        state = reading.state(click.environment)
        key = IssueKey.parse(click.issue)
        record = state.entry(key) or state.request(key)
        lease = record.preview.spec.lease if record is not None and record.preview is not None else None
        if lease is None or lease.requested_at != click.asked_at:
            raise RefusedError("gone", self.say.gone.format(issue=click.issue, environment=click.environment))
        if right.own and caller.role == "developer" and lease.requested_by != caller.name:
            raise RefusedError("another's", self.say.others.format(owner=lease.requested_by))
        said: dict[str, Any] = {"reason": "a click in Slack"}
        if click.action == "extend":
            if click.ends is None:
                raise RefusedError("no end", self.say.no_end)
            said |= {"by": EXTENDS, "ifEnds": click.ends}
        self._note(click, caller.name, "allowed")
        name, action = derived(row.id, click.action), f"preview.{click.action}"
        payload = {
            "schema": SCHEMA, "id": name, **said, "issue": click.issue, "environment": click.environment,
            "requestedBy": {"kind": "person", "id": caller.name, "via": "slack"},
        }  # fmt: skip
        job = rows.Job(
            name, row.queue, action, payload, f"{click.environment}/{click.issue}",
            replaces=click.action != "extend", parent=row.id,
        )  # fmt: skip
        return job, self.say.extended if click.action == "extend" else self.say.stopped

    def _caller(self, click: SlackClick) -> Caller:
        with self.database.read() as connection:
            now = self.database.now(connection)
            person = people.owner(connection, "slack", click.user)
            found = people.find(connection, person) if person is not None else None
            roles = sessions.live_roles(connection, person, now=now) if person is not None else None
        if found is None:
            raise RefusedError("nobody's account", self.say.unlinked.format(user=click.user))
        if roles is None:
            raise RefusedError("not signed in", self.say.signed_out)
        held = [one for one in ROLES if one in roles]
        return Caller(found.id, found.name, "person", "slack", held[-1] if held else None, roles=roles)

    def _note(self, click: SlackClick, who: str, outcome: str, why: str | None = None) -> None:
        about = (f"preview.{click.action}", f"{click.environment}/{click.issue}")
        with self.database.write() as connection:
            entry = Entry(who, "slack", *about, outcome, why)
            audit.add(connection, entry, now=self.database.now(connection))

    def _tell(self, click: SlackClick, text: str) -> None:
        """Slack takes an answer for half an hour, and five of them: one that is not taken changes nothing."""
        try:
            self.answer(click.response_url, text)
        except HubError as err:
            self.refused(err)
