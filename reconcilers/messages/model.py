"""A message about one preview, as a value: the same for every channel, which words and draws it its own way.

It names moments and no lengths of time, so that what has not changed reads the same at the next look. Texts of clusters
and of people are as they came, on one line: each channel escapes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal, get_args

from generator.errors import ToDo
from reconcilers.causes.model import Audience
from reconcilers.causes.removal_rules import LEAKS
from reconcilers.health.phase import PhaseName

#: `queued`: it waits for room. `unseen`: it is in Git, and no cluster was asked whether it runs; `withdrawn`: it is in
#: Git no more, and none was asked either.
Told = Literal["queued", "unseen", "withdrawn"]
MessagePhase = PhaseName | Told
PHASES: Final[tuple[MessagePhase, ...]] = (*get_args(PhaseName), *get_args(Told))
#: Whose URL leads to a preview that answers, as far as is known.
UP: Final[frozenset[MessagePhase]] = frozenset({"running", "expiring soon", "unseen"})
#: Of which this is the last word.
GONE: Final[frozenset[MessagePhase]] = frozenset({"removed", "withdrawn"})
#: Whose cause is told: it has lasted longer than such things do.
AMISS: Final[frozenset[MessagePhase]] = frozenset({"failed", "stuck"})


@dataclass(frozen=True, slots=True)
class Cost:
    """A sum at list price; an hour's, or what the whole came to."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Why it is not up. `text` has no line of a log and no account number; `code` is stable.

    `for_platform`: the same with account numbers, for the platform's own channel.
    """

    code: str
    audience: Audience
    text: str
    for_platform: str
    steps: tuple[ToDo, ...] = ()


@dataclass(frozen=True, slots=True)
class Ending:
    """How a preview ended: when, by whose wish, why, what it had cost, and until when it can be brought back."""

    at: datetime
    by: str = ""
    why: str = ""
    cost: Cost | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Last:
    """What was told of a preview before it could not be looked at any more, and when."""

    phase: MessagePhase
    at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """What is told. `url` is the preview's own, `review` where a change is reviewed (empty: nobody knows).

    `ends` None: it has no end yet. `is_removal`: what awaits approval is its removal. `code`: repositories of the code
    of its project; `build` tells one set of images from another (empty: unknown). `at`: where it stands in a channel
    that has several places for a preview, empty in one that has one. `asked_at` tells a preview
    from one before it under the same name; None: it is there no more. `idle_since`:
    it sleeps, as no request came since.
    """

    issue: str
    environment: str
    phase: MessagePhase
    url: str = ""
    requested_by: str = ""
    ends: datetime | None = None
    per_hour: Cost | None = None
    whole: Cost | None = None
    review: str = ""
    is_removal: bool = False
    cause: Cause | None = None
    ending: Ending | None = None
    last: Last | None = None
    code: tuple[str, ...] = ()
    build: str = ""
    at: str = ""
    asked_at: datetime | None = None
    idle_since: datetime | None = None

    @property
    def is_up(self) -> bool:
        """Whether its URL leads to a preview that answers, as far as is known."""
        return self.phase in UP

    @property
    def was_there(self) -> bool:
        """Whether it is there, or it is known how it ended; else nobody knows that there ever was one."""
        return self.phase not in GONE or self.ending is not None

    @property
    def leaks(self) -> bool:
        """Whether it is removed but for what is still there, and billed."""
        return self.phase == "stuck" and self.cause is not None and self.cause.code in LEAKS

    @property
    def key(self) -> str:
        """Which preview (`int/RTB-123`)."""
        return f"{self.environment}/{self.issue}"

    @property
    def row(self) -> str:
        """Which message of a channel: the preview's key, and where it stands (`int/RTB-123 acme/web#7`)."""
        return f"{self.key} {self.at}" if self.at else self.key


def split_row(row: str) -> tuple[str, str]:
    """The preview's key and the place of a message, as of `Message.row`."""
    key, _, at = row.partition(" ")
    return key, at
