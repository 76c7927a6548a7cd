"""What init writes for the Git host: CODEOWNERS, and the workflow whose scripts are run here as the host runs them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub import __version__
from reconcilers.approval.repository_files import CODEOWNERS, REQUIREMENTS, WORKFLOW, codeowners, guard_workflow
from worlds.builders import environment
from worlds.commands import IMAGES, commit_file, git, must
from worlds.forking import Forks
from worlds.places import ROOT
from worlds.repositories import state_repository

WHEEL = f"https://example.com/rtb_ai_hub-{__version__}-py3-none-any.whl#sha256={'a' * 64}"
TEMPLATE = (ROOT / "templates" / "repository" / "guard.yaml").read_text(encoding="utf-8")


def gated(name: str, team: str | None) -> Any:
    approval = {"approval": {"team": team}} if team else {"approval": None}
    return environment("prd", **approval).model_copy(
        update={"metadata": environment("prd").metadata.model_copy(update={"name": name})}
    )


def test_owners_are_the_teams_of_the_environments_on_the_branch() -> None:
    assert codeowners([environment("int"), environment("stg")]) is None
    lines = (codeowners([gated("prd", "acme/prd")]) or "").splitlines()
    assert lines[1:] == ["* @acme/prd"]
    lines = (codeowners([gated("us", "acme/us"), gated("eu", "acme/eu"), gated("x", None)]) or "").splitlines()
    assert lines[1:] == ["* @acme/eu @acme/us", "/environments/eu/ @acme/eu", "/environments/us/ @acme/us"]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("init") / "state.git"
    return state_repository(path)


def test_init_writes_them_on_every_branch_and_again_changes_nothing(repository: Path) -> None:
    assert git(repository, "show", f"prd:{CODEOWNERS}").splitlines()[-1] == "* @example/prd-approvers"
    files = git(repository, "ls-tree", "-r", "--name-only", "main").splitlines()
    assert CODEOWNERS not in files
    for branch in ("main", "prd"):
        made = git(repository, "show", f"{branch}:{WORKFLOW}")
        assert yaml.safe_load(made)[True] == {
            "pull_request": {"branches": [branch]},
            "push": {"branches": [branch]},
        }
        lock = (ROOT / "requirements" / "runtime.txt").read_text()
        assert git(repository, "show", f"{branch}:{REQUIREMENTS}") == lock
        assert "==" in lock
        assert "://" not in lock
    heads = git(repository, "rev-parse", "main", "prd")
    must("init", repository)
    assert git(repository, "rev-parse", "main", "prd") == heads
    commit_file(repository, CODEOWNERS, "* @acme/own\n")
    must("init", repository)
    assert git(repository, "show", f"main:{CODEOWNERS}") == "* @acme/own\n"


def test_the_workflow_asks_for_little_and_pins_what_it_runs() -> None:
    tree = yaml.safe_load(guard_workflow(TEMPLATE, "prd", __version__))
    (job,) = tree["jobs"].values()
    assert tree["permissions"] == {}
    assert job["permissions"] == {"contents": "read"}
    assert [step["uses"] for step in job["steps"] if "uses" in step] == [
        "actions/checkout@8e8c483db84b4bee98b60c0593521ed34d9990e8"
    ]
    checkout = next(step["with"] for step in job["steps"] if "uses" in step)
    assert (checkout["persist-credentials"], checkout["fetch-depth"], checkout["path"]) == (False, 0, "state")
    for script in scripts(tree):
        assert "${{" not in script
        assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
    assert "secrets." not in TEMPLATE
    assert "@VERSION" not in str(tree)


@pytest.mark.parametrize(
    ("branch", "pattern"),
    [("prd", "prd"), ("a+b", "a\\+b"), ("!x", "\\!x"), ('q"u: #o', 'q"u: #o'), ("a@VERSION@b", "a@VERSION@b")],
)
def test_the_workflow_watches_the_branch_whatever_its_name(branch: str, pattern: str) -> None:
    tree = yaml.safe_load(guard_workflow(TEMPLATE, branch, "1.2.3"))
    assert tree[True]["push"]["branches"] == tree[True]["pull_request"]["branches"] == [pattern]


def scripts(tree: Any) -> list[str]:
    (job,) = tree["jobs"].values()
    return [step["run"] for step in job["steps"] if "run" in step]


class Runner:
    """Runs the scripts of the workflow's job in order, with GitHub's files and variables. pip installs nothing here."""

    def __init__(self, folder: Path, state: Path, forks: Forks) -> None:
        self.folder, self.state = folder, state
        (folder / "bin").mkdir(parents=True)
        for name in ("temp", "tools"):
            (folder / name).mkdir()
        self.log, self.summary = folder / "pip.log", folder / "summary.md"
        hub = forks.tool(folder / "tools" / "rtb-hub").read_text()
        pip = f"#!/bin/sh\necho \"$@\" >> '{self.log}'\n"
        venv = '#!/bin/sh\n[ "$*" = "-m venv rtb-hub" ] || exit 9\nmkdir -p rtb-hub/bin\n'
        for name, text in (("pip", pip), ("rtb-hub", hub)):
            venv += f"cat > rtb-hub/bin/{name} <<'END'\n{text}END\nchmod +x rtb-hub/bin/{name}\n"
        (folder / "bin" / "python3").write_text(venv)
        (folder / "bin" / "python3").chmod(0o755)

    def run(
        self, head: str, event: str, *, before: str = "", branch: str = "main", **variables: str
    ) -> tuple[int, str]:
        workspace = self.folder / "workspace"
        git(self.folder, "clone", "-q", "--no-checkout", str(self.state), str(workspace / "state"))
        git(workspace / "state", "checkout", "-q", "--detach", head)
        github_env = self.folder / "env"
        github_env.write_text("")
        given = {"ACTOR": "alice", "EXPIRY_ACTOR": "", "WHEEL": WHEEL, **variables}
        out = ""
        for script in scripts(yaml.safe_load(guard_workflow(TEMPLATE, branch, __version__))):
            known = dict(line.split("=", 1) for line in github_env.read_text().splitlines())
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
                cwd=workspace,
                env={
                    **os.environ,
                    "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
                    "GITHUB_SHA": git(self.state, "rev-parse", head).strip(),
                    "GITHUB_WORKSPACE": str(workspace),
                    "GITHUB_ENV": str(github_env),
                    "GITHUB_STEP_SUMMARY": str(self.summary),
                    "RUNNER_TEMP": str(self.folder / "temp"),
                    "BEFORE": before,
                    "EVENT": event,
                    "BRANCH": branch,
                    **given,
                    **known,
                },
                capture_output=True,
                text=True,
                check=False,
            )
            out += done.stdout + done.stderr
            if done.returncode:
                return done.returncode, out
        return 0, out


@pytest.fixture
def runner(repository: Path, tmp_path: Path, forked_hub: Forks) -> Runner:
    state = tmp_path / "state.git"
    subprocess.run(["cp", "-r", repository, state], check=True)
    must("start", "RTB-1", "--env", "int", *IMAGES, "--repo", state)
    must("start", "RTB-1", "--env", "prd", *IMAGES, "--repo", state)
    return Runner(tmp_path / "run", state, forked_hub)


def merge(state: Path, into: str, branch: str) -> str:
    """The merge that a Git host checks a pull request by, first parent the branch."""
    tree = git(state, "rev-parse", f"{branch}^{{tree}}").strip()
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    return git(state, *who, "commit-tree", tree, "-p", into, "-p", branch, "-m", "Merge").strip()


def test_a_request_passes_by_its_merge_and_a_push_by_what_was_before(runner: Runner) -> None:
    head = merge(runner.state, "prd", "preview/prd/rtb-1")
    code, out = runner.run(head, "pull_request", branch="prd")
    assert (code, out) == (0, "allowed (1 commit, 1 preview changed, 0 removed)\n")
    assert runner.log.read_text().splitlines() == [
        "install --quiet --require-hashes --only-binary :all: -r requirements.txt",
        f"install --quiet --no-deps rtb-ai-hub @ {WHEEL}",
    ]
    lock = (ROOT / "requirements" / "runtime.txt").read_text()
    assert (runner.folder / "temp" / "requirements.txt").read_text() == lock
    assert runner.summary.read_text().startswith("### guard: allowed")


def test_a_push_is_judged_from_where_the_branch_was(runner: Runner) -> None:
    before = git(runner.state, "rev-parse", "main^1").strip()
    code, out = runner.run("main", "push", before=before)
    assert (code, out) == (0, "allowed (1 commit, 1 preview changed, 0 removed)\n")


def test_the_expiry_identity_is_told_by_its_name_on_pushes_only(runner: Runner) -> None:
    before = git(runner.state, "rev-parse", "main^1").strip()
    who = {"ACTOR": "expiry[bot]", "EXPIRY_ACTOR": "Expiry[bot]"}  # names of accounts have no case
    code, out = runner.run("main", "push", before=before, **who)
    assert code == 5, out
    assert "title=expiry-overreach::" in out


@pytest.mark.parametrize(
    ("event", "before", "variables", "told"),
    [
        ("push", "0" * 40, {}, "title=base-unknown::"),
        ("push", "1" * 40, {}, "title=base-unknown::"),
        ("push", "--help", {}, "title=base-unknown::"),
        ("pull_request", "", {"WHEEL": ""}, "title=no-release::"),
        ("pull_request", "", {"WHEEL": WHEEL.partition("#")[0]}, "title=no-release::"),
        ("pull_request", "", {"WHEEL": WHEEL.replace(__version__, "9.9.9")}, "title=no-release::"),
        ("pull_request", "", {"WHEEL": f"{WHEEL} --no-deps"}, "title=no-release::"),
        ("pull_request", "", {"BRANCH": "$(touch owned); x"}, "title=InvalidValue::"),
    ],
)
def test_what_cannot_be_judged_is_refused(
    runner: Runner, event: str, before: str, variables: dict[str, str], told: str
) -> None:
    code, out = runner.run("main", event, before=before, **variables)
    assert code not in (0, 9)
    assert told in out
    assert not list(runner.folder.rglob("owned"))


def test_requirements_and_programs_that_the_change_brings_are_not_used(runner: Runner) -> None:
    for path, text in ((REQUIREMENTS, "evil==1\n"), ("venv.py", "raise SystemExit(7)\n"), ("pip.conf", "x")):
        commit_file(runner.state, path, text)
    before = git(runner.state, "rev-parse", "main~3").strip()
    code, out = runner.run("main", "push", before=before)
    assert code == 5, out
    assert set(re.findall(r"title=([a-z-]+)::", out)) == {"workflow-changed", "outside-previews"}
    assert "evil" not in (runner.folder / "temp" / "requirements.txt").read_text()
