"""A document as Jira Cloud draws it: the Atlassian Document Format, version 1.

https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/. A text node is never empty, and is text
whatever it holds: nothing in it is read as a mark-up. Colours of a status are those of the schema.
"""

from __future__ import annotations

from typing import Any, Final

from hub.views.messages.document import Document, Line, Span

Node = dict[str, Any]
_MARKS: Final = {"strong": "strong", "strike": "strike", "code": "code"}


def adf_of(document: Document) -> Node:
    """The document as a JSON tree."""
    status = {"type": "status", "attrs": {"text": document.badge, "color": document.tone, "style": "bold"}}
    content = [_paragraph(status, *_texts((Span(" "), *document.head)))]
    if document.facts:
        items = (_paragraph(*_texts((Span(f"{label}: ", style="strong"), *line))) for label, line in document.facts)
        content.append({"type": "bulletList", "content": [_item(one) for one in items]})
    if document.steps:
        content.append(_paragraph(*_texts((Span(document.steps_label, style="strong"),))))
        steps = (_item(_paragraph(*_texts((Span(step),)))) for step in document.steps)
        content.append({"type": "orderedList", "attrs": {"order": 1}, "content": [*steps]})
    content.append(_paragraph({"type": "text", "text": document.foot, "marks": [{"type": "em"}]}))
    return {"type": "doc", "version": 1, "content": content}


def _paragraph(*inline: Node) -> Node:
    return {"type": "paragraph", "content": [*inline]}


def _item(node: Node) -> Node:
    return {"type": "listItem", "content": [node]}


def _texts(line: Line) -> list[Node]:
    return [_text(span) for span in line if span.text]


def _text(span: Span) -> Node:
    marks: list[Node] = [{"type": _MARKS[span.style]}] if span.style else []
    if span.href:
        marks.append({"type": "link", "attrs": {"href": span.href}})
    return {"type": "text", "text": span.text, **({"marks": marks} if marks else {})}
