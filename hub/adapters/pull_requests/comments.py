"""One comment in a pull request for each environment, edited in place.

What it told stands in it, in an HTML comment at its begin that neither GitHub nor Gitea shows. Only comments of the
hub's own account count, whatever others write into theirs. An edit notifies nobody.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from hub.adapters.pull_requests.places import Requests
from hub.views.messages.document import document_of
from hub.views.messages.drawing import drawn_of
from hub.views.messages.markdown import markdown_of
from hub.views.messages.words import Words
from reconcilers.messages.channels import ChannelName, Drawn, Found, Place, Posted, before_data, before_of
from reconcilers.messages.model import Message
from reconcilers.messages.quiet import Before, Who

_MARK: Final = re.compile(r"<!-- rtb-hub:(?P<told>\{[^<>\r\n]{1,20000}\}) -->\r?\n")


@dataclass(frozen=True)
class PullComments:
    """A comment in each pull request; `name` says on which forge."""

    requests: Requests
    words: Words
    name: ChannelName
    alerts: frozenset[Who] = field(default=frozenset())

    def drawn(self, message: Message) -> Drawn:
        """See `Channel`."""
        return drawn_of(markdown_of(document_of(message, self.words)))

    def find(self, place: Place) -> Found | None:
        """See `Channel`. That one was deleted is known to the database alone."""
        comments = self.requests.comments(place)
        if comments is None:
            return None
        told = ((number, _before(place, body)) for number, body in sorted(comments))
        return Found(tuple(Posted(str(number), before) for number, before in told if before is not None))

    def post(self, place: Place, drawn: Drawn, before: Before) -> str | None:
        """See `Channel`."""
        return self.requests.comment(place, _body(place, drawn, before))

    def edit(self, place: Place, message: str, drawn: Drawn, before: Before, *, alerts: bool) -> bool:
        """See `Channel`."""
        del alerts
        return self.requests.edit_comment(place, message, _body(place, drawn, before))

    def remove(self, place: Place, message: str) -> None:
        """See `Channel`."""
        self.requests.remove_comment(place, message)

    def note(self, place: Place, message: str | None) -> None:
        """See `Channel`: a pull request has no place for it that people do not see."""


def _body(place: Place, drawn: Drawn, before: Before) -> str:
    return f"<!-- rtb-hub:{_hidden(before_data(place, before))} -->\n{drawn.content}"


def _hidden(told: dict[str, Any]) -> str:
    """As JSON that cannot end an HTML comment."""
    text = json.dumps(told, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("--", "\\u002d\\u002d")


def _before(place: Place, body: str) -> Before | None:
    """What a comment told; None: it is no message of this preview."""
    found = _MARK.match(body)
    if found is None:
        return None
    try:
        told = json.loads(found["told"])
    except (ValueError, RecursionError):
        return None
    is_this = isinstance(told, dict) and told.get("issue") == str(place.issue)
    return before_of(told, place) if is_this else None
