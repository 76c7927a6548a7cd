"""What holds for the project as a whole: its files, modules, locks, decisions and import contracts."""

from __future__ import annotations

import ast
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import hub
from worlds.places import ROOT

PACKAGES = ("generator", "reconcilers", "hub")
#: Where the packages of the extra `services` may be imported.
OF_SERVICES = ("hub/services/", "hub/store/", "hub/queue/")
#: Where those of the extra `aws` may.
OF_AWS = ("hub/adapters/aws_clients.py", "hub/adapters/registry/ecr.py", "hub/adapters/registry/aws.py")
MAX_LINES = 400
#: Made of parts, so that this file does not contain what it looks for.
MACHINE = re.compile(
    "|".join(
        [
            r"\b(py" + r"pi|pythonhosted|artifactory|nexus|devpi)\.",
            r"\b(index|proxy|extra-index)" + r"[-_]url\s*[=:]\s*\S",
            r"(?<![\w.}$])/(ho" + r"me|ro" + r"ot|Us" + r"ers|wo" + r"rk|opt)/\w",
            r"\.py" + r"env\b",
        ]
    ),
    re.IGNORECASE,
)
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tracked() -> Iterator[tuple[str, str]]:
    """Path and text of each file that Git has, or would have; archives and pictures are left out."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listing.stdout.decode().split("\0")):
        path = ROOT / name
        if path.is_file() and b"\0" not in (content := path.read_bytes()):
            yield name, content.decode("utf-8")


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_no_file_names_a_registry_or_a_path_of_a_machine() -> None:
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in tracked()
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    ["https://files.python" + "hosted.org/x", "--index" + "-url = x", "cd /ro" + "ot/x", "in '/ho" + "me/me'"],
    ids=["a file host", "an index", "a home of root", "a home"],
)
def test_what_is_looked_for_would_be_found(line: str) -> None:
    assert MACHINE.search(line)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_LINES
    assert ast.get_docstring(ast.parse(text)), "the module has no docstring"


def test_the_changelog_names_the_version() -> None:
    assert f"\n## [{hub.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def sections(path: Path) -> list[str]:
    return re.findall(r"^\*\*([^*]+?)\.?\*\*", path.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("path", DECISIONS, ids=name_of)
def test_a_decision_has_the_sections_of_the_template_in_order(path: Path) -> None:
    wanted = sections(DECISIONS[0])
    assert len(wanted) == 5
    assert sections(path) == wanted


def test_decisions_are_numbered_without_gaps_and_say_their_number() -> None:
    assert [path.name[:4] for path in DECISIONS] == [f"{number:04}" for number in range(len(DECISIONS))]
    for number, path in enumerate(DECISIONS[1:], 1):
        assert path.read_text(encoding="utf-8").startswith(f"# {number}. "), path.name


def test_every_decision_that_is_referred_to_exists() -> None:
    numbers = {path.name[:4] for path in DECISIONS}
    for path in MODULES:
        for number in re.findall(r"docs/adr/([0-9]{4})", path.read_text(encoding="utf-8")):
            assert number in numbers, f"{name_of(path)} refers to docs/adr/{number}"


def locked(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)==([^\s;]+)", text, re.MULTILINE))


@pytest.mark.parametrize(
    "name",
    [
        "runtime.txt",
        "run.txt",
        "services.txt",
        "image-hub.txt",
        "image-auth.txt",
        "dev.txt",
        "mutants.txt",
        "site.txt",
        "checkov.txt",
    ],
)
def test_a_lock_pins_with_hashes_and_agrees_with_the_others(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    starts = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(starts) >= 10
    for entry in re.split(r"^(?=\S)", text, flags=re.MULTILINE):
        assert not entry or re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.splitlines()[0]
    if name == "checkov.txt":
        return  # in an environment of its own
    everything, here = locked("dev.txt"), locked(name)
    shared = set(here) & set(everything) if name in ("mutants.txt", "site.txt") else set(here)  # beside dev's
    assert {package: everything.get(package) for package in shared} == {package: here[package] for package in shared}


def test_the_locks_hold_every_dependency_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    runtime = project["project"]["dependencies"]
    extras = project["project"]["optional-dependencies"]
    services = runtime + extras["services"] + extras["aws"]
    dev = [wanted for group in ("build", "dashboard", "dev") for wanted in groups[group] if isinstance(wanted, str)]
    assert set(groups) == {"build", "dashboard", "dev", "mutants", "site", "checkov"}
    asked_of = {
        "runtime.txt": runtime, "run.txt": runtime + groups["build"], "services.txt": services + groups["build"],
        "image-hub.txt": services, "image-auth.txt": runtime + extras["services"],
        "dev.txt": services + dev, "mutants.txt": groups["mutants"], "dashboard.txt": groups["dashboard"], "site.txt": groups["site"],
        "checkov.txt": groups["checkov"],
    }  # fmt: skip
    for name, wanted in asked_of.items():
        asked = {re.split(r"[<>=~! \[;]", requirement)[0].replace(".", "-") for requirement in wanted}
        assert asked <= set(locked(name)), name
    assert "boto3" not in locked("image-auth.txt"), "sign-in asks AWS for nothing"
    assert not {"boto3", "fastapi", "sqlalchemy", "redis"} & set(locked("runtime.txt")), (
        "the command line needs none of them"
    )


def test_only_declared_packages_are_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    called = {"pyyaml": "yaml", "pygithub": "github", "pyjwt": "jwt", "ruamel.yaml": "ruamel"}

    def known(wanted: list[str]) -> set[str]:
        names = (re.split(r"[<>=\[]", one)[0].replace("-", "_") for one in wanted)
        return {called.get(name, name) for name in names}

    everywhere = known(project["dependencies"]) | {"pydantic_core"} | set(PACKAGES) | sys.stdlib_module_names
    services, aws = (known(project["optional-dependencies"][extra]) for extra in ("services", "aws"))
    for path in MODULES:
        extra = services if name_of(path).startswith(OF_SERVICES) else set()
        extra |= aws | {"botocore"} if name_of(path) in OF_AWS else set()
        assert imported(path) <= everywhere | extra, name_of(path)


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("method", [socket.socket.connect, socket.socket.connect_ex], ids=["connect", "connect_ex"])
def test_a_test_cannot_leave_this_machine(method: Callable[..., object]) -> None:
    with socket.socket() as one, pytest.raises(AssertionError, match=r"192\.0\.2\.1"):
        getattr(one, method.__name__)(("192.0.2.1", 9))


def test_no_fixture_sees_the_environment_of_who_runs_the_tests(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_seen.py").write_text(SEEN)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path],
        env={**os.environ, "RTB_HUB_REPO": "/nonexistent", "GIT_DIR": "/nonexistent", "RTB_HUB_GO": "go", "CI": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


SEEN = """
import os
import pytest

@pytest.fixture(scope="session")
def early():
    return dict(os.environ)

def test_seen(early):
    assert {"RTB_HUB_REPO", "GIT_DIR"}.isdisjoint(early)
    assert (early["RTB_HUB_GO"], early["CI"], early["RTB_HUB_ACTOR"]) == ("go", "true", "alice")
    assert {"RTB_HUB_REPO", "GIT_DIR", "RTB_HUB_GO"}.isdisjoint(os.environ)
"""
