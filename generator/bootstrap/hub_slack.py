"""What the worker is given to tell of previews in Slack: where, and its token by reference."""

from __future__ import annotations

from collections.abc import Mapping

from generator.model.hosting import HubServices


def slack_variables(hub: HubServices, folder: str) -> Mapping[str, str]:
    """Of the worker; its token lies in `folder`."""
    slack = hub.slack
    if slack is None:
        return {}
    channels = (slack.channel, *(f"{project}={channel}" for project, channel in sorted(slack.channels.items())))
    told = {
        "RTB_HUB_SLACK_MESSAGES": slack.messages,
        "RTB_HUB_SLACK_TOKEN_FILE": f"{folder}/token",
        "RTB_HUB_SLACK_CHANNELS": ",".join(channels),
        "RTB_HUB_SLACK_PLATFORM": slack.platform or "",
        "RTB_HUB_SLACK_APPROVERS": ",".join(slack.approvers),
        "RTB_HUB_SLACK_API": slack.api,
        "RTB_HUB_SLACK_BUTTONS": "true" if "slack" in hub.webhooks else "",
    }
    return {name: value for name, value in told.items() if value}
