"""Each message in each language and as each channel draws it: whole, of the right schema, and hostile texts harmless."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from hub.views.messages.adf import adf_of
from hub.views.messages.brief import brief_of
from hub.views.messages.document import Document, document_of
from hub.views.messages.markdown import markdown_of
from hub.views.messages.plain import plain_of
from hub.views.messages.words import ENGLISH, KOREAN, LANGUAGES, Words
from reconcilers.causes.model import Audience
from reconcilers.messages.model import AMISS, PHASES, Ending, Message
from worlds.messages import NOW, cause, every_message, message
from worlds.places import ROOT

ADF = json.loads((ROOT / "tests" / "worlds" / "jira_server" / "adf.json").read_text(encoding="utf-8"))
VALID = jsonschema_rs.validator_for(ADF)
HANGUL = re.compile(r"[가-힣]")
EVERY = [(one, say) for one in every_message() for say in LANGUAGES.values()]
HOSTILE = "@channel <!channel> *b* [x](javascript:alert(1)) <script> \\ {code} | ]] \n# h\u202e\x00 h1. [~bob] &lt;"


def texts_of(tree: Any) -> Iterator[dict[str, Any]]:
    """All text nodes of a document."""
    if isinstance(tree, dict):
        if tree.get("type") == "text":
            yield tree
        for value in tree.values():
            yield from texts_of(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from texts_of(value)


def names(case: tuple[Message, Words] | Message | Words) -> str:
    if isinstance(case, Message):
        return f"{case.phase} {case.cause.audience if case.cause else ''}"
    return "en" if case is ENGLISH else "ko"


@pytest.mark.parametrize(("told", "say"), EVERY, ids=names)
def test_every_message_is_whole_in_every_language_and_channel(told: Message, say: Words) -> None:
    document = document_of(told, say)
    tree = adf_of(document)
    assert [error.message for error in VALID.iter_errors(tree)] == []
    plain = plain_of(document)
    for part in (document.title, plain, "".join(one["text"] for one in texts_of(tree))):
        assert "{" not in part, "nothing is left to be filled in"
        assert "int" in part
    assert say.phases[told.phase] in document.title
    assert say.phases[told.phase] in plain
    assert bool(HANGUL.search(document.title)) is (say is KOREAN)
    if told.cause is not None:
        assert say.audiences[told.cause.audience] in plain
        assert told.cause.text in plain
        assert ("rtb-hub why RTB-123 --env int" in plain) is (told.cause.audience is not Audience.NOBODY)


def test_a_language_has_words_for_every_phase_and_audience() -> None:
    for say in LANGUAGES.values():
        assert set(say.phases) == set(say.states) == set(PHASES)
        assert set(say.audiences) == set(Audience)
        assert len(set(say.phases.values())) == len(PHASES), "each phase reads otherwise"
        for one in fields(Words):
            value = getattr(say, one.name)
            assert all(value.values()) if isinstance(value, dict) else value, one.name
    assert {*re.findall(r"\{\w+\}", str(ENGLISH))} == {*re.findall(r"\{\w+\}", str(KOREAN))}


def test_what_answers_is_a_link_and_what_does_not_is_none() -> None:
    up = [one for one in every_message() if one.is_up]
    assert {one.phase for one in up} == {"running", "expiring soon", "unseen"}
    for one in every_message():
        links = [mark for node in texts_of(adf_of(document_of(one, ENGLISH))) for mark in node.get("marks", ())]
        found = {mark["attrs"]["href"] for mark in links if mark["type"] == "link"}
        assert (one.url in found) is one.is_up, one.phase
        assert any(mark["type"] == "strike" for mark in links) is (one.phase in AMISS)


def test_one_that_sleeps_once_idle_says_since_when_nobody_asked_for_it() -> None:
    told = replace(message("sleeping"), idle_since=NOW)
    for say, words in (
        (ENGLISH, "Why: no request came since 2026-11-23 02:00 UTC"),
        (KOREAN, "2026-11-23 02:00 UTC부터 요청이 없었습니다"),
    ):
        assert words in plain_of(document_of(told, say))
        assert words not in plain_of(document_of(message("sleeping"), say))


def test_a_removed_preview_says_when_why_by_whom_what_it_cost_and_how_it_comes_back() -> None:
    told = plain_of(document_of(message("removed"), ENGLISH))
    for part in ("2026-11-23 02:00 UTC", "alice", "the issue is done", "$0.21", "until 2026-11-30 02:00 UTC",
                 "rtb-hub revive RTB-123 --env int"):  # fmt: skip
        assert part in told
    assert "Ends" not in told


def hostile(text: str) -> Message:
    """A message all of whose texts that others choose are `text`."""
    found = cause(Audience.DEVELOPER)
    ending = Ending(NOW, text, text)
    return replace(
        message("failed"), requested_by=text, ending=ending, cause=replace(found, text=text, steps=(text,), code=text)
    )


def rendered(text: str) -> list[Token]:
    """The inline parts of a text in GitHub's Markdown, those in others included."""
    parsed = MarkdownIt("commonmark", {"html": True}).enable(["strikethrough", "table"]).parse(text)
    found: list[Token] = []
    left = list(parsed)
    while left:
        one = left.pop(0)
        found.append(one)
        left += one.children or []
    return found


