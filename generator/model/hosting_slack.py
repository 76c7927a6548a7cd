"""Where previews are told of in Slack. Part of the shape of `environment.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from generator.model.entry import Model
from generator.model.lifecycle import Zone

_Channel = Annotated[str, Field(pattern=r"^[CG][A-Z0-9]{2,30}$")]
_Project = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{1,9}$")]
_Account = Annotated[str, Field(pattern=r"^[SUW][A-Z0-9]{2,30}$")]


class HubDigest(Model):
    """When each channel is told what there is, what ends soon and what it cost. What fails is tried again each hour."""

    every: Literal["day", "week"] = Field("week", description="week: on Mondays")
    hour: Annotated[int, Field(strict=True, ge=0, le=23)] = Field(description="on the clocks of the zone")
    time_zone: Zone = Field(description="of the IANA database")


class HubSlack(Model):
    """The workspace of Slack that the worker tells of previews in; the token of the app's bot is by reference.

    Channels, groups and people are named by their ids.
    """

    messages: Literal["en", "ko"] = Field(description="in which language previews are told of there (messages.md)")
    channel: _Channel = Field(description="of the previews of all projects that `channels` has none for")
    channels: Annotated[dict[_Project, _Channel], Field(max_length=200)] = Field(
        default_factory=dict, description="Jira project's key → its team's channel"
    )
    platform: _Channel | None = Field(
        None, description="of those who run the platform, told once of each fault that is theirs; none = it is not"
    )
    approvers: Annotated[list[_Account], Field(max_length=20)] = Field(
        default_factory=list, description="user groups (S…) or people (U…) whom a request for approval mentions"
    )
    digest: HubDigest | None = Field(
        None, description="when the channels of teams are told what there is and what it cost; none = never"
    )
    api: Literal["https://slack.com", "https://slack-gov.com"] = Field(
        "https://slack.com", description="where Slack's API is"
    )
