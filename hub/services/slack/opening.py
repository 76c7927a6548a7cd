"""What does what is asked for in Slack, as the settings say."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hub.actions.telling.previews import Previews
from hub.adapters.slack.answering import Answers
from hub.adapters.slack.unfurling import Unfurls
from hub.queue.jobs import Jobs
from hub.queue.payloads import FromSlack, SlackAnswer, SlackClick, SlackCommand, SlackUnfurl
from hub.queue.port import Finished
from hub.services.slack.asking import Asking
from hub.services.slack.clicking import Clicks
from hub.services.slack.commanding import Commands
from hub.services.slack.ending import Endings
from hub.services.slack.sharing import Shares
from hub.services.worker.handling import DoesSlack, no_slack
from hub.store import jobs as rows
from hub.views.messages.clicks import CLICKS
from hub.views.messages.commands import COMMANDS
from hub.views.messages.words import LANGUAGES
from hub.wiring import Hub
from hub.wiring.clusters import looked_at
from hub.wiring.outside import open_sources
from hub.wiring.slack import open_slack_site
from hub.wiring.telling import open_previews
from reconcilers.messages.model import Message
from reconcilers.state.reading import Reading


@dataclass(frozen=True)
class Slack:
    """Does each kind of it."""

    clicks: Clicks
    commands: Commands
    endings: Endings
    shares: Shares

    def __call__(self, asked: FromSlack, row: rows.JobRow, reading: Reading) -> Finished:
        """Have it done. Raises as the one that does it."""
        match asked:
            case SlackClick():
                return self.clicks(asked, row, reading)
            case SlackCommand():
                return self.commands(asked, row, reading)
            case SlackAnswer():
                return self.endings(asked, row, reading)
            case SlackUnfurl():
                return self.shares(asked, row, reading)
        raise AssertionError(f"nothing does {row.name}")


def slack_of(ours: Hub, repo: str | None, jobs: Jobs) -> DoesSlack:
    """That of the language of messages; who is told nothing there is not heard either.

    `ours` is for it alone. Raises what opening the repository and clusters raises.
    """
    language = ours.settings.slack_messages
    if language is None:
        return no_slack
    settings, site = ours.settings, open_slack_site(ours)
    if site is None:
        return no_slack
    asking = Asking(jobs, CLICKS[language], Answers(ours.sending), ours.telemetry.refused, settings.public_url)
    say, words = COMMANDS[language], LANGUAGES[language]
    told = InTurn(open_previews(ours, repo, jobs.database, looked_at(replace(ours), repo)))

    def channels(project: str) -> tuple[str | None, ...]:
        return settings.slack_channel(project), settings.slack_platform

    shares = Shares(settings.public_url, channels, told, Unfurls(site), words, say, ours.clock)
    commands = Commands(asking, say, words, told, open_sources(ours))
    return Slack(Clicks(asking), commands, Endings(asking, say), shares)


class InTurn:
    """Messages about previews for several threads: a repository that is open serves one at a time."""

    def __init__(self, previews: Previews) -> None:
        """Nobody asks yet."""
        self._previews, self._lock = previews, threading.Lock()

    def __call__(self, named: Iterable[str]) -> Sequence[Message]:
        """All, and those named if they are gone. Raises as `Previews.messages`."""
        with self._lock:
            return [*self._previews.messages([*named])]
