"""What does what is asked for in Slack, as the settings say."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from hub.actions.telling.previews import Previews
from hub.adapters.slack.answering import Answers
from hub.queue.jobs import Jobs
from hub.queue.payloads import FromSlack, SlackAnswer, SlackClick, SlackCommand
from hub.queue.port import Finished
from hub.services.slack.asking import Asking
from hub.services.slack.clicking import Clicks
from hub.services.slack.commanding import Commands
from hub.services.slack.ending import Endings
from hub.services.worker.handling import DoesSlack, no_slack
from hub.store import jobs as rows
from hub.views.messages.clicks import CLICKS
from hub.views.messages.commands import COMMANDS
from hub.views.messages.words import LANGUAGES
from hub.wiring import Hub
from hub.wiring.clusters import looked_at
from hub.wiring.outside import open_sources
from hub.wiring.telling import open_previews
from reconcilers.messages.model import Message
from reconcilers.state.reading import Reading


@dataclass(frozen=True)
class Slack:
    """Does each kind of it."""

    clicks: Clicks
    commands: Commands
    endings: Endings

    def __call__(self, asked: FromSlack, row: rows.JobRow, reading: Reading) -> Finished:
        """Have it done. Raises as the one that does it."""
        match asked:
            case SlackClick():
                return self.clicks(asked, row, reading)
            case SlackCommand():
                return self.commands(asked, row, reading)
            case SlackAnswer():
                return self.endings(asked, row, reading)
        raise AssertionError(f"nothing does {row.name}")


def slack_of(ours: Hub, repo: str | None, jobs: Jobs) -> DoesSlack:
    """That of the language of messages; who is told nothing there is not heard either.

    `ours` is for it alone. Raises what opening the repository and clusters raises.
    """
    language = ours.settings.slack_messages
    if language is None:
        return no_slack
    answers = Answers(ours.sending)
    asking = Asking(jobs, CLICKS[language], answers, ours.telemetry.refused, ours.settings.public_url)
    say, words, sources = COMMANDS[language], LANGUAGES[language], open_sources(ours)
    previews = open_previews(ours, repo, jobs.database, looked_at(replace(ours), repo))
    commands = Commands(asking, say, words, InTurn(previews), sources)
    return Slack(Clicks(asking), commands, Endings(asking, say))


class InTurn:
    """Messages about previews for several threads: a repository that is open serves one at a time."""

    def __init__(self, previews: Previews) -> None:
        """Nobody asks yet."""
        self._previews, self._lock = previews, threading.Lock()

    def __call__(self, named: Iterable[str]) -> Sequence[Message]:
        """All, and those named if they are gone. Raises as `Previews.messages`."""
        with self._lock:
            return [*self._previews.messages([*named])]
