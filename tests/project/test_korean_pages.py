"""A page in Korean says what the English one does: the same sections, code, tables, links and names, in order."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from worlds.places import ROOT

DOCS = ROOT / "docs"
KOREAN = sorted(DOCS.glob("*.ko.md"))
BLOCKS = re.compile(r"^(?:<!-- [^\n]+ -->\n)?[ ]*```.*?^[ ]*```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
LINKS = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)")
#: What is said in sentences; more than these letters of it are never all English.
PROSE = 60


def both(korean: Path) -> tuple[str, str]:
    english = korean.with_name(korean.name.replace(".ko.md", ".md"))
    return korean.read_text(encoding="utf-8"), english.read_text(encoding="utf-8")


def of_english(link: str) -> str:
    return link.replace(".ko.md", ".md")


@pytest.mark.parametrize("page", KOREAN, ids=lambda path: path.name)
def test_each_leads_to_the_other(page: Path) -> None:
    korean, english = both(page)
    assert korean.splitlines()[2] == f"[English]({page.name.replace('.ko.md', '.md')})"
    assert english.splitlines()[2] == f"[한국어]({page.name})"


@pytest.mark.parametrize("page", KOREAN, ids=lambda path: path.name)
def test_sections_are_the_same(page: Path) -> None:
    def levels(text: str) -> list[str]:
        """The level of each heading, with its number or its name where that is no sentence."""
        found = re.findall(r"^(#+) (.+)$", BLOCKS.sub("", text), re.MULTILINE)
        return [f"{level} {re.match(r'[0-9]*', title)[0] if title else ''}" for level, title in found]  # type: ignore[index]

    korean, english = both(page)
    assert levels(korean) == levels(english)


@pytest.mark.parametrize("page", KOREAN, ids=lambda path: path.name)
def test_blocks_are_the_same_to_the_letter(page: Path) -> None:
    korean, english = both(page)
    assert BLOCKS.findall(korean) == BLOCKS.findall(english)


@pytest.mark.parametrize("page", KOREAN, ids=lambda path: path.name)
def test_tables_have_the_same_shape_and_names(page: Path) -> None:
    def rows(text: str) -> list[tuple[int, frozenset[str]]]:
        """Of each row so many cells, and the names in them."""
        lines = [line for line in BLOCKS.sub("", text).splitlines() if line.startswith("|")]
        return [(line.count("|"), frozenset(CODE.findall(line))) for line in lines]

    korean, english = both(page)
    assert [one for one in zip(rows(korean), rows(english), strict=True) if one[0] != one[1]] == []


@pytest.mark.parametrize("page", KOREAN, ids=lambda path: path.name)
def test_names_commands_and_links_are_the_same(page: Path) -> None:
    korean, english = (BLOCKS.sub("", text) for text in both(page))
    assert Counter(CODE.findall(korean)) - Counter(CODE.findall(english)) == Counter()
    assert Counter(CODE.findall(english)) - Counter(CODE.findall(korean)) == Counter()
    links = [Counter(of_english(path) for path, _ in LINKS.findall(CODE.sub("", text))) for text in (korean, english)]
    assert links[0] == links[1]
    assert [path for path, _ in LINKS.findall(korean) if (DOCS / of_english(path)).with_suffix(".ko.md") in KOREAN and ".ko" not in path][1:] == []  # fmt: skip


@pytest.mark.parametrize("page", KOREAN, ids=lambda path: path.name)
def test_what_is_said_is_korean(page: Path) -> None:
    korean, _ = both(page)
    text = CODE.sub("", BLOCKS.sub("", korean))
    parts = [part for part in re.split(r"\n\n+|\n(?=[|0-9-])", text) if not part.startswith("|-")]
    said = [re.sub(r"\]\([^)]*\)|<!--.*?-->", "", part) for part in parts]
    assert [part for part in said if len(re.findall("[A-Za-z]", part)) > PROSE and not re.search("[가-힣]", part)] == []


def test_the_pages_of_people_are_there() -> None:
    named = {page.name.removesuffix(".ko.md") for page in KOREAN}
    assert named == {
        "FIRST_TIME", "INSTALL", "MULTI_ACCOUNT_AWS", "OPERATIONS", "PREVIEW_ENVIRONMENT", "RELEASING", "SECURITY",
    }  # fmt: skip
