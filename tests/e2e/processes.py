"""Processes that end with the run, whatever ends it, and whose last words are in the message when one fails."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: Becomes the command, after asking Linux to kill it when this process ends, even by SIGKILL (prctl(2),
#: PR_SET_PDEATHSIG). That is per thread: components are started from the main thread.
_GUARD = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)
    if os.getppid() != int(sys.argv[1]):
        sys.exit("the run has ended")
os.execvp(sys.argv[2], sys.argv[2:])
"""
_HINTS = {
    "address already in use": "another program took the port in between: run it again",
    "no space left": "the disk is full: free some and run it again",
    "permission denied": "a file or port cannot be used: look at the line above",
}


class ComponentError(RuntimeError):
    """A component did not start, or died; the message names it and quotes the end of its log."""


#: Below the ports that systems give outgoing connections (Linux: from 32768): one of these could take it in between.
_PORTS = range(20_000, 30_000)
_given: set[int] = set()


def free_port() -> int:
    """A port of this machine's that nobody listens at, told once by this process."""
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as found, contextlib.suppress(OSError):
            if port not in _given:
                found.bind(("127.0.0.1", port))
                _given.add(port)
                return port
    raise ComponentError(f"no port of {_PORTS.start} to {_PORTS.stop - 1} is free")


@dataclass
class Process:
    """One component: its command line, environment and log."""

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    _popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                [sys.executable, "-IS", "-c", _GUARD, str(os.getpid()), *map(str, self.command)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={"PATH": os.environ["PATH"], **self.env},
                cwd=self.log.parent,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        assert self._popen is not None
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        """What it ended with; None: it runs, or never did."""
        return self._popen.poll() if self._popen is not None else None

    def check(self) -> None:
        """Raise `ComponentError` when it is not running."""
        if not self.is_running:
            code = self._popen.returncode if self._popen else None
            raise ComponentError(f"{self.name} ended with code {code}; {self.last_words()}")

    def wait(self, ready: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until `ready`, for as long as it runs. Raises `ComponentError`."""
        end = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > end:
                raise ComponentError(f"{self.name} was not ready after {seconds:.0f} s; {self.last_words()}")
            time.sleep(0.05)

    def last_words(self) -> str:
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        hint = next((hint for sign, hint in _HINTS.items() if sign in text.lower()), "its log has the rest")
        return "\n".join([f"log {self.log}:", *text.splitlines()[-15:], f"=> {hint}"])

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._popen is not None and self.is_running:
            self._popen.kill()
            self._popen.wait()

    def terminate(self) -> None:
        """Ask it to end."""
        if self._popen is not None and self.is_running:
            self._popen.terminate()

    def stop(self) -> None:
        """Ask it to end, and end it."""
        if self._popen is None or not self.is_running:
            return
        self._popen.terminate()
        try:
            self._popen.wait(5)
        except subprocess.TimeoutExpired:
            self.kill()

    def memory_peak(self) -> int:
        """Most memory it held so far, bytes; 0 where the system does not tell."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        except OSError:
            return 0
        return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
