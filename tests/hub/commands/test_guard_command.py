"""`rtb-hub guard` as a required check runs it: exit codes, annotations that nobody can forge, the summary."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from generator.errors import Location
from hub.output.annotations import annotation, markdown_table, plain_line
from worlds.commands import IMAGES, commit_file, git, must, rtb_hub
from worlds.repositories import state_repository

NOBODY = "0" * 40


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    state_repository(tmp_path / "state.git")
    must("start", "RTB-1", "--env", "int", *IMAGES, "--repo", tmp_path / "state.git")
    return tmp_path / "state.git"


def manifest_of(repository: Path) -> tuple[str, str]:
    path = "environments/int/previews/rtb/0/rtb-1/manifest.yaml"
    return path, git(repository, "show", f"main:{path}")


def test_what_the_hub_commits_passes_and_a_hand_edit_does_not(repository: Path) -> None:
    ran = must("guard", "main^1..main", "--repo", repository)
    assert ran.out == "allowed (1 commit, 1 preview changed, 0 removed)\n"
    must("stop", "RTB-1", "--env", "int", "--repo", repository)
    assert must("guard", "main~2..main", "--branch", "main", "--repo", repository, "-o", "json").json() == {
        "allowed": True,
        "base": git(repository, "rev-parse", "main~2").strip(),
        "head": git(repository, "rev-parse", "main").strip(),
        "environments": ["int", "stg"],
        "commits": 2,
        "changed": ["environments/int/previews/rtb/0/rtb-1"],
        "removed": ["environments/int/previews/rtb/0/rtb-1"],
        "refusals": [],
    }
    must("start", "RTB-1", "--env", "int", *IMAGES, "--repo", repository)
    path, text = manifest_of(repository)
    commit_file(repository, path, text.replace("replicas: 1", "replicas: 9", 1))
    ran = rtb_hub("guard", "main^1..main", "--repo", repository)
    assert ran.code == 5
    assert "spec.replicas is 9, renders to 1" in ran.out
    assert f"refused: {path}:" in ran.out


def test_github_gets_an_annotation_at_the_line_and_a_summary(repository: Path, tmp_path: Path) -> None:
    path, text = manifest_of(repository)
    changed = text.replace("replicas: 1", "replicas: 9", 1)
    commit_file(repository, path, changed)
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    ran = rtb_hub("guard", "main^1..main", "--repo", repository, "--output", "github", GITHUB_STEP_SUMMARY=str(summary))
    assert ran.code == 5
    first, last = ran.out.splitlines()
    line = changed.splitlines().index("  replicas: 9") + 1
    assert first.startswith(f"::error file={path},line={line},title=manifest-edited::")
    assert last == "refused, 1 reason (1 commit, 1 preview changed, 0 removed)"
    told = summary.read_text()
    assert told.startswith("before\n### guard: refused, 1 reason")
    assert "| environments/int/previews/rtb/0/rtb-1/manifest.yaml&#58;" in told
    assert "manifest-edited" in told


@pytest.mark.parametrize("output", ["github", "table"])
@pytest.mark.parametrize(
    "name",
    [
        "::stop-commands::x",
        "a\n::error::forged",
        "a\r::error::forged",
        "##[add-mask]x",
        "x,line=1::forged",
        "100%0A::error::forged",
        "| <script> `a` @team [x](x)",
        "\x1b[31mred",
    ],
)
def test_no_name_of_a_file_forges_a_command_or_a_cell(repository: Path, tmp_path: Path, name: str, output: str) -> None:
    blob = git(repository, "rev-parse", "main:rtb-hub.yaml").strip()
    entry = f"100644 blob {blob}\t{name}\0".encode()
    listing = subprocess.run(["git", "-C", repository, "ls-tree", "-z", "main"], check=True, capture_output=True).stdout
    made = (
        subprocess.run(
            ["git", "-C", repository, "mktree", "-z"], input=listing + entry, check=True, capture_output=True
        )
        .stdout.decode()
        .strip()
    )
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    commit = git(repository, *who, "commit-tree", made, "-p", "main", "-m", "x").strip()
    summary = tmp_path / "summary.md"
    ran = rtb_hub("guard", f"main..{commit}", "--repo", repository, "-o", output, GITHUB_STEP_SUMMARY=str(summary))
    assert ran.code == 5
    assert "\r" not in ran.out
    assert "\x1b" not in ran.out
    commands = [line for line in ran.out.splitlines() if line.lstrip().startswith("::") or "##[" in line]
    if output == "table":
        assert commands == []
        assert not summary.exists()
        return
    (command,) = commands
    assert re.match(r"::error file=[^:,\s]( ?[^:,\s])*,title=(path-form|outside-previews)::", command)
    rows = [line for line in summary.read_text().splitlines() if line.startswith("|")]
    assert len(rows) == 3
    assert rows[2].count("|") == 6
    assert not re.search(r"[<>`@\[\]*_]", rows[2])


def test_a_new_branch_an_unknown_base_and_a_rewritten_one_are_refused(repository: Path) -> None:
    def rule(revisions: str) -> str:
        ran = rtb_hub("guard", revisions, "--repo", repository, "-o", "json")
        assert ran.code == 5
        (refusal,) = ran.json()["refusals"]
        return str(refusal["rule"])

    assert rule(f"{NOBODY}..main") == "no-base"
    assert rule(f"{'1' * 40}..main") == "base-unknown"
    assert rule("main..main^1") == "history-rewritten"


def test_a_range_that_is_none_and_a_branch_of_nobody_are_wrong_input(repository: Path) -> None:
    for revisions in ("main", "main....main", "..main", "main..", "main..nothing", "main..--help"):
        ran = rtb_hub("guard", revisions, "--repo", repository)
        assert (ran.code, "InvalidValue" in ran.err) == (14, True), revisions
    ran = rtb_hub("guard", "main^1..main", "--branch", "feature", "--repo", repository)
    assert ran.code == 14
    assert "no environment lives on 'feature'" in ran.err
    ran = rtb_hub("guard", "main^1..main", "--branch", "feature", "--repo", repository, "-o", "github")
    assert ran.code == 14
    assert ran.out.startswith("::error title=InvalidValue::")


def test_a_shallow_clone_and_policy_that_cannot_be_read_are_no_yes(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", "shallow")
    head = git(repository, "rev-parse", "main").strip()
    ran = rtb_hub("guard", f"{head}..{head}", "--repo", tmp_path / "shallow")
    assert ran.code == 35
    assert "fetch-depth: 0" in ran.err
    commit_file(repository, "environments/int/environment.yaml", "a: [")
    must_fail = rtb_hub("guard", "main..main", "--repo", repository)
    assert (must_fail.code, "InvalidEnvironment" in must_fail.err) == (17, True)


def test_the_work_tree_and_replaced_objects_do_not_count(repository: Path, tmp_path: Path) -> None:
    path, text = manifest_of(repository)
    good = git(repository, "rev-parse", "main").strip()
    commit_file(repository, path, text.replace("replicas: 1", "replicas: 9", 1))
    bad = git(repository, "rev-parse", "main").strip()
    git(tmp_path, "clone", "-q", str(repository), "clone")
    clone = tmp_path / "clone"
    (clone / path).write_text(text)
    git(clone, "replace", bad, good)
    (clone / ".gitattributes").write_text("*.yaml -diff\n")
    ran = rtb_hub("guard", f"{good}..{bad}", "--repo", clone, "-o", "json")
    assert ran.code == 5
    assert [refusal["rule"] for refusal in ran.json()["refusals"]] == ["manifest-edited"]


def test_escaping_is_that_of_the_runner() -> None:
    made = annotation(Location("a,b:c%", 3), "rule", "100% done\r\nnext: a,b")
    assert made == "::error file=a%2Cb%3Ac%25,line=3,title=rule::100%25 done\\r\\nnext: a,b\n"
    assert annotation(Location(""), "rule", "x") == "::error title=rule::x\n"
    assert plain_line("::error::x ##[error]y\n") == ": :error: :x ## [error]y\\n"
    table = markdown_table(("a", "b"), [("|", "<b>"), ("é1", "a-b")])
    assert table == "| a | b |\n| --- | --- |\n| &#124; | &#60;b&#62; |\n| é1 | a-b |\n"


def test_three_dots_judge_what_merging_gives(repository: Path) -> None:
    """The branch went on since: its own changes are not taken for the request's."""
    git(repository, "update-ref", "refs/heads/asked", "main")
    path, text = manifest_of(repository)
    commit_file(repository, path, text.replace("replicas: 1", "replicas: 9", 1), "asked")
    must("start", "RTB-2", "--env", "int", *IMAGES, "--repo", repository)
    assert must("guard", "main...main", "--branch", "main", "--repo", repository).out.startswith("allowed")
    ran = rtb_hub("guard", "main...asked", "--branch", "main", "--repo", repository)
    assert ran.code == 5
    assert "spec.replicas is 9, renders to 1" in ran.out
    assert "refused, 1 reason (1 commit, 1 preview changed, 0 removed)" in ran.out
