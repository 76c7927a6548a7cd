"""The port of channels: where a message about a preview is posted once, and edited ever after. Pure.

What a message told last stands with the message, so that whoever lost all else finds it again. Every method raises
what its adapter declares: `Stalled` (refused), `Waiting` (limited: `retry_after_seconds`), `Transient` (unreachable).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, TypeGuard, cast, get_args

from generator.errors import Stalled
from generator.values.formats import format_time, parse_time
from generator.values.naming import IssueKey
from reconcilers.messages.model import PHASES, Message, MessagePhase
from reconcilers.messages.quiet import Before, Who

ChannelName = Literal[
    "jira-link",
    "jira-comment",
    "slack",
    "slack-platform",
    "slack-digest",
    "github-comment",
    "github-deployment",
    "github-check",
    "github-status",
    "gitea-comment",
    "gitea-status",
]
CHANNELS: tuple[ChannelName, ...] = get_args(ChannelName)
#: A digest, the code of a cause and what was alerted of are shorter.
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Place:
    """What a message is about: `subject` is a preview's issue, or what else an environment's messages are about.

    `repository` tells hubs apart that write to the same place. `at`: which of several places that a channel has for a
    preview; empty where it has one.
    """

    repository: str
    environment: str
    subject: IssueKey | str
    at: str = ""

    @property
    def issue(self) -> IssueKey:
        """The preview's issue. Raises `ConfigError` (InvalidIssueKey) where it is about something else."""
        return IssueKey.parse(str(self.subject))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A message as a channel draws it: `content` as JSON, and its digest. `is_quiet`: here it alerts nobody."""

    content: Any
    digest: str
    is_quiet: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that is there. `before` None: it does not say what it told."""

    id: str
    before: Before | None


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of a preview's messages, the oldest first.

    `is_declined`: there was one, and somebody deleted it. Both: another was made since.
    """

    posted: tuple[Posted, ...] = ()
    is_declined: bool = False


class PlaceRefused(Stalled):
    """Refused at one place of a channel, such as a team's: messages elsewhere go on."""


class Channel(Protocol):
    """One place where messages stand."""

    @property
    def name(self) -> ChannelName:
        """Which it is."""

    @property
    def alerts(self) -> frozenset[Who]:
        """Whom an edit can alert here; nobody else is."""

    def drawn(self, message: Message) -> Drawn:
        """How a message looks here."""

    def find(self, place: Place) -> Found | None:
        """Look for the messages of a preview. None: what they would stand at is not there, such as the issue."""

    def post(self, place: Place, drawn: Drawn, before: Before) -> str | None:
        """Post one; its id. None as of `find`. It is not tried again here: nobody knows what became of it."""

    def edit(self, place: Place, message: str, drawn: Drawn, before: Before, *, alerts: bool) -> bool:
        """Edit one. False: it is gone."""

    def remove(self, place: Place, message: str) -> None:
        """Remove one; that it is gone already is well."""

    def note(self, place: Place, message: str | None) -> None:
        """Note where the message is, beside it; None: it was deleted, and none is wanted for now."""


def before_data(place: Place, before: Before) -> dict[str, Any]:
    """What stands with a message."""
    return {
        "repository": place.repository,
        "environment": place.environment,
        "issue": str(place.subject),
        "digest": before.digest,
        "phase": before.phase,
        "at": format_time(before.at.replace(microsecond=0)),
        "code": before.code,
        "pings": [*before.pings],
    }


def before_of(data: object, place: Place | None = None) -> Before | None:
    """The same read again; None: it is of another preview than `place`'s or another hub's, or says nothing.

    The issue is not compared: a message goes with its issue to another project.
    """
    if not isinstance(data, Mapping):
        return None
    if place is not None and (data.get("repository"), data.get("environment")) != (place.repository, place.environment):
        return None
    digest, phase, at, code, pings = (data.get(name) for name in ("digest", "phase", "at", "code", "pings"))
    if not (_is_word(digest) and phase in PHASES and _is_word(code) and isinstance(pings, list)):
        return None
    moment = _moment(at)
    if moment is None or not all(map(_is_word, pings)):
        return None
    return Before(digest, cast(MessagePhase, phase), moment, code, tuple(pings))


def _is_word(text: object) -> TypeGuard[str]:
    """Whether the hub may have written it: others can write there too, what no database takes among that."""
    return isinstance(text, str) and len(text) <= _LONGEST and text.isascii() and text.isprintable()


def _moment(text: object) -> datetime | None:
    try:
        return parse_time(text) if isinstance(text, str) else None
    except ValueError:
        return None
