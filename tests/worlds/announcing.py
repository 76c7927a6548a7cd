"""Workers that tell of previews at a test's Jira and Slack, with a clock of its own; each may be killed anywhere."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete

from generator.errors import HubError
from hub.actions.telling.posting import Desk, Outcome
from hub.actions.telling.teller import Teller
from hub.adapters.http.turns import Turns
from hub.adapters.jira.editions import CLOUD, Edition
from hub.adapters.jira.messages import JiraComments, JiraLinks
from hub.adapters.jira.site import JiraSite
from hub.adapters.slack.messages import SlackMessages
from hub.adapters.slack.site import PEER as SLACK
from hub.adapters.slack.site import SlackSite
from hub.store.database import Database, sqlite_url
from hub.store.messages import MessageRow
from hub.store.tables import MESSAGES, METADATA
from hub.views.messages.words import ENGLISH
from reconcilers.messages.channels import Channel
from reconcilers.messages.model import Message
from worlds.faulty import Fault, Faulty
from worlds.jira_server import Direct, JiraServer
from worlds.jira_server.site import Comment, Issue
from worlds.messages import NOW
from worlds.mortal import Life, MortalDatabase
from worlds.slack_server import SlackChannel, SlackServer

REPOSITORY = "0123456789ab"
Kind = type[JiraComments] | type[JiraLinks] | type[SlackMessages]
KINDS: tuple[Kind, ...] = (JiraComments, JiraLinks, SlackMessages)
_TOKENS = itertools.count(1)


@dataclass
class Announcing:
    """A Jira with RTB-123, a Slack, and the database at `path`, whose workers are made by `worker`."""

    path: Path
    now: datetime = NOW
    jira: JiraServer = field(default_factory=JiraServer)
    slack: SlackServer = field(default_factory=SlackServer)
    edition: Edition = CLOUD
    refusals: list[HubError] = field(default_factory=list)
    faults: list[Fault | None] = field(default_factory=list)
    team: str | None = "C0TEAM"

    def __post_init__(self) -> None:
        self.jira.clock = self.slack.clock = self.clock
        self.jira.edition = self.edition.name
        self.jira.issues.setdefault("RTB-123", Issue())
        self.url = sqlite_url(self.path / "hub.sqlite")
        self.database = Database(self.url, clock=self.clock)
        with self.database.write() as connection:
            METADATA.create_all(connection)

    def clock(self) -> datetime:
        return self.now

    def later(self, **length: float) -> None:
        self.now += timedelta(**length)

    def worker(self, kind: Kind = JiraComments, life: Life | None = None) -> Teller:
        """A process that begins anew: it knows nothing but what is in the database."""
        life = life or Life()
        channel = self.channel(kind, life)
        database = MortalDatabase(self.url, self.clock, life)
        token = f"worker-{next(_TOKENS)}"
        desk = Desk(channel, database, REPOSITORY, self.clock, token, self.refusals.append)
        return Teller(replace(desk, renews=True) if kind is SlackMessages else desk)

    def channel(self, kind: Kind, life: Life) -> Channel:
        if issubclass(kind, SlackMessages):
            sender = Faulty(SLACK, site=self.slack, faults=self._fault, die=life.end)
            site = SlackSite("https://slack.com", sender, Turns(self.seconds, self.sleep))
            return SlackMessages(site, ENGLISH, lambda project: self.team, self.clock, refused=self.refusals.append)
        sender = Direct(site=self.jira, faults=self._fault, die=life.end)
        return kind(JiraSite("https://example.atlassian.net", sender, edition=self.edition), ENGLISH)

    def seconds(self) -> float:
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        self.later(seconds=seconds)

    def tell(self, *messages: Message, by: Teller | None = None) -> Counter[Outcome]:
        """One pass; by whoever comes, or by a worker of the test's."""
        return (by or self.worker()).bring_up_to_date(messages)

    def row(self, channel: str = "jira-comment") -> MessageRow:
        from hub.store.messages import of_channel

        with self.database.read() as connection:
            return of_channel(connection, channel, ["int/RTB-123"])["int/RTB-123"]

    def lose_the_database(self) -> None:
        with self.database.write() as connection:
            connection.execute(delete(MESSAGES))

    def _fault(self) -> Fault | None:
        return self.faults.pop(0) if self.faults else None

    @property
    def issue(self) -> Issue:
        return self.jira.issues["RTB-123"]

    @property
    def comments(self) -> list[Any]:
        return list(self.issue.comments.values())

    def told(self) -> str:
        """The phase that the one comment tells."""
        (comment,) = self.comments
        return self.phase_of(comment)

    def phase_of(self, comment: Comment) -> str:
        if self.edition is CLOUD:
            return str(comment.body["content"][0]["content"][0]["attrs"]["text"])
        return str(comment.body).partition("*&#91;")[2].partition("&#93;*")[0]

    @property
    def posted(self) -> list[dict[str, Any]]:
        """What stands in the team's channel in Slack, the oldest first."""
        channel = self.slack.channels["C0TEAM"]
        return [channel.messages[ts] for ts in sorted(channel.messages)]

    def phases(self, kind: Kind) -> list[str]:
        """The phase that each message of a kind tells."""
        if kind is SlackMessages:
            return [str(one["metadata"]["event_payload"]["phase"]) for one in self.posted]
        if kind is JiraComments:
            return [self.phase_of(one) for one in self.comments]
        return [str(one["object"]["title"]).rpartition(": ")[2] for one in self.issue.links.values()]

    def violations(self) -> list[str]:
        """What neither Atlassian nor Slack would have taken."""
        return [*self.jira.violations, *self.slack.violations]

    def arrive(self) -> None:
        self.jira.arrive()
        self.slack.arrive()

    def delete(self) -> None:
        """Somebody deletes every message."""
        self.issue.comments.clear()
        self.issue.links.clear()
        self.slack.channels["C0TEAM"] = SlackChannel()
