"""A message on one short line of plain text: for a deployment, a commit status, the title of a check run."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hub.views.messages.words import Words
from reconcilers.causes.texts import one_line
from reconcilers.messages.model import GONE, Message

#: GitHub takes no longer description of a deployment or a commit status (its OpenAPI description).
LONGEST: Final = 140


def brief_of(message: Message, say: Words) -> str:
    """How the preview is, or why it is not up, in at most 140 characters."""
    if message.phase in GONE or message.phase == "stopping":
        return _cut(f"{say.head.format(environment=message.environment)} {say.over}")
    if message.cause is not None:
        return _cut(f"{say.phases[message.phase]}: {one_line(message.cause.text)}")
    return _cut(f"{say.head.format(environment=message.environment)} {say.states[message.phase]}")


def as_last_known(message: Message) -> Message:
    """The message as of when it could be looked at: what has no word for 'unknown' goes on telling that."""
    if message.phase != "unknown" or message.last is None:
        return message
    return replace(message, phase=message.last.phase)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
