"""A document as Jira Data Center draws it: wiki mark-up.

https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all. What could be read as a mark-up, a link, a
picture, a mention or an emoticon stands as a character reference, which the renderer keeps as it is: a backslash
escapes some characters only, and two of them end a line.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from hub.views.messages.document import Document, Line, Span, Tone

#: Text colours, as the colours of a status that `adf` names.
COLOURS: Final[dict[Tone, str]] = {
    "neutral": "#42526e", "blue": "#0747a6", "green": "#006644", "yellow": "#974f0c", "red": "#bf2600",
}  # fmt: skip
#: Read as mark-up wherever they stand.
_ALWAYS: Final = r"\\{}\[\]|!#@()&<>\"'`^~"
#: Read as mark-up where a word begins or ends: `5-6` is none.
_BETWEEN_WORDS: Final = r"*_+?\-"
_SPECIAL = re.compile(
    rf"[{_ALWAYS}]"
    rf"|(?<![A-Za-z0-9])[{_BETWEEN_WORDS}]|[{_BETWEEN_WORDS}](?![A-Za-z0-9])"
    r"|:(?![ 0-9])"  # of an address, of an emoticon
    r"|;(?=[-)])"
)
_HYPHENS = re.compile(r"-")
#: Of an address: what ends it in a link is written in percent.
_SAFE: Final = "/:?=&%.,;@+-_~$'"


def wiki_of(document: Document) -> str:
    """The document as mark-up, a line for each thing it says."""
    colour = COLOURS[document.tone]
    lines = [f"{{color:{colour}}}*{_escaped(f'[{document.badge}]')}*{{color}} {_line(document.head)}"]
    lines += [f"* *{_escaped(label)}:* {_line(line)}" for label, line in document.facts]
    if document.steps:
        lines += ["", f"*{_escaped(document.steps_label)}*", *(f"# {_escaped(step)}" for step in document.steps)]
    return "\n".join([*lines, "", f"_{_escaped(document.foot)}_"])


def _line(line: Line) -> str:
    return "".join(_span(span) for span in line)


def _span(span: Span) -> str:
    text = _escaped(span.text)
    if not text.strip():
        return text
    match span.style:
        case "strong":
            text = f"*{text}*"
        case "strike":
            text = f"-{_HYPHENS.sub('&#45;', text)}-"
        case "code":
            text = f"{{{{{text}}}}}"
    return f"[{text}|{quote(span.href, safe=_SAFE)}]" if span.href else text


def _escaped(text: str) -> str:
    """Text that is drawn as it is, on one line."""
    one_line = "".join(character if character.isprintable() else " " for character in text)
    return _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", one_line)
