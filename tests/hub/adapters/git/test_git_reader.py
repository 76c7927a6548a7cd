"""The git that stays to be asked for objects, and listings that are brought up to date by what changed."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_git_store import A, B, C, bare, opened, put, remove, write

from generator.errors import Transient
from hub.adapters.git.objects import LARGEST_BYTES, Told
from hub.adapters.git.process import Git
from hub.adapters.git.reader import GitReader
from hub.adapters.git.store import GitRepository
from worlds.commands import git
from worlds.counted_git import VERSION

BELOW = PurePosixPath("environments")


def children() -> set[int]:
    """Processes that were started here and are not reaped, zombies among them."""
    return {int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    path = bare(tmp_path / "origin.git")
    put(opened(path, tmp_path), write(A, "one"))
    return path


def read(store: GitRepository) -> Mapping[PurePosixPath, bytes]:
    """All files of the branch."""
    snapshot = store.snapshots()["main"]
    return snapshot.read(snapshot.files(PurePosixPath()))


class TestLargeFiles:
    """Whoever may push can put a file of any size onto a branch; who reads the branch must not run out of memory."""

    @pytest.mark.parametrize("more", [0, 1, 5_000_000])
    def test_of_one_that_is_too_large_one_byte_more_than_is_allowed_is_read(
        self, origin: Path, tmp_path: Path, more: int
    ) -> None:
        store = opened(origin, tmp_path)
        put(store, write(B, "b" * (LARGEST_BYTES + more)), write(C, "after it"))
        found = read(store)
        assert len(found[B]) == LARGEST_BYTES + min(more, 1)
        assert (found[A], found[C]) == (b"one", b"after it")

    @given(st.lists(st.integers(0, 9)), st.data())
    @settings(max_examples=50)
    def test_what_is_told_in_any_parts_is_the_same(self, sizes: list[int], data: st.DataObject) -> None:
        told = b"".join(b"%040x blob %d\n%s\n" % (n, n, b"\n" * n) + b"a name missing\n" for n in sizes)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(told)))))
        bounded = Told()
        for start, end in pairwise([0, *cuts, len(told)]):
            bounded.add(told[start:end])
        assert bounded.kept == told


class TestReader:
    def test_one_git_answers_all(self, origin: Path, tmp_path: Path) -> None:
        before, store = children(), opened(origin, tmp_path)
        assert [read(store) for _ in range(3)] == [{A: b"one"}] * 3
        assert len(children() - before) == 1

    def test_what_comes_later_is_seen_loose_or_packed(self, origin: Path, tmp_path: Path) -> None:
        mirrored = opened(f"file://{origin}", tmp_path)
        before = children()
        assert read(mirrored) == {A: b"one"}
        (reader,) = children() - before
        put(opened(origin, tmp_path), write(B, "loose"))
        assert read(mirrored)[B] == b"loose"
        git(origin, "gc", "--quiet")
        put(opened(origin, tmp_path), *(write(PurePosixPath(f"environments/{n}"), str(n)) for n in range(200)))
        assert len(read(mirrored)) == 202
        assert mirrored.git.directory
        git(mirrored.git.directory, "gc", "--quiet", "--prune=now")
        assert len(read(mirrored)) == 202
        assert children() - before == {reader}

    def test_one_that_died_is_started_anew(self, origin: Path, tmp_path: Path) -> None:
        before, store = children(), opened(origin, tmp_path)
        for _ in range(3):
            assert read(store) == {A: b"one"}
            (reader,) = children() - before
            os.kill(reader, signal.SIGKILL)
        assert read(store) == {A: b"one"}
        assert reader not in children()

    def test_it_ends_with_its_store(self, origin: Path, tmp_path: Path) -> None:
        before, store = children(), opened(origin, tmp_path)
        read(store)
        assert children() != before
        del store
        assert children() == before

    def test_it_ends_when_it_is_closed_and_starts_again(self, origin: Path, tmp_path: Path) -> None:
        before, store = children(), opened(origin, tmp_path)
        read(store)
        store.reader.close()
        assert children() == before
        assert read(store) == {A: b"one"}

    def test_one_that_hangs_is_ended(self, tmp_path: Path) -> None:
        (tmp_path / "git").write_text(f"#!/bin/sh\n{VERSION}\nsleep 600\n")
        (tmp_path / "git").chmod(0o755)
        before = children()
        reader = GitReader(Git({"PATH": f"{tmp_path}:{os.environ['PATH']}"}, local_seconds=0.3))
        with pytest.raises(Transient, match=r"did not end within 0\.3 s"):
            reader.contents(b"HEAD\n")
        assert children() == before

    def test_threads_take_turns(self, origin: Path, tmp_path: Path) -> None:
        paths = [PurePosixPath(f"environments/{n}") for n in range(40)]
        store = opened(origin, tmp_path)
        put(store, *(write(path, str(path) * 5_000) for path in paths))
        snapshot, wrong = store.snapshots()["main"], list[PurePosixPath]()

        def reads(path: PurePosixPath) -> None:
            for _ in range(5):
                if snapshot.read([path]) != {path: str(path).encode() * 5_000}:
                    wrong.append(path)

        threads = [threading.Thread(target=reads, args=(path,)) for path in paths[:8]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        assert len(snapshot.read(paths)) == 40

    def test_a_path_of_two_lines_is_read_as_one(self, origin: Path, tmp_path: Path) -> None:
        odd, absent = PurePosixPath("environments/a\nb"), PurePosixPath("environments/no\nb")
        store = opened(origin, tmp_path)
        put(store, write(odd, "odd"))
        assert store.snapshots()["main"].read([odd, absent, A]) == {odd: b"odd", A: b"one"}


class TestListing:
    """Whatever happens between two observations, the later listing is the one that a store opened anew makes."""

    def test_follows_what_is_written_and_removed(self, origin: Path, tmp_path: Path) -> None:
        store = opened(origin, tmp_path)
        below, beside = PurePosixPath("environments/x/y"), PurePosixPath("environments/x.y")
        for change in (
            write(B, "b"), write(A, "other"), remove(A), write(below, "1"), write(below.parent, "2"),
            write(below, "3"), write(beside, "4"), write(PurePosixPath("elsewhere"), "5"), remove(below),
        ):  # fmt: skip
            assert listed(store) == listed(opened(origin, tmp_path))
            put(store, change)
        assert listed(store) == listed(opened(origin, tmp_path))

    def test_follows_a_submodule_that_takes_a_files_place(self, origin: Path, tmp_path: Path) -> None:
        store, work = opened(origin, tmp_path), tmp_path / "work"
        put(store, write(B, "b"))
        assert str(B) in dict(listed(store))
        subprocess.run(["git", "clone", "-q", origin, work], check=True)
        git(work, "rm", "--quiet", "--cached", str(B))
        git(work, "update-index", "--add", "--cacheinfo", f"160000,{git(work, 'rev-parse', 'HEAD').strip()},{B}")
        git(work, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "-m", "x")
        git(work, "push", "--quiet")
        assert listed(store) == listed(opened(origin, tmp_path))
        assert str(B) not in dict(listed(store))

    def test_is_made_anew_when_the_commit_before_is_gone(self, origin: Path, tmp_path: Path) -> None:
        store = opened(origin, tmp_path)
        first = store.snapshots()["main"].commit
        put(store, write(B, "b"))
        assert str(B) in dict(listed(store))
        git(origin, "update-ref", "refs/heads/main", first)
        git(origin, "reflog", "expire", "--expire=now", "--all")
        git(origin, "gc", "--quiet", "--prune=now")
        put(store, write(C, "c"))
        assert listed(store) == listed(opened(origin, tmp_path))
        assert str(B) not in dict(listed(store))


def listed(store: GitRepository) -> list[tuple[str, str]]:
    """The listing with its order."""
    found: Mapping[str, str] = store.snapshots()["main"].listing(BELOW)
    return list(found.items())
