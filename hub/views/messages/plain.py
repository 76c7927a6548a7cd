"""A document as lines of text: for a terminal, a log and the documentation."""

from __future__ import annotations

from collections.abc import Iterator

from hub.views.messages.document import Document, Line


def plain_of(document: Document) -> str:
    """The document, a line for each thing it says. Texts are as they are: who prints them makes them printable."""
    return "\n".join(_lines(document))


def _lines(document: Document) -> Iterator[str]:
    yield f"[{document.badge}] {_text(document.head)}"
    for label, line in document.facts:
        yield f"- {label}: {_text(line)}"
    if document.steps:
        yield document.steps_label
    for number, step in enumerate(document.steps, 1):
        yield f"{number}. {step}"
    yield document.foot


def _text(line: Line) -> str:
    return "".join(_piece(span.text, span.href, span.style) for span in line)


def _piece(text: str, href: str, style: str) -> str:
    if style == "strike":
        return f"~{text}~"
    return f"{text} ({href})" if href and href != text else text
