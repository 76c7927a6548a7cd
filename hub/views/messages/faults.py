"""What the platform's own channel is told of a fault: with account numbers, and which previews have it."""

from __future__ import annotations

from hub.output.remedies import words
from hub.views.messages.document import TONES, Document, Line, Span
from hub.views.messages.words import Words
from reconcilers.causes.texts import one_line
from reconcilers.messages.faults import PlatformFault
from reconcilers.messages.model import GONE

#: Previews that are named, and characters of a step.
_MOST, _LONGEST_STEP = 20, 400


def fault_document(fault: PlatformFault, say: Words) -> Document:
    """The fault in a language. What clusters and remedies say stays in English."""
    is_over, cause = fault.phase in GONE, fault.cause
    steps = tuple(one_line(words(step))[:_LONGEST_STEP] for step in (cause.steps if cause else ()) if step)
    facts: list[tuple[str, Line]] = []
    if cause is not None:
        example = f"rtb-hub why {fault.affected[0]} --env {fault.environment}"
        facts = [
            (say.cause, (Span(cause.for_platform),)),
            (say.affected, (Span(_named(fault.affected, say)),)),
            (say.look, (Span(example, style="code"),)),
        ]
    title = say.fault_title.format(environment=fault.environment, code=fault.issue)
    return Document(
        title=title,
        headline=title,
        badge=say.phases["failed"] if not is_over else say.fault_over_badge,
        tone=TONES[fault.phase],
        head=(Span(fault.issue, style="strong"), Span(" "), Span(say.fault_over if is_over else say.fault_state)),
        facts=tuple(facts),
        steps_label=say.steps if steps else "",
        steps=steps,
        foot=say.foot,
    )


def _named(issues: tuple[str, ...], say: Words) -> str:
    told = ", ".join(issues[:_MOST])
    return told if len(issues) <= _MOST else say.affected_more.format(some=told, count=len(issues) - _MOST)
