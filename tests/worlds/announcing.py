"""Workers that tell of previews at a test's Jira, with a clock of the test's own; each may be killed anywhere."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete

from generator.errors import HubError
from hub.actions.telling.posting import Desk, Outcome
from hub.actions.telling.teller import Teller
from hub.adapters.jira.messages import JiraComments, JiraLinks
from hub.adapters.jira.site import JiraSite
from hub.store.database import Database, sqlite_url
from hub.store.messages import MessageRow
from hub.store.tables import MESSAGES, METADATA
from hub.views.messages.words import ENGLISH
from reconcilers.messages.channels import Channel
from reconcilers.messages.model import Message
from worlds.faulty import Fault
from worlds.jira_server import Direct, JiraServer
from worlds.jira_server.site import Issue
from worlds.messages import NOW
from worlds.mortal import Life, MortalDatabase

REPOSITORY = "0123456789ab"
_TOKENS = itertools.count(1)


@dataclass
class Announcing:
    """A Jira with RTB-123, and the database at `path`, whose workers are made by `worker`."""

    path: Path
    now: datetime = NOW
    jira: JiraServer = field(default_factory=JiraServer)
    refusals: list[HubError] = field(default_factory=list)
    faults: list[Fault | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.jira.clock = self.clock
        self.jira.issues.setdefault("RTB-123", Issue())
        self.url = sqlite_url(self.path / "hub.sqlite")
        self.database = Database(self.url, clock=self.clock)
        with self.database.write() as connection:
            METADATA.create_all(connection)

    def clock(self) -> datetime:
        return self.now

    def later(self, **length: float) -> None:
        self.now += timedelta(**length)

    def worker(self, kind: type[JiraComments] | type[JiraLinks] = JiraComments, life: Life | None = None) -> Teller:
        """A process that begins anew: it knows nothing but what is in the database."""
        life = life or Life()
        sender = Direct(site=self.jira, faults=self._fault, die=life.end)
        channel: Channel = kind(JiraSite("https://example.atlassian.net", sender), ENGLISH)
        database = MortalDatabase(self.url, self.clock, life)
        token = f"worker-{next(_TOKENS)}"
        return Teller(Desk(channel, database, REPOSITORY, self.clock, token, self.refusals.append))

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
        return str(comment.body["content"][0]["content"][0]["attrs"]["text"])
