"""What becomes of a declared error at the command line."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from hub.cli.streams import OutputClosedError, OutputLostError, carry_on, discard_output

if TYPE_CHECKING:
    from generator.errors import HubError

#: How writing to a file fails that was opened: Python names no file then.
_OF_DISKS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
F = TypeVar("F", bound=Callable[..., Any])


def unusable(err: OSError) -> HubError | None:
    """What becomes of a file, folder or stream that cannot be used, wherever it came up. None: a mistake of rtb-hub.

    That is a file that is ours, or an error that names no file and is not of a disk.
    """
    from generator.errors import ConfigError, Fault, Reason

    why = err.strerror or type(err).__name__
    if isinstance(err, OutputLostError):
        discard_output()
        message = f"cannot write to standard output: {why}"
        remedy = (
            "what was asked for is done: look with 'rtb-hub list' or 'rtb-hub history', or ask for the output again"
        )
    elif err.filename is None:
        if err.errno not in _OF_DISKS:
            return None
        message = f"a file could not be written: {why}"
        remedy = "make room where files are written (--to, RTB_HUB_CACHE, TMPDIR, HOME), then run this again"
    else:
        path = Path(os.fsdecode(err.filename)) if not isinstance(err.filename, int) else Path(str(err.filename))
        if path.is_relative_to(Path(__file__).parents[1]):
            return None
        message = f"{path} cannot be used: {why}"
        remedy = "name another, or make it one that can be used (where it is, its kind, its permissions)"
    return ConfigError(Reason.FILE_UNUSABLE, Fault(message, remedy=remedy))


def _as_typed(error: HubError) -> HubError:
    """The error with its fields called as the command's options are: what is `ttl` elsewhere is typed as `--ttl`.

    What stands in a file is called as it is there.
    """
    from dataclasses import replace

    import click

    from generator.errors import HubError

    context = click.get_current_context(silent=True)
    options = {name for one in (context.command.params if context else ()) for name in one.opts}
    faults = [
        replace(one, field=f"--{one.field}") if one.where is None and f"--{one.field}" in options else one
        for one in error.faults
    ]
    return HubError(error.reason, faults)


def is_korean() -> bool:
    """Whether people read Korean by the locale (POSIX: LC_ALL before LC_MESSAGES before LANG), and the stream has it.

    A terminal of another encoding, such as ASCII, is told everything in English.
    """
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    if locale.partition(".")[0].partition("@")[0].partition("_")[0] != "ko":
        return False
    try:
        "가".encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _in_korean(run: Callable[[], Any]) -> Any:
    from hub.output.console import told_by
    from hub.views.lines import korean_line

    with told_by(korean_line):
        return run()


def declared_errors(function: F) -> F:
    """Report declared errors in the command's output format and exit with their code. Bugs keep their traceback."""
    return _declared(function, changes=False)


def declared_changes(function: F) -> F:
    """The same of a command that changes something: it goes to its end, and exits with its code, whoever reads it.

    With `--dry-run`, or without the `--apply` that it has, it only shows what would be: a command like others.
    """
    return _declared(function, changes=True)


def _declared(function: F, *, changes: bool) -> F:
    @wraps(function)
    def command(*args: Any, **kwargs: Any) -> Any:
        if changes and not kwargs.get("dry_run", False) and kwargs.get("apply", True):
            carry_on()
        return _in_korean(lambda: run(*args, **kwargs)) if is_korean() else run(*args, **kwargs)

    def run(*args: Any, **kwargs: Any) -> Any:
        from generator.errors import HubError

        try:
            return function(*args, **kwargs)
        except OutputClosedError:
            return discard_output()  # who reads no more has what they want, and what was asked for is done
        except OSError as err:
            if (found := unusable(err)) is None:
                raise
            told: HubError = found
        except HubError as err:
            told = err
        exit_with(told, kwargs.get("output", "table"))

    return command  # type: ignore[return-value]


def exit_with(error: HubError, output: str) -> NoReturn:
    """Report an error in the output format that was asked for, and exit with its code."""
    from hub.output.console import report
    from hub.output.exit_codes import CODES

    report(_as_typed(error), output)
    sys.exit(CODES[error.reason])


def asked_format(arguments: Sequence[str]) -> str:
    """The last value of `-o` or `--output` among `arguments`, however it is joined to it; empty when there is none.

    With `--query` that is JSON.
    """
    found, words = "", iter(arguments)
    for word in words:
        if word.startswith("--query"):
            found = found or "json"
        if word == "--":
            break
        if word in ("-o", "--output"):
            found = next(words, "")
        elif word.startswith("--output="):
            found = word.partition("=")[2]
        elif word.startswith("-o") and not word.startswith("--"):
            found = word[2:].removeprefix("=")
    return found.lower()
