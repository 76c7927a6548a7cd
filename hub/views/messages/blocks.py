"""A document as Slack draws it: blocks of rich text, in which nothing is read as a mark-up, and one line of plain text.

https://docs.slack.dev/reference/block-kit/blocks: a message has 50 blocks at most, an element of `actions` 25, a
button's text 75 characters and its value 2000. Elements of rich text name whom they mention; a text mentions nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from hub.views.messages.document import Document, Span, Tone

if TYPE_CHECKING:
    from hub.views.digest.worded import Worded

Block = dict[str, Any]
_CIRCLES: Final[dict[Tone, str]] = {"neutral": "⚪", "blue": "🔵", "green": "🟢", "yellow": "🟡", "red": "🔴"}
_STYLES: Final = {"strong": "bold", "strike": "strike", "code": "code"}
#: Far below what a message may have in all (https://docs.slack.dev/reference/methods/chat.postMessage: 40,000).
_LONGEST_TEXT, _LONGEST_LINE = 2000, 300


def blocks_of(document: Document, mentions: Sequence[Block] = (), buttons: Sequence[Block] = ()) -> list[Block]:
    """The document, with its title since a channel is about many previews, and below it whom it mentions."""
    circle, title = _CIRCLES[document.tone], Span(document.headline, style="strong")
    _, *state = document.head
    parts = [_section([*_texts((Span(f"{circle} "), title)), *_texts(state)])]
    if document.facts:
        items = [_section(_texts((Span(f"{label}: ", style="strong"), *line))) for label, line in document.facts]
        parts.append({"type": "rich_text_list", "style": "bullet", "elements": items})
    if document.steps:
        parts.append(_section(_texts((Span(document.steps_label, style="strong"),))))
        steps = [_section(_texts((Span(step),))) for step in document.steps]
        parts.append({"type": "rich_text_list", "style": "ordered", "elements": steps})
    if mentions:
        parts.append(_section([*mentions]))
    blocks: list[Block] = [{"type": "rich_text", "elements": parts}]
    if buttons:
        blocks.append({"type": "actions", "elements": [*buttons]})
    return [*blocks, {"type": "context", "elements": [_plain(document.foot)]}]


def digest_blocks(told: Worded) -> list[Block]:
    """A digest: its title, what it came to, and each group with its lines."""
    plain: list[Block] = [{"type": "text", "text": "\n" + "\n".join(told.sums)}]
    parts = [_section([*_texts((Span(told.title, style="strong"),)), *plain])]
    for head, lines in told.groups:
        parts.append(_section(_texts((Span(f"\n{head}", style="strong"),))))
        items = [_section(_texts((Span(line),))) for line in lines]
        parts.append({"type": "rich_text_list", "style": "bullet", "elements": items})
    parts += [_section(_texts((Span(line),))) for line in told.amiss]
    return [{"type": "rich_text", "elements": parts}]


def unfurled(documents: Iterable[Document], as_of: str) -> list[Block]:
    """What stands below a link to previews: a line of each, and of when that is."""
    lines = ((Span(f"{_CIRCLES[one.tone]} "), Span(one.title, style="strong")) for one in documents)
    parts = [_section(_texts(line)) for line in lines]
    return [{"type": "rich_text", "elements": parts}, {"type": "context", "elements": [_plain(as_of)]}]


def line_of(document: Document) -> str:
    """What stands in notifications: one line, escaped as such texts are (https://docs.slack.dev/messaging/formatting)."""
    _, *state = document.head
    return escaped(f"{document.headline}{''.join(one.text for one in state)}"[:_LONGEST_LINE])


def reply_of(document: Document, to: Block, labels: Iterable[str]) -> list[Block]:
    """What is told below the message to whom it alerts: its title, and those facts that have one of `labels`."""
    _, *state = document.head
    wanted = {*labels}
    facts = [
        (Span("\n"), Span(f"{label}: ", style="strong"), *line) for label, line in document.facts if label in wanted
    ]
    told = (Span(document.headline, style="strong"), *state, *(one for fact in facts for one in fact))
    texts = _texts((Span(": "), *told))
    return [{"type": "rich_text", "elements": [_section([to, *texts])]}]


def escaped(text: str) -> str:
    """A text where mark-up is read, so that it links to nothing and mentions nobody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mention(identity: str) -> Block:
    """A mention of a person (`U…`, `W…`) or a group of them (`S…`)."""
    if identity.startswith("S"):
        return {"type": "usergroup", "usergroup_id": identity}
    return {"type": "user", "user_id": identity}


def named(name: str) -> Block:
    """Somebody whose account in Slack nobody knows."""
    return {"type": "text", "text": name[:_LONGEST_TEXT] or "-", "style": {"bold": True}}


def link_button(action: str, text: str, url: str) -> Block:
    """A button that opens a page."""
    return {"type": "button", "action_id": action, "text": _plain(text), "url": url}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text[:_LONGEST_TEXT], "emoji": False}


def _section(elements: list[Block]) -> Block:
    return {"type": "rich_text_section", "elements": elements}


def _texts(line: Iterable[Span]) -> list[Block]:
    return [_text(span) for span in line if span.text]


def _text(span: Span) -> Block:
    style = {"style": {_STYLES[span.style]: True}} if span.style else {}
    text = span.text[:_LONGEST_TEXT]
    if span.href:
        return {"type": "link", "url": span.href, "text": text, **style}
    return {"type": "text", "text": text, **style}
