"""A deployment for each build of a preview, so that *View deployment* stands in the pull request.

https://docs.github.com/en/rest/deployments (deployments, statuses). It is of the environment `preview/NAME`, which no
other deployment is of; `transient_environment`, so that no other's end makes it inactive; and it waits for no check and
merges nothing. What it tells are its statuses, of which none says by itself what it told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from hub.adapters.github.answers import read
from hub.adapters.github.messages.code import Code, Made, payload_of
from hub.adapters.pull_requests.places import environment_of
from hub.views.messages.brief import as_last_known, brief_of
from hub.views.messages.drawing import drawn_of
from hub.views.messages.words import Words
from reconcilers.messages.channels import ChannelName, Drawn, Found, Place, Posted
from reconcilers.messages.model import Message, MessagePhase
from reconcilers.messages.quiet import Before, Who

State = Literal["queued", "in_progress", "success", "failure", "inactive"]
#: `unseen`: nobody looked whether it runs, so that it is not called a success.
STATES: Final[dict[MessagePhase, State]] = {
    "queued": "queued",
    "awaiting approval": "queued",
    "starting": "in_progress",
    "unseen": "in_progress",
    "stuck": "in_progress",
    "unknown": "in_progress",
    "running": "success",
    "expiring soon": "success",
    "failed": "failure",
    "sleeping": "inactive",
    "stopping": "inactive",
    "removed": "inactive",
    "withdrawn": "inactive",
}


@dataclass(frozen=True)
class GitHubDeployments:
    """A deployment for each build of a preview, in each pull request."""

    code: Code
    words: Words
    name: ChannelName = "github-deployment"
    alerts: frozenset[Who] = field(default=frozenset())

    def drawn(self, message: Message) -> Drawn:
        """See `Channel`. What has no state of its own goes on as it was."""
        told = as_last_known(message)
        content: dict[str, Any] = {"state": STATES[told.phase], "description": brief_of(told, self.words)}
        if told.is_up and told.url:
            content["environment_url"] = told.url
        if told.review.startswith(("https://", "http://")):
            content["log_url"] = told.review
        return drawn_of(content)

    def find(self, place: Place) -> Found | None:
        """See `Channel`."""
        pull = self.code.pull(self.code.at(place))
        if pull is None:
            return None
        return Found(tuple(Posted(str(one.id), None) for one in self.code.deployments(place, pull)))

    def post(self, place: Place, drawn: Drawn, before: Before) -> str | None:
        """See `Channel`. It is of the newest commit of the pull request; its first status comes after it."""
        at = self.code.at(place)
        pull = self.code.pull(at)
        if pull is None:
            return None
        wanted = {
            "ref": pull.head.ref,
            "task": "deploy",
            "auto_merge": False,
            "required_contexts": [],
            "payload": payload_of(place),
            "environment": environment_of(place),
            "description": drawn.content["description"],
            "transient_environment": True,
            "production_environment": False,
        }
        answer = self.code.write(at, "POST", at.route("deployments"), wanted)
        if answer is None:
            return None
        made = str(read(Made, answer.data, where=self.code.where(at)).id)
        self.edit(place, made, drawn, before, alerts=False)
        return made

    def edit(self, place: Place, message: str, drawn: Drawn, before: Before, *, alerts: bool) -> bool:
        """See `Channel`. Another status: those before stay."""
        del before, alerts
        at = self.code.at(place)
        status = {**drawn.content, "environment": environment_of(place), "auto_inactive": False}
        return self.code.write(at, "POST", at.route("deployments/{}/statuses", message), status) is not None

    def remove(self, place: Place, message: str) -> None:
        """See `Channel`. GitHub deletes what is inactive."""
        at = self.code.at(place)
        status = {"state": "inactive", "auto_inactive": False}
        if self.code.write(at, "POST", at.route("deployments/{}/statuses", message), status) is not None:
            self.code.write(at, "DELETE", at.route("deployments/{}", message))

    def note(self, place: Place, message: str | None) -> None:
        """See `Channel`: there is no place for it."""
