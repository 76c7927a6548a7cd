"""What people are told in the language that they ask for: English, or Korean where the catalogue has it.

The catalogue (`korean.json`) has causes and reasons by their codes, and sentences by their English, in which `{}` and
`{name}` stand for what is filled in. What it does not have, such as what a cluster or a file says, stays as it is.
Codes, names, times and what is allowed are for machines too, and are never worded anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, Literal

from generator.errors import Reason, RemedyKind, ToDo
from hub.output import remedies
from hub.views.why import evidence_text
from reconcilers.causes.model import Finding
from reconcilers.causes.texts import one_line, shortened
from reconcilers.health.phase import Phase

Language = Literal["en", "ko"]
_SPOKEN: Final[ContextVar[Language]] = ContextVar("rtb_hub_language", default="en")
_MARK: Final = re.compile(r"\{(\w*)\}")
#: Longer headers are nobody's, and longer texts no sentence of ours.
_RANGES, _LONGEST = 20, 400


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """While it lasts, what is worded in this context is in `language`."""
    token = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def spoken() -> Language:
    """The language of this context."""
    return _SPOKEN.get()


def preferred(header: str) -> Language:
    """The language that an Accept-Language header prefers of those there are (RFC 9110, 12.5.4); else English."""
    best: tuple[float, Language] = (0.0, "en")
    for part in header.split(",")[:_RANGES]:
        tag, _, parameters = part.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        found = re.fullmatch(r"\s*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*", parameters) if parameters else None
        weight = 1.0 if not parameters else float(found[1]) if found else 0.0
        if primary in ("en", "ko") and weight > best[0]:
            best = weight, "ko" if primary == "ko" else "en"
    return best[1]


@dataclass(frozen=True)
class Catalogue:
    """One language: reasons (title, meaning), causes, remedies and phases by their codes; sentences by English."""

    reasons: Mapping[str, tuple[str, str]]
    remedies: Mapping[RemedyKind, str]
    causes: Mapping[str, str]
    phases: Mapping[str, str]
    sentences: Mapping[str, str]

    def sentence(self, text: str) -> str | None:
        """A sentence in this language; None: it is none that is known."""
        if text in self.sentences:
            return self.sentences[text]
        if len(text) > _LONGEST:
            return None
        for pattern, told in self.patterns:
            if found := pattern.fullmatch(text):
                return told.format(*found.groups(), **found.groupdict())
        return None

    @cached_property
    def patterns(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """Those with places in them; the ones that say most before the others."""
        found = [(text, told) for text, told in self.sentences.items() if _MARK.search(text)]
        found.sort(key=lambda pair: len(_MARK.sub("", pair[0])), reverse=True)
        return tuple((re.compile(_pattern(text), re.DOTALL), told) for text, told in found)


@cache
def korean() -> Catalogue:
    """The Korean one."""
    data = json.loads(Path(__file__).with_name("korean.json").read_text(encoding="utf-8"))
    return Catalogue(
        {name: (title, means) for name, (title, means) in data["reasons"].items()},
        {**remedies.WORDS, **{RemedyKind(name): told for name, told in data["remedies"].items()}},
        data["causes"],
        data["phases"],
        {**data["steps"], **data["said"], **data["pages"]},
    )


def _pattern(text: str) -> str:
    names: set[str] = set()

    def place(mark: re.Match[str]) -> str:
        name = mark[1]
        if name in names:
            return f"(?P={name})"
        names.add(name) if name else None
        return f"(?P<{name}>.*?)" if name else "(.*?)"

    parts, at = [], 0
    for mark in _MARK.finditer(text):
        parts += [re.escape(text[at : mark.start()]), place(mark)]
        at = mark.end()
    return "".join([*parts, re.escape(text[at:])])


def say(text: str, **names: str) -> str:
    """A sentence of ours with its names filled in."""
    told = korean().sentences.get(text, text) if spoken() == "ko" else text
    return told.format(**names) if names else told


def sentence(text: str) -> str:
    """A sentence as it was made in English, in the language of this context where that is known."""
    return (korean().sentence(text) or text) if spoken() == "ko" else text


def remedy(todo: ToDo) -> str:
    """What to do, in words."""
    if spoken() == "en":
        return remedies.words(todo)
    return sentence(todo) if isinstance(todo, str) else remedies.words(todo, korean().remedies, sentence(remedies.WAIT))


def title(reason: Reason) -> str:
    """The title of a problem: in English its code, which is what it always was."""
    told = korean().reasons.get(reason.value) if spoken() == "ko" else None
    return told[0] if told else reason.value


def detail(reason: Reason, messages: tuple[str, ...]) -> str:
    """What a problem says: its messages, or what its reason means where one of them is not known."""
    means = korean().reasons.get(reason.value) if spoken() == "ko" else None
    if means is None:
        return "; ".join(messages)
    told = [korean().sentence(one) for one in messages]
    known = [one for one in told if one is not None]
    return "; ".join(known) if known and len(known) == len(told) else means[1]


def phase_told(phase: Phase, data: dict[str, Any]) -> dict[str, Any]:
    """`why_data` of a phase with its text and steps in the language of this context."""
    if spoken() == "en":
        return data
    state = korean().phases.get(phase.name, phase.name)
    return {
        **data,
        "text": f"{state} {_cause(phase.finding)}" if phase.finding else _said(phase.cause, state),
        "steps": list(dict.fromkeys(remedy(step) for step in _steps(phase))),
        "others": [
            {**told, "text": _cause(one), "steps": [remedy(step) for step in one.steps]}
            for told, one in zip(data["others"], phase.others, strict=True)
        ],
    }


def _said(cause: str, state: str) -> str:
    """A cause that no rule found: what is said of it where that is a sentence of ours, else how the preview stands."""
    return (korean().sentence(cause) or state) if cause else ""


def _steps(phase: Phase) -> tuple[ToDo, ...]:
    return phase.finding.steps if phase.finding else (phase.remedy,) if phase.remedy else ()


def _cause(found: Finding) -> str:
    """What a cause means, what it is about, and what was said of it, as it was said."""
    one = found.subject
    about = one_line(f"{one.kind}/{one.name} {one.container}").strip()
    head = f"{korean().causes.get(found.code, found.rule.meaning)} ({about})"
    told = next((evidence_text(each, found) for each in found.evidence if each.message), "")
    return shortened(f"{head}: {told}" if told else head, len(head) + 2, None)
