"""Telling who clicked what became of it, by the address that came with the click.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses: it is Slack's own, taken five times in
half an hour, and needs no token.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from generator.errors import Fault, Reason, Stalled
from hub.adapters.http import Origin, Request, Route, Sender, SenderParts
from hub.adapters.slack.site import PEER
from hub.views.messages.blocks import escaped

_HOOKS = ("https://hooks.slack.com", "https://hooks.slack-gov.com")


@dataclass(frozen=True)
class Answers:
    """Tells it. `origins`: whither alone anything is sent."""

    parts: SenderParts
    origins: tuple[str, ...] = _HOOKS

    def __call__(self, url: str, text: str) -> None:
        """Tell who clicked, and nobody else. Raises `Stalled` (SlackRefused), `Transient` (SlackUnreachable)."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self.origins:
            raise Stalled(Reason.SLACK_REFUSED, Fault("the address to answer a click at is none of Slack's"))
        body = {"response_type": "ephemeral", "replace_original": False, "text": escaped(text)}
        request = Request(
            route=Route.of("/{+}", parts.path.removeprefix("/")),
            purpose="answer a click in Slack",
            method="POST",
            body=json.dumps(body, ensure_ascii=True).encode(),
            accept="*/*",
            timeout_seconds=5.0,
            limit_bytes=65536,
        )
        answer = Sender(PEER, Origin.parse(origin), parts=self.parts, patience_seconds=0.0).send(request)
        if answer.status >= 300:
            message = f"cannot answer a click in Slack: it answers {answer.status}"
            raise Stalled(Reason.SLACK_REFUSED, Fault(message, remedy="it takes five answers in half an hour"))
