"""The message about a preview, from what the hub knows of it. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from generator.cost.pricing import PreviewPrice
from generator.values.formats import parse_time
from reconcilers.causes.model import Audience, Finding, Layer
from reconcilers.causes.texts import bounded, one_line, without_accounts
from reconcilers.health.phase import Phase
from reconcilers.messages.model import AMISS, GONE, Cause, Cost, Ending, Message, MessagePhase
from reconcilers.state.outline import Outline

#: What a person wrote of why is cut off after so many signs.
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Known:
    """A preview as the hub knows it. `outline`: its entry's, or what a request asks for.

    `phase` None: no cluster was asked. `is_request`: only a request branch has it; `is_removal`: one asks for its
    removal. `code`: repositories of the code of its project.
    """

    issue: str
    environment: str
    url: str = ""
    outline: Outline | None = None
    price: PreviewPrice | None = None
    phase: Phase | None = None
    is_request: bool = False
    is_removal: bool = False
    is_queued: bool = False
    review: str = ""
    ending: Ending | None = None
    code: tuple[str, ...] = ()


def message_of(known: Known) -> Message:
    """What is told of it."""
    phase, outline, price = _phase_of(known), known.outline, known.price
    ends = parse_time(outline.expires_at) if outline is not None and outline.expires_at else None
    is_gone = phase in GONE or phase == "stopping"
    return Message(
        issue=known.issue,
        environment=known.environment,
        phase=phase,
        url=known.url,
        requested_by=one_line(outline.requested_by)[:_LONGEST] if outline is not None else "",
        ends=None if is_gone else ends,
        per_hour=None if is_gone else _cost(price, is_whole=False),
        whole=None if is_gone else _cost(price, is_whole=True),
        review=known.review if phase == "awaiting approval" or known.is_removal else "",
        is_removal=known.is_removal and not is_gone,
        cause=_cause(known.phase) if phase in AMISS else None,
        ending=_cut(known.ending) if known.ending is not None and phase in GONE else None,
        code=known.code,
        build=_build(outline) if outline is not None else "",
        asked_at=parse_time(outline.requested_at) if outline is not None else None,
        idle_since=parse_time(outline.idle_since) if phase == "sleeping" and outline and outline.idle_since else None,
    )


def _build(outline: Outline) -> str:
    """Of the images by component: it changes when one of them does."""
    images = sorted((name, image) for name, (image, *_) in outline.components.items())
    return hashlib.sha256(repr(images).encode()).hexdigest()[:12]


def _phase_of(known: Known) -> MessagePhase:
    name = known.phase.name if known.phase is not None else None
    if known.is_queued and name in (None, "removed", "unknown"):
        return "queued"
    if known.is_request and name in (None, "removed", "unknown"):
        return "awaiting approval"
    if name is not None:
        return name
    if known.outline is None:
        return "withdrawn"
    return "sleeping" if known.outline.asleep_since is not None else "unseen"


def _cost(price: PreviewPrice | None, *, is_whole: bool) -> Cost | None:
    amount = None if price is None else price.total if is_whole else price.per_hour
    return None if price is None or amount is None else Cost(amount, price.currency)


def _cause(phase: Phase | None) -> Cause | None:
    """Its cause: whose job it is, and of its text what everybody may read."""
    if phase is None:
        return None
    found = phase.finding
    whole = bounded(phase.cause)
    if found is None:
        steps = (phase.remedy,) if phase.remedy else ()
        return Cause("", Audience.NOBODY, without_accounts(whole), whole, steps) if whole else None
    told = _without_log(found) if found.rule.layer is Layer.CRASH else without_accounts(whole)
    return Cause(found.code, found.audience, told, whole, found.steps[:3])


def _without_log(found: Finding) -> str:
    """A crash by its kind: what it said last may be a line of its log, which is no matter of a channel."""
    where = found.subject.container or f"{found.subject.kind} {found.subject.name}"
    return bounded(f"{where}: {found.rule.meaning}")


def _cut(ending: Ending) -> Ending:
    by, why = (one_line(text)[:_LONGEST] for text in (ending.by, ending.why))
    return Ending(ending.at, by, why, ending.cost, ending.until)


def cost_of(outline: Outline, price: PreviewPrice, until: datetime) -> Cost | None:
    """What a preview that ended at `until` had cost; None: it has no price of its own, or never began."""
    hour = _cost(price, is_whole=False)
    begun = outline.activated_at or (outline.requested_at if outline.expires_at else None)
    if hour is None or begun is None:
        return None
    seconds = max(0, int((until - parse_time(begun)).total_seconds()))
    return Cost(hour.amount * seconds / 3600, hour.currency)
