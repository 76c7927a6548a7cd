"""Questions on a real terminal before what cannot be undone quickly: each answer, Ctrl-C, Ctrl-D; and none to scripts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from hub.cli.help import INTERRUPTED
from hub.output.exit_codes import DECLINED
from worlds.builders import image
from worlds.commands import must, rtb_hub, state_of
from worlds.places import ROOT
from worlds.repositories import state_repository
from worlds.terminals import command_line

WEB = ("--blueprint", "web", "--image", f"web={image('web')}")
STOP = "Stop RTB-1 in int, and delete preview-rtb-1 with all that its databases and volumes hold? [y/N] "


@pytest.fixture
def state(tmp_path: Path) -> Path:
    made = state_repository(tmp_path / "state.git")
    must("start", "RTB-1", "--env", "int", *WEB, "--repo", made)
    return made


def ended(one: pexpect.spawn[str]) -> tuple[str, int | None]:
    """What is said to the end, and the exit code."""
    one.expect(pexpect.EOF)
    one.close()
    return one.before or "", one.exitstatus


@pytest.mark.parametrize("answer", ["y", "YES"])
def test_who_agrees_has_it_done(state: Path, answer: str) -> None:
    with command_line("stop", "RTB-1", "--env", "int", "--repo", state) as one:
        one.expect_exact(STOP)
        one.sendline(answer)
        said, code = ended(one)
    assert code == 0
    assert "RTB-1 in int: entry and manifests deleted" in said


@pytest.mark.parametrize("answer", ["", "n", "yess", "y" * 300], ids=["empty", "n", "yess", "long"])
def test_whoever_does_not_agree_changes_nothing(state: Path, answer: str) -> None:
    before = state_of(state)
    with command_line("stop", "RTB-1", "--env", "int", "--repo", state) as one:
        one.expect_exact(STOP)
        one.sendline(answer)
        said, code = ended(one)
    assert code == DECLINED
    assert "nothing was changed; --yes does not ask" in said
    assert state_of(state) == before


@pytest.mark.parametrize(("key", "code"), [("c", INTERRUPTED), ("d", DECLINED)], ids=["Ctrl-C", "Ctrl-D"])
def test_a_question_that_is_broken_off_changes_nothing(state: Path, key: str, code: int) -> None:
    before = state_of(state)
    with command_line("stop", "RTB-1", "--all", "--repo", state) as one:
        one.expect_exact("Stop RTB-1 in every environment, and delete preview-rtb-1 ")
        one.expect_exact("[y/N] ")
        one.sendcontrol(key)
        said, ends = ended(one)
    assert ends == code
    assert "nothing was changed" in said
    assert "Traceback" not in said
    assert state_of(state) == before


@pytest.mark.parametrize("more", [("--yes",), ("-y",), ("-o", "json"), ("-o", "name")], ids=" ".join)
def test_nobody_is_asked_who_says_so_or_wants_data(state: Path, more: tuple[str, ...]) -> None:
    with command_line("stop", "RTB-1", "--env", "int", *more, "--repo", state) as one:
        said, code = ended(one)
    assert code == 0
    assert "[y/N]" not in said


@pytest.mark.parametrize("piped", ["stdin", "stdout", "stderr"])
def test_a_script_is_never_asked(state: Path, piped: str) -> None:
    """Two of the streams are a terminal, one is none."""
    ours, theirs = os.openpty()
    streams = {name: subprocess.DEVNULL if name == piped else theirs for name in ("stdin", "stdout", "stderr")}
    command = [sys.executable, "-m", "hub.cli.main", "stop", "RTB-1", "--env", "int", "--repo", str(state)]
    ran = subprocess.run(command, cwd=ROOT, check=False, timeout=60, **streams)  # type: ignore[call-overload]
    os.close(theirs)
    os.close(ours)
    assert ran.returncode == 0
    assert must("list", "-o", "name", "--repo", state).out == ""


def test_a_wrong_key_is_told_before_anybody_is_asked(state: Path) -> None:
    with command_line("stop", "rtb_1", "--env", "int", "--repo", state) as one:
        said, code = ended(one)
    assert (code, "[y/N]" in said) == (10, False)


def test_a_component_is_removed_after_a_question_and_a_field_without(state: Path) -> None:
    at = ("--env", "int", "--repo", state)
    with command_line("unset", "RTB-1", "web.cpu", "branch", *at) as one:
        assert ended(one)[1] == 0
    before = state_of(state)
    with command_line("unset", "RTB-1", "web", *at) as one:
        one.expect_exact("Remove web of RTB-1 in int, with all that is in it? [y/N] ")
        one.sendline("n")
        assert ended(one)[1] == DECLINED
    with command_line("unset", "RTB-1", "web", *at) as one:
        one.expect_exact("[y/N] ")
        one.sendcontrol("c")
        assert ended(one)[1] == INTERRUPTED
    assert state_of(state) == before


def test_ctrl_c_is_tried_at_every_question_there_is() -> None:
    """Whoever adds one adds it above, or to the table below."""
    asked = {one.name: one.read_text(encoding="utf-8").count("confirm(") for one in (ROOT / "hub" / "cli").glob("*.py")}
    found = {name: count for name, count in asked.items() if count and name != "asking.py"}
    # unset; stop; db upgrade; auth rotate and token revoke
    assert found == {"change.py": 1, "lease.py": 1, "services.py": 1, "signing_in.py": 2}
    readers = re.compile(r"\binput\(|sys\.stdin\.readline|getpass\.getpass|click\.(?:prompt|confirm)\(")
    asking = [path.name for path in (ROOT / "hub").rglob("*.py") if readers.search(path.read_text(encoding="utf-8"))]
    assert asking == ["asking.py"]


@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        (("token", "revoke", "token-1"), "Revoke the token token-1? What uses it is refused from then on."),
        (("auth", "rotate", "--stolen"), "Forget all keys, so that every access token that is out is refused?"),
        (("db", "upgrade"), "Bring the database to this release's schema, for which there is no way back?"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_what_services_cannot_take_back_is_asked_for(arguments: tuple[str, ...], question: str, tmp_path: Path) -> None:
    with command_line(*arguments, RTB_HUB_DATA=str(tmp_path)) as one:
        one.expect_exact(f"{question} [y/N] ")
        one.sendcontrol("c")
        assert ended(one)[1] == INTERRUPTED
    assert list(tmp_path.iterdir()) == []
    assert rtb_hub("db", "upgrade", RTB_HUB_DATA=str(tmp_path)).code == 0
