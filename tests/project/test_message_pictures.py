"""The documents' pictures of messages show today's texts, all of them, and little else."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from worlds.message_sheets import PICTURES, WIDTH, picture, sheets
from worlds.places import ROOT

SHEETS = sheets()


@pytest.mark.parametrize("name", SHEETS)
def test_a_picture_is_of_todays_texts(name: str) -> None:
    text = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
    size = re.search(r' height="([1-9][0-9]{2,3})"', text)
    assert size is not None
    assert text == picture(SHEETS[name], int(size[1])), "run make pictures, and look at them"
    assert len(text.encode()) < 40 * 1024
    assert ElementTree.fromstring(text).get("width") == str(WIDTH)  # what is no XML, no browser shows


def test_there_are_no_others_and_each_is_in_the_documents() -> None:
    assert {path.stem for path in PICTURES.iterdir()} == SHEETS.keys()
    page = (ROOT / "docs" / "reference" / "messages.md").read_text(encoding="utf-8")
    assert {name for name in SHEETS if f"(../pictures/messages/{name}.svg)" not in page} == set()
