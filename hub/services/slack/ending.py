"""Telling who asked for an operation in Slack what became of it, while Slack takes an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from generator.errors import Fault, HubError, Reason, Waiting
from hub.queue.ending import faults_of
from hub.queue.payloads import SlackAnswer
from hub.queue.port import Finished
from hub.services.slack.asking import Asking, must_be_slacks
from hub.store import jobs as rows
from hub.store import operations
from hub.store.operations import Operation
from hub.views.messages.commands import CommandWords, fault_lines
from reconcilers.state.reading import Reading

#: Slack takes an answer for half an hour.
GIVES_UP: Final = timedelta(minutes=28)
#: Looked at after a quarter of the time that it takes, within these.
_FIRST, _MOST = timedelta(seconds=3), timedelta(minutes=2)


@dataclass(frozen=True)
class Endings:
    """Tells of them."""

    asking: Asking
    say: CommandWords

    def __call__(self, answer: SlackAnswer, row: rows.JobRow, reading: Reading) -> Finished:
        """Tell of it. Raises `Waiting` while it has not ended, and `Transient` (DatabaseUnreachable)."""
        must_be_slacks(row.payload)
        database = self.asking.jobs.database
        with database.read() as connection:
            found, now = operations.get(connection, answer.operation), database.now(connection)
        if found is None:
            return Finished({"change": "nothing", "why": "there is no such operation"})
        spec = reading.state(answer.environment).environment.spec
        is_reviewed = found.state == "done" and spec.gated and spec.forge is not None
        waited = now - row.created_at
        if waited < GIVES_UP and (found.is_open or (is_reviewed and found.review is None)):
            pause = min(max(waited / 4, _FIRST), _MOST).total_seconds()
            what = Fault(f"operation {found.id} has not ended")
            raise Waiting(Reason.NOT_IN_TIME, what, retry_after_seconds=pause)
        self.asking.tell(answer.response_url, self._text(answer, found, is_reviewed=is_reviewed))
        return Finished({"told": found.state})

    def _text(self, answer: SlackAnswer, found: Operation, *, is_reviewed: bool) -> str:
        about, say = {"issue": answer.issue, "environment": answer.environment}, self.say
        if found.state == "superseded":
            return say.replaced.format(**about)
        why = fault_lines(_error_of(found.error)) if found.error is not None else ""
        if found.state == "dead":
            return say.failed.format(**about, why=why)
        if found.is_open:
            return say.waits.format(**about, why=why, job=found.id)
        result = found.result or {}
        shown = "" if is_reviewed else str(result.get("url") or "")
        told = say.done.format(**about, change=result.get("change", "done"), url=shown).rstrip()
        if not is_reviewed:
            return told
        request = (found.review or {}).get("request")
        url = request.get("url") if isinstance(request, Mapping) else None
        return f"{told}\n{say.review.format(url=url) if url else say.no_review}"


def _error_of(kept: Mapping[str, Any]) -> HubError:
    return HubError(Reason(kept["reason"]), faults_of(kept))
