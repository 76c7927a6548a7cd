"""Slack, as the settings say: the workspace, and the channels that messages stand in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from generator.errors import ConfigError, Fault, HubError, Reason
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
    site = _told_at(ours)
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


def _told_at(ours: Hub) -> SlackSite:
    """The workspace that is told in. Raises `ConfigError` (InvalidValue) where it or its channels are not named."""
    site, faults = open_slack_site(ours), []
    if site is None:
        remedy = "make an app in Slack, and give the hub its bot token: RTB_HUB_SLACK_TOKEN_FILE"
        faults.append(Fault("names no app that tells anybody", field="RTB_HUB_SLACK_MESSAGES", remedy=remedy))
    if not ours.settings.slack_channels:
        remedy = "name the channels: RTB_HUB_SLACK_CHANNELS"
        faults.append(Fault("names no channel to tell anybody in", field="RTB_HUB_SLACK_MESSAGES", remedy=remedy))
    if site is None or faults:
        raise ConfigError(Reason.INVALID_VALUE, faults)
    return site


def digest_channel(ours: Hub, refused: Callable[[HubError], None]) -> Opened:
    """Where digests are told; `refused` is told of channels that cannot be posted in.

    Raises `ConfigError` (InvalidValue) for what is missing or wrong.
    """
    settings = ours.settings
    if settings.slack_messages is None:
        told = "a digest is told in Slack, and the settings name nowhere there"
        allowed = "en or ko, with RTB_HUB_SLACK_TOKEN and RTB_HUB_SLACK_CHANNELS"
        raise ConfigError(Reason.INVALID_VALUE, Fault(told, field="RTB_HUB_SLACK_MESSAGES", allowed=allowed))
    site = _told_at(ours)
    from hub.adapters.slack.digests import SlackDigests
    from hub.views.messages.words import LANGUAGES

    language = settings.slack_messages
    channel = SlackDigests(site, LANGUAGES[language], lambda _: None, ours.clock, refused=refused, language=language)
    return Opened(channel, language, missing=MISSING, is_of_previews=False)


def faults_spread(clock: Callable[[], datetime]) -> Spread:
    """What is told of faults of the platform, from what is told of previews."""
    from reconcilers.messages.faults import Faults

    known = Faults()

    def spread(messages: Sequence[Message], told: Collection[str], failures: list[Exception]) -> Sequence[Message]:
        del failures
        return [*known.of(messages, told, clock())]

    return spread
