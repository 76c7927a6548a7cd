"""Tables where they do not fit: columns that can be spared go, one gives way, else each row is a block. Nothing is cut."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from hub.output.columns import Cell, Columns, tell_table
from worlds.commands import IMAGES, must
from worlds.repositories import state_repository

NAMES = ("ENV", "ACCOUNT", "DOMAIN")
ROW = ("int", "111111111111", "int.preview.example.com")


def printed(width: int, columns: Columns, *rows: tuple[str, ...]) -> list[str]:
    out = StringIO()
    columns.tell(Console(width=width, file=out), [[Cell(text) for text in row] for row in rows])
    return out.getvalue().splitlines()


def test_what_does_not_fit_is_a_block_for_each_row() -> None:
    assert printed(80, Columns(NAMES), ROW) == [
        "ENV  ACCOUNT       DOMAIN",
        "int  111111111111  int.preview.example.com",
    ]
    assert printed(41, Columns(NAMES), ROW, ("stg", "", "b.example.com")) == [
        "int",
        "  ACCOUNT  111111111111",
        "  DOMAIN   int.preview.example.com",
        "stg",
        "  DOMAIN   b.example.com",
    ]


def test_what_can_be_spared_goes_first_and_only_then() -> None:
    columns = Columns(NAMES, folded="DOMAIN", spared=("ACCOUNT",))
    assert printed(42, columns, ROW)[0].split() == [*NAMES]
    assert printed(41, columns, ROW) == ["ENV  DOMAIN", "int  int.preview.example.com"]
    assert printed(26, columns, ROW) == ["ENV  DOMAIN", "int  int.preview.example.c", "     om"]


def test_sentences_are_wrapped_between_words() -> None:
    columns = Columns(("NAME", "WHAT FOR"), wrapped="WHAT FOR")
    assert printed(30, columns, ("web", "a single service behind one address")) == [
        "NAME  WHAT FOR",
        "web   a single service behind",
        "      one address",
    ]


def test_texts_with_line_breaks_stay_in_their_row() -> None:
    out = StringIO()
    tell_table(Console(width=80, file=out), ("A", "B"), [("x\ny", "z")])
    assert out.getvalue() == "A    B\nx y  z\n"


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_table_of_a_command_cuts_what_it_tells(width: int, tmp_path: Path) -> None:
    state = state_repository(tmp_path / "state.git")
    must("start", "RTB-123", "--env", "int", *IMAGES, "--repo", state)
    commands = {
        ("list",): ["https://rtb-123.int.preview.example.com/"] if width >= 80 else ["https://rtb-123.int"],
        ("env", "list"): ["111111111111", "ap-northeast-2", "int.preview.example.com", "by review"],
        ("env", "show", "int", "--explain"): ["spec.cluster.kubernetes"],
        ("show", "RTB-123", "--env", "int"): [IMAGES[1].partition("=")[2]],
        ("history",): ["RTB-123", "start"],
        ("price", "--env", "int"): ["256Mi", "FOR THE LEASE"],
        ("blueprint", "list"): ["web-api-postgres"],
        ("blueprint", "show", "web-api"): ["needed"],
        ("config",): ["RTB_HUB_REPO"],
    }
    for command, wanted in commands.items():
        told = must(*command, RTB_HUB_REPO=str(state), COLUMNS=str(width)).out
        assert "…" not in told, command
        assert [text for text in wanted if text not in told] == [], (command, told)
        assert [line for line in told.splitlines() if line != line.rstrip()] == [], command
