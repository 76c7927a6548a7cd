"""What the hub's app may do in a workspace, and in the channels that it tells of previews in, asked of Slack itself.

https://docs.slack.dev/reference/methods/auth.test, whose answers name the token's scopes in `x-oauth-scopes`, and
https://docs.slack.dev/reference/methods/conversations.info.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from hub.adapters.slack.site import TIER_3_APART, SlackSite

#: By scope, what for.
NEEDS: Final[Mapping[str, str]] = {
    "chat:write": "to post and edit messages",
    "channels:history": "to find a message again in a public channel",
    "groups:history": "to find a message again in a private channel",
    "channels:read": "to tell whether a public channel is there",
    "groups:read": "to tell whether a private channel is there",
}
#: As `NEEDS`, where the app sends the hub what people ask for.
ASKED_NEEDS: Final[Mapping[str, str]] = {
    "commands": "for /preview",
    "links:read": "to be told of links to previews",
    "links:write": "to show what they lead to",
}
_UNKNOWN: Final = ("channel_not_found", "missing_scope")


class _Me(BaseModel):
    model_config = ConfigDict(frozen=True)
    team: Annotated[str, Field(max_length=200)] = ""


class _Channel(BaseModel):
    model_config = ConfigDict(frozen=True)
    name: Annotated[str, Field(max_length=200)] = ""
    is_member: bool = False
    is_archived: bool = False


class _Info(BaseModel):
    model_config = ConfigDict(frozen=True)
    channel: _Channel


@dataclass(frozen=True, slots=True)
class App:
    """The hub's app: its workspace, the scopes that its token lacks, how far Slack's clock is ahead (None: unsaid).

    `lacking`: of `NEEDS`; `lacking_asked`: of `ASKED_NEEDS`.
    """

    team: str
    lacking: tuple[str, ...]
    lacking_asked: tuple[str, ...]
    ahead: timedelta | None


@dataclass(frozen=True, slots=True)
class Room:
    """A channel. `wrong`: the error that posting there would have; empty: it can be posted in, or nobody can tell."""

    name: str
    wrong: str = ""


def app_of(site: SlackSite, *, now: datetime) -> App:
    """Whose token it is, and what it lacks. Raises as `SlackSite.call`."""
    what = "read the hub's app"
    told, answer = site.answered("auth.test", what, {})
    scopes = answer.headers.get("x-oauth-scopes")
    has = {one.strip() for one in scopes.split(",")} if scopes is not None else {*NEEDS, *ASKED_NEEDS}
    return App(
        site.read(_Me, told, what).team,
        tuple(one for one in NEEDS if one not in has),
        tuple(one for one in ASKED_NEEDS if one not in has),
        _ahead(answer.headers.get("date", ""), now),
    )


def room_of(site: SlackSite, channel: str) -> Room:
    """What a channel, by its id, is called, and why it cannot be posted in. Raises as `SlackSite.call`."""
    what, turn = f"look at channel {channel}", ("conversations.info", TIER_3_APART)
    told: Mapping[str, Any] = site.call("conversations.info", what, {"channel": channel}, turn=turn, expected=_UNKNOWN)
    if not told["ok"]:
        return Room("", "channel_not_found" if told["error"] == "channel_not_found" else "")
    found = site.read(_Info, told, what).channel
    if found.is_archived:
        return Room(found.name, "is_archived")
    return Room(found.name, "" if found.is_member else "not_in_channel")


def _ahead(date: str, now: datetime) -> timedelta | None:
    """By the header `Date` (RFC 9110, section 6.6.1), which is of whole seconds."""
    try:
        return parsedate_to_datetime(date) - now
    except (ValueError, TypeError, OverflowError):
        return None
