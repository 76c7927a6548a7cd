"""docs/PREVIEW_ENVIRONMENT.md: its commands are run in order, and what it names is what there is."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from worlds.commands import git, must, rtb_hub
from worlds.doc_pages import Block, blocks
from worlds.forking import Forks
from worlds.places import ROOT

PAGE = (ROOT / "docs" / "PREVIEW_ENVIRONMENT.md").read_text(encoding="utf-8")
SHELL = [block for block in blocks(PAGE) if block.language == "sh"]


def test_its_commands_work_as_written(tmp_path: Path, forked_hub: Forks) -> None:
    must("init", tmp_path / "state.git")
    (tmp_path / "bin").mkdir()
    forked_hub.tool(tmp_path / "bin" / "rtb-hub")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(block.text for block in SHELL if block.needs is None)],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "RTB_HUB_REPO": str(tmp_path / "state.git"),
            "RTB_HUB_ACTOR": "alice",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "https://rtb-123.int.preview.example.com/\n" in done.stdout
    subjects = git(tmp_path / "state.git", "log", "--format=%s", "main").splitlines()
    assert [subject.split()[0] for subject in subjects[::-1]] == [
        "Lay",
        "Start",
        "Update",
        "Update",
        "Extend",
        "Sleep",
        "Wake",
        "Stop",
        "Revive",
    ]
    assert "preview/prd/rtb-124" in git(tmp_path / "state.git", "branch", "--list")


@pytest.mark.parametrize("block", [one for one in SHELL if one.needs], ids=lambda block: block.section)
def test_commands_that_need_more_are_ones(block: Block) -> None:
    for line in block.text.splitlines():
        if line.startswith("rtb-hub "):
            words = line.split()[1:]
            assert rtb_hub(*words, "--help").code == 0, line


def test_every_block_is_shell() -> None:
    assert len(SHELL) == PAGE.count("```") // 2


def test_phases_and_causes_are_those_that_there_are() -> None:
    table = PAGE[PAGE.index("| phase | means |") : PAGE.index("## Open and share")]
    named = [name for cell in re.findall(r"^\| ([a-z ,]+) \|", table, re.M)[1:] for name in cell.split(", ")]
    told = (ROOT / "docs/reference/telemetry.md").read_text(encoding="utf-8")
    listed = re.search(r"`phase`: ((?:`[a-z ]+` ?)+)", told)
    assert listed
    assert set(named) == set(re.findall(r"`([a-z ]+)`", listed[1]))
    causes = (ROOT / "docs/reference/causes.md").read_text(encoding="utf-8")
    prefixes = re.findall(r"`([a-z]+)-…`", PAGE)
    assert len(prefixes) == 4
    assert all(re.search(rf"^#### {prefix}-", causes, re.M) for prefix in prefixes)
