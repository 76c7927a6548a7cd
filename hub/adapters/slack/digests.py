"""Digests in channels of Slack: one message for each period and channel, which stays as it was posted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from hub.adapters.slack.messages import SlackMessages
from hub.views.digest.model import DigestMessage
from hub.views.digest.worded import digest_worded
from hub.views.messages.blocks import digest_blocks, escaped
from hub.views.messages.words import Language
from reconcilers.messages.channels import ChannelName, Drawn, Place
from reconcilers.messages.model import Message
from reconcilers.messages.quiet import Who

#: Below 40,000 characters with the longest names (https://docs.slack.dev/reference/methods/chat.postMessage).
MOST_GROUPS: Final = 10
MOST_LINES: Final = 15


@dataclass(eq=False)
class SlackDigests(SlackMessages):
    """As messages about previews, each in the channel that its place names. It alerts as any new message does."""

    language: Language = "en"
    name: ChannelName = "slack-digest"
    alerts: frozenset[Who] = frozenset()

    def drawn(self, message: Message) -> Drawn:
        """See `Channel`. It is told from no other of its period, so that what is posted is never edited."""
        if not isinstance(message, DigestMessage):
            raise TypeError("no digest")
        digest = hashlib.sha256(message.row.encode()).hexdigest()[:32]
        if message.found is None:
            return Drawn(None, digest)
        told = digest_worded(message.found, self.language, most_lines=MOST_LINES, most_groups=MOST_GROUPS)
        text = escaped(". ".join((told.title, *told.sums)))
        return Drawn({"text": text, "blocks": digest_blocks(told)}, digest)

    def channel_at(self, place: Place) -> str | None:
        """Where such a message stands."""
        return place.at
