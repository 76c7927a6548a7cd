"""A document as GitHub draws it in comments and check runs: its Markdown, in which hostile text is only text.

https://github.github.com/gfm/ (specification). Beyond it GitHub makes links and alerts of @names, #numbers, addresses
and commits wherever they stand, escaped or not, but not in code: so what clusters and people wrote is code, in a span
that it cannot end. Gitea draws the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hub.views.messages.document import Document, Line, Span

#: What has a meaning within a line (GFM, 6).
_MARKS: Final = re.compile(r"[\\`*_\[\]<>&#~|!@^]")
_TICKS: Final = re.compile(r"`+")
#: Between a letter and what would make a link of it: no width, and no place to break the line (Unicode, U+2060).
_JOINER: Final = "\N{WORD JOINER}"
_LINKING: Final = re.compile(r"[@#]|://|\bwww\.|\bGH-", re.IGNORECASE)


def markdown_of(document: Document) -> str:
    """The document as Markdown, without a line end at its end."""
    return "\n".join(_lines(document))


def _lines(document: Document) -> Iterator[str]:
    yield f"**{escaped(document.badge)}** · {line_of(document.head)}"
    yield ""
    for label, line in document.facts:
        yield f"- **{escaped(label)}:** {line_of(line)}"
    if document.steps:
        yield ""
        yield f"**{escaped(document.steps_label)}**"
        yield ""
    for number, step in enumerate(document.steps, 1):
        yield f"{number}. {code(step)}"
    yield ""
    yield f"<sub>{escaped(document.foot)}</sub>"


def line_of(line: Line) -> str:
    """One line."""
    return "".join(_piece(span) for span in line)


def _piece(span: Span) -> str:
    text = code(span.text) if span.is_foreign or span.style in ("code", "strike") else escaped(span.text)
    match span.style:
        case "strong":
            text = f"**{text}**"
        case "strike":
            text = f"~~{text}~~"
    if not span.href:
        return text
    address = _address(span.href)
    return f"<{address}>" if address == span.text else f"[{text}](<{address}>)"


def escaped(text: str) -> str:
    """Our own words as they are: nothing in them is a mark-up, makes a link or begins a formula.

    How a dollar sign stands for itself: GitHub Docs, "Writing mathematical expressions".
    """
    kept = _LINKING.sub(lambda found: found[0] + _JOINER, text)
    return _MARKS.sub(lambda found: f"\\{found[0]}", kept).replace("$", "<span>$</span>")


def code(text: str) -> str:
    """Text of others, as a span of code that ends where it ends (GFM, 6.3): in it nothing has a meaning."""
    text = " ".join(text.split())
    if not text:
        return ""
    fence = "`" * (1 + max((len(run) for run in _TICKS.findall(text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _address(href: str) -> str:
    """An address that cannot end its brackets; others than of the web lead nowhere."""
    if not href.startswith(("https://", "http://")):
        return "#"
    return re.sub(r"[<>\\\s`]", lambda found: f"%{ord(found[0]):02X}" if ord(found[0]) < 128 else "", href)
