"""Programs on a real terminal of their own."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence

import pexpect

from worlds.places import ROOT


def spawned(program: str, words: Sequence[str], environ: Mapping[str, str], *, rows: int = 50) -> pexpect.spawn[str]:
    """The program on a terminal of `rows` lines of 200 columns. Ctrl-C ends it, even if what runs the tests ignores that."""
    return pexpect.spawn(
        program, list(words), env=dict(environ), encoding="utf-8", timeout=60, dimensions=(rows, 200),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def command_line(*arguments: object, rows: int = 50, **environ: str) -> pexpect.spawn[str]:
    """`rtb-hub` with these arguments on a terminal."""
    words = ["-m", "hub.cli.main", *map(str, arguments)]
    return spawned(sys.executable, words, {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb", **environ}, rows=rows)