@pytest.mark.parametrize(("told", "say"), EVERY, ids=names)
def test_markdown_says_what_plain_text_does(told: Message, say: Words) -> None:
    document = document_of(told, say)
    tokens = rendered(markdown_of(document))
    shown = "".join(one.content for one in tokens if one.type in ("text", "code_inline")).replace("\u2060", "")
    for label, line in document.facts:
        assert label in shown
        assert all(span.text in shown for span in line)
    assert document.head[-1].text in shown
    assert all(step in shown for step in document.steps)
    links = [one.attrs["href"] for one in tokens if one.type == "link_open"]
    assert links == [span.href for _, line in document.facts for span in line if span.href]


LINKING = re.compile(r"@\w|#\w|://|www\.|gh-", re.IGNORECASE)
HOSTILE_ON_GITHUB = "`` @team #12 owner/repo#3 GH-4 <!-- x --> </sub><img src=x onerror=y> [a](http://b) ![c](d) $e$ www.f.g ~~h~~ :+1: a@b.cc ` |"


@given(
    st.text(max_size=60)
    | st.just(HOSTILE)
    | st.just(HOSTILE_ON_GITHUB)
    | st.text(st.sampled_from("`@#<>[]()\\ \n~*_a1"), max_size=40)
)
def test_hostile_texts_alert_nobody_and_link_nowhere_on_github(text: str) -> None:
    """GitHub makes links and alerts within text wherever it stands, and not within code (`markdown`)."""
    told = hostile(text)
    for say in LANGUAGES.values():
        tokens = rendered(markdown_of(document_of(told, say)))
        assert [one.type for one in tokens if one.type in ("link_open", "image", "html_block", "fence")] == []
        html = [one.content for one in tokens if one.type == "html_inline"]
        assert {*html} <= {"<sub>", "</sub>", "<span>", "</span>"}
        assert [one.content for one in tokens if one.type == "text" and LINKING.search(one.content)] == []
        lists = [one.type for one in tokens if one.type.endswith("list_open")]
        assert len(lists) <= 2
        brief = brief_of(told, say)
        assert len(brief) <= 140
        assert "\n" not in brief


@given(st.text(max_size=60) | st.just(HOSTILE))
def test_hostile_texts_are_nothing_but_text(text: str) -> None:
    for say in LANGUAGES.values():
        document: Document = document_of(hostile(text), say)
        tree = adf_of(document)
        assert [error.message for error in VALID.iter_errors(tree)] == []
        links = [mark["attrs"]["href"] for node in texts_of(tree) for mark in node.get("marks", ()) if "attrs" in mark]
        assert links == [], "one that failed has no link, whatever its texts hold"
        kinds = {node["type"] for node in tree["content"]}
        assert kinds <= {"paragraph", "bulletList", "orderedList"}
