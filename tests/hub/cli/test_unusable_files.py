"""Files, folders and streams that cannot be used are errors that name them, and no traceback."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from generator.errors import Reason
from hub.cli.streams import guard_streams
from hub.output.exit_codes import CODES
from worlds.commands import IMAGES, Ran, commit_file, git, rtb_hub
from worlds.places import ROOT
from worlds.repositories import state_repository

UNUSABLE = 26
START = ("start", "RTB-1", "--env", "int", "--blueprint", "web-api", *IMAGES)


def with_stdout(stdout: str, *arguments: object) -> Ran:
    """Run the program with its output redirected as a shell does it."""
    words = [sys.executable, "-m", "hub.cli.main", *map(str, arguments)]
    done = subprocess.run(["sh", "-c", f'exec "$@" {stdout}', "sh", *words], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


def read_by_nobody(*arguments: object) -> tuple[int, bytes]:
    """Exit code and standard error of the program whose standard output is a pipe that nobody reads any more."""
    read, write = os.pipe()
    os.close(read)
    words = [sys.executable, "-m", "hub.cli.main", *map(str, arguments)]
    ran = subprocess.run(words, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=write, stderr=subprocess.PIPE, check=False)  # fmt: skip
    os.close(write)
    return ran.returncode, ran.stderr


@pytest.mark.parametrize("stdout", [">/dev/full", ">&-"])
@pytest.mark.parametrize("command", [("--version",), ("env", "list", "-o", "json"), ("env", "list"), ("schema", "preview"), ("--help",)], ids=" ".join)  # fmt: skip
def test_standard_output_that_takes_nothing(stdout: str, command: tuple[str, ...]) -> None:
    ran = with_stdout(stdout, *command)
    assert (ran.code, "standard output" in ran.err, "Traceback" in ran.err) == (UNUSABLE, True, False), ran.err


@pytest.mark.parametrize("form", [(), ("-o", "json")], ids=str)
def test_a_commit_is_told_as_made_where_its_output_is_lost(tmp_path: Path, form: tuple[str, ...]) -> None:
    path = state_repository(tmp_path / "state.git")
    shown = with_stdout(">/dev/full", *START, "--dry-run", "--repo", path)
    assert shown.code == UNUSABLE, "nothing was asked for but what is lost"
    ran = with_stdout(">/dev/full", *START, *form, "--repo", path)
    assert (ran.code, "is done" in ran.err, "Traceback" in ran.err) == (0, True, False), ran.err
    assert ran.err.startswith('{"error"') is bool(form)
    assert git(path, "log", "-1", "--format=%s", "main").startswith("Start RTB-1")


def test_the_exit_code_is_that_of_what_was_done_whoever_reads_it(tmp_path: Path) -> None:
    path = state_repository(tmp_path / "state.git")
    commit_file(path, "environments/int/previews/rtb/0/rtb-2/preview.yaml", "kind: [\n")
    assert with_stdout(">/dev/full", "reconcile", "--repo", path).code == 6
    assert read_by_nobody("reconcile", "--repo", path)[0] == 6


def test_findings_that_nobody_was_shown_are_told_as_lost() -> None:
    ran = with_stdout(">/dev/full", "validate", ROOT / "mkdocs.yml", "-o", "json")
    assert (ran.code, "standard output" in ran.err, "ignored" in ran.err) == (UNUSABLE, True, False), ran.err


def test_a_pipe_that_is_full_and_does_not_block_is_waited_for() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    words = [sys.executable, "-m", "hub.cli.main", "schema", "environment"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    whole = subprocess.run(words, env=environ, capture_output=True, check=True).stdout
    filled = os.write(write, bytes(1 << 20))
    with subprocess.Popen(words, env=environ, stdout=write, stderr=subprocess.PIPE) as process:
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            had = pipe.read()
        assert (process.wait(), process.stderr and process.stderr.read()) == (0, b"")
    assert (had[:filled], had[filled:]) == (bytes(filled), whole)


@pytest.mark.parametrize("command", [("env", "list", "--environments", "{0}"), ("blueprint", "import", "{0}/int/environment.yaml", "--name", "x", "--to", "{0}")], ids=lambda command: command[0])  # fmt: skip
def test_a_file_that_can_be_opened_and_not_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    file = tmp_path / "int" / "environment.yaml"
    file.parent.mkdir()
    file.write_text("x")
    read_text, read_bytes = Path.read_text, Path.read_bytes

    def fails(path: Path) -> None:
        if path == file:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))  # as /proc/self/clear_refs

    monkeypatch.setattr(Path, "read_text", lambda path, **how: fails(path) or read_text(path, **how))
    monkeypatch.setattr(Path, "read_bytes", lambda path: fails(path) or read_bytes(path))
    ran = rtb_hub(*(word.format(tmp_path) for word in command))
    assert (ran.code, f"{file} cannot be used" in ran.err) == (UNUSABLE, True), ran.err


def test_without_standard_output_nothing_is_begun(tmp_path: Path) -> None:
    path = state_repository(tmp_path / "state.git")
    before = git(path, "for-each-ref")
    assert with_stdout(">&-", *START, "--repo", path).code == UNUSABLE
    assert git(path, "for-each-ref") == before


@pytest.mark.parametrize("stderr", ["2>/dev/full", "2>&-"])
def test_what_standard_error_does_not_take_changes_no_exit_code(stderr: str) -> None:
    assert with_stdout(stderr, "schema", "nothing").code == CODES[Reason.INVALID_VALUE]


@pytest.mark.parametrize("limit", ["full", "limit"])
def test_a_full_disk_below_a_named_folder_is_not_told_as_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    number = {"full": errno.ENOSPC, "limit": errno.EFBIG}[limit]

    def fails(path: Path, *_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))  # as a write to an open file fails: without its name

    monkeypatch.setattr(Path, "write_text", fails)
    ran = rtb_hub("render", *START[1:], "--to", tmp_path / "out")
    assert (ran.code, os.strerror(number) in ran.err) == (UNUSABLE, True), ran.err
    assert "standard output" not in ran.err
    assert "is done" not in ran.err


@pytest.mark.parametrize("command", [("schema", "preview"), ("--help",), ("render", *START[1:])], ids=" ".join)
def test_who_reads_no_more_had_what_they_wanted(command: tuple[str, ...]) -> None:
    assert read_by_nobody(*command) == (0, b"")


@pytest.mark.parametrize("encoding", ["ascii", "euc_kr", "cp949"])
def test_no_encoding_keeps_a_command_from_its_end(tmp_path: Path, encoding: str) -> None:
    path = state_repository(tmp_path / "state.git")
    for command in (START, ("list",), ("show", "RTB-1", "--env", "int"), ("start", "--help"), ("why", "RTB-9")):
        words = [sys.executable, "-m", "hub.cli.main", *command]
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding, "RTB_HUB_REPO": str(path)}
        ran = subprocess.run(words, env=environ, capture_output=True, check=False)
        assert b"Traceback" not in ran.stderr
        assert ran.returncode == (2 if command[0] == "why" else 0), ran.stderr
        if "--help" not in command:  # click takes ASCII for a mistake, and writes UTF-8
            ran.stdout.decode(encoding)


def test_what_an_encoding_cannot_say_is_escaped_as_in_json() -> None:
    text = io.TextIOWrapper(io.BytesIO(), "ascii", newline="")
    with redirect_stdout(text):
        guard_streams()
    text.write(json.dumps("é–✓😀한", ensure_ascii=False))
    text.flush()
    assert json.loads(text.buffer.getvalue()) == "é–✓😀한"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "command",
    [
        ("render", *START[1:], "--to", "{file}"),
        ("render", *START[1:], "--to", "{file}/below"),
        ("schema", "--to", "{file}"),
        ("argocd", "render", "--to", "{file}"),
        ("init", "{file}/below"),
        ("env", "list", "--environments", "{folder}"),
        ("init", "{new}", "--environments", "{folder}"),
    ],
    ids=lambda command: " ".join(command[:1]),
)  # fmt: skip
def test_a_path_that_cannot_be_used_is_named(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder" / "int" / ".idea").mkdir(parents=True)
    (tmp_path / "folder" / "int" / ".idea" / "x.bin").write_bytes(b"\xff\xfe")
    (tmp_path / "folder" / "int" / "picture.png").write_bytes(b"\x89PNG\xff")
    named = {"file": tmp_path / "file", "folder": tmp_path / "folder", "new": tmp_path / "new.git"}
    ran = rtb_hub(*(word.format(**named) for word in command))
    assert ran.code in (UNUSABLE, 35), ran.err
    assert ("picture.png" if "{folder}" in command else str(named["file"])) in ran.err, ran.err
    assert "Traceback" not in ran.err
    assert (tmp_path / "file").read_text() == "x"


def test_hidden_files_among_environments_are_nobodys(tmp_path: Path) -> None:
    (tmp_path / "base" / ".idea").mkdir(parents=True)
    (tmp_path / "base" / ".idea" / "x.bin").write_bytes(b"\xff\xfe")
    for name in ("base", "int"):
        (tmp_path / name).mkdir(exist_ok=True)
        text = (ROOT / "environments" / name / "environment.yaml").read_text()
        (tmp_path / name / "environment.yaml").write_text(text)
    assert rtb_hub("env", "list", "--environments", tmp_path).code == 0
