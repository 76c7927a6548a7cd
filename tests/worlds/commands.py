"""Running the command line, in this process or one of its own, and looking at a repository from outside."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.cli.main import main
from worlds.builders import image
from worlds.places import ROOT

IMAGES = ("--image", f"web={image('web')}", "--image", f"api={image('api')}")


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


def rtb_hub(*arguments: object, cwd: Path | None = None, **environ: str) -> Ran:
    """Run the command line `rtb-hub` in this process and return what it did.

    It has arguments, environment, folder and streams of its own, and every warning is an error, as in a process. What
    only a process shows (signals, a closed pipe, what is imported) takes `whole_program`.
    """
    out, err = _Stream(), _Stream()
    with _as_a_process("rtb-hub", *map(str, arguments), cwd=cwd, environ=environ), warnings.catch_warnings():
        warnings.simplefilter("error")
        with redirect_stdout(out), redirect_stderr(err):
            code = _exit_code()
    return _held(arguments, Ran(code, out.text(), err.text()))


def _held(arguments: tuple[object, ...], ran: Ran) -> Ran:
    """What was done, when it prints as it publishes."""
    from worlds.printed import hold

    hold([*map(str, arguments)], ran.out, ran.err)
    return ran


class _Stream(io.TextIOWrapper):
    """What a program writes to a pipe: text in UTF-8, or bytes to its `buffer`."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="strict", newline="", write_through=True)

    def text(self) -> str:
        """What was written, with line ends as `subprocess` gives them in text mode."""
        return self.buffer.getvalue().decode().replace("\r\n", "\n").replace("\r", "\n")  # type: ignore[attr-defined, no-any-return]


@contextmanager
def _as_a_process(*argv: str, cwd: Path | None, environ: Mapping[str, str]) -> Iterator[None]:
    """Arguments, variables and folder of its own, and nothing left of them afterwards."""
    assert threading.current_thread() is threading.main_thread(), "environment and folder are the whole process's"
    before = dict(os.environ), Path.cwd(), sys.argv, sys.stdin
    try:
        sys.argv, sys.stdin = list(argv), io.StringIO()
        os.environ.update(environ)
        os.chdir(cwd or before[1])
        yield
    finally:
        variables, folder, sys.argv, sys.stdin = before
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(variables)


def _exit_code() -> int:
    """Run the command line to its end: the code it exits with; 1 and a traceback for what it did not expect."""
    try:
        main()
    except SystemExit as left:
        if left.code is None or isinstance(left.code, int):
            return left.code or 0
        sys.stderr.write(f"{left.code}\n")
        return 1
    except Exception:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        return 1
    return 0


def whole_program(*arguments: object, cwd: Path | None = None, **environ: str) -> Ran:
    """Run `rtb-hub` in a process of its own and return what it did."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "hub.cli.main", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    return _held(arguments, Ran(done.returncode, done.stdout, done.stderr))


def must(*arguments: object, cwd: Path | None = None, **environ: str) -> Ran:
    """Run `rtb-hub` and expect success."""
    ran = rtb_hub(*arguments, cwd=cwd, **environ)
    assert ran.code == 0, ran.err
    return ran


def git(repository: Path, *arguments: str) -> str:
    """What git says in a repository."""
    return subprocess.run(["git", "-C", repository, *arguments], check=True, capture_output=True, text=True).stdout


def state_of(repository: Path) -> str:
    """All refs, and the work tree's state where there is one: what a refused command must leave as it was."""
    bare = git(repository, "rev-parse", "--is-bare-repository").strip() == "true"
    return git(repository, "for-each-ref") + ("" if bare else git(repository, "status", "--porcelain"))


def commit_file(repository: Path, path: str, text: str, branch: str = "main", mode: str = "100644") -> None:
    """Commit a file past the hub, as a person or another tool would."""
    blob = subprocess.run(
        ["git", "-C", repository, "hash-object", "-w", "--stdin"],
        input=text,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    index = {**os.environ, "GIT_INDEX_FILE": str(repository / "test-index")}
    for arguments in (["read-tree", branch], ["update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}"]):
        subprocess.run(["git", "-C", repository, *arguments], check=True, env=index)
    tree = subprocess.run(
        ["git", "-C", repository, "write-tree"], check=True, env=index, capture_output=True, text=True
    ).stdout.strip()
    # As old as the commit below it: whatever clock a test has, none is behind because of this one.
    dates = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), git(repository, "log", "-1", "--format=%cI", branch).strip())  # fmt: skip
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    made = subprocess.run(["git", "-C", repository, *who, "commit-tree", tree, "-p", branch, "-m", "by hand"], check=True, env={**os.environ, **dates}, capture_output=True, text=True).stdout.strip()  # fmt: skip
    git(repository, "update-ref", f"refs/heads/{branch}", made)
    (repository / "test-index").unlink()
