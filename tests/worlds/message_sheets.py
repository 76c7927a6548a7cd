"""Every message drawn as Jira, Slack, GitHub and Gitea draw what the hub sends them: pictures for the documents.

What is drawn is the very content that channels send: ADF, Block Kit, Markdown. A picture is an SVG that holds HTML, so
that its text stays text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from html import escape
from typing import Any, Final, cast

from markdown_it import MarkdownIt

from hub.adapters.slack.digests import SlackDigests
from hub.adapters.slack.faults import SlackFaults
from hub.adapters.slack.messages import SlackMessages
from hub.adapters.slack.site import SlackSite
from hub.views.digest.model import DigestMessage
from hub.views.messages.adf import adf_of
from hub.views.messages.buttons import buttons_of
from hub.views.messages.document import document_of
from hub.views.messages.markdown import markdown_of
from hub.views.messages.words import LANGUAGES, Language
from reconcilers.causes.model import Audience
from reconcilers.messages.faults import PlatformFault
from reconcilers.messages.model import Message
from worlds.digests import digest_example
from worlds.messages import NOW, cause, every_message
from worlds.places import ROOT

Tree = dict[str, Any]
PICTURES: Final = ROOT / "docs" / "pictures" / "messages"
#: Pixels that one is wide.
WIDTH: Final = 1240
_DOTS: Final = {"⚪": "neutral", "🔵": "blue", "🟢": "green", "🟡": "yellow", "🔴": "red"}
_MARKS: Final = {"strong": "b", "bold": "b", "strike": "s", "code": "code", "em": "i"}
_STYLE: Final = """
.sheet { padding: 12px; background: #fff; font: 13px/1.45 "Noto Sans", "Noto Sans CJK KR", sans-serif; color: #1d1c1d;
  columns: 2; column-gap: 14px; }
