"""Messages in every phase, as examples: what tests and the reference page go through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from generator.errors import About, Remedy, RemedyKind
from reconcilers.causes.model import Audience
from reconcilers.messages.model import AMISS, GONE, PHASES, Cause, Cost, Ending, Last, Message, MessagePhase

NOW = datetime(2026, 11, 23, 2, 0, 0, tzinfo=UTC)
_TEXTS = {
    Audience.DEVELOPER: "the image registry.example.com/web@sha256:aaaaaaaa… is not there: not found",
    Audience.PLATFORM: "no node has room: account (account) has no Fargate capacity left",
    Audience.NOBODY: "the registry limits how often it is asked",
}
_STEPS = {
    Audience.DEVELOPER: (
        "build and push the image",
        Remedy(RemedyKind.STOP, About(issue="RTB-123", environment="int")),
    ),
    Audience.PLATFORM: ("have the quota raised",),
    Audience.NOBODY: (),
}


def cause(audience: Audience) -> Cause:
    whole = _TEXTS[audience].replace("(account)", "123456789012")
    return Cause(f"code-{audience}", audience, _TEXTS[audience], whole, _STEPS[audience])


def message(phase: MessagePhase = "running", audience: Audience = Audience.DEVELOPER) -> Message:
    """One of RTB-123 in int, with all that it has in this phase."""
    is_gone = phase in GONE or phase == "stopping"
    told = Message(
        issue="RTB-123",
        environment="int",
        phase=phase,
        url="https://rtb-123.int.example.com/",
        requested_by="" if is_gone or phase == "queued" else "alice",
        ends=None if is_gone or phase in ("queued", "awaiting approval") else NOW + timedelta(hours=8),
        per_hour=None if is_gone or phase == "queued" else Cost(Decimal("0.0494"), "USD"),
        whole=None if is_gone or phase == "queued" else Cost(Decimal("0.3949"), "USD"),
        cause=cause(audience) if phase in AMISS else None,
        last=Last("running", NOW) if phase == "unknown" else None,
        review="https://github.example.com/team/state/pull/7" if phase == "awaiting approval" else "",
    )
    if phase not in GONE:
        return told
    ending = Ending(NOW, "alice", "the issue is done", Cost(Decimal("0.21"), "USD"), NOW + timedelta(days=7))
    return replace(told, ending=ending)


def every_message() -> Iterator[Message]:
    """One of each phase, and of those with a cause one for whoever acts."""
    for phase in PHASES:
        audiences = Audience if phase in AMISS else (Audience.DEVELOPER,)
        yield from (message(phase, audience) for audience in audiences)
    yield replace(message("running"), is_removal=True, review="https://github.example.com/team/state/pull/8")
