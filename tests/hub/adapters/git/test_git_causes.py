"""What keeps Git from doing what is asked, told as what it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from test_git_store import AT, A, B, bare, opened, plan, put, write

from generator.errors import HubError, Moved, Reason, Stalled
from worlds.commands import git, rtb_hub
from worlds.git_http import GitServer
from worlds.repositories import state_repository

REAL = shutil.which("git") or "git"


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    path = bare(tmp_path / "origin.git")
    git(path, "config", "http.receivepack", "true")
    put(opened(path, tmp_path), write(A, "one"))
    return path


def wrapper(folder: Path, script: str) -> str:
    """A PATH on which git is `script`; it goes on with the real one."""
    folder.mkdir(exist_ok=True)
    (folder / "git").write_text(f'#!/bin/sh\n{script}\nexec "{REAL}" "$@"\n')
    (folder / "git").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_a_remote_whose_reads_lag_behind_its_writes_has_moved(origin: Path, tmp_path: Path) -> None:
    stale = tmp_path / "stale.git"
    shutil.copytree(origin, stale)
    put(opened(origin, tmp_path), write(B, "theirs"))
    lagging = f'case " $* " in *" fetch "*|*" ls-remote "*) exec "{REAL}" -c url."{stale}".insteadOf="file://{origin}" "$@";; esac'
    store = opened(f"file://{origin}", tmp_path, PATH=wrapper(tmp_path / "bin", lagging))
    change = plan(store, write(A, "mine"))
    with pytest.raises(Moved) as caught:
        store.commit(change, at=AT)
    assert caught.value.reason is Reason.BRANCH_MOVED
    with pytest.raises(Moved):
        store.delete_branch("main", expected=change.base or "")


def test_of_two_that_make_the_very_same_commit_one_made_it(origin: Path, tmp_path: Path) -> None:
    with GitServer(tmp_path) as server:
        stores = [opened(server.url("origin.git"), tmp_path / name) for name in "ab"]
        plans = [plan(store, write(B, "x")) for store in stores]
        assert plans[0] == plans[1]
        stores[0].commit(plans[0], at=AT)
        with pytest.raises(Moved):
            stores[1].commit(plans[1], at=AT)


@pytest.mark.parametrize("kind", ["path", "url"])
def test_a_branch_that_stands_where_requests_would(origin: Path, tmp_path: Path, kind: str) -> None:
    git(origin, "branch", "preview", "main")
    store = opened(origin if kind == "path" else f"file://{origin}", tmp_path)
    head = store.snapshots()["main"].commit
    asked = plan(store, write(B, "x"), branch="preview/prd/rtb-1", base=head, expected=None)
    with pytest.raises(Stalled) as caught:
        store.commit(asked, at=AT)
    assert "no branch preview/prd/rtb-1 can be made while there is a branch preview" in str(caught.value)


def test_a_repository_with_sha256_names_by_url(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--object-format=sha256", "-b", "main", tmp_path / "r"], check=True)
    git(tmp_path / "r", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x")
    with pytest.raises(Stalled, match="sha256"):
        opened(f"file://{tmp_path}/r/.git", tmp_path).snapshots()


def test_a_shallow_clone_cannot_say_what_was(origin: Path, tmp_path: Path) -> None:
    first = git(origin, "rev-parse", "main").strip()
    put(opened(origin, tmp_path), write(B, "x"))
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{origin}", tmp_path / "clone"], check=True)
    store = opened(tmp_path / "clone", tmp_path)
    with pytest.raises(Stalled, match="shallow"):
        store.at(store.snapshots()["main"], first)


PAGE = b"<html><body>Sign in</body></html>"


@pytest.fixture(params=["text/html", "application/x-git-upload-pack-advertisement", "with lines"])
def page(request: pytest.FixtureRequest) -> Iterator[str]:
    """Something else than Git that answers 200 to everything."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = PAGE.replace(b">", b">\n") if request.param == "with lines" else PAGE
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if request.param == "with lines" else request.param)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/state.git"
    server.shutdown()
    server.server_close()


