"""A click on a button of a message: who clicked, whether they may, and the operation that it becomes.

A request for approval is never approved here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from generator.values.naming import IssueKey
from hub.queue.payloads import SlackClick
from hub.queue.port import Finished
from hub.services.api.keeping import Asked
from hub.services.slack.asking import Asking, RefusedError, must_be_slacks
from hub.store import jobs as rows
from hub.views.messages.buttons import EXTENDS
from reconcilers.state.reading import Reading


@dataclass(frozen=True)
class Clicks:
    """Does clicks."""

    asking: Asking

    def __call__(self, click: SlackClick, row: rows.JobRow, reading: Reading) -> Finished:
        """Have it done. Raises what reading the state raises, and `Transient` (DatabaseUnreachable)."""
        must_be_slacks(row.payload)
        try:
            operation = self._asked(click, row, reading)
        except RefusedError as err:
            about = (f"preview.{click.action}", f"{click.environment}/{click.issue}")
            return self.asking.refuse(click, about, err)
        say = self.asking.say
        said = {"extend": say.extended, "sleep": say.slept, "wake": say.woken, "stop": say.stopped}[click.action]
        text = said.format(issue=click.issue, environment=click.environment, by=EXTENDS, job=operation)
        self.asking.tell(click.response_url, text)
        return Finished({"asked": operation})

    def _asked(self, click: SlackClick, row: rows.JobRow, reading: Reading) -> str:
        caller, say = self.asking.caller(click), self.asking.say
        right = self.asking.right(caller, "POST", f"/api/v1/previews/{{env}}/{{key}}/{click.action}")
        if (known := self.asking.asked_before(caller, row.id)) is not None:
            return known
        state = reading.state(click.environment)
        key = IssueKey.parse(click.issue)
        record = state.entry(key) or state.request(key)
        lease = record.preview.spec.lease if record is not None and record.preview is not None else None
        if lease is None or lease.requested_at != click.asked_at:
            raise RefusedError("gone", say.gone.format(issue=click.issue, environment=click.environment))
        if not caller.owns(right, lease.requested_by):
            raise RefusedError("another's", say.others.format(owner=lease.requested_by))
        said: dict[str, Any] = {"reason": "a click in Slack"}
        if click.action == "extend":
            if click.ends is None:
                raise RefusedError("no end", say.no_end)
            said |= {"by": EXTENDS, "ifEnds": click.ends}
        action = f"preview.{click.action}"
        asked = Asked(action, click.environment, click.issue, said, idempotency_key=row.id, parent=row.id)
        return self.asking.put(caller, asked)
