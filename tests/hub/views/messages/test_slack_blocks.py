"""Messages as Slack draws them: what its models take, in both languages, whatever texts others chose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.adapters.http.turns import Turns
from hub.adapters.slack.messages import SlackMessages
from hub.adapters.slack.site import SlackSite
from hub.views.messages.blocks import blocks_of, escaped, line_of, mention
from hub.views.messages.document import document_of
from hub.views.messages.words import ENGLISH, LANGUAGES, Words
from reconcilers.causes.model import Audience
from reconcilers.messages.model import Message
from worlds.faulty import Faulty
from worlds.messages import NOW, cause, every_message, message
from worlds.slack_server.site import faults

NOBODY = SlackSite("https://slack.com", Faulty(), Turns(lambda: 0.0, lambda seconds: None))
HOSTILE = "<!channel> @here <@U0ADMIN> *b* `x` <https://evil.example.com|Approve> & &lt; :tada: \u202e"


def channel(say: Words) -> SlackMessages:
    return SlackMessages(NOBODY, say, lambda project: "C0TEAM", lambda: NOW, lambda name: None, ("S0LEADS",))


def elements(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for one in tree:
            yield from elements(one)


@pytest.mark.parametrize("say", LANGUAGES.values())
def test_every_message_is_taken_and_says_what_every_channel_says(say: Words) -> None:
    for told in every_message():
        content = channel(say).drawn(told).content
        assert list(faults(content["blocks"])) == []
        texts = "".join(one["text"] for one in elements(content["blocks"]) if one.get("type") in ("text", "link"))
        assert say.states[told.phase] in texts
        assert "RTB-123" in texts
        assert content["text"].startswith(document_of(told, say).headline)
        buttons = {one["action_id"]: one["url"] for one in elements(content["blocks"]) if one.get("type") == "button"}
        assert ("rtb-hub.open" in buttons) is told.is_up
        assert buttons.get("rtb-hub.review", told.review) == told.review
        if told.cause is not None:
            assert told.cause.for_platform == told.cause.text or told.cause.for_platform not in str(content)


@given(st.text(max_size=60) | st.just(HOSTILE))
def test_hostile_texts_are_nothing_but_text(text: str) -> None:
    found = replace(cause(Audience.DEVELOPER), text=text, steps=(text,), code=text)
    told: Message = replace(message("failed"), requested_by=text, cause=found, review=text)
    content = channel(ENGLISH).drawn(told).content
    for blocks in (content["blocks"], content["reply"]):
        assert list(faults(blocks)) == []
        kinds = {one["type"] for one in elements(blocks) if "type" in one}
        assert kinds <= {
            "rich_text",
            "rich_text_section",
            "rich_text_list",
            "text",
            "context",
            "plain_text",
            "actions",
            "button",
            "link",
        }
        assert {one["url"] for one in elements(blocks) if "url" in one} <= {told.url, told.review}
    assert "<" not in content["text"]
    assert ">" not in content["text"]


def test_a_text_where_mark_up_is_read_mentions_and_links_nothing() -> None:
    assert escaped("<!channel> & <@U1>") == "&lt;!channel&gt; &amp; &lt;@U1&gt;"
    document = document_of(replace(message(), issue="RTB-1"), ENGLISH)
    assert line_of(replace(document, headline="<@U1>")).startswith("&lt;@U1&gt;")


def test_a_message_of_the_longest_texts_is_still_taken() -> None:
    document = document_of(message("failed"), ENGLISH)
    long = replace(document, facts=tuple((label, line * 3) for label, line in document.facts), steps=("x" * 9000,) * 3)
    assert list(faults(blocks_of(long, [mention("S0LEADS"), mention("U0BOB")]))) == []