.message { break-inside: avoid; border: 1px solid #d5d9df; border-radius: 6px; padding: 8px 12px; margin: 0 0 12px; }
.reply { border-left: 3px solid #d5d9df; padding-left: 8px; }
p, ul, ol { margin: 4px 0; } ul, ol { padding-left: 22px; } li p { margin: 0; } hr { display: none; }
code { background: #f1f2f4; border-radius: 3px; padding: 0 3px; font: 12px "Noto Sans Mono", monospace; }
a { color: #0b5cad; text-decoration: none; overflow-wrap: anywhere; }
sub, .context { color: #616061; font-size: 12px; vertical-align: baseline; }
.status { border-radius: 3px; padding: 0 5px; font-weight: bold; font-size: 11px; text-transform: uppercase; }
.neutral { background: #dddee1; } .blue { background: #cce0ff; } .green { background: #baf3db; }
.yellow { background: #f8e6a0; } .red { background: #ffd5d2; }
.dot { display: inline-block; width: 11px; height: 11px; border-radius: 6px; border: 1px solid #0003; }
.text { white-space: pre-wrap; } .mention { background: #e8f5fa; color: #0b5cad; }
.button { display: inline-block; border: 1px solid #b0b3b8; border-radius: 4px; padding: 2px 10px; margin: 4px 6px 2px 0;
  font-weight: bold; }
.primary { background: #007a5a; color: #fff; } .danger { background: #e01e5a; color: #fff; }
"""


def sheets() -> Mapping[str, str]:
    """What each picture shows, by its name: XHTML."""
    made: Mapping[str, Callable[[Language], Iterator[str]]] = {
        "jira": _jira,
        "slack": _slack,
        "pull-request": _pull_request,
        "slack-platform-and-digest": _slack_beside,
    }
    return {
        f"{name}-{language}": _sheet(language, draw(language)) for name, draw in made.items() for language in LANGUAGES
    }


def picture(sheet: str, height: int) -> str:
    """A sheet as SVG, so many pixels high."""
    size = f'width="{WIDTH}" height="{height}"'
    box = f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {WIDTH} {height}">'
    return f"{box}\n<foreignObject {size}>\n{sheet}</foreignObject>\n</svg>\n"


def _sheet(language: Language, messages: Iterator[str]) -> str:
    """XHTML."""
    body = "\n".join(f'<div class="message">{one}</div>' for one in messages)
    opening = f'<div xmlns="http://www.w3.org/1999/xhtml" class="sheet" lang="{language}">'
    return f"{opening}\n<style>{_STYLE}</style>\n{body}\n</div>\n"


def _jira(language: Language) -> Iterator[str]:
    return (_adf(adf_of(document_of(one, LANGUAGES[language]))) for one in every_message())


def _adf(node: Tree) -> str:
    inside = "".join(map(_adf, node.get("content", ())))
    match node["type"]:
        case "text":
            marks = [(one["type"], one.get("attrs", {})) for one in node.get("marks", ())]
            return _marked(node["text"], [kind for kind, _ in marks], next((at["href"] for _, at in marks if at), ""))
        case "status":
            return f'<span class="status {escape(node["attrs"]["color"])}">{escape(node["attrs"]["text"])}</span>'
        case "doc":
            return inside
        case kind:
            tag = {"paragraph": "p", "bulletList": "ul", "orderedList": "ol", "listItem": "li"}[kind]
            return f"<{tag}>{inside}</{tag}>"


def _slack(language: Language) -> Iterator[str]:
    site, words = cast(SlackSite, None), LANGUAGES[language]
    channel = SlackMessages(site, words, lambda _: None, lambda: NOW, approvers=("S0LEADS",), buttons=buttons_of)
    for one in every_message():
        drawn = channel.drawn(replace(one, asked_at=NOW)).content
        reply = _blocks(drawn["reply"]) if drawn["reply"] else ""
        yield _blocks(drawn["blocks"]) + (f'<div class="reply">{reply}</div>' if reply else "")


def _slack_beside(language: Language) -> Iterator[str]:
    site, words = cast(SlackSite, None), LANGUAGES[language]
    faults = SlackFaults(site, words, lambda _: None, lambda: NOW)
    digests = SlackDigests(site, words, lambda _: None, lambda: NOW, language=language)
    found = cause(Audience.PLATFORM)
    told: tuple[tuple[SlackMessages, Message], ...] = (
        (digests, DigestMessage("2026-W48", "*", "unseen", at="C0TEAM", found=digest_example())),
        (faults, PlatformFault(found.code, "int", "failed", cause=found, affected=("RTB-123", "SHOP-7"))),
        (faults, PlatformFault(found.code, "int", "removed")),
    )
    return (_blocks(channel.drawn(message).content["blocks"]) for channel, message in told)


def _blocks(blocks: list[Tree]) -> str:
    return "".join(map(_block, blocks))


def _block(block: Tree) -> str:
    inside = block.get("elements", ())
    match block["type"]:
        case "rich_text" | "actions":
            return _blocks(inside)
        case "rich_text_section":
            return f'<div class="text">{_blocks(inside)}</div>'
        case "rich_text_list":
            tag = "ol" if block["style"] == "ordered" else "ul"
            return f"<{tag}>{''.join(f'<li>{_block(one)}</li>' for one in inside)}</{tag}>"
        case "context":
            return f'<p class="context">{"".join(escape(one["text"]) for one in inside)}</p>'
        case "button":
            return f'<span class="button {escape(block.get("style", ""))}">{escape(block["text"]["text"])}</span>'
        case "text" | "link":
            return _marked(block["text"], list(block.get("style", ())), block.get("url", ""))
        case "usergroup":
            return f'<span class="mention">@{escape(block["usergroup_id"])}</span>'
        case kind:
            raise ValueError(f"nothing is known of {kind}")


def _marked(text: str, marks: list[str], href: str = "") -> str:
    told = escape(text)
    for circle, colour in _DOTS.items():
        told = told.replace(circle, f'<span class="dot {colour}"></span>')
    for mark in marks:
        if mark in _MARKS:
            told = f"<{_MARKS[mark]}>{told}</{_MARKS[mark]}>"
    return f'<a href="{escape(href)}">{told}</a>' if href else told


def _pull_request(language: Language) -> Iterator[str]:
    draw = MarkdownIt("commonmark", {"html": True, "xhtmlOut": True}).enable("strikethrough")
    for one in every_message():
        yield draw.render(markdown_of(document_of(one, LANGUAGES[language])))
