"""The workflows of GitHub: what they pin and may, and that what they run is what contributors run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from worlds.commands import git
from worlds.go_programs import built
from worlds.places import ROOT

FOLDER = ROOT / ".github" / "workflows"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.yml"))}
WORKFLOWS: dict[str, dict[str, Any]] = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
DIGEST = "sha256:" + "a" * 64
HUB = """
  hub:
    host: hub.example.com
    scheme: internal
    certificates: ["arn:aws:acm:ap-northeast-2:111111111111:certificate/00000000-0000-0000-0000-000000000002"]
    loadBalancerCidrs: [10.1.32.0/24]
    secretStore: rtb-hub
    secrets: rtb/hub/
"""


def test_linters_of_workflows_find_nothing() -> None:
    for command in (
        [built("actionlint", "actionlint"), "-no-color", *sorted(FOLDER.glob("*.yml"))],
        [
            Path(sys.executable).parent / "zizmor",
            "--offline", "--no-progress", "--color", "never", "--persona", "pedantic", FOLDER, ROOT / "action.yml",
        ],
    ):  # fmt: skip
        ran = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("name", TEXTS)
def test_actions_are_pinned_by_commit_with_their_version(name: str) -> None:
    used = re.findall(r"uses: (.*)", TEXTS[name])
    assert used
    for one in used:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one), one


def test_one_version_of_an_action_is_used() -> None:
    pins = {tuple(one.split("@")) for text in TEXTS.values() for one in re.findall(r"uses: (.*)", text)}
    assert len({name for name, _ in pins}) == len(pins)


def test_what_may_act_as_the_project_runs_none_of_its_dependencies() -> None:
    may = {
        (name, job): given["permissions"]
        for name, workflow in WORKFLOWS.items()
        for job, given in workflow["jobs"].items()
    }
    assert all(workflow["permissions"] == {} for workflow in WORKFLOWS.values())
    writes = {at: {one for one, how in granted.items() if how == "write"} for at, granted in may.items()}
    assert {at: found for at, found in writes.items() if found} == {
        ("release.yml", "publish"): {"id-token", "attestations"},
        ("release.yml", "release"): {"contents"},
    }
    for job in ("publish", "release"):
        steps = [one.get("run", "") for one in WORKFLOWS["release.yml"]["jobs"][job]["steps"]]
        assert not re.search(r"\b(make|pip|python3?|npm)\b", " ".join(steps))


def test_each_step_of_ci_is_a_command_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    once = re.findall(r"^step make (\S+)$", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    jobs = WORKFLOWS["ci.yml"]["jobs"]
    matrix = {one["target"] for one in jobs["check"]["strategy"]["matrix"]["include"]}
    assert matrix | {"images"} == set(once) <= targets
    assert set(re.findall(r"run: .*\bmake ([a-z-]+)", "".join(TEXTS.values()))) <= targets


def test_what_a_workflow_is_given_is_told() -> None:
    told = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs" / "RELEASING.md").read_text(encoding="utf-8")))
    assert set(re.findall(r"(?:vars|secrets)\.([A-Z_]+)", "".join(TEXTS.values()))) <= told


@pytest.fixture
def deployed(tmp_path: Path) -> Path:
    """A checkout of what Argo CD reads: environments, and a file beside the rendered folder."""
    origin, checkout = tmp_path / "origin.git", tmp_path / "deployed"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", origin], check=True)
    subprocess.run(["git", "clone", "-q", origin, checkout], check=True, capture_output=True)
    shutil.copytree(ROOT / "environments", checkout / "environments")
    with (checkout / "environments/int/environment.yaml").open("a", encoding="utf-8") as file:
        file.write(HUB)
    (checkout / "rtb-hub").mkdir()
    (checkout / "rtb-hub/of-an-older-release.yaml").write_text("kind: Gone\n")
    (checkout / "patches.yaml").write_text("kind: Kept\n")
    git(checkout, "add", "-A")
    git(checkout, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "Begin")
    git(checkout, "push", "-q", "origin", "HEAD:main")
    return checkout


def roll_out(checkout: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    given = {"HUB_IMAGE": f"r.example.com/rtb-hub@{DIGEST}", "AUTH_IMAGE": f"r.example.com/rtb-auth@{DIGEST}"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [ROOT / ".ci" / "roll-out"],
        cwd=checkout,
        env={**os.environ, "PATH": path, **given, "VERSION": "1.2.0", **environ},
        check=False,
        capture_output=True,
        text=True,
    )


def test_a_release_is_rolled_out_by_a_commit_of_its_digests(deployed: Path) -> None:
    assert roll_out(deployed).returncode == 0
    assert git(deployed, "log", "--format=%s", "origin/main").splitlines() == ["Run RTB AI Hub 1.2.0", "Begin"]
    files = git(deployed, "ls-tree", "-r", "--name-only", "origin/main").splitlines()
    rendered = [file for file in files if file.startswith("rtb-hub/")]
    assert rendered, files
    assert "rtb-hub/of-an-older-release.yaml" not in files
    assert "patches.yaml" in files
    texts = "".join(git(deployed, "show", f"origin/main:{file}") for file in rendered)
    assert f"r.example.com/rtb-hub@{DIGEST}" in texts
    assert f"r.example.com/rtb-auth@{DIGEST}" in texts
    again = roll_out(deployed)
    assert (again.returncode, "rtb-hub says 1.2.0 already" in again.stdout) == (0, True)
    assert len(git(deployed, "log", "--format=%s", "origin/main").splitlines()) == 2


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"HUB_IMAGE": "r.example.com/rtb-hub:1.2.0"}, "has no digest"),
        ({"HUB_IMAGE": ""}, "the image of the hub"),
        ({"HUB_ENVIRONMENTS": "nowhere"}, "nowhere"),
        ({"HUB_FOLDER": "../elsewhere"}, "allowed: a folder below"),
        ({"HUB_FOLDER": "."}, "allowed: a folder below"),
        ({"HUB_FOLDER": "/"}, "allowed: a folder below"),
        ({"HUB_FOLDER": ".git"}, "allowed: a folder below"),
    ],
)
def test_a_release_that_cannot_be_rendered_changes_nothing(deployed: Path, environ: dict[str, str], told: str) -> None:
    ran = roll_out(deployed, **environ)
    assert (ran.returncode != 0, told in ran.stderr) == (True, True), ran.stderr
    assert git(deployed, "status", "--porcelain") == ""
    assert len(git(deployed, "log", "--format=%s", "origin/main").splitlines()) == 1


STAND_IN = """#!/usr/bin/env bash
echo "$(basename "$0") $*" >> "$LOG"
case "$(basename "$0") $1 $2" in
  "aws ecr get-login-password") echo password ;;
  "aws ecr batch-get-image") echo "${THERE:-}" ;;
  "skopeo inspect --format") echo "$DIGEST" ;;
  "cosign verify"*) [ -n "${SIGNED:-}" ] ;;
  "docker login --username") cat >/dev/null ;;
