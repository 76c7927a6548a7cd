"""The store's contract, over memory and every kind of real repository; then what only real ones can do."""

from __future__ import annotations

import itertools
import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import pytest

from generator.errors import ConfigError, HubError, Moved, Reason, Stalled, Transient
from hub.adapters.git.opening import create_repository, open_store
from hub.adapters.git.process import Git
from hub.adapters.git.store import GitRepository, Identity
from reconcilers.plan import FileChange, Plan
from reconcilers.ports.git import GitStore
from worlds.commands import git
from worlds.counted_git import VERSION
from worlds.git_http import GitServer
from worlds.memory_store import MemoryStore, content_id
from worlds.polling import until

AT = datetime(2026, 11, 23, 2, 0, 0, tzinfo=UTC)
A, B, C = PurePosixPath("environments/int/a.yaml"), PurePosixPath("environments/stg/b.yaml"), PurePosixPath("top.yaml")
WHO = Identity("rtb-hub", "hub@example.com")
Make = Callable[[], GitStore]


def opened(location: object, tmp_path: Path, **environ: str) -> GitRepository:
    return open_store(str(location), cache=tmp_path / "cache", environ={**os.environ, **environ}, identity=WHO)


def bare(path: Path) -> Path:
    create_repository(path, bare=True, remote=None, environ=os.environ)
    return path


KINDS = ["memory", "bare", "work tree", "clone of a path", "http"]


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """A function that opens one and the same empty repository anew, as another process would."""
    kind = request.param
    if kind == "memory":
        shared = MemoryStore()
        yield lambda: shared
        return
    origin = tmp_path / "origin.git"
    if kind == "work tree":
        create_repository(origin, bare=False, remote=None, environ=os.environ)
    else:
        bare(origin)
    if kind == "clone of a path":
        clone = tmp_path / "clone.git"
        create_repository(clone, bare=True, remote=str(origin), environ=os.environ)
        yield lambda: opened(clone, tmp_path)
    elif kind == "http":
        git(origin, "config", "http.receivepack", "true")
        with GitServer(tmp_path) as server:
            yield lambda: opened(server.url("origin.git"), tmp_path)
    else:
        yield lambda: opened(origin, tmp_path)
    git(origin, "fsck", "--strict")


def head_of(store: GitStore, branch: str) -> str | None:
    found = store.snapshots().get(branch)
    return found.commit if found else None


def plan(store: GitStore, *changes: FileChange, branch: str = "main", **fields: object) -> Plan:
    head = head_of(store, branch)
    return Plan(**{"branch": branch, "base": head, "expected": head, "subject": "Change", "changes": changes, **fields})  # type: ignore[arg-type]


def write(path: PurePosixPath, text: str) -> FileChange:
    return FileChange(path, text.encode(), "because")


def remove(path: PurePosixPath) -> FileChange:
    return FileChange(path, None, "because")


def put(store: GitStore, *changes: FileChange, **fields: object) -> str:
    return store.commit(plan(store, *changes, **fields), at=AT)


