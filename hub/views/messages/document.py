"""What a message says, in one language and for no channel yet: texts as they are, escaped by who draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from generator.cost.pricing import money
from hub.output.remedies import words
from hub.views.messages.words import Words
from reconcilers.causes.model import Audience
from reconcilers.causes.texts import one_line, without_accounts
from reconcilers.messages.model import GONE, Cost, Message, MessagePhase

Tone = Literal["neutral", "blue", "green", "yellow", "red"]
TONES: Final[dict[MessagePhase, Tone]] = {
    "queued": "neutral",
    "awaiting approval": "blue",
    "starting": "blue",
    "unseen": "blue",
    "running": "green",
    "expiring soon": "yellow",
    "sleeping": "neutral",
    "failed": "red",
    "stuck": "red",
    "stopping": "neutral",
    "removed": "neutral",
    "withdrawn": "neutral",
    "unknown": "neutral",
}
_LONGEST_STEP = 400


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line. `href`: it leads there; `style`: how it is drawn. `is_foreign`: not our own words."""

    text: str
    href: str = ""
    style: Literal["", "strong", "strike", "code"] = ""
    is_foreign: bool = False


Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A message. `badge`: its phase in a word, of a `tone`; `facts`: a label with what is told; `steps`: what to do.

    `title` is for what shows one line of plain text, such as a link; `headline` begins the sentence that `head` ends.
    """

    title: str
    badge: str
    tone: Tone
    head: Line
    facts: tuple[tuple[str, Line], ...] = ()
    steps_label: str = ""
    steps: tuple[str, ...] = ()
    foot: str = ""
    headline: str = ""


def document_of(message: Message, say: Words) -> Document:
    """The message in a language. What clusters and remedies say stays in English."""
    badge = say.phases[message.phase]
    state = Span(say.states[message.phase])
    steps = message.cause.steps if message.cause is not None else ()
    told = tuple(dict.fromkeys(without_accounts(one_line(words(step)))[:_LONGEST_STEP] for step in steps if step))
    return Document(
        title=say.title.format(issue=message.issue, environment=message.environment, phase=badge),
        badge=badge,
        tone=TONES[message.phase],
        head=(Span(say.head.format(environment=message.environment), style="strong"), Span(" "), state),
        headline=say.headline.format(issue=message.issue, environment=message.environment),
        facts=tuple((label, line) for label, line in _facts(message, say) if line),
        steps_label=say.steps if told else "",
        steps=told,
        foot=say.foot,
    )


def _facts(message: Message, say: Words) -> list[tuple[str, Line]]:
    return [
        (say.url, _url(message)),
        (say.review, _review(message, say)),
        (say.cause, _foreign(message.cause.text if message.cause else "")),
        (say.acts, _text(_acts(message, say))),
        (say.why, _text(say.no_request.format(at=say.moment(message.idle_since)) if message.idle_since else "")),
        (say.last, _text(_last(message, say))),
        (say.ends, _text(say.moment(message.ends) if message.ends else "")),
        (say.price, _text(_price(message, say))),
        (say.asked_by, _foreign(message.requested_by)),
        *_ending(message, say),
        (say.look, _command(message)),
    ]


def _text(text: str) -> Line:
    return (Span(text),) if text else ()


def _foreign(text: str) -> Line:
    return (Span(text, is_foreign=True),) if text else ()


def _url(message: Message) -> Line:
    """Where it is: a link while it answers, struck out while it does not."""
    if not message.url or message.phase in {"queued", "awaiting approval", "stopping", *GONE}:
        return ()
    if message.is_up:
        return (Span(message.url, message.url),)
    return (Span(message.url, style="strike" if message.phase in ("failed", "stuck") else ""),)


def _review(message: Message, say: Words) -> Line:
    if not message.review:
        return _text(say.review_unknown if message.phase == "awaiting approval" else "")
    told = say.review_removal if message.is_removal else say.review_start
    return (Span(told, message.review),) if message.review.startswith(("https://", "http://")) else _text(told)


def _acts(message: Message, say: Words) -> str:
    if message.cause is not None:
        return say.audiences[message.cause.audience]
    return say.audiences_of_phases.get(message.phase, "")


def _last(message: Message, say: Words) -> str:
    if message.last is None:
        return ""
    return say.last_line.format(phase=say.phases[message.last.phase], at=say.moment(message.last.at))


def _price(message: Message, say: Words) -> str:
    if message.per_hour is None or message.whole is None:
        return ""
    return say.price_line.format(hour=_money(message.per_hour), whole=_money(message.whole))


def _money(cost: Cost) -> str:
    return money(cost.amount, cost.currency)


def _ending(message: Message, say: Words) -> list[tuple[str, Line]]:
    ending = message.ending
    if ending is None:
        return []
    return [
        (say.ended, _text(say.moment(ending.at))),
        (say.ended_by, _foreign(ending.by)),
        (say.why, _foreign(ending.why)),
        (say.cost, _text(_money(ending.cost) if ending.cost else "")),
        (say.revive, _revive(message, say)),
    ]


def _revive(message: Message, say: Words) -> Line:
    ending = message.ending
    if ending is None or ending.until is None:
        return ()
    command = f"rtb-hub revive {message.issue} --env {message.environment}"
    return (Span(say.until.format(until=say.moment(ending.until))), Span(" "), Span(command, style="code"))


def _command(message: Message) -> Line:
    """How to see more of what is wrong, for whose job it is to act."""
    if message.cause is None or message.cause.audience is Audience.NOBODY:
        return ()
    return (Span(f"rtb-hub why {message.issue} --env {message.environment}", style="code"),)
