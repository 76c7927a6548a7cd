"""Long output through the reader's pager, on a terminal alone."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from hub.cli.streams import OutputClosedError
from hub.settings.pager import pager

if TYPE_CHECKING:
    from hub.settings.pager import Pager

#: Commands whose output may be long. None of them asks anything, or goes on by itself.
PAGED = frozenset(
    {
        "list", "show", "history", "why", "diff", "price", "explain", "help", "schema", "config", "doctor", "digest",
        "env list", "env show", "blueprint list", "blueprint show", "job list", "job show", "webhook list",
        "webhook show", "token list",
    }
)  # fmt: skip


@contextmanager
def paged() -> Iterator[None]:
    """Have what is printed go to the pager, which starts when there is something; ends when its reader has read.

    Standard output has to be a terminal, and is one to whoever asks. A pager that cannot be started is told once, and
    done without.
    """
    found = pager()
    if found is None:
        yield
        return
    terminal = sys.stdout
    pages = _Pages(found, terminal)
    sys.stdout = _Terminal(io.BufferedWriter(pages), terminal.encoding, terminal.errors)
    try:
        yield
    finally:
        screen, sys.stdout = sys.stdout, terminal
        with suppress(OutputClosedError):  # its reader has seen enough
            screen.flush()
        pages.end()


class _Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        """As the terminal that the pager writes to."""
        return True


class _Pages(io.RawIOBase):
    """What the pager reads. `terminal`: where it goes when there is none."""

    def __init__(self, found: Pager, terminal: Any) -> None:
        super().__init__()
        self._pager, self._terminal = found, terminal
        self._process: subprocess.Popen[bytes] | None = None
        self._is_without = self._is_over = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        if self._process is None or self._process.stdin is None:
            raise io.UnsupportedOperation
        return self._process.stdin.fileno()

    def write(self, data: Any, /) -> int:
        if self._is_over:
            return memoryview(data).nbytes
        if self._process is None and not self._is_without:
            self._start()
        if self._process is None or self._process.stdin is None:
            self._terminal.buffer.write(data)
            self._terminal.buffer.flush()
            return memoryview(data).nbytes
        try:
            return self._process.stdin.write(data) or 0
        except BrokenPipeError as err:
            self._is_over = True
            raise OutputClosedError from err

    def _start(self) -> None:
        words = self._pager.words
        self._terminal.flush()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the reader's own choice, and no shell
                words, stdin=subprocess.PIPE, env=self._pager.environ, bufsize=0
            )
        except OSError as err:
            self._is_without = True
            sys.stderr.write(f"the pager {words[0]} cannot be started ({err.strerror}): see RTB_HUB_PAGER, PAGER\n")

    def end(self) -> None:
        """Close what it reads, and wait until its reader leaves it. Ctrl-C is the pager's to understand."""
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        while True:
            try:
                self._process.wait()
            except KeyboardInterrupt:
                continue
            return
