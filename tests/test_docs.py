"""What the README says is run: its commands, in order, in a new folder; and the script that makes its picture."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from builders import image
from commands import git, must, rtb_hub
from conftest import ROOT

from hub.cli.exit_codes import CODES

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_steps_to_ones_own_accounts_work_as_written(tmp_path: Path) -> None:
    subprocess.run(["cp", "-r", ROOT / "environments", tmp_path / "environments"], check=True)
    (tmp_path / "my").mkdir()
    (tmp_path / "environments").rename(tmp_path / "my" / "environments")
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    steps = [
        text
        for text in re.findall(r"`(rtb-hub (?:env|init|start) [^`]*)`", README)
        if "…" not in text or "@sha256" in text
    ]
    assert [step.split()[1] for step in steps] == ["env", "init", "start"]
    for step in steps:
        step = step.replace("git@git.example.com:team/state.git", "remote.git")  # noqa: PLW2901 - the one address we cannot reach
        for name in ("web", "api"):
            step = step.replace(f"{name}=…@sha256:…", f"{name}={image(name)}")  # noqa: PLW2901
        must(*shlex.split(step)[1:], cwd=tmp_path)
    assert "rtb-123/manifest.yaml" in git(tmp_path / "remote.git", "ls-tree", "-r", "--name-only", "main")


def test_every_command_of_the_readme_exists_and_none_is_left_out() -> None:
    table = README[README.index("| command |") : README.index("An environment that is gated")]
    named = {
        name
        for row in table.splitlines()[2:]
        for name in re.findall(r"`([a-z]+)`", row.split("|")[1] if "|" in row else "")
    }
    told = must("--help").out
    offered = set(re.findall(r"^│ ([a-z]+) ", told, re.MULTILINE))
    assert named | {"demo"} == offered
    assert all(must(name, "--help").code == 0 for name in named)


def test_the_exit_codes_told_are_those_there_are() -> None:
    codes = sorted(CODES.values())
    groups = {"wrong input": (10, 30), "the repository": (30, 50), "a cluster": (50, 60)}
    told, readme = " ".join(re.findall(r"[^\s│]+", rtb_hub("--help").out)), " ".join(README.split())
    for name, (first, end) in groups.items():
        group = [code for code in codes if first <= code < end]
        assert f"{group[0]}–{group[-1]} {name}" in readme
        assert f"{group[0]}-{group[-1]} {name}" in told
    assert codes[-1] < 60


def test_the_picture_is_made_from_a_real_run(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, ROOT / "tools" / "record_demo.py", tmp_path / "demo.svg"], check=True, env=os.environ
    )
    picture = (tmp_path / "demo.svg").read_text(encoding="utf-8")
    for words in ("RTB-123", "rtb-123.int.preview.example.com", "12&#160;objects"):
        assert words in picture
    assert "@font-face" not in picture
    assert "docs/pictures/demo.svg" in README