esac
"""


def push(tmp_path: Path, **environ: str) -> tuple[subprocess.CompletedProcess[str], list[str], dict[str, str]]:
    """What a push did with programs that only record: their calls that change something, and the outputs."""
    programs = tmp_path / "bin"
    programs.mkdir(exist_ok=True)
    for name in ("aws", "docker", "skopeo", "cosign"):
        (programs / name).write_text(STAND_IN)
        (programs / name).chmod(0o755)
    log, outputs = tmp_path / "log", tmp_path / "outputs"
    log.write_text("")
    outputs.write_text("")
    given = {
        "REGISTRY": "r.example.com", "VERSION": "1.2.0", "DIGEST": DIGEST, "LOG": str(log), "GITHUB_OUTPUT": str(outputs),
        "GITHUB_SERVER_URL": "https://github.com", "GITHUB_WORKFLOW_REF": "acme/hub/.github/workflows/release.yml@refs/heads/main",
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip
    command = [ROOT / ".ci" / "push-images", "dist"]
    ran = subprocess.run(command, env={**given, **environ}, check=False, capture_output=True, text=True)
    changes = [line for line in log.read_text().splitlines() if re.match(r"skopeo copy|cosign (sign|attest) ", line)]
    return ran, changes, dict(line.split("=", 1) for line in outputs.read_text().splitlines())


def test_images_are_pushed_signed_and_attested_by_digest(tmp_path: Path) -> None:
    ran, changes, outputs = push(tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert changes[:3] == [
        "skopeo copy --preserve-digests oci-archive:dist/rtb-hub.tar docker://r.example.com/rtb-hub:1.2.0",
        f"cosign sign --yes r.example.com/rtb-hub@{DIGEST}",
        f"cosign attest --yes --type cyclonedx --predicate dist/rtb-hub.cdx.json r.example.com/rtb-hub@{DIGEST}",
    ]
    assert len(changes) == 6
    assert outputs["auth"] == f"r.example.com/rtb-auth@{DIGEST}"
    assert outputs["hub-name"] + "@" + outputs["hub-digest"] == outputs["hub"]


def test_a_push_that_is_repeated_changes_nothing(tmp_path: Path) -> None:
    ran, changes, outputs = push(tmp_path, THERE=DIGEST, SIGNED="yes")
    assert (ran.returncode, changes, outputs["hub"]) == (0, [], f"r.example.com/rtb-hub@{DIGEST}")
    _, changes, _ = push(tmp_path, THERE=DIGEST)
    assert [one.split()[:2] for one in changes] == [["cosign", "sign"], ["cosign", "attest"]] * 2


def test_a_version_is_not_pushed_anew(tmp_path: Path) -> None:
    ran, changes, outputs = push(tmp_path, THERE="sha256:" + "b" * 64)
    assert (ran.returncode, changes, outputs) == (1, [], {})
    assert "raise the version in hub/__init__.py" in ran.stderr
