"""Settings of Slack: what the hub tells people there, where and as whom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, Field, SecretStr

#: Ids, which stay when a channel or a group is renamed: https://docs.slack.dev/reference/objects.
_CHANNEL, _PROJECT = re.compile(r"[CG][A-Z0-9]{2,30}"), re.compile(r"[A-Z][A-Z0-9]{1,9}")
_ACCOUNT = re.compile(r"[SUW][A-Z0-9]{2,30}")
_FIND: Final = "a channel's id stands at the end of its details, such as C0123456789"


def channels_of(text: str) -> Mapping[str, str]:
    """The channel of each project; of every other one where the key is empty. Raises `ValueError`."""
    found: dict[str, str] = {}
    for one in filter(None, (part.strip() for part in text.split(","))):
        project, equals, channel = one.rpartition("=")
        if not _CHANNEL.fullmatch(channel) or (equals and not _PROJECT.fullmatch(project)):
            raise ValueError(f"{one[:40]!r} is no channel; allowed: C0123456789,RTB=C0987654321: {_FIND}")
        if project in found:
            raise ValueError(f"{project or 'the channel of all others'} is named twice; allowed: each project once")
        found[project] = channel
    return found


def _channels(text: str) -> str:
    channels_of(text)
    return text


def _channel(text: str) -> str:
    if not _CHANNEL.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no channel; allowed: {_FIND}")
    return text


def _accounts(text: str) -> str:
    for one in filter(None, text.split(",")):
        if not _ACCOUNT.fullmatch(one):
            raise ValueError(
                f"{one[:40]!r} is nobody; allowed: ids of user groups (S…) or people (U…), with commas between"
            )
    return text


Channels = Annotated[str, AfterValidator(_channels)]
Channel = Annotated[str, AfterValidator(_channel)]
Accounts = Annotated[str, AfterValidator(_accounts)]


class SlackSettings(BaseModel):
    """Those of Slack. What is asked of the hub from there is proved by RTB_HUB_SLACK_SIGNING_SECRET."""

    slack_messages: Literal["en", "ko"] | None = Field(None, alias="RTB_HUB_SLACK_MESSAGES")
    """The language in which each preview is told of in Slack, by one message: `en` or `ko`. What the app needs for it:
    docs/reference/messages.md. Default: none; nothing is written there."""
    slack_token: SecretStr | None = Field(None, alias="RTB_HUB_SLACK_TOKEN")
    """The token of the app's bot, `xoxb-…`. Default: none."""
    slack_token_file: Path | None = Field(None, alias="RTB_HUB_SLACK_TOKEN_FILE")
    """The file that holds it; read at each use. Default: none."""
    slack_channels: Channels = Field("", alias="RTB_HUB_SLACK_CHANNELS")
    """The channels of teams, by their ids: `C0123456789` for all projects, `RTB=C0987654321` for one, with commas
    between. Default: none; previews of a project without one are not told of."""
    slack_platform: Channel | None = Field(None, alias="RTB_HUB_SLACK_PLATFORM")
    """The channel of those who run the platform, by its id: told once of each fault that is theirs, with account
    numbers. Default: none; such faults are told with the previews alone."""
    slack_approvers: Accounts = Field("", alias="RTB_HUB_SLACK_APPROVERS")
    """Whom a request for approval mentions, by their ids: user groups (`S…`) or people (`U…`), with commas between.
    Default: nobody."""
    slack_buttons: bool = Field(False, alias="RTB_HUB_SLACK_BUTTONS")
    """Whether messages there have buttons that extend and stop: `true` where the app sends clicks to the hub's
    listener. Default: `false`."""
    slack_api: str = Field("https://slack.com", alias="RTB_HUB_SLACK_API")
    """Where Slack's API is. Default: `https://slack.com`; GovSlack's is `https://slack-gov.com`."""

    def slack_channel(self, project: str) -> str | None:
        """The channel that previews of a project are told of in; None: there is none."""
        found = channels_of(self.slack_channels)
        return found.get(project, found.get(""))
