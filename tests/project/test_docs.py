"""What README and reference say is run: their commands, in order, in a new folder; what is made is made anew."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from generator.errors import Reason
from generator.model.blueprint import Blueprint
from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.model.registries import Registries
from generator.model.services import Services
from generator.validate.schemas import VERSIONS
from hub.output.exit_codes import CODES
from worlds.builders import image
from worlds.commands import git, must
from worlds.forking import Forks
from worlds.places import ROOT

PAGES = sorted((ROOT / "docs" / "reference").glob("*.md"))
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
    table = README[README.index("| command |") : README.index("A gated environment (prd)")]
    named = {
        name
        for row in table.splitlines()[2:]
        for name in re.findall(r"`([a-z]+)`", row.split("|")[1] if "|" in row else "")
    }
    told = must("--help").out
    offered = set(re.findall(r"^  ([a-z]+)  ", told, re.MULTILINE))
    assert named | {"demo"} == offered
    assert all(must(name, "--help").code == 0 for name in named)


def test_the_exit_codes_told_are_those_there_are() -> None:
    codes = sorted(CODES.values())
    groups = {
        "wrong input": (10, 30),
        "the repository": (30, 50),
        "a cluster": (50, 60),
        "a forge": (60, 70),
        "the services": (70, 80),
        "a registry": (80, 87),
        "Slack": (87, 90),
        "sign-in": (90, 100),
    }
    told, readme = " ".join(must("--help").out.split()), " ".join(README.split())
    for name, (first, end) in groups.items():
        group = [code for code in codes if first <= code < end]
        assert f"{group[0]}–{group[-1]} {name}" in readme
        assert f"{group[0]}-{group[-1]} {name}" in told
    assert codes[-1] < 100


def test_the_picture_is_made_from_a_real_run(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, ROOT / "tools" / "record_demo.py", tmp_path / "demo.svg"], check=True, env=os.environ
    )
    picture = (tmp_path / "demo.svg").read_text(encoding="utf-8")
    for words in ("RTB-123", "rtb-123.int.preview.example.com", "12&#160;objects"):
        assert words in picture
    assert "@font-face" not in picture
    assert "docs/pictures/demo.svg" in README


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_command_of_a_reference_page_works(page: Path, tmp_path: Path, forked_hub: Forks) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert blocks
    assert len(blocks) == text.count("```sh")
    tools, work = tmp_path / "bin", tmp_path / "work"
    for folder in (tools, work):
        folder.mkdir()
    if "kill %" not in text:  # a signal reaches a program of its own only
        forked_hub.tool(tools / "rtb-hub")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(blocks)],
        cwd=work,
        env={**os.environ, "PATH": os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_tables_of_a_reference_page_are_those_of_the_code(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.count("<!-- made: ") == text.count("<!-- end -->") > 0
    assert tables().rewritten(text) == text, "run 'make golden'"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_reference_page_goes_from_example_to_errors(page: Path) -> None:
    headings = re.findall(r"^## (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == ["Example", "Fields", "Tasks", "Errors"]


def test_every_made_block_stands_in_a_page_and_every_reason_is_told() -> None:
    told = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert set(re.findall(r"<!-- made: ([a-z-]+) -->", told)) == set(tables().BLOCKS)
    assert all(f"`{reason}`" in told for reason in Reason)
    assert f"--kubernetes {VERSIONS[0]}-{VERSIONS[-1]}" in told


@pytest.mark.parametrize(
    "model", [Preview, Environment, Blueprint, Services, Registries], ids=lambda model: model.__name__
)
def test_every_field_of_a_file_says_what_it_means(model: type[BaseModel]) -> None:
    tree = model.model_json_schema(by_alias=True)
    for name, schema in {"": tree, **tree["$defs"]}.items():
        for field, about in schema["properties"].items():
            told = "description" in about or "$ref" in str(about)
            assert told or field in ("apiVersion", "kind"), f"{name}.{field}"


def tables() -> Any:
    """The script that makes the tables, as a module."""
    spec = importlib.util.spec_from_file_location("reference_tables", ROOT / "tools" / "reference_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
