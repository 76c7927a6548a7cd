"""Whether a preview came up, at the commit that it is of: a check run with the cause, or a commit status in its place.

https://docs.github.com/en/rest/checks/runs (written by Apps alone) and https://docs.github.com/en/rest/commits/statuses
(by whoever may push; a status is never edited: the newest of its context counts). That a preview ended changes no
verdict: what failed does not turn well, and what passed stays so. What the developer has to act on is a failure; what
the platform has to is none of the commit's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from hub.adapters.github.answers import Status, read, read_all
from hub.adapters.github.messages.code import Code, Made, environment_of
from hub.views.messages.brief import as_last_known, brief_of
from hub.views.messages.document import document_of
from hub.views.messages.drawing import drawn_of
from hub.views.messages.markdown import code as as_code
from hub.views.messages.markdown import markdown_of
from hub.views.messages.words import Words
from reconcilers.causes.model import Audience
from reconcilers.messages.channels import ChannelName, Drawn, Found, Place, Posted
from reconcilers.messages.model import AMISS, GONE, Message
from reconcilers.messages.quiet import Before, Who

#: `over`: it ended or sleeps, whatever it came to.
Verdict = Literal["pending", "passed", "failed", "neutral", "over"]
_CONCLUSIONS: Final = {"passed": "success", "failed": "failure", "neutral": "neutral"}
_STATES: Final = {"pending": "pending", "passed": "success", "failed": "failure", "neutral": "error"}


class _Run(Made):
    name: str = ""
    status: str = ""
    external_id: str | None = None


def verdict_of(message: Message) -> Verdict:
    """What a message says about the commit."""
    if message.phase in GONE or message.phase in ("sleeping", "stopping"):
        return "over"
    if message.phase in ("running", "expiring soon"):
        return "passed"
    if message.phase == "failed":
        is_its = message.cause is None or message.cause.audience is Audience.DEVELOPER
        return "failed" if is_its else "neutral"
    return "pending"


def _drawn(message: Message, words: Words, summary: str) -> Drawn:
    told = as_last_known(message)
    content = {"verdict": verdict_of(told), "title": brief_of(told, words), "summary": summary}
    if told.is_up and told.url:
        content["url"] = told.url
    return drawn_of(content)


@dataclass(frozen=True)
class GitHubChecks:
    """A check run for each build of a preview."""

    code: Code
    words: Words
    name: ChannelName = "github-check"
    alerts: frozenset[Who] = field(default=frozenset())

    def drawn(self, message: Message) -> Drawn:
        """See `Channel`."""
        told = as_last_known(message)
        is_amiss = told.phase in AMISS
        summary = markdown_of(document_of(told, self.words)) if is_amiss else as_code(brief_of(told, self.words))
        return _drawn(message, self.words, summary)

    def find(self, place: Place) -> Found | None:
        """See `Channel`."""
        at, commit = self.code.at(place), self.code.commit(place)
        if commit is None:
            return None
        query: dict[str, object] = {"check_name": environment_of(place), "filter": "all"}
        items = self.code.listed(at, at.route("commits/{}/check-runs", commit), query, key="check_runs")
        found = read_all(_Run, items, where=self.code.where(at))
        ours = sorted(one.id for one in found if one.external_id == _external_id(place))
        return Found(tuple(Posted(str(number), None) for number in ours))

    def post(self, place: Place, drawn: Drawn, before: Before) -> str | None:
        """See `Channel`."""
        del before
        at, commit = self.code.at(place), self.code.commit(place)
        if commit is None:
            return None
        run = {"name": environment_of(place), "head_sha": commit, "external_id": _external_id(place), **_run(drawn)}
        answer = self.code.write(at, "POST", at.route("check-runs"), run)
        return None if answer is None else str(read(Made, answer.data, where=self.code.where(at)).id)

    def edit(self, place: Place, message: str, drawn: Drawn, before: Before, *, alerts: bool) -> bool:
        """See `Channel`."""
        del before, alerts
        at = self.code.at(place)
        route, change = at.route("check-runs/{}", message), _run(drawn)
        if drawn.content["verdict"] == "over":
            data = self.code.get(at, route)
            if data is None:
                return False
            is_done = read(_Run, data, where=self.code.where(at)).status == "completed"
            change = {"output": change["output"]} if is_done else change
        return self.code.write(at, "PATCH", route, change) is not None

    def remove(self, place: Place, message: str) -> None:
        """See `Channel`: GitHub deletes none, so that a second one is said to be over."""
        at = self.code.at(place)
        route, over = at.route("check-runs/{}", message), {"status": "completed", "conclusion": "cancelled"}
        self.code.write(at, "PATCH", route, {**over, "external_id": ""})

    def note(self, place: Place, message: str | None) -> None:
        """See `Channel`: there is no place for it."""


def _run(drawn: Drawn) -> dict[str, Any]:
    content = drawn.content
    told: dict[str, Any] = {"output": {"title": content["title"], "summary": content["summary"]}}
    if "url" in content:
        told["details_url"] = content["url"]
    if content["verdict"] == "pending":
        return {**told, "status": "in_progress"}
    return {**told, "status": "completed", "conclusion": _CONCLUSIONS.get(content["verdict"], "cancelled")}


def _external_id(place: Place) -> str:
    return f"rtb-hub:{place.repository}:{place.environment}/{place.issue}:{place.at}"


@dataclass(frozen=True)
class GitHubStatuses:
    """A commit status for each build of a preview, where the hub's key is no App's. Its id is the commit."""

    code: Code
    words: Words
    name: ChannelName = "github-status"
    alerts: frozenset[Who] = field(default=frozenset())

    def drawn(self, message: Message) -> Drawn:
        """See `Channel`."""
        return _drawn(message, self.words, "")

    def find(self, place: Place) -> Found | None:
        """See `Channel`. One of another build of the same commit is taken for its own: there is one for a context."""
        commit = self.code.commit(place)
        if commit is None:
            return None
        return Found((Posted(commit, None),) if self._newest(place, commit) is not None else ())

    def post(self, place: Place, drawn: Drawn, before: Before) -> str | None:
        """See `Channel`."""
        commit = self.code.commit(place)
        if commit is None or not self.edit(place, commit, drawn, before, alerts=False):
            return None
        return commit

    def edit(self, place: Place, message: str, drawn: Drawn, before: Before, *, alerts: bool) -> bool:
        """See `Channel`. Another status takes its place."""
        del before, alerts
        at, content, state = self.code.at(place), drawn.content, _STATES.get(drawn.content["verdict"])
        if state is None:
            newest = self._newest(place, message)
            if newest is None or newest.state != "pending":
                return newest is not None
            state = "error"
        status = {"state": state, "context": environment_of(place), "description": content["title"]}
        if "url" in content:
            status["target_url"] = content["url"]
        return self.code.write(at, "POST", at.route("statuses/{}", message), status) is not None

    def _newest(self, place: Place, commit: str) -> Status | None:
        """Ours of the context; GitHub lists the newest first."""
        at = self.code.at(place)
        items = self.code.listed(at, at.route("commits/{}/statuses", commit), {})
        for one in read_all(Status, items, where=self.code.where(at)):
            if one.context == environment_of(place) and self.code.is_ours(at, one.creator):
                return one
        return None

    def remove(self, place: Place, message: str) -> None:
        """See `Channel`: there is never a second one."""

    def note(self, place: Place, message: str | None) -> None:
        """See `Channel`: there is no place for it."""
