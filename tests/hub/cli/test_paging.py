"""Long output through a pager, on a real terminal: which one, when none, what ends it; and never where nobody reads."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pexpect
import pytest

from generator.errors import Reason
from hub.cli.app import app
from hub.cli.paging import PAGED
from hub.output.exit_codes import CODES
from hub.settings.pager import pager
from worlds.builders import image
from worlds.commands import must, rtb_hub
from worlds.repositories import state_repository
from worlds.terminals import command_line

#: Says how it was called, and shows what it reads as one that is asked to.
SHOWS = '#!/bin/sh\necho "paged with LESS=$LESS PAGER=$PAGER $1"\ncat\necho end of pages\n'
READS_ONE_LINE = "#!/bin/sh\nread -r line\necho one: $line\nexit 3\n"


def script(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def ended(one: pexpect.spawn[str]) -> tuple[str, int | None]:
    one.expect(pexpect.EOF)
    one.close()
    return one.before or "", one.exitstatus


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, None),
        ({"PAGER": ""}, None),
        ({"PAGER": "cat"}, None),
        ({"PAGER": "less -S"}, ("less", "-S")),
        ({"PAGER": "less", "RTB_HUB_PAGER": ""}, None),
        ({"PAGER": "less", "RTB_HUB_PAGER": "cat"}, None),
        ({"PAGER": "more", "RTB_HUB_PAGER": "'my pager' -x"}, ("my pager", "-x")),
        ({"RTB_HUB_PAGER": "less 'unended"}, None),
    ],
)
def test_which_pager_it_is(environ: dict[str, str], words: tuple[str, ...] | None) -> None:
    found = pager(environ)
    assert (found and found.words) == words


def test_less_is_told_what_gh_tells_it_unless_somebody_says_otherwise() -> None:
    assert pager({"PAGER": "less", "HOME": "/h"}).environ == {"LESS": "FRX", "LV": "-c", "HOME": "/h"}  # type: ignore[union-attr]
    assert pager({"PAGER": "less", "LESS": ""}).environ == {"LESS": "", "LV": "-c"}  # type: ignore[union-attr]


def test_each_command_that_is_paged_is_there() -> None:
    names = {" ".join(path) for path in _paths(app)}
    assert names >= PAGED


def _paths(command: object) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, one in getattr(command, "commands", {}).items():
        found += [(name,), *((name, *rest) for rest in _paths(one))]
    return found


@pytest.fixture
def state(tmp_path: Path) -> Path:
    made = state_repository(tmp_path / "state.git")
    must("start", "RTB-1", "--env", "int", "--blueprint", "web", "--image", f"web={image('web')}", "--repo", made)
    return made


def test_a_terminal_is_shown_pages_with_its_styles_and_the_code_is_the_commands(state: Path, tmp_path: Path) -> None:
    shows = script(tmp_path, "my pager", SHOWS)
    with command_line("history", "--repo", state, TERM="xterm", RTB_HUB_PAGER=f"'{shows}' -x", PAGER="more") as one:
        said, code = ended(one)
    lines = said.splitlines()
    assert (lines[0], lines[-1], code) == ("paged with LESS=FRX PAGER= -x", "end of pages", 0)
    assert "\x1b[1mWHEN" in said
    assert "just now" in said or "min ago" in said
    with command_line("help", "env", "show", PAGER=str(shows)) as one:
        assert "Usage: rtb-hub env show" in ended(one)[0]
    with command_line("show", "RTB-9", "--env", "int", "--repo", state, PAGER=str(shows)) as one:
        said, code = ended(one)
    assert "paged" not in said
    assert code == CODES[Reason.PREVIEW_NOT_FOUND]


def test_a_pipe_and_what_changes_something_have_none(state: Path, tmp_path: Path) -> None:
    shows = script(tmp_path, "shows", SHOWS)
    for more in ((), ("-o", "json")):
        assert "paged" not in must("list", *more, "--repo", state, PAGER=str(shows)).out
    with command_line("extend", "RTB-1", "--env", "int", "--by", "1h", "--repo", state, PAGER=str(shows)) as one:
        said, code = ended(one)
    assert ("paged" in said, code) == (False, 0)


def test_a_reader_who_has_enough_is_no_error(state: Path, tmp_path: Path) -> None:
    one_line = script(tmp_path, "reads", READS_ONE_LINE)
    with command_line("schema", "environment", PAGER=str(one_line)) as one:
        said, code = ended(one)
    assert said.splitlines() == ["one: {"]
    assert code == 0


def test_a_pager_that_is_not_there_is_told_and_done_without(state: Path) -> None:
    with command_line("list", "--repo", state, PAGER="/nowhere/less") as one:
        said, code = ended(one)
    assert "the pager /nowhere/less cannot be started (No such file or directory): see RTB_HUB_PAGER, PAGER" in said
    assert ("RTB-1" in said, code) == (True, 0)


def test_ctrl_c_is_the_pagers_while_somebody_reads(state: Path, tmp_path: Path) -> None:
    waits = "#!/bin/sh\ntrap 'echo got it; exit 0' INT\ncat\necho reading\nwhile :; do read -r x </dev/tty; done\n"
    with command_line("list", "--repo", state, PAGER=str(script(tmp_path, "waits", waits))) as one:
        one.expect_exact("reading")
        one.kill(signal.SIGINT)  # to ourselves alone: nothing comes of it
        one.sendcontrol("c")  # to all that are at the terminal
        said, code = ended(one)
    assert "got it" in said
    assert ("Traceback" in said, code) == (False, 0)


@pytest.mark.skipif(shutil.which("less") is None, reason="needs less")
def test_less_shows_page_by_page_what_is_long_and_ends_by_itself_where_all_fits(state: Path) -> None:
    with command_line("schema", "environment", rows=12, TERM="xterm", PAGER="less") as one:
        one.expect_exact('"$schema"')
        one.expect(r"\n:")
        one.send("q")
        assert ended(one)[1] == 0
    with command_line("list", "--repo", state, TERM="xterm", PAGER="less") as one:
        said, code = ended(one)
    assert ("RTB-1" in said, code) == (True, 0)


def test_whatever_stands_in_the_variable_is_no_setting_that_fails(state: Path) -> None:
    assert rtb_hub("list", "--repo", state, RTB_HUB_PAGER="'").code == 0
