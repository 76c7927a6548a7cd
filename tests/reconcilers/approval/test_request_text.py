"""What reviewers read: everything they need, and nothing that what people wrote could turn into something else."""

from __future__ import annotations

import pytest

from generator.objects.diff import compare
from reconcilers.approval.text import SHOWN_LINES, Asked, block, code, removal_text, request_text
from worlds.builders import environment, preview, render
from worlds.hostile import CORPUS

PRD = environment("prd", approval={"team": "acme/prd-approvers", "required": 2, "deadline": "72h"})


MARKUP = [
    "<script>alert(1)</script>", "<img src=x>", "@everyone", "[a](javascript:alert(1))", "`", "``` ", "``` @everyone",
    "</details>", "a\n\n# b", "::error::x", "|x|",
]  # fmt: skip


def body(by: str = "alice", reason: str = "") -> str:
    entry = preview(PRD)
    changes = compare((), render(entry, PRD).manifests)
    return request_text(Asked("Start RTB-123 in prd", by, reason), entry, PRD, changes, price="$0.05 an hour").body


def test_it_says_what_who_images_price_end_and_difference() -> None:
    text = body()
    for part in (
        "**RTB-123** in **prd**, asked for by `alice`, built from branch `feature/login`",
        "8h after the merge", "$0.05 an hour", "`registry.example.com/web@sha256:aaaa", "Objects: ", " added",
        "+ Namespace preview-rtb-123", "2 people of `acme/prd-approvers`", "within 72h",
    ):  # fmt: skip
        assert part in text, part


@pytest.mark.parametrize("text", [*CORPUS, *MARKUP])
def test_what_people_wrote_stays_code(text: str) -> None:
    asked = Asked(text, text, text)
    for told in (body(text, text), removal_text(asked, "RTB-1", PRD).body):
        plain = _without_code(told)
        for mark in ("<script", "<img", "javascript:", "@everyone", "](", "::"):
            assert mark not in plain
    assert "\n" not in removal_text(asked, "RTB-1", PRD).title


@pytest.mark.parametrize(("text", "span"), [("a", "`a`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("", "` `"), ("a|b\nc", "`a¦b c`")])  # fmt: skip
def test_a_code_span_is_never_ended_from_within(text: str, span: str) -> None:
    assert code(text) == span


def test_a_block_is_never_ended_from_within_and_long_ones_are_cut_with_the_count() -> None:
    assert block(["````"])[0] == "`````diff"
    entry = preview(PRD, settings=[(f"web.env.V{n}", "x") for n in range(SHOWN_LINES * 2)])
    before = preview(PRD)
    changes = compare(render(before, PRD).manifests, render(entry, PRD).manifests)
    text = request_text(Asked("t", "a"), entry, PRD, changes, price="p").body
    assert "lines more, in the commit" in text
    assert len(text) < 65_536


def _without_code(text: str) -> str:
    """The Markdown without fenced blocks and code spans, by the rule of their fences."""
    out, rest = "", text
    while "`" in rest:
        before, _, rest = rest.partition("`")
        run = 1 + len(rest) - len(rest.lstrip("`"))
        rest = rest.lstrip("`")
        end = _end(rest, run)
        out, rest = out + before, rest[end:]
    return out + rest


def _end(rest: str, run: int) -> int:
    position = 0
    while (start := rest.find("`", position)) >= 0:
        length = len(rest[start:]) - len(rest[start:].lstrip("`"))
        position = start + length
        if length == run:
            return position
    raise AssertionError("a code span is not closed")
