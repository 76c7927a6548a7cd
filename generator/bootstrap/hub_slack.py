"""What the worker is given to tell of previews in Slack: where, and its token by reference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.model.hosting import HubServices
from generator.model.hosting_slack import HubSlack


def slack_variables(hub: HubServices, folder: str) -> Mapping[str, str]:
    """Of the worker; its token lies in `folder`."""
    slack = hub.slack
    if slack is None:
        return {}
    is_asked = "slack" in hub.webhooks
    told = {
        **channel_variables(slack, folder),
        "RTB_HUB_SLACK_PLATFORM": slack.platform or "",
        "RTB_HUB_SLACK_APPROVERS": ",".join(slack.approvers),
        "RTB_HUB_SLACK_BUTTONS": "true" if is_asked else "",
        # Where people say whose an account in Slack is.
        "RTB_HUB_PUBLIC_URL": f"https://{hub.host}" if is_asked and hub.sign_in is not None else "",
    }
    return {name: value for name, value in told.items() if value}


def channel_variables(slack: HubSlack, folder: str) -> Mapping[str, str]:
    """Of what posts in the channels of teams."""
    channels = (slack.channel, *(f"{project}={channel}" for project, channel in sorted(slack.channels.items())))
    return {
        "RTB_HUB_SLACK_MESSAGES": slack.messages,
        "RTB_HUB_SLACK_TOKEN_FILE": f"{folder}/token",
        "RTB_HUB_SLACK_CHANNELS": ",".join(channels),
        "RTB_HUB_SLACK_API": slack.api,
    }


def digest_values(slack: HubSlack | None, folder: str) -> Iterator[dict[str, Any]]:
    """The job that tells digests; none where the environment's file says no time for it.

    It is started each hour from its time on until the day ends: once told, there is nothing to do. A channel that was
    away for a while is told later that day.
    """
    if slack is None or slack.digest is None:
        return
    when = slack.digest
    hours = f"{when.hour}-23" if when.hour < 23 else "23"
    yield {
        "schedule": f"0 {hours} * * {'1' if when.every == 'week' else '*'}",
        "timeZone": when.time_zone,
        "arguments": [
            "digest", "--tell", "--every", when.every, "--time-zone", when.time_zone, "--output", "json",
        ],
        "variables": channel_variables(slack, folder),
    }  # fmt: skip