class TestContract:
    def test_what_is_committed_is_read_back(self, make: Make) -> None:
        commit = put(make(), write(A, "one"), write(C, "no newline"))
        snapshot = make().snapshots()["main"]
        assert snapshot.commit == commit
        assert snapshot.files(PurePosixPath()) == (A, C)
        assert snapshot.files(PurePosixPath("environments")) == (A,)
        assert snapshot.files(PurePosixPath("nothing")) == ()
        assert snapshot.read([A, B, C]) == {A: b"one", C: b"no newline"}
        assert snapshot.read([]) == {}

    def test_a_listing_names_contents_alike_wherever_they_stand(self, make: Make) -> None:
        put(make(), write(A, "same"), write(B, "same"), write(C, "other"))
        listing = make().snapshots()["main"].listing(PurePosixPath("environments"))
        assert list(listing) == [str(A), str(B)]
        assert listing[str(A)] == listing[str(B)] == content_id(b"same")
        assert make().snapshots()["main"].listing(PurePosixPath("nothing")) == {}

    def test_what_changed_since_another_snapshot_is_told_by_path(self, make: Make) -> None:
        put(make(), write(A, "a"), write(B, "b"), write(C, "c"))
        before = make().snapshots()["main"]
        new = A.parent / "new.yaml"
        put(make(), remove(A), write(B, "b2"), write(C, "c2"), write(new, "n"))
        after = make().snapshots()["main"]
        folder = PurePosixPath("environments")
        assert after.changed(before, folder) == {str(A): None, str(new): content_id(b"n"), str(B): content_id(b"b2")}
        assert after.changed(before, A.parent) == {str(A): None, str(new): content_id(b"n")}
        assert after.changed(before, PurePosixPath()).keys() == {str(A), str(new), str(B), str(C)}
        assert after.changed(after, folder) == {}

    def test_a_folder_is_not_read_as_a_file(self, make: Make) -> None:
        put(make(), write(A, "one"))
        assert make().snapshots()["main"].read([PurePosixPath("environments")]) == {}

    def test_write_and_remove_in_one_commit_leave_other_files_alone(self, make: Make) -> None:
        put(make(), write(A, "a"), write(B, "b"), write(C, "c"))
        put(make(), remove(A), write(B, "b2"))
        snapshot = make().snapshots()["main"]
        assert snapshot.read(snapshot.files(PurePosixPath())) == {B: b"b2", C: b"c"}

    def test_a_snapshot_stays_as_it_was_while_others_commit(self, make: Make) -> None:
        put(make(), write(A, "old"))
        snapshot = make().snapshots()["main"]
        put(make(), write(A, "new"), write(B, "b"))
        assert snapshot.read([A, B]) == {A: b"old"}
        assert snapshot.files(PurePosixPath()) == (A,)

    def test_what_is_known_is_what_was_seen_or_done_last_without_a_look(self, make: Make) -> None:
        store, head = make(), put(make(), write(A, "one"))
        assert store.snapshots()["main"].commit == head
        own = store.commit(Plan("main", head, head, "Change", (write(B, "b"),)), at=AT)
        store.commit(Plan("preview/x", own, None, "Change", (write(C, "c"),)), at=AT)
        known = store.known()
        assert list(known) == ["main", "preview/x"]
        assert (known["main"].commit, known["main"].read([B])) == (own, {B: b"b"})
        store.delete_branch("preview/x", expected=known["preview/x"].commit)
        assert list(store.known()) == ["main"]
        theirs = put(make(), write(A, "two"))
        assert store.known()["main"].commit in (own, theirs)
        with pytest.raises(Moved):
            store.commit(Plan("main", own, own, "Change", (write(C, "c"),)), at=AT)
        assert store.snapshots()["main"].commit == store.known()["main"].commit == theirs

    def test_nothing_is_left_out_of_what_is_known_before_the_first_look(self, make: Make) -> None:
        head = put(make(), write(A, "one"))
        put(make(), write(B, "b"), branch="other", base=head)
        store = make()
        assert list(store.snapshots()) == list(store.known()) == ["main", "other"]
        fresh = make()
        commit = fresh.commit(Plan("main", head, head, "Change", (write(C, "c"),)), at=AT)
        assert {name: s.commit for name, s in fresh.known().items()}["main"] == commit
        assert list(fresh.known()) == ["main", "other"]

    def test_the_history_tells_who_did_what_newest_first(self, make: Make) -> None:
        first = put(make(), write(A, "1"), subject="Start", trailers=(("Preview", "int/a"), ("Reason", "a: b\nX: y")))
        second = put(make(), write(B, "2"), subject="Other")
        third = put(make(), remove(A), subject="Stop", trailers=(("Preview", "int/a"), ("Preview", "int/b")))
        store = make()
        snapshot = store.snapshots()["main"]
        log = list(store.log(snapshot))
        assert [(c.commit, c.parent, c.subject) for c in log] == [
            (third, second, "Stop"), (second, first, "Other"), (first, None, "Start"),
        ]  # fmt: skip
        assert [c.trailers for c in log] == [
            (("Preview", "int/a"), ("Preview", "int/b")), (), (("Preview", "int/a"), ("Reason", "a: b X: y")),
        ]  # fmt: skip
        assert {c.at for c in log} == {AT}
        assert [c.commit for c in store.log(snapshot, below=A.parent)] == [third, first]
        assert list(store.log(snapshot, since=AT + timedelta(seconds=1))) == []
        for year in (1, 1969, 1970, 1972, 2025):
            assert list(store.log(snapshot, since=AT.replace(year=year))) == log

    def test_no_text_of_a_commit_breaks_the_history(self, make: Make) -> None:
        odd = "a\x1e\x1f\x1b[2J\x7f\u202e"
        put(make(), write(A, "1"), subject=f"Start {odd}", trailers=(("Reason", odd), ("X", ":")))
        put(make(), write(B, "2"), subject="Last")
        log = list(make().log(make().snapshots()["main"]))
        assert [one.subject for one in log] == ["Last", f"Start {odd}"]
        assert [name for name, _ in log[1].trailers] == ["Reason", "X"]

    def test_an_earlier_commit_is_read_as_it_was(self, make: Make) -> None:
        first = put(make(), write(A, "1"))
        put(make(), remove(A), write(B, "2"))
        store = make()
        assert store.at(store.snapshots()["main"], first).read([A, B]) == {A: b"1"}
        with pytest.raises(Stalled, match="is not in the history of main"):
            store.at(store.snapshots()["main"], put(make(), write(C, "c"), branch="other"))

    def test_files_are_read_as_they_were_before_commits(self, make: Make) -> None:
        commits = [
            put(make(), *changes) for changes in ((write(A, "1"),), (write(A, "2"),), (remove(A), write(B, "3")))
        ]
        store = make()
        branch = store.snapshots()["main"]
        logged = {one.commit: one for one in store.log(branch)}
        wanted = [(logged[one], path) for one in commits for path in (A, B)]
        assert store.read_before(wanted) == {(commits[1], A): b"1", (commits[2], A): b"2"}
        assert store.read_before([]) == {}
        assert [before.commit for one in commits[1:] if (before := store.before(branch, logged[one]))] == commits[:2]

    def test_a_stale_plan_is_refused_and_changes_nothing(self, make: Make) -> None:
        put(make(), write(A, "1"))
        store = make()
        stale = plan(store, write(A, "mine"))
        head = put(make(), write(A, "theirs"))
        with pytest.raises(Moved) as caught:
            store.commit(stale, at=AT)
        assert caught.value.reason is Reason.BRANCH_MOVED
        assert make().snapshots()["main"].commit == head
        assert make().snapshots()["main"].read([A]) == {A: b"theirs"}

    def test_of_two_first_commits_one_wins(self, make: Make) -> None:
        first, second = make(), make()
        plans = [plan(store, write(A, text)) for store, text in ((first, "1"), (second, "2"))]
        first.commit(plans[0], at=AT)
        with pytest.raises(Moved):
            second.commit(plans[1], at=AT)
        assert make().snapshots()["main"].read([A]) == {A: b"1"}

    def test_a_converged_plan_does_nothing(self, make: Make) -> None:
        head = put(make(), write(A, "1"))
        assert put(make()) == head
        assert make().snapshots()["main"].commit == head

    def test_a_request_branch_starts_at_another_branchs_head(self, make: Make) -> None:
        head = put(make(), write(A, "1"))
        put(make(), write(B, "2"), branch="preview/prd/rtb-1", base=head, expected=None)
        assert make().snapshots().keys() == {"main", "preview/prd/rtb-1"}
        assert make().snapshots()["preview/prd/rtb-1"].files(PurePosixPath()) == (A, B)
        assert make().snapshots()["main"].commit == head

    def test_a_branch_is_deleted_only_where_it_was_seen(self, make: Make) -> None:
        put(make(), write(A, "1"))
        head = put(make(), write(B, "2"), branch="preview/x")
        with pytest.raises(Moved):
            make().delete_branch("preview/x", expected="0" * 39 + "1")
        make().delete_branch("preview/x", expected=head)
        assert make().snapshots().keys() == {"main"}

    def test_an_empty_repository_has_no_branch(self, make: Make) -> None:
        assert make().snapshots() == {}

    @pytest.mark.parametrize("name", ["a b", 'q"uote', "back\\slash", "日本", "-dash", "new\nline", "tab\t", "ö"])
    def test_unusual_names(self, make: Make, name: str) -> None:
        path = PurePosixPath("folder", name)
        put(make(), write(path, "x"), write(A, "y"))
        snapshot = make().snapshots()["main"]
        assert snapshot.files(PurePosixPath("folder")) == (path,)
        if "\n" not in name:  # one line a name is git's limit, and no name of ours has two
            assert snapshot.read([path, A]) == {path: b"x", A: b"y"}


