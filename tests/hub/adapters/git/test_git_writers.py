"""Many processes that write at once, and processes that are killed while they do."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
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
from worlds.forking import Forked, Forks
from worlds.git_http import GitServer
from worlds.planning import layout
from worlds.polling import until

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


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks("worlds.git_writer:main") as forks:
        yield forks


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


@pytest.mark.parametrize("cache", ["cache", "cache-{}"], ids=["of one machine", "of a machine each"])
def test_eight_writers_lose_nothing(origin: Path, url: str, forks: Forks, cache: str, previews: int) -> None:
    caches = [origin.parent / cache.format(n) for n in range(WRITERS)]
    running = [forks.start(url, cache, f"W{n}", previews) for n, cache in enumerate(caches)]
    told = {key for process in running for key in process.read().split()}
    assert [process.wait() for process in running] == [0] * WRITERS
    expected = {f"W{n}-{number}" for n in range(WRITERS) for number in range(1, previews + 1)}
    assert told == expected
    assert must_be_whole(origin, origin.parent) == {key.lower() for key in expected}


@pytest.mark.parametrize("kind", ["http", "bare"])
def test_killed_at_any_moment_the_branch_is_whole_and_the_next_run_goes_on(
    origin: Path, url: str, tmp_path: Path, forks: Forks, kind: str
) -> None:
    """Writers with all their git processes are killed (-9) at moments drawn by a fixed seed.

    A mirror's stale locks go by themselves; those in a repository of one's own are told (test_git_store.py).
    """
    where, cache, chance = url if kind == "http" else str(origin), tmp_path / "cache", random.Random(1)
    told: set[str] = set()
    for number in range(KILLS):
        process = forks.start(where, cache, f"K{number}", 100)
        told |= {process.stdout.readline().strip() for _ in range(chance.randint(1, 4))}  # it is at work now
        time.sleep(chance.uniform(0, 0.1))  # somewhere in the next, which it is nowhere near the end of
        kill_with_children(process)
        told |= set(process.read().split())
        assert process.wait() == -signal.SIGKILL
        if kind == "bare":
            remove_locks(origin)
        assert {key.lower() for key in told} <= must_be_whole(origin, tmp_path)
    last = forks.start(where, cache, "LAST", 1)
    assert (last.read().split(), last.wait()) == (["LAST-1"], 0)
    assert "last-1" in must_be_whole(origin, tmp_path)


def remove_locks(origin: Path) -> None:
    """What the error of the next run tells a person to do: a repository of one's own may have other users alive."""
    for lock in origin.rglob("*.lock"):
        lock.unlink(missing_ok=True)


def kill_with_children(process: Forked) -> None:
    """Kill a writer and the git processes it started, each in a session of its own."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in (process.pid, *map(int, children)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
