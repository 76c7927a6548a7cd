"""Many processes that write at once, and processes that are killed while they do."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_git_store import AT, bare, opened

from generator.yaml.writer import dump
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.layout import plan_layout
from reconcilers.state.reading import read_state
from worlds.builders import LIBRARY, environment
from worlds.commands import git
from worlds.git_http import GitServer
from worlds.places import PYTHON_PATH, WORLDS
from worlds.planning import layout
from worlds.polling import until

WRITER = WORLDS / "git_writer.py"
WRITERS, KILLS = 8, 12


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A repository with room for all."""
    path = bare(tmp_path / "origin.git")
    git(path, "config", "http.receivepack", "true")
    store = opened(path, tmp_path)
    tree = environment("int").as_tree()
    tree["spec"]["limits"]["previews"] = 10_000
    tree["spec"]["fargate"]["quotaVcpu"] = 100_000
    tree["spec"]["exposure"]["shards"] = 50
    for plan in plan_layout(layout(**{"int__environment.yaml": dump(tree)}), store):
        store.commit(plan, at=AT)
    return path


@pytest.fixture
def url(origin: Path, tmp_path: Path) -> Iterator[str]:
    with GitServer(tmp_path) as server:
        yield server.url("origin.git")


def writer(url: str, cache: Path, project: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(WRITER), url, str(cache), project, str(count)]
    environ = {**os.environ, "PYTHONPATH": PYTHON_PATH}
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True, start_new_session=True)


def observed(origin: Path, tmp_path: Path) -> EnvironmentState:
    return read_state(opened(origin, tmp_path), "int", LIBRARY)


def must_be_sound(origin: Path) -> None:
    """No object is broken or missing. A push whose client was killed may be under way for a moment more."""
    done: list[subprocess.CompletedProcess[str]] = []

    def is_sound() -> bool:
        check = ["git", "-C", origin, "fsck", "--strict", "--no-dangling"]
        done.append(subprocess.run(check, capture_output=True, text=True, check=False))
        return done[-1].returncode == 0

    until(is_sound, lambda: done[-1].stdout + done[-1].stderr)


def must_be_whole(origin: Path, tmp_path: Path) -> set[str]:
    """No entry without its manifest, none unreadable, one commit for each; returns the names."""
    must_be_sound(origin)
    state = observed(origin, tmp_path)
    head = state.snapshot.commit  # the branch may still move
    assert [record.faults for record in state.entries if record.faults] == []
    files = {str(path) for path in state.snapshot.files(state.entries[0].path.parents[3])} if state.entries else set()
    assert files == {f"{r.path.parent}/{name}" for r in state.entries for name in ("preview.yaml", "manifest.yaml")}
    parents = git(origin, "log", "--format=%P", head).split("\n")
    assert all(len(line.split()) <= 1 for line in parents), "the history is linear"
    started = [line for line in git(origin, "log", "--format=%(trailers:key=Preview,valueonly)", head).split() if line]
    assert len(started) == len(set(started)), "none is written twice"
    names = {record.name for record in state.entries}
    assert {f"int/{name}" for name in names} == set(started)
    return names


@pytest.mark.parametrize("shared", [True, False], ids=["of one machine", "of a machine each"])
def test_eight_writers_lose_nothing(origin: Path, url: str, tmp_path: Path, shared: bool, previews: int) -> None:
    caches = [tmp_path / ("cache" if shared else f"cache-{n}") for n in range(WRITERS)]
    running = [writer(url, cache, f"W{n}", previews) for n, cache in enumerate(caches)]
    told = {key for process in running for key in process.communicate()[0].split()}
    assert [process.returncode for process in running] == [0] * WRITERS
    expected = {f"W{n}-{number}" for n in range(WRITERS) for number in range(1, previews + 1)}
    assert told == expected
    assert must_be_whole(origin, tmp_path) == {key.lower() for key in expected}


@pytest.mark.parametrize("kind", ["http", "bare"])
def test_killed_at_any_moment_the_branch_is_whole_and_the_next_run_goes_on(
    origin: Path, url: str, tmp_path: Path, kind: str
) -> None:
    """Writers with all their git processes are killed (-9) at moments drawn by a fixed seed.

    A mirror's stale locks go by themselves; those in a repository of one's own are told (test_git_store.py).
    """
    where, cache, chance = url if kind == "http" else str(origin), tmp_path / "cache", random.Random(1)
    told: set[str] = set()
    for number in range(KILLS):
        process = writer(where, cache, f"K{number}", 100)
        assert process.stdout is not None
        told.add(process.stdout.readline().strip())  # it is at work now
        try:
            told |= set(process.communicate(timeout=chance.uniform(0, 0.5))[0].split())
        except subprocess.TimeoutExpired:
            kill_with_children(process)
            told |= set(process.communicate()[0].split())
            if kind == "bare":
                remove_locks(origin)
        assert {key.lower() for key in told} <= must_be_whole(origin, tmp_path)
    last = writer(where, cache, "LAST", 1)
    assert last.communicate()[0].split() == ["LAST-1"]
    assert "last-1" in must_be_whole(origin, tmp_path)


def remove_locks(origin: Path) -> None:
    """What the error of the next run tells a person to do: a repository of one's own may have other users alive."""
    for lock in origin.rglob("*.lock"):
        lock.unlink(missing_ok=True)


def kill_with_children(process: subprocess.Popen[str]) -> None:
    """Kill a writer and the git processes it started, each in a session of its own."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in (process.pid, *map(int, children)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
