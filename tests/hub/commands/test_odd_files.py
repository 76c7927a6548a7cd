"""Entries and environments that are files of another kind, release or name: told with file, what, allowed, remedy."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from worlds.commands import IMAGES, commit_file, git, must, rtb_hub
from worlds.repositories import state_repository

BELOW = "environments/int/previews/rtb/0"
ENTRY = f"{BELOW}/rtb-2/preview.yaml"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return state_repository(tmp_path / "state.git")


def found_in(state: Path, env: str, where: str) -> list[tuple[str, str, str]]:
    findings = rtb_hub("doctor", "--env", env, "--repo", state, "-o", "json").json()["findings"]
    return [(one["rule"], one["message"], *one["remedy"][:1]) for one in findings if one["where"] == where]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty: allowed: a mapping of fields to values"),
        ("# nothing\n", "is empty: allowed: a mapping of fields to values"),
        ("apiVersion: preview.rtb-ai-hub/v2\nkind: Preview\n", "apiVersion: 'preview.rtb-ai-hub/v2' is of another release of rtb-hub: allowed: 'preview.rtb-ai-hub/v1'"),
    ],
    ids=["empty", "a comment", "another release"],
)  # fmt: skip
def test_an_entry_is_told_once_with_its_file_and_what_is_allowed(state: Path, text: str, told: str) -> None:
    commit_file(state, ENTRY, text)
    assert [(rule, what) for rule, what, _ in found_in(state, "int", ENTRY)] == [("entry-unreadable", told)]
    assert ENTRY in rtb_hub("list", "--repo", state).out
    if "release" in told:
        shown = rtb_hub("show", "RTB-2", "--env", "int", "--repo", state).err
        assert "to do: a newer release of rtb-hub wrote it: upgrade this one" in shown
        assert "did you mean" not in shown


def test_a_linked_entry_is_told_as_a_link_and_replaced_by_start(state: Path) -> None:
    must("start", "RTB-1", "--env", "int", *IMAGES, "--repo", state)
    commit_file(state, ENTRY, "../rtb-1/preview.yaml", mode="120000")
    rules = {rule for rule, _, _ in found_in(state, "int", ENTRY)}
    assert rules == {"entry-unreadable", "link-in-previews"}
    must("start", "RTB-2", "--env", "int", *IMAGES, "--repo", state)
    assert git(state, "ls-tree", "main", ENTRY).startswith("100644 blob")
    assert found_in(state, "int", ENTRY) == []


@pytest.mark.parametrize("name", ["rtb-\n2", "rtb-2 x; touch pwned", "rtb-'2\t"])
def test_the_remedy_for_an_odd_name_is_a_command_on_one_line(state: Path, name: str, tmp_path: Path) -> None:
    path = f"{BELOW}/{name}/preview.yaml"
    commit_file(state, path, "kind: x\n")
    remedies = {remedy for _, _, remedy in found_in(state, "int", path)}
    (step,) = remedies
    assert "\n" not in step
    command = step.partition("git rm ")[2].partition(" on branch")[0]
    said = subprocess.run(["bash", "-c", f"printf %s {command}"], cwd=tmp_path, capture_output=True, check=True).stdout
    assert said.decode() == path, shlex.quote(command)
    lines = rtb_hub("list", "--repo", state).out.splitlines()
    assert [line for line in lines if line.startswith("! ") and line.endswith("is skipped:")], lines


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty: allowed: apiVersion, kind, metadata, spec"),
        ("[]\n", "[] is not a mapping: allowed: apiVersion, kind, metadata, spec"),
        ("words\n", "'words' is not a mapping: allowed: apiVersion, kind, metadata, spec"),
        ("apiVersion: environment.rtb-ai-hub/v2\nkind: Environment\n", "apiVersion: 'environment.rtb-ai-hub/v2' is of another release of rtb-hub: allowed: 'environment.rtb-ai-hub/v1'"),
    ],
    ids=["empty", "a list", "words", "another release"],
)  # fmt: skip
def test_an_environment_file_is_told_alone_with_what_is_allowed(state: Path, text: str, told: str) -> None:
    file = "environments/stg/environment.yaml"
    commit_file(state, file, text)
    findings = rtb_hub("doctor", "--env", "stg", "--repo", state, "-o", "json").json()["findings"]
    unread = [(one["where"], one["message"]) for one in findings if one["rule"] == "environment-unreadable"]
    assert unread == [(file, told)]
