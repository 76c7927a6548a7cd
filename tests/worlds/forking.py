"""Processes of Python programs without the start of Python for each: a server imports a program once, and forks.

What is forked is a process like any other: its own arguments, environment, folder, streams and exit code, and it may be
killed. What it costs is milliseconds, where importing the program takes a second. `Forks(...)` is the server as a test
sees it; `Forks.tool` writes a command for shells that asks it.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

#: Asks the server at argv[1] for a process with the rest as arguments and these very streams, and ends as it does.
CLIENT = """\
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect(sys.argv[1])
socket.send_fds(server, [b"."], [0, 1, 2])
asked = {"argv": sys.argv[2:], "cwd": os.getcwd(), "environ": dict(os.environ), "session": False}
server.sendall(json.dumps(asked).encode())
server.shutdown(socket.SHUT_WR)
os._exit(int(server.makefile().read().split()[1]) & 255)
"""


@dataclass
class Forked:
    """A process that was forked. `stdout`: what it prints, as text."""

    pid: int
    stdout: IO[str]
    _told: IO[str]

    def wait(self) -> int:
        """Its exit code, as `subprocess` gives it, once it has ended. What it prints has to be read before."""
        with self.stdout, self._told:
            return int(self._told.readline())

    def read(self) -> str:
        """The rest of what it prints."""
        return self.stdout.read()

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


class Forks:
    """A server of `program` (module:function), with `preload` (packages) imported whole. Ends with its `with`."""

    def __init__(self, program: str, *preload: str) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="forks-")
        self.path = Path(self.folder.name) / "server"
        command = [sys.executable, "-W", "error", "-m", "worlds.forking", str(self.path), program, *preload]
        here = Path(__file__).resolve().parents
        self.server = subprocess.Popen(
            command, env={**os.environ, "PYTHONPATH": f"{here[1]}:{here[2]}"}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )  # fmt: skip
        assert self.server.stdout
        assert self.server.stdout.readline() == b"ready\n"

    def __enter__(self) -> Forks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.kill()
        self.server.communicate()
        self.folder.cleanup()

    def start(self, *arguments: object, cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> Forked:
        """A process, in a session of its own, with this environment else the caller's."""
        out, into = os.pipe()
        with (
            socket.socket(socket.AF_UNIX) as server,
            Path(os.devnull).open() as nothing,
            os.fdopen(into, "wb") as stream,
        ):
            server.connect(str(self.path))
            socket.send_fds(server, [b"."], [nothing.fileno(), stream.fileno(), 2])
            argv = ["program", *map(str, arguments)]
            folder = str(cwd or Path.cwd())
            asked = {"argv": argv, "cwd": folder, "environ": dict(environ or os.environ), "session": True}
            server.sendall(json.dumps(asked).encode())
            server.shutdown(socket.SHUT_WR)
            told = server.makefile()
        return Forked(int(told.readline()), os.fdopen(out), told)

    def tool(self, path: Path) -> Path:
        """Write a command of the file's name that runs the program by this server; returns its path."""
        client = path.with_name(f".{path.name}.py")
        client.write_text(CLIENT, encoding="utf-8")
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{client}" "{self.path}" {path.name} "$@"\n')
        path.chmod(0o755)
        return path


def serve(path: str, program: str, *preload: str) -> None:
    """Fork a process for each connection, until this one is killed."""
    module, _, function = program.partition(":")
    main = getattr(importlib.import_module(module), function)
    for package in map(importlib.import_module, preload):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(128)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            _supervise(connection, main)
        connection.close()


def _supervise(connection: socket.socket, main: Any) -> None:
    """Fork what was asked for; tell its id, and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile() as request:
        asked = json.load(request)
    child = os.fork()
    if child == 0:
        connection.close()
        os._exit(_as_asked(asked, streams, main))
    for stream in streams:
        os.close(stream)
    try:
        connection.sendall(f"{child}\n".encode())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        connection.sendall(f"{code}\n".encode())
    except BrokenPipeError:  # nobody wants to know
        os._exit(0)
    os._exit(0)


def _as_asked(asked: dict[str, Any], streams: list[int], main: Any) -> int:
    """Be the process that was asked for, to its exit code."""
    if asked["session"]:
        os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout, sys.stderr = (os.fdopen(n, "w", closefd=False, buffering=1, encoding="utf-8") for n in (1, 2))
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["environ"])
    sys.argv = asked["argv"]
    code = _code_of(main)
    sys.stdout.flush()
    return code


def _code_of(main: Any) -> int:
    try:
        main()
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    serve(*sys.argv[1:])
