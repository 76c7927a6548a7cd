"""A commit status for each build of a preview: by whoever may push. Its id is the commit.

A status is never edited: the newest of its context counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from hub.adapters.pull_requests.places import Requests, environment_of
from hub.adapters.pull_requests.verdicts import drawn_verdict
from hub.views.messages.words import Words
from reconcilers.messages.channels import ChannelName, Drawn, Found, Place, Posted
from reconcilers.messages.model import Message
from reconcilers.messages.quiet import Before, Who

_STATES: Final = {"pending": "pending", "passed": "success", "failed": "failure", "neutral": "error"}


@dataclass(frozen=True)
class PullStatuses:
    """A status at a commit of each pull request; `name` says on which forge."""

    requests: Requests
    words: Words
    name: ChannelName
    alerts: frozenset[Who] = field(default=frozenset())

    def drawn(self, message: Message) -> Drawn:
        """See `Channel`."""
        return drawn_verdict(message, self.words, "")

    def find(self, place: Place) -> Found | None:
        """See `Channel`. One of another build of the same commit is taken for its own: there is one for a context."""
        commit = self.requests.commit(place)
        if commit is None:
            return None
        return Found((Posted(commit, None),) if self.requests.newest_status(place, commit) is not None else ())

    def post(self, place: Place, drawn: Drawn, before: Before) -> str | None:
        """See `Channel`."""
        commit = self.requests.commit(place)
        if commit is None or not self.edit(place, commit, drawn, before, alerts=False):
            return None
        return commit

    def edit(self, place: Place, message: str, drawn: Drawn, before: Before, *, alerts: bool) -> bool:
        """See `Channel`. Another status takes its place."""
        del before, alerts
        content, state = drawn.content, _STATES.get(drawn.content["verdict"])
        if state is None:
            newest = self.requests.newest_status(place, message)
            if newest != "pending":
                return newest is not None
            state = "error"
        status = {"state": state, "context": environment_of(place), "description": content["title"]}
        if "url" in content:
            status["target_url"] = content["url"]
        return self.requests.set_status(place, message, status)

    def remove(self, place: Place, message: str) -> None:
        """See `Channel`: there is never a second one."""

    def note(self, place: Place, message: str | None) -> None:
        """See `Channel`: there is no place for it."""
