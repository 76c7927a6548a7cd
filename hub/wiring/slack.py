"""Slack, as the settings say: the workspace, and the channels that messages stand in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from generator.errors import ConfigError, Fault, Reason
from hub.wiring.channels import Opened

if TYPE_CHECKING:
    from hub.actions.telling.teller import Spread
    from hub.adapters.slack.site import SlackSite
    from hub.store.database import Database
    from hub.wiring.composing import Hub
    from reconcilers.messages.model import Message

#: Where a message's place is not there, somebody has to invite the app: looked at this often.
MISSING = timedelta(minutes=30)


def open_slack_site(ours: Hub) -> SlackSite | None:
    """The workspace that the settings name; None: they name none. Raises `ConfigError` (InvalidValue)."""
    settings = ours.settings
    if settings.secret("slack_token") is None:
        return None
    from hub.adapters.slack.site import open_site

    return open_site(settings.slack_api, lambda: settings.secret("slack_token") or "", ours.sending)


def slack_channels(ours: Hub, database: Database | None) -> tuple[Opened, ...]:
    """The channels that the settings name; none without RTB_HUB_SLACK_MESSAGES. `database`: whose account is whose.

    Raises `ConfigError` (InvalidValue) for what is missing or wrong.
    """
    settings = ours.settings
    language = settings.slack_messages
    if language is None:
        return ()
    site = open_slack_site(ours)
    faults = []
    if site is None:
        remedy = "make an app in Slack, and give the hub its bot token: RTB_HUB_SLACK_TOKEN_FILE"
        faults.append(Fault("names no app that tells anybody", field="RTB_HUB_SLACK_MESSAGES", remedy=remedy))
    if not settings.slack_channels:
        remedy = "name the channels: RTB_HUB_SLACK_CHANNELS"
        faults.append(Fault("names no channel to tell anybody in", field="RTB_HUB_SLACK_MESSAGES", remedy=remedy))
    if site is None or faults:
        raise ConfigError(Reason.INVALID_VALUE, faults)
    from hub.adapters.slack.faults import SlackFaults
    from hub.adapters.slack.messages import SlackMessages, no_buttons
    from hub.store.people import account_called
    from hub.views.messages.buttons import buttons_of
    from hub.views.messages.words import LANGUAGES

    def account_of(name: str) -> str | None:
        if database is None:
            return None
        with database.read() as connection:
            return account_called(connection, name, "slack")

    words, approvers = LANGUAGES[language], tuple(filter(None, settings.slack_approvers.split(",")))
    refused = ours.telemetry.refused
    buttons = buttons_of if settings.slack_buttons else no_buttons
    previews = SlackMessages(site, words, settings.slack_channel, ours.clock, account_of, approvers, refused, buttons)
    told = Opened(previews, language, missing=MISSING, renews=True)
    if settings.slack_platform is None:
        return (told,)
    platform = SlackFaults(site, words, lambda _: settings.slack_platform, ours.clock, refused=refused)
    return told, Opened(platform, language, faults_spread(ours.clock), MISSING, renews=True, is_of_previews=False)


def faults_spread(clock: Callable[[], datetime]) -> Spread:
    """What is told of faults of the platform, from what is told of previews."""
    from reconcilers.messages.faults import Faults

    known = Faults()

    def spread(messages: Sequence[Message], told: Collection[str], failures: list[Exception]) -> Sequence[Message]:
        del failures
        return [*known.of(messages, told, clock())]

    return spread
