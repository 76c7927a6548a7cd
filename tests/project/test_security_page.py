"""Every statement of docs/SECURITY.md names a test that there is, and the questions of reviewers are answered."""

from __future__ import annotations

import re

from worlds.doc_pages import NAMED, every_test, headings
from worlds.places import ROOT

PAGE = (ROOT / "docs" / "SECURITY.md").read_text(encoding="utf-8")


def test_every_row_names_tests_that_there_are() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and not line.startswith("|-")]
    heads = [row for row in rows if row.endswith("| test |")]
    told = [row for row in rows if row not in heads]
    assert len(heads) == PAGE.count("\n|-")
    assert len(told) > 70
    assert [row for row in told if not NAMED.search(row.rpartition(" | ")[2])] == []
    assert [one for one in NAMED.findall(PAGE) if one not in every_test()] == []


def test_what_is_said_outside_of_tables_is_what_is_left() -> None:
    """What no test can show stands in one section, and nowhere else."""
    before, _, left = PAGE.partition("\n## What is left\n")
    assert left.count("\n- ") >= 5
    paragraphs = [part for part in re.split(r"\n\n+", before) if not part.startswith(("#", "|", "["))]
    assert len(paragraphs) == 1, "the introduction alone"


def test_reviewers_questions_have_a_section() -> None:
    wanted = {
        "Actors", "What is worth protecting", "Trust borders", "Who can delete", "Who can read secrets", "Who can change prd",
        "What a stolen pod can do", "What a stolen key can do",
    }  # fmt: skip
    assert wanted <= set(headings(PAGE))
