"""Commands of a shell that a test answers: each is a small client that asks the test's process what it prints."""

from __future__ import annotations

import json
import socketserver
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLIENT = """\
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect(sys.argv[1])
asked = {"argv": sys.argv[2:], "cwd": os.getcwd(), "environ": dict(os.environ), "stdin": sys.stdin.read()}
server.sendall(json.dumps(asked).encode())
server.shutdown(socket.SHUT_WR)
told = json.loads(server.makefile().read())
sys.stdout.write(told["out"])
sys.stderr.write(told["err"])
sys.exit(told["code"])
"""


class RefusedError(Exception):
    """What a command prints to standard error before it ends with 1."""


@dataclass(frozen=True)
class Asked:
    """One call: arguments without the program, folder, variables, what was piped in."""

    argv: list[str]
    folder: Path
    environ: Mapping[str, str]
    stdin: str

    def option(self, name: str, default: str | None = None) -> str:
        """The value behind `--name`, or of `--name=value`."""
        for at, word in enumerate(self.argv):
            if word == name:
                return self.argv[at + 1]
            if word.startswith(f"{name}="):
                return word.removeprefix(f"{name}=")
        if default is None:
            raise RefusedError(f"{name} is missing: {self.argv}")
        return default

    def file(self, name: str) -> Path:
        return self.folder / name


Answer = Callable[[Asked], str]


@contextmanager
def standing_in(folder: Path, commands: Mapping[str, Answer]) -> Iterator[list[str]]:
    """Put the commands into `folder`; yields what was called, as one line each."""
    lock, called = threading.RLock(), list[str]()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            given: dict[str, Any] = json.loads(self.rfile.read())
            name, *argv = given["argv"]
            told = {"code": 0, "out": "", "err": ""}
            with lock:
                called.append(" ".join([name, *argv]))
                try:
                    asked = Asked(argv, Path(given["cwd"]), given["environ"], given["stdin"])
                    told["out"] = commands[name](asked)
                except RefusedError as err:
                    told |= {"code": 1, "err": f"{name}: {err}\n"}
                except Exception:  # noqa: BLE001 - the test sees it
                    told |= {"code": 70, "err": traceback.format_exc()}
            self.wfile.write(json.dumps(told).encode())

    with tempfile.TemporaryDirectory(prefix="stand-ins-") as short:
        at = f"{short}/server"
        client = Path(short) / "client.py"
        client.write_text(CLIENT, encoding="utf-8")
        for name in commands:
            tool = folder / name
            tool.write_text(
                f'#!/bin/sh\nexec "{sys.executable}" -I -S "{client}" "{at}" {name} "$@"\n', encoding="utf-8"
            )
            tool.chmod(0o755)
        with socketserver.ThreadingUnixStreamServer(at, Handler) as server:
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
            thread.start()
            try:
                yield called
            finally:
                server.shutdown()
                thread.join()
