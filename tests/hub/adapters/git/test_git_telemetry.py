"""What Git does is told: each process by its subcommand, each commit by what became of it."""

from __future__ import annotations

import ast
import os
import shutil
from pathlib import Path, PurePosixPath

import pytest

from generator.errors import Moved, Stalled, Transient
from hub.adapters.git.opening import create_repository, open_store
from hub.adapters.git.process import Git
from hub.adapters.git.store import Identity
from hub.telemetry import events, metrics
from reconcilers.plan import FileChange, Plan
from worlds.builders import NOW
from worlds.places import ROOT
from worlds.telling import Told

CALLS = ("run", "must", "ask", "remote", "started", "_ask")


def plan(base: str | None, path: str = "a") -> Plan:
    return Plan("main", base, base, "A change", (FileChange(PurePosixPath(path), b"x", "it is new"),))


def test_each_process_is_counted_by_its_subcommand_and_how_it_ended(tmp_path: Path) -> None:
    told = Told()
    git = Git(os.environ, telemetry=told.telemetry)
    git.must("init", "--quiet", "--bare", str(tmp_path / "a.git"))
    inside = Git(os.environ, tmp_path / "a.git", telemetry=told.telemetry)
    assert inside.ask("config", "--get", "no.such").code == 1
    assert inside.run("-c", "gc.auto=0", "gc", "--quiet").code == 0
    seen = [(one["command"], one["outcome"]) for one in told.of(events.GIT_PROCESS)]
    assert seen == [("init", "ok"), ("config", "nonzero"), ("gc", "ok")]
    assert told.figure(metrics.GIT_PROCESSES, command="config", outcome="nonzero") == 1
    assert told.figure(metrics.GIT_SECONDS, command="init") == 1


def test_one_that_takes_too_long_and_one_that_is_not_there_are_counted(tmp_path: Path) -> None:
    told = Told()
    slow = Git(os.environ, local_seconds=0.2, telemetry=told.telemetry)
    with pytest.raises(Transient):
        slow.run("-c", "alias.wait=!sleep 60", "wait")
    with pytest.raises(Stalled, match="no git"):
        Git({"PATH": str(tmp_path)}, telemetry=told.telemetry).run("status")
    seen = [(one["command"], one["outcome"]) for one in told.of(events.GIT_PROCESS)]
    assert seen == [("wait", "timeout"), ("status", "missing")]
    assert told.figure(metrics.GIT_PROCESSES, command="other", outcome="timeout") == 1


def test_one_that_is_not_there_any_more_is_missing_too(tmp_path: Path) -> None:
    git = tmp_path / "git"
    git.symlink_to(shutil.which("git") or "")
    told = Told()
    gone = Git({"PATH": str(tmp_path)}, telemetry=told.telemetry)
    assert gone.run("version").code == 0
    git.unlink()
    with pytest.raises(Stalled, match="no git"):
        gone.run("version")
    assert [one["outcome"] for one in told.of(events.GIT_PROCESS)] == ["ok", "missing"]


@pytest.mark.parametrize("is_mirrored", [False, True], ids=["a path", "a mirror"])
def test_a_store_tells_of_all_it_starts_and_of_its_commits(tmp_path: Path, is_mirrored: bool) -> None:
    told = Told()
    create_repository(tmp_path / "a.git", bare=True, remote=None, environ=os.environ)
    where = f"file://{tmp_path / 'a.git'}" if is_mirrored else str(tmp_path / "a.git")
    who = Identity("hub", "hub@example.com")
    store = open_store(where, cache=tmp_path / "cache", environ=os.environ, identity=who, telemetry=told.telemetry)
    commit = store.commit(plan(None), at=NOW)
    (snapshot,) = store.snapshots().values()
    assert snapshot.read([PurePosixPath("a")])
    with pytest.raises(Moved):
        store.commit(plan(None, "b"), at=NOW)
    first, second = told.of(events.COMMIT)
    assert (first["branch"], first["commit"], first["outcome"]) == ("main", commit, "committed")
    assert (second["commit"], second["outcome"]) == (None, "moved")
    assert told.figure(metrics.COMMITS, outcome="committed") == told.figure(metrics.COMMITS, outcome="moved") == 1
    assert told.figure(metrics.GIT_PROCESSES, command="cat-file", outcome="kept") == 1
    assert told.figure(metrics.GIT_PROCESSES, command="fast-import", outcome="ok") is not None
    assert metrics.OTHER not in {one["command"] for one in told.series(metrics.GIT_PROCESSES)}
    assert (told.figure(metrics.GIT_PROCESSES, command="push", outcome="ok") == 1) is is_mirrored


def test_every_subcommand_of_the_code_is_listed() -> None:
    used = set()
    for path in (ROOT / "hub").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS:
                words = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                owner = ast.unparse(node.func.value)
                if words and "git" in owner.lower() and not words[0].startswith("-"):
                    used.add(words[0])
    assert {"update-ref", "rev-parse", "push", "merge-tree", "cat-file"} <= used
    assert used <= set(metrics.GIT_COMMAND.values or ())
