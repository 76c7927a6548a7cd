"""What a message about a preview says about the commit that it is of.

That a preview ended changes no verdict: what failed does not turn well, and what passed stays so. What the developer
has to act on is a failure; what the platform has to is none of the commit's.
"""

from __future__ import annotations

from typing import Literal

from hub.views.messages.brief import as_last_known, brief_of
from hub.views.messages.drawing import drawn_of
from hub.views.messages.words import Words
from reconcilers.causes.model import Audience
from reconcilers.messages.channels import Drawn
from reconcilers.messages.model import GONE, Message

#: `over`: it ended or sleeps, whatever it came to.
Verdict = Literal["pending", "passed", "failed", "neutral", "over"]


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


def drawn_verdict(message: Message, words: Words, summary: str) -> Drawn:
    """It with what is told in a line, and the address where the preview is."""
    told = as_last_known(message)
    content = {"verdict": verdict_of(told), "title": brief_of(told, words), "summary": summary}
    if told.is_up and told.url:
        content["url"] = told.url
    return drawn_of(content)
