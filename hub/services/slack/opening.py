"""What does clicks in Slack, as the settings say."""

from __future__ import annotations

from hub.adapters.slack.answering import Answers
from hub.services.slack.clicking import Clicks
from hub.services.worker.handling import DoesClicks, no_clicks
from hub.store.database import Database
from hub.views.messages.clicks import CLICKS
from hub.wiring import Hub


def clicks_of(ours: Hub, database: Database) -> DoesClicks:
    """That of the language of messages; who is told nothing there is not heard either."""
    language = ours.settings.slack_messages
    if language is None:
        return no_clicks
    return Clicks(database, CLICKS[language], Answers(ours.sending), ours.telemetry.refused)
