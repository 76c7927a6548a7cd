"""What stands below links that people post: https://docs.slack.dev/reference/methods/chat.unfurl."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.adapters.slack.site import TIER_3_APART, SlackSite

#: The message is gone or another's matter, or the app is not where it stands: there is nothing to do about it.
_NOT_THERE: Final = (
    "cannot_unfurl_url", "cannot_find_service", "cannot_unfurl_message", "cannot_find_channel", "cannot_find_message",
    "channel_not_found", "not_in_channel", "is_archived", "message_not_found",
)  # fmt: skip


@dataclass(frozen=True)
class Unfurls:
    """Puts it there. What is put again takes the place of what was."""

    site: SlackSite

    def __call__(self, channel: str, ts: str, unfurls: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
        """`unfurls`: blocks by link, as it was posted. Why not; empty: done. Raises as `SlackSite.call`."""
        arguments = {"channel": channel, "ts": ts, "unfurls": {url: {"blocks": [*one]} for url, one in unfurls.items()}}
        what, turn = f"show what links in channel {channel} lead to", ("chat.unfurl", TIER_3_APART)
        told = self.site.call("chat.unfurl", what, arguments, turn=turn, expected=_NOT_THERE)
        return "" if told["ok"] else str(told["error"])
