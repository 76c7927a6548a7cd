"""Manual pages: one for each command, which groff takes without a warning and shows with all that help says."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from hub.cli.app import app
from hub.cli.man import _text
from worlds.commands import must, rtb_hub


def names(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    for name, one in command.commands.items() if isinstance(command, click.Group) else ():
        yield from names(one, f"{path}-{name}")


COMMANDS = dict(names(app, "rtb-hub"))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("man") / "man1"
    assert must("man", "--to", folder).out == f"{len(COMMANDS)} pages are in {folder}\n"
    return folder


def test_each_command_has_a_page_that_is_roff_with_all_of_its_help(pages: Path) -> None:
    assert {one.name for one in pages.iterdir()} == {f"{name}.1" for name in COMMANDS}
    for name, command in COMMANDS.items():
        text = (pages / f"{name}.1").read_text(encoding="utf-8")
        lines = text.splitlines()
        assert lines[0].startswith(f'.TH "{name.upper()}" 1 '.replace("-", "\\-"))
        assert all(re.match(r"\.(TH|SH|PP|TP|B|nf|fi)( |$)", line) for line in lines if line.startswith((".", "'")))
        assert ".B \\-h, \\-\\-help" in lines
        assert re.search(r"(?<!\\)-", text.replace('""', "")) is None
        plain = text.replace("\\&", "").replace("\\-", "-").replace("\\e", "\\").split()
        for told in (command.help, *(one.help for one in command.params if not getattr(one, "hidden", False))):
            assert [word for word in (told or "").split() if word not in plain and word != "Example:"] == [], name


def test_text_is_never_a_request_or_an_escape() -> None:
    assert _text(".so /etc/passwd\n'br\n-a \\n") == "\\&.so /etc/passwd\n\\&'br\n\\-a \\en"


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
def test_groff_takes_every_page_without_a_warning(pages: Path) -> None:
    command = ["groff", "-man", "-Tutf8", "-ww", "-K", "utf-8", *map(str, sorted(pages.iterdir()))]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    )
    assert ran.stderr == ""
    shown = re.sub(r"\x1b\[[0-9;]*m|.\x08", "", ran.stdout)
    assert "rtb-hub-context-add" in shown
    assert "--no-office-hours" in shown


def test_every_command_has_an_example() -> None:
    without = [
        name
        for name, one in COMMANDS.items()
        if not isinstance(one, click.Group) and "Example: " not in (one.help or "")
    ]
    assert without == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = rtb_hub("man", "--to", tmp_path / "file")
    assert (ran.code, ran.out) == (26, "")
    assert f"{tmp_path / 'file'} cannot be used" in ran.err
