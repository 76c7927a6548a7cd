"""What does what is asked for in Slack, as the settings say."""

from __future__ import annotations

from hub.adapters.slack.answering import Answers
from hub.queue.jobs import Jobs
from hub.services.slack.asking import Asking
from hub.services.slack.clicking import Clicks
from hub.services.worker.handling import DoesClicks, no_clicks
from hub.views.messages.clicks import CLICKS
from hub.wiring import Hub


def clicks_of(ours: Hub, jobs: Jobs) -> DoesClicks:
    """That of the language of messages; who is told nothing there is not heard either."""
    language = ours.settings.slack_messages
    if language is None:
        return no_clicks
    return Clicks(
        Asking(jobs, CLICKS[language], Answers(ours.sending), ours.telemetry.refused, ours.settings.public_url)
    )
