"""The README in Korean says what the English one does: the same sections, commands, code, links and codes, in order."""

from __future__ import annotations

import re

from worlds.places import ROOT

ENGLISH, KOREAN = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md"))
BLOCKS = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
#: What stands between backticks and is typed, set or looked up: the same in every language.
CODE = re.compile(r"`([^`\n]+)`")
#: Each leads to the other.
LANGUAGES = {"README.md", "README.ko.md"}


def headings(text: str) -> list[int]:
    """The level of each heading, in order."""
    return [len(line) - len(line.lstrip("#")) for line in BLOCKS.sub("", text).splitlines() if line.startswith("#")]


def test_the_sections_are_the_same() -> None:
    assert headings(KOREAN) == headings(ENGLISH)
    assert len(set(re.findall(r"^## (.+)$", KOREAN, re.MULTILINE))) == headings(ENGLISH).count(2)


def test_the_code_is_the_same_to_the_letter() -> None:
    assert BLOCKS.findall(KOREAN) == BLOCKS.findall(ENGLISH)


def test_the_tables_have_the_same_rows() -> None:
    first = [[row.split("|")[1].strip() for row in re.findall(r"^\| .*$", text, re.M)] for text in (KOREAN, ENGLISH)]
    named = [[cell for cell in cells if "![" not in cell and cell.isascii()] for cells in first]
    assert named[0] == [cell for cell in named[1] if cell not in ("word", "command")]


def test_commands_options_paths_and_variables_are_the_same() -> None:
    korean, english = (set(CODE.findall(BLOCKS.sub("", text))) for text in (KOREAN, ENGLISH))
    assert korean ^ english == set()


def test_links_pictures_and_exit_codes_are_the_same() -> None:
    links = [
        sorted({one.replace(".ko.md", ".md") for one in re.findall(r"\]\(([^)]+)\)", text)} - LANGUAGES)
        for text in (KOREAN, ENGLISH)
    ]
    assert links[0] == links[1]
    codes = [re.findall(r"\b\d+–\d+\b", text) for text in (KOREAN, ENGLISH)]
    assert [code for code in codes[0] if code in codes[1]] == codes[1]
    assert all(f"({name})" in text for text, name in ((KOREAN, "README.md"), (ENGLISH, "README.ko.md")))