class TestCommits:
    def test_who_what_and_why_stand_in_the_log(self, tmp_path: Path) -> None:
        store = opened(bare(tmp_path / "r"), tmp_path)
        put(store, write(A, "x"), subject="Start RTB-1", trailers=(("Preview", "int/rtb-1"), ("Reason", "a\nFake: b")))
        log = git(tmp_path / "r", "log", "--format=%an|%ae|%aI|%s|%(trailers:unfold)", "main")
        assert log.startswith("rtb-hub|hub@example.com|2026-11-23T02:00:00+00:00|Start RTB-1|Preview: int/rtb-1\n")
        assert "Reason: a Fake: b" in log

    def test_the_same_plan_at_the_same_time_is_the_same_commit(self, tmp_path: Path) -> None:
        ids = {put(opened(bare(tmp_path / n), tmp_path), write(A, "x")) for n in ("one", "two")}
        assert len(ids) == 1

    def test_nothing_is_left_behind(self, tmp_path: Path) -> None:
        put(opened(bare(tmp_path / "r"), tmp_path), write(A, "x"))
        assert git(tmp_path / "r", "for-each-ref", "--format=%(refname)").split() == ["refs/heads/main"]


class TestWorkTree:
    def tree(self, tmp_path: Path) -> tuple[Path, GitRepository]:
        create_repository(tmp_path / "r", bare=False, remote=None, environ=os.environ)
        store = opened(tmp_path / "r", tmp_path)
        put(store, write(A, "one"))
        return tmp_path / "r", store

    def test_a_clean_work_tree_follows(self, tmp_path: Path) -> None:
        folder, store = self.tree(tmp_path)
        assert (folder / A).read_text() == "one"
        put(store, remove(A), write(B, "two"))
        assert not (folder / A).exists()
        assert (folder / B).read_text() == "two"
        assert git(folder, "status", "--porcelain") == ""

    @pytest.mark.parametrize("dirt", ["changed", "staged", "untracked"])
    def test_a_dirty_one_is_refused_and_left_alone(self, tmp_path: Path, dirt: str) -> None:
        folder, store = self.tree(tmp_path)
        path = folder / (B if dirt == "untracked" else A)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
        if dirt == "staged":
            git(folder, "add", "-A")
        head = git(folder, "rev-parse", "main")
        with pytest.raises(Stalled, match=path.name) as caught:
            put(store, write(C, "x"))
        assert caught.value.reason is Reason.REPOSITORY_DIRTY
        assert (git(folder, "rev-parse", "main"), path.read_text()) == (head, "mine")

    def test_a_branch_that_is_not_checked_out_needs_no_clean_tree(self, tmp_path: Path) -> None:
        folder, store = self.tree(tmp_path)
        (folder / "mine").write_text("mine")
        put(store, write(C, "x"), branch="prd")
        assert git(folder, "ls-tree", "--name-only", "prd").split() == ["top.yaml"]

    def test_a_clones_own_branches_and_files_are_not_touched(self, tmp_path: Path) -> None:
        origin, _ = self.tree(tmp_path)
        git(origin, "checkout", "-q", "--detach")
        subprocess.run(["git", "clone", "-q", "-b", "main", origin, tmp_path / "clone"], check=True)
        (tmp_path / "clone" / A).write_text("mine")
        before = git(tmp_path / "clone", "rev-parse", "main")
        commit = put(opened(tmp_path / "clone", tmp_path), write(B, "x"))
        assert git(origin, "rev-parse", "main").strip() == commit
        assert git(tmp_path / "clone", "rev-parse", "main") == before
        assert (tmp_path / "clone" / A).read_text() == "mine"


