"""What can be wrong with a repository: each has an error kind, a reason, a way out, and changes nothing."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha1
from itertools import islice
from pathlib import Path, PurePosixPath

import pytest
from test_git_store import AT, A, B, C, bare, head_of, opened, plan, put, write

from generator.errors import HubError, Moved, Reason, Stalled, Transient
from hub.adapters.git.mirror import Mirror
from hub.adapters.git.reader import GitReader
from hub.adapters.git.store import GitRepository
from worlds.commands import commit_file, git
from worlds.git_http import GitServer


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    path = bare(tmp_path / "origin.git")
    git(path, "config", "http.receivepack", "true")
    put(opened(path, tmp_path), write(A, "one"))
    return path


@pytest.fixture
def server(origin: Path, tmp_path: Path) -> Iterator[GitServer]:
    with GitServer(tmp_path) as running:
        yield running


@pytest.fixture
def url(server: GitServer) -> str:
    return server.url("origin.git")


def refused(work: Callable[[], object], kind: type[HubError], reason: Reason, said: str) -> HubError:
    with pytest.raises(kind, match=said) as caught:
        work()
    assert caught.value.reason is reason
    assert all(fault.remedy for fault in caught.value.faults), "there is a way out"
    return caught.value


def mirror_of(tmp_path: Path) -> Path:
    return next((tmp_path / "cache" / "repositories").iterdir())


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


class TestWaysIn:
    def test_a_credential_helper(self, origin: Path, tmp_path: Path) -> None:
        helper = script(tmp_path / "helper", 'echo username=hub; echo "password=$(cat "${0%/*}/token")"\n')
        (tmp_path / "token").write_text("s3cret")
        (tmp_path / "config").write_text(f"[credential]\n\thelper = {helper}\n")
        with GitServer(tmp_path, password="s3cret") as server:
            store = opened(server.url("origin.git"), tmp_path, GIT_CONFIG_GLOBAL=str(tmp_path / "config"))
            commit = put(store, write(B, "x"))
            (tmp_path / "token").write_text("expired")
            error = refused(store.snapshots, Stalled, Reason.REPOSITORY_DENIED, "Authentication failed")
        assert "expired" not in str(error)
        assert git(origin, "rev-parse", "main").strip() == commit
        assert "s3cret" not in "".join(p.read_text() for p in mirror_of(tmp_path).glob("*") if p.is_file())

    def test_ssh(self, origin: Path, tmp_path: Path) -> None:
        ssh = script(tmp_path / "ssh", 'for last; do :; done\necho "$@" >> "${0%/*}/asked"\nexec sh -c "$last"\n')
        store = opened(f"git@git.example.com:{origin}", tmp_path, GIT_SSH_COMMAND=str(ssh))
        commit = put(store, write(B, "x"))
        assert git(origin, "rev-parse", "main").strip() == commit
        assert "git@git.example.com git-receive-pack" in (tmp_path / "asked").read_text()

    def test_an_ssh_key_that_is_not_known_there(self, tmp_path: Path) -> None:
        ssh = script(tmp_path / "ssh", "echo 'git@git.example.com: Permission denied (publickey).' >&2; exit 255\n")
        store = opened("git@git.example.com:state.git", tmp_path, GIT_SSH_COMMAND=str(ssh))
        refused(store.snapshots, Stalled, Reason.REPOSITORY_DENIED, "Permission denied")

    def test_a_shallow_clone_commits_and_says_that_its_history_ends(self, origin: Path, tmp_path: Path) -> None:
        put(opened(origin, tmp_path), write(C, "two"))
        subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{origin}", tmp_path / "clone"], check=True)
        store = opened(tmp_path / "clone", tmp_path)
        commit = put(store, write(B, "x"))
        assert git(origin, "rev-parse", "main").strip() == commit
        refused(
            lambda: list(store.log(store.snapshots()["main"])), Stalled, Reason.REPOSITORY_REFUSED, "clone is shallow"
        )


class TestRemote:
    def test_no_credentials(self, tmp_path: Path, origin: Path) -> None:
        with GitServer(tmp_path, password="x") as server:
            store = opened(server.url("origin.git"), tmp_path)
            refused(store.snapshots, Stalled, Reason.REPOSITORY_DENIED, "could not read Username")

    def test_credentials_that_may_not(self, server: GitServer, tmp_path: Path) -> None:
        store = opened(server.url("origin.git", "hub:s3cret@"), tmp_path)
        server.forbids = True
        error = refused(store.snapshots, Stalled, Reason.REPOSITORY_DENIED, "403")
        assert "s3cret" not in str(error)

    def test_down(self, server: GitServer, url: str, tmp_path: Path) -> None:
        store = opened(url, tmp_path)
        server.is_down = True
        refused(store.snapshots, Transient, Reason.REPOSITORY_UNREACHABLE, "503")

    def test_read_only(self, origin: Path, url: str, tmp_path: Path) -> None:
        git(origin, "config", "http.receivepack", "false")
        refused(lambda: put(opened(url, tmp_path), write(B, "x")), Stalled, Reason.REPOSITORY_DENIED, "403")

    def test_slow(self, server: GitServer, url: str, tmp_path: Path) -> None:
        store = opened(url, tmp_path)
        quick = replace(store, reader=GitReader(replace(store.git, remote_seconds=0.5)))
        server.hangs = threading.Event()
        try:
            refused(quick.snapshots, Transient, Reason.REPOSITORY_UNREACHABLE, r"did not end within 0\.5 s")
        finally:
            server.hangs.set()

    def test_full(self, origin: Path, url: str, tmp_path: Path) -> None:
        store = opened(url, tmp_path)
        change = plan(store, write(B, random.Random(0).randbytes(9000).hex()))
        git(origin, "config", "receive.maxInputSize", "2000")
        refused(lambda: store.commit(change, at=AT), Stalled, Reason.REPOSITORY_REFUSED, "exceeds maximum")
        assert head_of(store, "main") == change.base

    def test_a_protected_branch(self, origin: Path, url: str, tmp_path: Path) -> None:
        script(
            origin / "hooks" / "update",
            'case $1 in refs/heads/main) echo "GH006: Protected branch" >&2; exit 1;; esac\n',
        )
        store = opened(url, tmp_path)
        change = plan(store, write(B, "x"))
        refused(lambda: store.commit(change, at=AT), Stalled, Reason.REPOSITORY_REFUSED, "GH006: Protected branch")
        put(store, write(B, "x"), branch="preview/x")
        assert head_of(store, "main") == change.base

    def test_rewritten_history(self, origin: Path, url: str, tmp_path: Path) -> None:
        put(opened(url, tmp_path), write(B, "b"))
        store = opened(url, tmp_path)
        stale = plan(store, write(C, "c"))
        git(origin, "update-ref", "refs/heads/main", f"{stale.base}~1")
        commit_file(origin, str(B), "another")
        refused(lambda: store.commit(stale, at=AT), Moved, Reason.BRANCH_MOVED, "it moved")
        commit = put(store, write(C, "c"))
        assert git(origin, "rev-parse", "main").strip() == commit
        assert store.snapshots()["main"].read([B, C]) == {B: b"another", C: b"c"}

    def test_a_corrupt_object_there(self, origin: Path, url: str, tmp_path: Path) -> None:
        spoil(origin, git(origin, "rev-parse", f"main:{A}").strip())
        refused(opened(url, tmp_path).snapshots, Stalled, Reason.REPOSITORY_REFUSED, "git fsck")

    def test_a_corrupt_object_in_a_repository_of_ones_own(self, origin: Path, tmp_path: Path) -> None:
        spoil(origin, git(origin, "rev-parse", f"main:{A}").strip())
        snapshot = opened(origin, tmp_path).snapshots()["main"]
        refused(lambda: snapshot.read([A]), Stalled, Reason.REPOSITORY_REFUSED, "git fsck")


def spoil(repository: Path, name: str) -> None:
    """Overwrite one object, which is made loose for it."""
    for pack in (repository / "objects" / "pack").glob("*.pack"):
        pack.rename(repository / "moved.pack")
        with (repository / "moved.pack").open("rb") as content:
            subprocess.run(["git", "-C", repository, "unpack-objects", "-q"], stdin=content, check=True)
        (repository / "moved.pack").unlink()
    path = repository / "objects" / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_bytes(b"\x00" * 20)


class TestMirror:
    """The copy of a remote is ours alone: what is wrong with it mends itself."""

    @pytest.mark.parametrize("damage", ["blob", "lost blob", "tree", "HEAD", "config", "refs", "packs"])
    def test_one_that_is_damaged_is_made_anew(self, url: str, tmp_path: Path, damage: str) -> None:
        put(opened(url, tmp_path), write(B, "b"))
        head = opened(url, tmp_path).snapshots()["main"]
        mirror = mirror_of(tmp_path)
        match damage:
            case "blob" | "lost blob" | "tree":
                name = git(mirror, "rev-parse", f"{head.commit}:{A if 'blob' in damage else A.parent}").strip()
                spoil(mirror, name)
                if damage == "lost blob":
                    (mirror / "objects" / name[:2] / name[2:]).unlink()
            case "HEAD" | "config":
                (mirror / damage).write_text("\0")
            case "refs":
                (mirror / "refs/remotes/origin/main").write_text("")
            case "packs":
                git(mirror, "gc", "-q")
                for pack in (mirror / "objects/pack").glob("*.pack"):
                    pack.chmod(0o644)
                    pack.write_bytes(pack.read_bytes()[:50])
        for _ in range(2):
            try:
                found = read(opened(url, tmp_path))
                break
            except Transient as err:
                assert "made anew" in str(err)
        else:
            found = read(opened(url, tmp_path))
        assert found == {A: b"one", B: b"b"}
        if damage == "packs":  # what was lost came anew; the remains are found when the mirror is tended
            os.utime(mirror / "rtb-hub.tended", (0, 0))
            opened(url, tmp_path)
            assert read(opened(url, tmp_path)) == found
        git(mirror, "fsck", "--strict")

    def test_a_process_that_stays_goes_on_with_the_new_one(self, url: str, tmp_path: Path) -> None:
        store = opened(url, tmp_path)
        put(store, write(B, "b"))
        assert read(store) == {A: b"one", B: b"b"}
        mirror = mirror_of(tmp_path)
        spoil(mirror, git(mirror, "rev-parse", f"{head_of(store, 'main')}:{A.parent}").strip())
        refused(lambda: read(store), Transient, Reason.REPOSITORY_UNREACHABLE, "made anew")
        put(store, write(C, "c"))
        assert read(store) == {A: b"one", B: b"b", C: b"c"}
        git(mirror, "fsck", "--strict")

    @pytest.mark.parametrize("commits", [True, False], ids=["commits", "looks"])
    def test_one_that_a_process_keeps_open_is_packed_all_the_same(
        self, url: str, tmp_path: Path, commits: bool
    ) -> None:
        store = opened(url, tmp_path)
        put(store, write(B, "b"))
        then, mirror = plan(store, write(C, "c")), mirror_of(tmp_path)
        assert "count: 0" not in git(mirror, "count-objects", "-v")
        os.utime(mirror / "rtb-hub.tended", (0, 0))
        if commits:
            store.commit(then, at=AT)
        else:
            store.snapshots()
        assert "count: 0" in git(mirror, "count-objects", "-v")
        assert read(store) == {A: b"one", B: b"b", **({C: b"c"} if commits else {})}

    def test_one_half_made_is_made_anew(self, url: str, tmp_path: Path) -> None:
        opened(url, tmp_path)
        mirror = mirror_of(tmp_path)
        (mirror / "config").unlink()
        assert read(opened(url, tmp_path)) == {A: b"one"}

    @pytest.mark.parametrize(
        "name", ["packed-refs.lock", "config.lock", "shallow.lock", "HEAD.lock", "refs/remotes/origin/main.lock"]
    )
    def test_a_lock_of_a_dead_process_is_removed(self, origin: Path, url: str, tmp_path: Path, name: str) -> None:
        put(opened(url, tmp_path), write(B, "b"), branch="gone")
        opened(url, tmp_path).snapshots()
        lock = mirror_of(tmp_path) / name
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
        git(origin, "update-ref", "-d", "refs/heads/gone")
        put(opened(origin, tmp_path), write(C, "c"))
        store = opened(url, tmp_path)
        assert read(store) == {A: b"one", C: b"c"}
        assert store.snapshots().keys() == {"main"}
        put(store, write(C, "d"))

    def test_what_dead_processes_left_goes_in_time(self, url: str, tmp_path: Path) -> None:
        opened(url, tmp_path).snapshots()
        mirror = mirror_of(tmp_path)
        (mirror / "objects/pack/tmp_pack_left").write_text("x")
        (mirror / "packed-refs.lock").touch()
        os.utime(mirror / "objects/pack/tmp_pack_left", (0, 0))
        os.utime(mirror / "rtb-hub.tended", (0, 0))
        with Mirror(mirror, url).shared():
            opened(url, tmp_path)
            assert (mirror / "packed-refs.lock").exists(), "somebody is at work"
        opened(url, tmp_path)
        assert not (mirror / "objects/pack/tmp_pack_left").exists()
        assert not (mirror / "packed-refs.lock").exists()

    def test_it_does_not_grow_without_bound(self, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        store = opened(url, tmp_path)
        put(store, write(B, "b"))
        store.snapshots()
        mirror = mirror_of(tmp_path)
        assert not git(mirror, "count-objects").startswith("0 objects")
        monkeypatch.setattr("hub.adapters.git.mirror._SAMPLE_LIMIT", 0)
        monkeypatch.setattr("hub.adapters.git.mirror._SAMPLE", next(mirror.glob("objects/[0-9a-f][0-9a-f]")).name)
        opened(url, tmp_path)
        assert git(mirror, "count-objects").startswith("0 objects")
        assert len(read(opened(url, tmp_path))) == 2

    def test_neither_does_a_bare_repository_of_ones_own(self, origin: Path, tmp_path: Path) -> None:
        texts = (str(number) for number in range(10_000))
        in_sample = (text for text in texts if sha1(b"blob %d\0" % len(text) + text.encode()).hexdigest()[:2] == "17")
        for text in islice(in_sample, 9):
            (tmp_path / "text").write_text(text)
            git(origin, "hash-object", "-w", str(tmp_path / "text"))
        assert not list(origin.glob("objects/pack/*.pack"))
        put(opened(origin, tmp_path), write(B, "b"))
        assert list(origin.glob("objects/pack/*.pack"))

    def test_one_that_others_hold_for_too_long_is_told(self, url: str, tmp_path: Path) -> None:
        store = opened(url, tmp_path)
        assert store.mirror is not None
        times = iter([0.0, 1.0, 200.0])
        waiting = replace(store.mirror, sleep=lambda _: None, monotonic=lambda: next(times))
        with store.mirror.shared():
            refused(
                replace(store, mirror=waiting).snapshots,
                Transient,
                Reason.REPOSITORY_UNREACHABLE,
                "other processes hold",
            )


def read(store: GitRepository) -> dict[PurePosixPath, bytes]:
    snapshot = store.snapshots()["main"]
    return dict(snapshot.read(snapshot.files(PurePosixPath())))


@pytest.mark.parametrize(
    ("loose", "minutes", "packs"),
    [(20, 1, False), (20, 11, True), (0, 11, False), (0, 60 * 25, True)],
    ids=["just packed", "piled up", "few", "a day"],
)
def test_a_mirror_is_packed_at_times_however_much_lies_there(
    url: str, tmp_path: Path, loose: int, minutes: int, packs: bool
) -> None:
    """What lost races leave stays for an hour, whatever is packed: it is not to be tried at every commit."""
    real = subprocess.run(["which", "git"], check=True, capture_output=True, text=True).stdout.strip()
    told = f'case " $* " in *" gc "*) echo . >> "${{0%/*}}/packed"; exit 0;; esac\nexec "{real}" "$@"\n'
    wrapper = script(tmp_path / "bin" / "git", told)
    store = opened(url, tmp_path, PATH=f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}")
    assert store.mirror
    store.snapshots()
    folder = mirror_of(tmp_path) / "objects" / "17"
    folder.mkdir(exist_ok=True)
    for number in range(loose):
        (folder / f"{number:038x}").touch()
    replace(store, mirror=replace(store.mirror, seconds=lambda: time.time() + 60 * minutes)).snapshots()
    assert (tmp_path / "bin" / "packed").exists() is packs


@pytest.mark.parametrize("place", ["mirror", "repository"])
def test_packing_that_takes_too_long_does_not_deny_a_commit_that_was_made(
    origin: Path, url: str, tmp_path: Path, place: str
) -> None:
    real = subprocess.run(["which", "git"], check=True, capture_output=True, text=True).stdout.strip()
    slow = f'case " $* " in *" gc "*) echo . >> "${{0%/*}}/packed"; sleep 60;; esac\nexec "{real}" "$@"\n'
    wrapper = script(tmp_path / "bin" / "git", slow)
    store = opened(
        url if place == "mirror" else origin, tmp_path, PATH=f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}"
    )
    store = replace(store, reader=GitReader(replace(store.git, local_seconds=3)))
    then = plan(store, write(B, "b"))
    if place == "mirror":
        os.utime(mirror_of(tmp_path) / "rtb-hub.tended", (0, 0))
    else:
        for number in range(20):
            (origin / "objects" / "17").mkdir(exist_ok=True)
            (origin / "objects" / "17" / f"{number:038x}").touch()
    commit = store.commit(then, at=AT)
    assert (tmp_path / "bin" / "packed").exists()
    assert git(origin, "rev-parse", "main").strip() == commit
    assert store.snapshots()["main"].read([B]) == {B: b"b"}


def test_a_mirror_that_another_process_makes_anew_does_not_deny_a_commit_that_was_made(
    origin: Path, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(url, tmp_path)
    then = plan(store, write(B, "b"))

    def gone(*_: object) -> bool:
        raise FileNotFoundError

    monkeypatch.setattr(Mirror, "_needs_tending", gone)
    assert git(origin, "rev-parse", "main").strip() != store.commit(then, at=AT) == head_of(store, "main")


def test_a_local_disk_that_is_full(origin: Path, tmp_path: Path) -> None:
    real = subprocess.run(["which", "git"], check=True, capture_output=True, text=True).stdout.strip()
    wrapper = script(tmp_path / "bin" / "git", f'ulimit -f 0; trap "" XFSZ; exec "{real}" "$@"\n')
    head = git(origin, "rev-parse", "main").strip()
    store = opened(origin, tmp_path, PATH=f"{wrapper.parent}:{os.environ['PATH']}")
    refused(lambda: put(store, write(B, "x")), Stalled, Reason.REPOSITORY_REFUSED, "File too large")
    assert git(origin, "rev-parse", "main").strip() == head
    put(opened(origin, tmp_path), write(B, "x"))
