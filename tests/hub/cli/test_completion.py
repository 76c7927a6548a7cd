"""Completion in bash, zsh and fish: what is offered, the scripts, and where they are put."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from worlds.commands import must, rtb_hub

SHELLS = ("bash", "zsh", "fish")
WHERE = {
    "bash": ".bash_completions/rtb-hub.sh",
    "zsh": ".zfunc/_rtb-hub",
    "fish": ".config/fish/completions/rtb-hub.fish",
}


def offered(line: str) -> list[str]:
    """What bash is offered where `line` ends."""
    words = line.split(" ")
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_RTB_HUB_COMPLETE": "bash_complete"}
    return [told.partition(",")[2] for told in must(**asked).out.splitlines() if told]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("rtb-hub st", ["start", "status", "stop"]),
        ("rtb-hub env ", ["list", "show"]),
        ("rtb-hub list --so", ["--sort"]),
        ("rtb-hub list --sort ", ["key", "ends", "price", "owner", "age"]),
        ("rtb-hub list -o ", ["table", "json", "yaml"]),
        ("rtb-hub start RTB-1 --compute s", ["spot"]),
        ("rtb-hub nothing", []),
    ],
    ids=str,
)
def test_what_is_offered(line: str, wanted: list[str]) -> None:
    assert offered(line) == wanted


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_takes_the_script(tmp_path: Path) -> None:
    script, program = tmp_path / "completion.sh", tmp_path / "rtb-hub"
    script.write_text(must("--show-completion", "bash").out)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m hub.cli.main "$@"\n')
    program.chmod(0o700)
    ask = (
        f"source {script}; COMP_WORDS=(rtb-hub li) COMP_CWORD=1; _rtb_hub_completion {program}; echo ${{COMPREPLY[@]}}"
    )
    told = subprocess.run(["bash", "--norc", "-c", ask], check=True, capture_output=True, text=True)
    assert (told.stdout, told.stderr) == ("list\n", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_installing_puts_the_script_in_place_once(shell: str, tmp_path: Path) -> None:
    (tmp_path / ".bashrc").write_text("alias ll='ls -l'")
    for _ in range(2):
        told = must("--install-completion", shell, HOME=str(tmp_path)).out
    assert str(tmp_path / WHERE[shell]) in told
    assert (tmp_path / WHERE[shell]).read_text() == must("--show-completion", shell).out
    if shell == "bash":
        lines = ["alias ll='ls -l'", "source ~/.bash_completions/rtb-hub.sh"]
        assert (tmp_path / ".bashrc").read_text().splitlines() == lines
    if shell == "zsh":
        assert (tmp_path / ".zshrc").read_text() == "fpath+=~/.zfunc; autoload -Uz compinit; compinit\n"


def test_without_a_name_it_is_the_shell_of_the_user() -> None:
    assert must("--show-completion", SHELL="/usr/bin/zsh").out == must("--show-completion", "zsh").out


@pytest.mark.parametrize("option", ["--show-completion", "--install-completion"])
def test_another_shell_is_refused_with_those_there_are(option: str, tmp_path: Path) -> None:
    for ran in (rtb_hub(option, "tcsh", HOME=str(tmp_path)), rtb_hub(option, SHELL="/bin/tcsh", HOME=str(tmp_path))):
        assert (ran.code, ran.out) == (2, "")
        assert "'tcsh': name one of bash, zsh, fish" in " ".join(ran.err.split())
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("a file in the way")
    ran = rtb_hub("--install-completion", "fish", HOME=str(tmp_path))
    assert ran.code == 2
    assert f"cannot write {tmp_path}/.config" in "".join(ran.err.split("\n"))