class TestRemote:
    @pytest.fixture
    def origin(self, tmp_path: Path) -> Path:
        path = bare(tmp_path / "origin.git")
        git(path, "config", "http.receivepack", "true")
        put(opened(path, tmp_path), write(A, "one"))
        return path

    def test_a_hook_that_refuses(self, origin: Path, tmp_path: Path) -> None:
        hook = origin / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho 'guard: not on a Friday' >&2\nexit 1\n")
        hook.chmod(0o755)
        before = git(origin, "for-each-ref")
        with GitServer(tmp_path) as server, pytest.raises(Stalled, match="not on a Friday") as caught:
            put(opened(server.url("origin.git"), tmp_path), write(B, "x"))
        assert caught.value.reason is Reason.REPOSITORY_REFUSED
        assert git(origin, "for-each-ref") == before

    def test_a_remote_that_cannot_be_reached(self, tmp_path: Path) -> None:
        with GitServer(tmp_path) as server:
            url = server.url("origin.git", "hub:s3cret@") + "?token=s3cret"
        with pytest.raises(Transient) as caught:
            opened(url, tmp_path).snapshots()
        assert caught.value.reason is Reason.REPOSITORY_UNREACHABLE
        assert "s3cret" not in str(caught.value)
        assert "127.0.0.1" in str(caught.value)

    def test_a_wrong_password_is_told_without_it_and_without_a_prompt(self, origin: Path, tmp_path: Path) -> None:
        with GitServer(tmp_path, password="right") as server:
            with pytest.raises(Stalled) as caught:
                opened(server.url("origin.git", "hub:wr0ng@"), tmp_path).snapshots()
            assert caught.value.reason is Reason.REPOSITORY_DENIED
            assert "wr0ng" not in str(caught.value)
            assert opened(server.url("origin.git", "hub:right@"), tmp_path).snapshots().keys() == {"main"}

    def test_credentials_never_show_in_the_location(self, tmp_path: Path) -> None:
        store = opened("https://user:token@example.com/state.git?x=y", tmp_path)
        assert store.location == "https://example.com/state.git"

    def test_a_push_whose_answer_was_lost_is_recognised(self, origin: Path, tmp_path: Path) -> None:
        with GitServer(tmp_path) as server:
            store = opened(server.url("origin.git"), tmp_path)
            change = plan(store, write(B, "x"))
            server.drop_after_push = True
            commit = store.commit(change, at=AT)
        assert git(origin, "rev-parse", "main").strip() == commit

    def test_what_does_not_follow_is_never_pushed(self, origin: Path, tmp_path: Path) -> None:
        with GitServer(tmp_path) as server:
            store = opened(server.url("origin.git"), tmp_path)
            head = store.snapshots()["main"].commit
            with pytest.raises(Stalled, match="does not follow"):
                store.commit(Plan("main", None, head, "Rewrite", (write(B, "x"),)), at=AT)
        assert git(origin, "rev-parse", "main").strip() == head


