"""What a pull request says: what is asked for, by whom, what it costs, when it ends, and what changes, in a minute.

Everything that people wrote stands in code spans or fenced blocks, where Markdown, HTML and mentions mean nothing.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.objects.diff import ABSENT, ObjectChange
from reconcilers.plan import one_line
from reconcilers.ports.forge import LABEL_PREFIX

#: Lines of the difference that are shown. GitHub takes 65,536 characters of a body; the commit has it all anyway.
SHOWN_LINES = 200
_WIDTH = 160
#: Of a title GitHub takes 256 characters; of a body less than it takes, and of a reason what is read in a minute.
_TITLE, _BODY, _WORDS = 200, 60_000, 500
_BACKTICKS = re.compile("`+")


@dataclass(frozen=True, slots=True)
class RequestText:
    """Title, body (Markdown) and labels of a pull request."""

    title: str
    body: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """How a request was asked for: its commit's subject, by whom, and why. `faults`: why it is not merged as it is."""

    title: str
    by: str
    reason: str = ""
    faults: tuple[str, ...] = ()


def request_text(
    asked: Asked, preview: Preview, environment: Environment, changes: Sequence[ObjectChange], *, price: str
) -> RequestText:
    """The text of a request to start or change a preview. `price` is in words."""
    spec, lease = preview.spec, preview.spec.lease
    ends = lease.expires_at or f"{lease.ttl} after the merge"
    lines = [
        *_faults(asked.faults),
        f"**{spec.issue}** in **{environment.name}**, asked for by {code(asked.by[:_WORDS])}"
        + (f", built from branch {code(spec.branch)}." if spec.branch else "."),
        *_why(asked),
        "",
        f"- it ends {ends}, and goes by itself",
        f"- it costs {price}",
        f"- manifests {code(spec.rendered.digest if spec.rendered else 'not rendered')}",
        "",
        "| component | image | pods | CPU | memory |",
        "|---|---|---|---|---|",
    ]
    for name, component in sorted(spec.components.items()):
        image = code(component.image)
        lines.append(f"| {name} | {image} | {component.replicas} | {component.cpu} | {component.memory} |")
    lines += ["", *_difference(changes), "", *_how_to_review(environment)]
    return _text(asked, lines, labels(environment, "start"))


def removal_text(asked: Asked, issue: str, environment: Environment) -> RequestText:
    """The text of a request to remove a preview before its end."""
    lines = [
        *_faults(asked.faults),
        f"Remove **{issue}** from **{environment.name}** before its end, asked for by {code(asked.by[:_WORDS])}.",
        *_why(asked),
        "",
        *_how_to_review(environment),
    ]
    return _text(asked, lines, labels(environment, "stop"))


def unreadable_text(asked: Asked, issue: str, environment: Environment) -> RequestText:
    """The text of a request whose files cannot be read: why is among its faults."""
    lines = [
        *_faults(asked.faults),
        f"Change **{issue}** in **{environment.name}**, asked for by {code(asked.by[:_WORDS])}:"
        " its files cannot be read.",
        *_why(asked),
        "",
        *_how_to_review(environment),
    ]
    return _text(asked, lines, labels(environment, "start"))


def _text(asked: Asked, lines: Sequence[str], labels: tuple[str, ...]) -> RequestText:
    """A text that forges take, whatever was pushed."""
    body = "\n".join(lines) + "\n"
    cut = body if len(body) <= _BODY else f"{body[:_BODY]}…\n"
    return RequestText(one_line(asked.title)[:_TITLE] or "no title", cut, labels)


def told(words: Sequence[str], *, most: int = 20) -> tuple[str, ...]:
    """So many of `words` as people read, none of them longer than a few lines: forges refuse longer comments."""
    shown = [one if len(one) <= _WORDS else f"{one[:_WORDS]}…" for one in words[:most]]
    return (*shown, *([f"and {len(words) - most} more"] if len(words) > most else []))


def labels(environment: Environment, action: str) -> tuple[str, ...]:
    """The hub's labels of a request."""
    return (f"{LABEL_PREFIX}{environment.name}", f"{LABEL_PREFIX}{action}")


def _faults(faults: Sequence[str]) -> list[str]:
    return ["**It is not merged as it is:**", "", *(f"- {code(fault)}" for fault in told(faults)), ""] if faults else []


def _why(asked: Asked) -> list[str]:
    return ["", f"Why: {code(asked.reason[:_WORDS])}"] if asked.reason else []


def code(text: str) -> str:
    """`text` as a Markdown code span on one line, whatever it holds; also safe in a table's cell."""
    shown = one_line(text).replace("|", "¦") or " "
    fence = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(shown)), default=0))
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _difference(changes: Sequence[ObjectChange]) -> Iterator[str]:
    counts = Counter(change.kind for change in changes)
    counted = ", ".join(f"{counts[kind]} {kind}" for kind in ("added", "changed", "removed") if counts[kind])
    yield f"<details><summary>Objects: {counted or 'none changes'}</summary>"
    yield ""
    lines = [line for change in changes for line in _lines(change)]
    left = len(lines) - SHOWN_LINES
    yield from block([*lines[:SHOWN_LINES], *([f"… {left} lines more, in the commit"] if left > 0 else [])])
    yield ""
    yield "</details>"


def block(lines: Sequence[str]) -> list[str]:
    """`lines` as a fenced block that nothing in them can end."""
    longest = max((len(run) for line in lines for run in _BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}diff", *lines, fence]


def _lines(change: ObjectChange) -> Iterator[str]:
    sign = {"added": "+", "removed": "-", "changed": "!"}[change.kind]
    yield f"{sign} {one_line(str(change.identity))[:_WIDTH]}"
    for field in change.fields:
        yield f"    {one_line(field.field)[:_WIDTH]}"
        for mark, value in (("-", field.before), ("+", field.after)):
            if value is not ABSENT:
                yield f"{mark}     {json.dumps(value)[:_WIDTH]}"


def _how_to_review(environment: Environment) -> Iterator[str]:
    policy = environment.spec.approval
    if policy is None:
        return
    people = "a person" if policy.required == 1 else f"{policy.required} people"
    yield (
        f"It is merged by itself once {people} of {code(policy.team)} approved its last commit, nobody's request for"
        " changes stands and all checks passed. Who asked for it, opened it or wrote a commit of it cannot approve."
        f" It is closed when that does not come about within {policy.deadline}."
    )
