"""Why a preview is where it is, for machines and for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from generator.errors import ToDo
from generator.values.formats import format_time
from hub.output.remedies import words
from reconcilers.causes.model import Audience, Evidence, Finding
from reconcilers.causes.texts import one_line, without_accounts
from reconcilers.health.phase import Phase

FOR_WHOM = {
    Audience.DEVELOPER: "the developer",
    Audience.PLATFORM: "the platform team",
    Audience.NOBODY: "nobody: it passes by itself",
}


def why_data(phase: Phase, unread: Mapping[str, str]) -> dict[str, Any]:
    """A phase and its causes for machines. `code` is null where nothing is wrong, or nothing is known."""
    found = phase.finding
    return {
        "phase": phase.name,
        "code": found.code if found else None,
        "audience": str(found.audience if found else Audience.NOBODY),
        "final": bool(found and found.is_final),
        "text": phase.cause,
        "steps": steps_of(phase),
        "evidence": [_evidence(one, found) for one in found.evidence] if found else [],
        "others": [_other(one) for one in phase.others],
        "unread": [{"resource": one_line(kind), "why": one_line(why)} for kind, why in sorted(unread.items())],
    }


def steps_of(phase: Phase) -> list[str]:
    """What to do, in words, the first first."""
    steps: tuple[ToDo, ...] = phase.finding.steps if phase.finding else (phase.remedy,) if phase.remedy else ()
    return list(dict.fromkeys(words(step) for step in steps))


def _other(found: Finding) -> dict[str, Any]:
    return {
        "code": found.code,
        "audience": str(found.audience),
        "final": found.is_final,
        "text": found.text,
        "steps": [words(step) for step in found.steps],
        "evidence": [_evidence(one, found) for one in found.evidence],
    }


def evidence_text(one: Evidence, found: Finding) -> str:
    """A message on one line; account numbers and ARNs are for the platform only."""
    told = one_line(one.message)
    return without_accounts(told) if found.audience is Audience.DEVELOPER else told


def _evidence(one: Evidence, found: Finding) -> dict[str, Any]:
    return {
        "source": one.source,
        "kind": one_line(one.subject.kind),
        "name": one_line(one.subject.name),
        **({"container": one_line(one.subject.container)} if one.subject.container else {}),
        "reason": one_line(one.reason),
        "message": evidence_text(one, found),
        "time": told_time(one.at),
    }


def told_time(at: datetime | None) -> str | None:
    """A time for people and machines, to the second."""
    return format_time(at.replace(microsecond=0)) if at else None