class TestSurroundings:
    def test_what_is_no_repository(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        for location in (tmp_path, tmp_path / "file", tmp_path / "nothing"):
            with pytest.raises(Stalled) as caught:
                opened(location, tmp_path)
            assert caught.value.reason is Reason.NOT_A_STATE_REPOSITORY

    def test_the_callers_git_variables_do_not_lead_elsewhere(self, tmp_path: Path) -> None:
        other = bare(tmp_path / "other")
        variables = {"GIT_DIR": str(other), "GIT_INDEX_FILE": str(tmp_path / "index"), "GIT_WORK_TREE": str(tmp_path)}
        commit = put(opened(bare(tmp_path / "r"), tmp_path, **variables), write(A, "x"))
        assert git(tmp_path / "r", "rev-parse", "main").strip() == commit
        assert git(other, "for-each-ref") == ""

    def test_local_hooks_do_not_run(self, tmp_path: Path) -> None:
        hook = bare(tmp_path / "r") / "hooks" / "reference-transaction"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
        put(opened(tmp_path / "r", tmp_path), write(A, "x"))

    def test_a_lock_of_a_dead_process_is_told(self, tmp_path: Path) -> None:
        store = opened(bare(tmp_path / "r"), tmp_path)
        put(store, write(A, "x"))
        (tmp_path / "r" / "refs" / "heads" / "main.lock").write_text("")
        with pytest.raises(Stalled, match=r"\.lock"):
            put(store, write(A, "y"))

    def test_a_git_that_hangs_is_ended_with_its_children(self, tmp_path: Path) -> None:
        told = tmp_path / "child"
        (tmp_path / "git").write_text(
            f'#!/bin/sh\n{VERSION}\nsleep 600 & echo $! > "{told}.new"\nmv "{told}.new" "{told}"\nwait\n'
        )
        (tmp_path / "git").chmod(0o755)
        seconds = (0.25 * 2**n for n in range(8))
        while not told.exists():  # a busy machine takes longer to come to where it hangs
            length = next(seconds)
            with pytest.raises(Transient, match=rf"did not end within {length:g} s"):
                Git({"PATH": f"{tmp_path}:{os.environ['PATH']}"}, local_seconds=length).run("status")
        child = Path("/proc") / told.read_text().strip() / "stat"
        until(
            lambda: not child.exists() or child.read_text().rpartition(")")[2].split()[0] == "Z", "the child lives on"
        )

    def test_a_folder_with_something_in_it_is_not_laid_out(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_text("mine")
        with pytest.raises(ConfigError) as caught:
            create_repository(tmp_path, bare=True, remote=None, environ=os.environ)
        assert caught.value.reason is Reason.TARGET_NOT_EMPTY


@pytest.mark.parametrize("kind", ["bare", "clone"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_dying_at_any_call_leaves_a_whole_branch_and_the_next_run_goes_on(tmp_path: Path, kind: str, when: str) -> None:
    """A `git` that dies (-9) at the n-th call, before or after it took effect, for every n of a commit."""
    origin = bare(tmp_path / "origin.git")
    home = tmp_path / "clone.git" if kind == "clone" else origin
    if kind == "clone":
        create_repository(home, bare=True, remote=str(origin), environ=os.environ)
    put(opened(home, tmp_path), write(A, "0"))
    real = subprocess.run(["which", "git"], check=True, capture_output=True, text=True).stdout.strip()
    wrapper, count = tmp_path / "bin" / "git", tmp_path / "count"
    wrapper.parent.mkdir()
    fail = "kill -9 $$" if when == "before" else f'"{real}" "$@"; kill -9 $$'
    wrapper.write_text(
        f'#!/bin/sh\n{VERSION}\nn=$(cat "{count}"); echo $((n-1)) > "{count}"\n[ "$n" = 1 ] && {{ {fail}; }}\nexec "{real}" "$@"\n'
    )
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    deaths = 0
    for n in itertools.count(1):
        count.write_text(str(n))
        published = False
        try:
            faulty = opened(home, tmp_path, PATH=f"{wrapper.parent}:{os.environ['PATH']}")
            put(faulty, write(A, str(n)))
            published = True
        except (HubError, ValueError):
            deaths += 1
        git(origin, "fsck", "--strict")
        found = opened(origin, tmp_path).snapshots()["main"].read([A])[A]
        assert found == str(n).encode() if published else found in (str(n).encode(), str(n - 1).encode())
        put(opened(home, tmp_path), write(A, str(n)))
        assert opened(home, tmp_path).snapshots()["main"].read([A]) == {A: str(n).encode()}
        if int(count.read_text()) > 0:  # there were fewer calls
            break
    assert published
    assert deaths >= 5


@pytest.mark.parametrize("place", ["a file", "below a file"])
def test_a_cache_folder_that_cannot_be_used_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    cache = tmp_path / "file" if place == "a file" else tmp_path / "file" / "x"
    with pytest.raises(ConfigError) as raised:
        open_store(f"file://{tmp_path}/x.git", cache=cache, environ=os.environ, identity=Identity("a", "a@b"))
    assert (raised.value.faults[0].field, "set RTB_HUB_CACHE" in str(raised.value)) == ("RTB_HUB_CACHE", True)
