"""The help of every command as it looks on 60, 80 and 200 columns, in six locales: held to pictures of text.

`tests/golden/help/COLUMNS.txt` has it in UTF-8; `locales.txt` the lines that look otherwise where a locale's encoding
lacks a character. `pytest tests/hub/cli/test_help_pictures.py --update-golden` draws them anew.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout

import click
import pytest

from hub.cli.app import app
from hub.cli.main import main
from worlds.places import ROOT

GOLDEN = ROOT / "tests" / "golden" / "help"
COLUMNS = (60, 80, 200)
UTF_8 = "en_US.UTF-8"
#: The encoding that Python gives a stream in each.
LOCALES = {
    UTF_8: "utf-8", "ko_KR.UTF-8": "utf-8", "ko_KR.eucKR": "euc_kr", "ko_KR.cp949": "cp949", "ja_JP.eucJP": "euc_jp",
    "C": "ascii",
}  # fmt: skip


def paths(command: click.Command, *before: str) -> Iterator[tuple[str, ...]]:
    yield before
    for name, one in command.commands.items() if isinstance(command, click.Group) else ():
        yield from paths(one, *before, name)


COMMANDS = [*paths(app)]


def help_of(command: tuple[str, ...], columns: int, locale: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the program writes to a stream of that locale's encoding, read by it again."""
    monkeypatch.setenv("COLUMNS", str(columns))
    for name in ("LC_ALL", "LANG"):
        monkeypatch.setenv(name, locale)
    monkeypatch.setattr(sys, "argv", ["rtb-hub", *command, "--help"])
    bytes_ = io.BytesIO()
    stream = io.TextIOWrapper(bytes_, encoding=LOCALES[locale], errors="strict", newline="", write_through=True)
    with redirect_stdout(stream):
        try:
            main()
        except SystemExit as ended:
            assert ended.code in (0, None)
    return bytes_.getvalue().decode(LOCALES[locale])


def whole(columns: int, locale: str, monkeypatch: pytest.MonkeyPatch) -> str:
    pictures = (
        f"$ {' '.join(['rtb-hub', *one, '--help'])}\n{help_of(one, columns, locale, monkeypatch)}" for one in COMMANDS
    )
    return "\n".join(pictures)


@pytest.mark.parametrize("columns", COLUMNS)
def test_help_looks_as_it_is_drawn(columns: int, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    told, picture = whole(columns, UTF_8, monkeypatch), GOLDEN / f"{columns}.txt"
    if update_golden:
        GOLDEN.mkdir(exist_ok=True)
        picture.write_text(told, encoding="utf-8")
    assert told == picture.read_text(encoding="utf-8")
    words = (word for line in told.splitlines() if len(line) > min(columns, 100) for word in [line.split()])
    assert [line for line in words if len(line) > 2] == []  # only what cannot be parted is longer


def test_help_in_other_locales_differs_as_it_is_drawn(monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    picture, lines = GOLDEN / "locales.txt", list[str]()
    for columns in COLUMNS:
        as_drawn = (GOLDEN / f"{columns}.txt").read_text(encoding="utf-8").splitlines()
        for locale in LOCALES:
            told = whole(columns, locale, monkeypatch).splitlines() if locale != UTF_8 else as_drawn
            assert len(told) == len(as_drawn), (locale, columns)
            command = ""
            for one, other in zip(told, as_drawn, strict=True):
                command = one if one.startswith("$ ") else command
                lines += [f"{locale} {columns} {command[2:]}: {one.strip()}"] if one != other else []
    text = "\n".join(lines) + "\n"
    if update_golden:
        picture.write_text(text, encoding="utf-8")
    assert text == picture.read_text(encoding="utf-8")
    assert {line.partition(" ")[0] for line in lines} <= {"C", "ko_KR.eucKR", "ko_KR.cp949", "ja_JP.eucJP"}
