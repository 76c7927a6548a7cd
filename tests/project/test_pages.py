"""Links, anchors and tests that documents name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from worlds.doc_pages import NAMED, every_test, headings, slug
from worlds.places import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "reference").glob("*.md")])
#: Outside of code, with or without an anchor; pictures too.
LINK = re.compile(r"\]\((?P<path>[^)#:\s]*)(?:#(?P<anchor>[^)\s]+))?\)")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for link in LINK.finditer(re.sub(r"`[^`\n]*`", "", text)):
        target = page.parent / link["path"] if link["path"] else page
        assert target.exists(), link[0]
        if link["anchor"]:
            assert link["anchor"] in [slug(title) for title in headings(target.read_text(encoding="utf-8"))], link[0]


def test_tests_that_are_named_exist() -> None:
    named = {
        (page.name, found.groups()) for page in PAGES for found in NAMED.finditer(page.read_text(encoding="utf-8"))
    }
    assert {one for one in named if one[1] not in every_test()} == set()
    assert {name for name, _ in named} >= {"OPERATIONS.md"}


def test_every_page_has_a_place_in_the_site() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    listed = set(re.findall(r"([\w/-]+\.md)$", navigation, re.MULTILINE))
    pages = {name_of(page).removeprefix("docs/") for page in PAGES if page.parent != ROOT and not page.match("*.ko.md")}
    assert listed == pages | {"index.md", "reference/index.md", "adr/index.md"}
