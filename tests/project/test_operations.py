"""docs/OPERATIONS.md has a section for each alert and a row for each finding; what is lost comes back as it says."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.queue_contract import QUICK
from hub.services.worker.service import working
from hub.store.database import Database
from worlds.commands import git, must, rtb_hub
from worlds.doc_pages import blocks, slug
from worlds.forking import Forks
from worlds.places import ROOT, TESTS
from worlds.serving import Serving, job

PAGE = (ROOT / "docs" / "OPERATIONS.md").read_text(encoding="utf-8")
#: Where findings are made, and the openings that become findings.
MAKERS = (
    *sorted((ROOT / "reconcilers" / "doctor").glob("*.py")),
    *sorted((ROOT / "hub" / "actions").glob("doctor*.py")),
    ROOT / "hub/services/auth/checking.py",
    ROOT / "reconcilers/approval/openings.py",
)
#: What makes a finding, and the place of its name among the arguments.
NAMED_BY = {
    "Diagnosis": 1, "Opening": 1, "_error": 0, "_warning": 0, "_note": 0, "_of_fault": 1, "unread": 0, "read_each": 0,
    "archived": 0,
}  # fmt: skip


def test_every_alert_links_to_its_section() -> None:
    golden = yaml.safe_load((TESTS / "golden/hub/services/alerts.yaml").read_text(encoding="utf-8"))
    alerts = [rule for group in golden["spec"]["groups"] for rule in group["rules"]]
    sections = [slug(title) for title in re.findall(r"^### (.+)$", PAGE, re.MULTILINE)]
    links = [rule["annotations"]["runbook_url"] for rule in alerts]
    assert [link.partition("#")[2] for link in links] == [rule["alert"].lower() for rule in alerts]
    assert [link for link in links if link.partition("#")[2] not in sections] == []
    told = re.findall(r"^### (RtbHub\w+)$", PAGE, re.MULTILINE)
    assert told == [rule["alert"] for rule in alerts]


def test_every_finding_of_doctor_has_a_row_and_no_other() -> None:
    told = PAGE[PAGE.index("<!-- findings -->") : PAGE.index("<!-- end of findings -->")]
    rows = re.findall(r"^\| `([a-z-]+)` \|", told, re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert set(rows) == set().union(*(findings(path) for path in MAKERS))


def test_findings_are_found_however_they_are_named(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(
        "def f(x):\n    rule = 'a' if x else 'b'\n    Diagnosis('error', rule, x)\n    _error('c', x)\n"
        "def _rule(x):\n    return 'd' if x else 'e'\n"
        "def g(x):\n    Diagnosis('note', _rule(x), x)\n    codes = {1: 'h'}\n"
        "    for name, code in codes.items():\n        Diagnosis('note', code, x)\n"
    )
    assert findings(tmp_path / "one.py") == {"a", "b", "c", "d", "e", "h"}


def findings(path: Path) -> set[str]:
    """The names of findings that a module makes: written at the call, or where a name or a function there gets them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    functions = {one.name: one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
    for function in functions.values():
        for call in (one for one in ast.walk(function) if isinstance(one, ast.Call)):
            at = NAMED_BY.get(getattr(call.func, "id", ""))
            if at is not None and len(call.args) > at:
                found |= _texts(call.args[at], function, functions)
        if function.name in NAMED_BY:  # what it is given where nobody says otherwise
            found |= {one.value for one in function.args.defaults if isinstance(one, ast.Constant) and one.value}
    return found


def _texts(node: ast.expr, function: ast.FunctionDef, functions: dict[str, ast.FunctionDef]) -> set[str]:
    """The texts that an expression can be."""
    if isinstance(node, ast.Constant):
        return {node.value}
    if isinstance(node, ast.IfExp):
        return _texts(node.body, function, functions) | _texts(node.orelse, function, functions)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        returned = [one.value for one in ast.walk(functions[node.func.id]) if isinstance(one, ast.Return) and one.value]
        return set().union(*(_texts(one, function, functions) for one in returned))
    if isinstance(node, ast.Name):
        given: list[ast.expr] = []
        for one in ast.walk(function):
            if isinstance(one, ast.Assign) and any(isinstance(t, ast.Name) and t.id == node.id for t in one.targets):
                given.append(one.value)
            if isinstance(one, ast.For) and node.id in {n.id for n in ast.walk(one.target) if isinstance(n, ast.Name)}:
                given += [value for made in ast.walk(function) if isinstance(made, ast.Dict) for value in made.values]
        return set().union(*(_texts(one, function, functions) for one in given))
    return set()


def test_every_finding_that_a_forge_or_cluster_is_told_of_is_among_them() -> None:
    """So that what is looked for is there."""
    everything = set().union(*(findings(path) for path in MAKERS))
    assert {"set-frozen", "push-allowed", "deletion-allowed", "orphan-namespace", "provider", "clock"} <= everything
    assert len(everything) > 80


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state repository with previews in int and a request in prd."""
    made = tmp_path / "state.git"
    must("init", made)
    with_images = ("--image", f"web=registry.example.com/web@sha256:{'a' * 64}")
    for key, env in (("RTB-1", "int"), ("RTB-2", "int"), ("RTB-3", "prd")):
        must("start", key, "--env", env, "--blueprint", "web", *with_images, "--repo", made)
    return made


def rebuilt(clone: Path, tmp_path: Path, forked_hub: Forks) -> Path:
    """The state repository that the page's commands make of a clone."""
    new = tmp_path / "new.git"
    git(tmp_path, "init", "-q", "--bare", "--initial-branch=main", str(new))
    run("The state repository is lost", tmp_path, forked_hub, CLONE=str(clone), STATE=str(new))
    return new


def run(section: str, folder: Path, forked_hub: Forks, **environ: str) -> str:
    """Run the commands of a section that need nothing else, as they stand there; what they print."""
    (folder / "bin").mkdir()
    forked_hub.tool(folder / "bin" / "rtb-hub")
    text = "\n".join(one.text for one in blocks(PAGE) if one.section == section and one.needs is None)
    assert text
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env={**os.environ, "PATH": path, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def branches(repository: Path, folder: str = "refs/heads") -> dict[str, str]:
    listed = git(repository, "for-each-ref", "--format=%(refname:lstrip=-1) %(refname) %(objectname)", folder)
    return {line.split()[1].removeprefix(f"{folder}/"): line.split()[2] for line in listed.splitlines()}


def previews(repository: Path) -> list[tuple[str, str, str]]:
    """Issue, environment and end of each."""
    listed = must("list", "--repo", repository, "--output", "json").json()["previews"]
    return [(one["issue"], one["environment"], one["lease"].get("expiresAt")) for one in listed]


def test_the_state_repository_is_rebuilt_from_a_clone(state: Path, tmp_path: Path, forked_hub: Forks) -> None:
    before, listed = branches(state), previews(state)
    git(tmp_path, "clone", "-q", str(state), "clone")
    assert "refs/remotes/origin/HEAD" in git(tmp_path / "clone", "for-each-ref")
    shutil.rmtree(state)
    new = rebuilt(tmp_path / "clone", tmp_path, forked_hub)
    assert branches(new) == before
    assert "preview/prd/rtb-3" in before
    assert previews(new) == listed
    must("stop", "RTB-1", "--env", "int", "--repo", new)
    assert "rtb-2" in git(new, "ls-tree", "-r", "--name-only", "main")
    assert "previews/rtb-1/" not in git(new, "ls-tree", "-r", "--name-only", "main")


def test_it_is_rebuilt_from_the_hubs_own_mirror(
    state: Path, tmp_path: Path, forked_hub: Forks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTB_HUB_CACHE", str(tmp_path / "cache"))
    must("list", "--repo", state.as_uri())
    before = branches(state)
    (mirror,) = [one for one in (tmp_path / "cache" / "repositories").iterdir() if one.is_dir()]
    shutil.rmtree(state)
    assert branches(rebuilt(mirror, tmp_path, forked_hub)) == before


@pytest.fixture
def lost(postgres: Any, postgres_template: str) -> Iterator[str]:
    """A database of PostgreSQL that had jobs and tokens, and is empty now."""
    with postgres.database(like=postgres_template) as url:
        yield url


def emptied(url: str) -> None:
    with closing(Database(url)) as database, database.write() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")


def test_a_lost_database_costs_history_and_no_preview(lost: str, tmp_path: Path, forked_hub: Forks) -> None:
    at = {"RTB_HUB_DATABASE_URL": lost}
    serving = Serving(tmp_path / "state.git", lost)
    with working(serving.parts(), serving.jobs, pace=QUICK):
        serving.put(job("op-1"))
        serving.ended("op-1")
    must("token", "create", "old", "--scope", "preview:write", **at)
    serving.close()

    emptied(lost)
    refused = rtb_hub("job", "list", **at)
    assert refused.code != 0
    assert "db upgrade" in refused.err
    run("The database is lost", tmp_path, forked_hub, **at)

    assert [one["name"] for one in must("token", "list", "--output", "json", **at).json()["tokens"]] == ["ci"]
    assert must("job", "list", "--output", "json", **at).json()["jobs"] == []
    assert [one[0] for one in previews(tmp_path / "state.git")] == ["RTB-1"]
    again = Serving(tmp_path / "state.git", lost)
    with working(again.parts(), again.jobs, pace=QUICK):
        again.put(job("op-1"), job("op-2", issue="RTB-2"))  # the first was committed, and is asked for once more
        again.ended("op-1")
        again.ended("op-2")
    assert again.operations() == ["op-1", "op-2"]
    again.close()


def test_roles_of_another_prefix_take_over(postgres: Any, postgres_template: str) -> None:
    """A password is changed by roles beside the old ones: both work until the old ones are dropped."""
    with postgres.database(like=postgres_template) as url:
        name = url.rpartition("/")[2][:12]
        for prefix in (f"{name}_a_", f"{name}_b_"):
            must("db", "grants", "--apply", "--prefix", prefix, RTB_HUB_DATABASE_URL=url)
        for prefix in (f"{name}_a_", f"{name}_b_"):
            with closing(Database(url.replace("hub@", f"{prefix}worker@"))) as one, one.read() as connection:
                assert connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar_one() == 0
    for prefix in (f"{name}_a_", f"{name}_b_"):
        for service in ("listener", "worker", "dashboard", "auth", "scaler"):
            postgres.say(f"DROP ROLE {prefix}{service}")