def test_a_web_page_is_no_git_server(page: str, tmp_path: Path) -> None:
    with pytest.raises(Stalled, match="no Git server"):
        opened(page, tmp_path).snapshots()


def test_an_empty_repository_is_no_web_page(tmp_path: Path) -> None:
    bare(tmp_path / "empty.git")
    with GitServer(tmp_path) as server:
        assert opened(server.url("empty.git"), tmp_path).snapshots() == {}


class TestAnotherUsersFolder:
    """GIT_TEST_ASSUME_DIFFERENT_OWNER has Git judge every folder as another user's, as its own tests do."""

    STRANGER = "export GIT_TEST_ASSUME_DIFFERENT_OWNER=1"

    def test_it_is_told_with_the_setting_that_opens_it(self, origin: Path, tmp_path: Path) -> None:
        with pytest.raises(Stalled) as caught:
            opened(origin, tmp_path, PATH=wrapper(tmp_path / "bin", self.STRANGER))
        assert caught.value.reason is Reason.REPOSITORY_DENIED
        assert f"git config --global --add safe.directory {origin}" in str(caught.value)

    @pytest.mark.parametrize("command", [("list", "--repo"), ("init",), ("doctor", "--repo")])
    def test_no_command_calls_it_no_repository(self, origin: Path, tmp_path: Path, command: tuple[str, ...]) -> None:
        ran = rtb_hub(*command, origin, PATH=wrapper(tmp_path / "bin", self.STRANGER))
        assert (ran.code, "safe.directory" in ran.err, "rtb-hub init" in ran.err) == (39, True, False)

    def test_of_a_remote_it_is_said_whose_setting(self, origin: Path, tmp_path: Path) -> None:
        with pytest.raises(HubError, match="on the server") as caught:
            opened(f"file://{origin}", tmp_path, PATH=wrapper(tmp_path / "bin", f'case " $* " in *fetch*) {self.STRANGER};; esac')).snapshots()  # fmt: skip
        assert caught.value.reason is Reason.REPOSITORY_DENIED


def test_a_configuration_that_git_cannot_read_is_not_called_no_repository(origin: Path, tmp_path: Path) -> None:
    (origin / "config").write_text("[core\n")
    with pytest.raises(Stalled, match="bad config") as caught:
        opened(origin, tmp_path)
    assert caught.value.reason is Reason.REPOSITORY_REFUSED


@pytest.mark.parametrize("seconds", ["253402300801", "1764000000000", "99999999999999999999", "1" * 4000, "-5"])
def test_a_date_that_is_none_hides_no_history(origin: Path, tmp_path: Path, seconds: str) -> None:
    tree, parent = (git(origin, "rev-parse", name).strip() for name in ("main^{tree}", "main"))
    text = f"tree {tree}\nparent {parent}\nauthor a <a@b> 1 +0000\ncommitter a <a@b> {seconds} +0000\n\nx\n"
    made = subprocess.run(["git", "-C", origin, "hash-object", "-w", "-t", "commit", "--literally", "--stdin"], input=text, text=True, capture_output=True, check=True)  # fmt: skip
    git(origin, "update-ref", "refs/heads/main", made.stdout.strip())
    store = opened(origin, tmp_path)
    snapshot = store.snapshots()["main"]
    assert snapshot.committed_at is None
    assert [one.subject for one in store.log(snapshot)] == ["x", "Change"]
    put(store, write(B, "later"))


@pytest.mark.parametrize("what", ["HEAD", "objects", "pointer"])
def test_a_damaged_repository_is_not_told_as_none(tmp_path: Path, what: str) -> None:
    folder = state_repository(tmp_path / "state.git")
    if what == "HEAD":
        (folder / "HEAD").write_text("nonsense\n")
    elif what == "objects":
        shutil.rmtree(folder / "objects")
    else:
        folder = tmp_path / "work"
        folder.mkdir()
        (folder / ".git").write_text("gitdir: /nonexistent\n")
    for command in (("list", "--repo", folder), ("init", folder)):
        ran = rtb_hub(*command)
        assert (ran.code, "cannot open" in ran.err, "rtb-hub init" in ran.err) == (35, True, False), ran.err
