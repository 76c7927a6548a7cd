"""Asking on a terminal before what cannot be undone quickly. Scripts are never asked: they go on as they always did."""

from __future__ import annotations

import sys

import click

from hub.output.exit_codes import DECLINED
from hub.output.formats import Format

#: Of a question: how long an answer is read, in characters.
_LONGEST = 100


def confirm(what: str, *, yes: bool, output: Format) -> None:
    """Have somebody at a terminal agree to `what`; exits with `DECLINED` where they do not.

    Nobody is asked for `yes`, for data, or where standard input, output or error is no terminal. The question is on
    standard error. Ctrl-C raises `KeyboardInterrupt`.
    """
    streams = (sys.stdin, sys.stdout, sys.stderr)
    if yes or not output.is_for_people or not all(stream.isatty() for stream in streams):
        return
    try:
        sys.stderr.write(f"{what} [y/N] ")
        sys.stderr.flush()
        answer = sys.stdin.readline(_LONGEST)
    except KeyboardInterrupt:
        sys.stderr.write("\nnothing was changed\n")
        raise
    if answer.strip().casefold() in ("y", "yes"):
        return
    sys.stderr.write(f"{'' if answer.endswith(chr(10)) else chr(10)}nothing was changed; --yes does not ask\n")
    click.get_current_context().exit(DECLINED)
