"""When a message is edited, and whom that alerts. Pure: what was told before stands with the message itself.

A message is posted once for a preview and a channel, and edited ever after. Most edits alert nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from generator.values.formats import format_time
from reconcilers.causes.model import Audience
from reconcilers.messages.model import GONE, Message, MessagePhase

#: Who is alerted: who asked for the preview, who may approve, the platform's own channel, those who follow the message.
Who = Literal["requester", "approvers", "platform", "followers"]
#: What changes while a preview comes up is told together.
TOGETHER: Final = timedelta(seconds=30)
#: At most one edit of a message in so long, but for what is told at once.
APART: Final = timedelta(seconds=60)
#: A cluster that cannot be read for a moment changes no message.
PATIENCE: Final = timedelta(minutes=5)
#: Told at once, when it begins.
AT_ONCE: Final[frozenset[MessagePhase]] = frozenset(
    {"running", "expiring soon", "failed", "awaiting approval", "removed", "withdrawn"}
)
#: Alerts that are remembered with a message: the newest.
_MOST_PINGS = 50


@dataclass(frozen=True, slots=True)
class Before:
    """What a message told when it was last edited, at `at`. `digest`: of the content as its channel draws it.

    `pings`: what was alerted of already.
    """

    digest: str
    phase: MessagePhase
    at: datetime
    code: str = ""
    pings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ping:
    """Somebody is alerted. `once`: what of, which nobody is alerted of again."""

    who: Who
    once: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """It tells what there is to tell."""


@dataclass(frozen=True, slots=True)
class Later:
    """It is edited at `at`, or after."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Now:
    """It is posted or edited now; `ping` None: that alerts nobody."""

    ping: Ping | None = None


Decision = Nothing | Later | Now


def decide(message: Message, digest: str, before: Before | None, *, differs_since: datetime, now: datetime) -> Decision:
    """What to do about a message whose content would now be of `digest`.

    `before` None: there is none yet, and none is made to say that nothing is known. `differs_since`: when it was first
    seen to differ from what it tells.
    """
    if before is None:
        return Nothing() if message.phase == "unknown" else Now(ping_of(message, ()))
    if digest == before.digest or message.phase == before.phase == "unknown":
        return Nothing()
    is_new = message.phase != before.phase or (message.cause.code if message.cause else "") != before.code
    if is_new and message.phase in AT_ONCE:
        return Now(ping_of(message, before.pings))
    waits = PATIENCE if message.phase == "unknown" and before.phase != "unknown" else TOGETHER
    due = max(differs_since + waits, min(before.at, now) + APART)  # by whose clock it was edited, nobody knows
    return Later(due) if now < due else Now(ping_of(message, before.pings))


def ping_of(message: Message, made: tuple[str, ...]) -> Ping | None:
    """Whom a message alerts, of what nobody was alerted of yet; None: nobody."""
    found = _ping(message)
    return None if found is None or found.once in made else found


def _ping(message: Message) -> Ping | None:
    match message.phase:
        case "awaiting approval":
            return Ping("approvers", "awaiting approval")
        case "running":
            return Ping("requester", "running")
        case "expiring soon":
            ends = format_time(message.ends.replace(microsecond=0)) if message.ends else ""
            return Ping("requester", f"expiring soon {ends}")
        case "stuck" if message.leaks and message.cause is not None:
            return Ping("followers", f"leak {message.cause.code}")
        case "failed" | "stuck" if message.cause is not None and message.cause.audience is not Audience.NOBODY:
            who: Who = "requester" if message.cause.audience is Audience.DEVELOPER else "platform"
            return Ping(who, f"{message.phase} {message.cause.code}")
        case _:
            return None


def after(message: Message, digest: str, made: Ping | None, before: Before | None, *, at: datetime) -> Before:
    """What is remembered with a message that was posted or edited at `at`.

    When the preview ends, alerts begin anew: the next one in its place is another.
    """
    pings = (before.pings if before else ()) + ((made.once,) if made else ())
    pings = () if message.phase in GONE else pings
    code = message.cause.code if message.cause else ""
    return Before(digest, message.phase, at, code, pings[-_MOST_PINGS:])
