"""Faults of the platform in its own channel of Slack: one message for each fault of an environment, edited in place."""

from __future__ import annotations

from dataclasses import dataclass

from hub.adapters.slack.messages import SlackMessages
from hub.views.messages.faults import fault_document
from reconcilers.messages.channels import ChannelName, Drawn, Place
from reconcilers.messages.faults import PlatformFault
from reconcilers.messages.model import Message
from reconcilers.messages.quiet import Who


@dataclass(eq=False)
class SlackFaults(SlackMessages):
    """As messages about previews; all of them stand in one channel, which `channel_of` gives for an empty project.

    A new message alerts those in the channel; edits alert nobody.
    """

    name: ChannelName = "slack-platform"
    alerts: frozenset[Who] = frozenset({"platform"})

    def drawn(self, message: Message) -> Drawn:
        """See `Channel`."""
        if not isinstance(message, PlatformFault):
            raise TypeError("no fault of the platform")
        return self.drawn_as(message, fault_document(message, self.words), None)

    def channel_at(self, place: Place) -> str | None:
        """Where such messages stand."""
        del place
        return self.channel_of("")
