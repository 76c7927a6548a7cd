"""Buttons of a message in Slack by which something is asked of the hub; a click says which preview the reader saw.

https://docs.slack.dev/reference/block-kit/composition-objects/confirmation-dialog-object: title 100 characters, text
300, confirm and deny 30.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from generator.values.formats import format_time
from hub.views.messages.blocks import Block
from hub.views.messages.words import Words
from reconcilers.messages.model import UP, Message

EXTEND: Final = "rtb-hub.extend"
SLEEP: Final = "rtb-hub.sleep"
WAKE: Final = "rtb-hub.wake"
STOP: Final = "rtb-hub.stop"
#: How much longer a click has a preview live.
EXTENDS: Final = "4h"
_STOPS: Final = frozenset({*UP, "queued", "awaiting approval", "starting", "failed", "stuck", "sleeping"})


def buttons_of(message: Message, say: Words) -> Sequence[Block]:
    """What can be asked about a preview by a click; nothing of one that is removed already, or is to be."""
    if message.asked_at is None or message.is_removal:
        return ()
    found = []
    if message.phase in UP and message.ends is not None:
        found.append({**_button(EXTEND, say.extend.format(by=EXTENDS), message), "style": "primary"})
    if message.phase in UP:
        found.append(_button(SLEEP, say.sleep, message))
    if message.phase == "sleeping":
        found.append({**_button(WAKE, say.wake, message), "style": "primary"})
    if message.phase in _STOPS:
        text = say.stop_text.format(issue=message.issue, environment=message.environment)
        confirm = {
            "title": _plain(say.stop_title), "text": _plain(text), "confirm": _plain(say.stop),
            "deny": _plain(say.stop_not), "style": "danger",
        }  # fmt: skip
        found.append({**_button(STOP, say.stop, message), "style": "danger", "confirm": confirm})
    return found


def _button(action: str, text: str, message: Message) -> dict[str, Any]:
    asked_at, ends = (one and format_time(one.replace(microsecond=0)) for one in (message.asked_at, message.ends))
    value = {"issue": message.issue, "environment": message.environment, "askedAt": asked_at, "ends": ends}
    told = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return {"type": "button", "action_id": action, "text": _plain(text), "value": told}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
