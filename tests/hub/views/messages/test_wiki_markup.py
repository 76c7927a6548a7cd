"""Wiki mark-up: what the hub draws is drawn, and no text of others is read as a mark-up."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.views.messages.document import Document, Span, document_of
from hub.views.messages.wiki import wiki_of
from hub.views.messages.words import ENGLISH, LANGUAGES, Words
from worlds.hostile import CORPUS
from worlds.messages import every_message, message

#: What the renderer of Jira reads: macros, links, pictures, phrases at the edges of words, addresses, emoticons, line
#: breaks, lists, tables, dashes.
MARKUP = re.compile(
    r"[{}\[\]|!#@\\^~`]|(?<![A-Za-z0-9])[*_+?-]|[*_+?-](?![A-Za-z0-9])|https?://|mailto:|[:;][-)(PD]|\([a-z!/?+*-]\)|\n"
)
REFERENCE = re.compile(r"&#[0-9]+;")


def drawn(text: str) -> str:
    """How a text of others is drawn, within a document that has nothing else."""
    lines = wiki_of(Document("", "x", "blue", (Span(text),))).split("\n")
    return lines[0].removeprefix("{color:#0747a6}*&#91;x&#93;*{color} ")


@given(st.text(max_size=60))
def test_no_text_is_read_as_markup_and_each_is_shown_as_it_is(text: str) -> None:
    found = drawn(text)
    assert MARKUP.search(REFERENCE.sub("a", found)) is None
    assert html.unescape(found) == "".join(one if one.isprintable() else " " for one in text)


@pytest.mark.parametrize("text", CORPUS)
def test_hostile_texts_stay_texts(text: str) -> None:
    assert MARKUP.search(REFERENCE.sub("a", drawn(text))) is None


@pytest.mark.parametrize(
    "text",
    ["{code}", "[a|http://evil.example]", "[~admin]", "!http://evil.example/x.png!", "*b*", "h1. x", "||a||b||", "a\\\\b",
     "{color:red}", "&#123;code&#125;", "@channel", "-x-", "http://evil.example", "mailto:a@example.com", ":)", "(!)", "----"],
)  # fmt: skip
def test_each_kind_of_markup_is_text(text: str) -> None:
    found = drawn(f"a {text} b")
    assert MARKUP.search(REFERENCE.sub("a", found)) is None
    assert html.unescape(found) == f"a {text} b"


@pytest.mark.parametrize("say", LANGUAGES.values(), ids=LANGUAGES)
def test_every_message_is_drawn_whole(say: Words) -> None:
    for one in every_message():
        document = document_of(one, say)
        lines = wiki_of(document).split("\n")
        assert html.unescape(lines[0]).startswith("{color:#")
        assert len(lines) == 1 + len(document.facts) + (2 + len(document.steps) if document.steps else 0) + 2
        assert len("\n".join(lines)) < 32_767
        assert [line for line in lines[1 : 1 + len(document.facts)] if not line.startswith("* *")] == []


def test_a_link_leads_where_it_should_and_one_that_is_down_is_struck_out() -> None:
    up, down = (wiki_of(document_of(message(phase), ENGLISH)) for phase in ("running", "failed"))  # type: ignore[arg-type]
    assert "|https://rtb-123.int.example.com/]" in up
    assert "|https://" not in down
    assert re.search(r"\* \*URL:\* -https&#58;&#47;|\* \*URL:\* -https&#58;//rtb&#45;123", down)
    odd = replace(message("awaiting approval"), review="https://example.com/a|b]c{d}")
    assert "|https://example.com/a%7Cb%5Dc%7Bd%7D]" in wiki_of(document_of(odd, ENGLISH))
