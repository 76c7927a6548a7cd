"""Whether a preview came up, at the commit that it is of: a check run with the cause, which Apps alone can write.

https://docs.github.com/en/rest/checks/runs. Where the hub's key is no App's, a commit status stands in its place
(`hub.adapters.pull_requests.statuses`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from hub.adapters.github.answers import read, read_all
from hub.adapters.github.messages.code import Code, Made
from hub.adapters.pull_requests.places import environment_of
from hub.adapters.pull_requests.verdicts import drawn_verdict
from hub.views.messages.brief import as_last_known, brief_of
from hub.views.messages.document import document_of
from hub.views.messages.markdown import code as as_code
from hub.views.messages.markdown import markdown_of
from hub.views.messages.words import Words
from reconcilers.messages.channels import ChannelName, Drawn, Found, Place, Posted
from reconcilers.messages.model import AMISS, Message
from reconcilers.messages.quiet import Before, Who

_CONCLUSIONS: Final = {"passed": "success", "failed": "failure", "neutral": "neutral"}


class _Run(Made):
    name: str = ""
    status: str = ""
    external_id: str | None = None


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
        return drawn_verdict(message, self.words, summary)

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
