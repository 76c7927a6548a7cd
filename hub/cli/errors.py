"""What becomes of a declared error at the command line."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from generator.errors import HubError

#: How writing to a stream fails that has a place to be full or gone.
_OF_OUTPUT = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})
F = TypeVar("F", bound=Callable[..., Any])


def unusable(err: OSError) -> HubError | None:
    """What becomes of a file or folder that cannot be used, wherever it came up. None: a mistake of rtb-hub itself.

    That is what names no file, or a file that is ours. Standard output is told apart by its errors: nothing else is
    written to without a name.
    """
    from generator.errors import ConfigError, Fault, Reason

    why = err.strerror or type(err).__name__
    if err.filename is None:
        if err.errno not in _OF_OUTPUT:
            return None
        _discard_output()
        remedy = (
            "what was asked for is done: look with 'rtb-hub list' or 'rtb-hub history', or ask for the output again"
        )
        return ConfigError(Reason.FILE_UNUSABLE, Fault(f"cannot write to standard output: {why}", remedy=remedy))
    path = Path(os.fsdecode(err.filename)) if not isinstance(err.filename, int) else Path(str(err.filename))
    if path.is_relative_to(Path(__file__).parents[1]):
        return None
    remedy = "name another, or make it one that can be used (where it is, its kind, its permissions)"
    return ConfigError(Reason.FILE_UNUSABLE, Fault(f"{path} cannot be used: {why}", remedy=remedy))


def _discard_output() -> None:
    """Have what is still to be written go nowhere, so that nothing fails again at the end."""
    with suppress(OSError, ValueError):  # a stream of no descriptor is nobody's to flush at the end
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def declared_errors(function: F) -> F:
    """Report declared errors in the command's output format and exit with their code. Bugs keep their traceback."""

    @wraps(function)
    def command(*args: Any, **kwargs: Any) -> Any:
        from generator.errors import HubError

        try:
            return function(*args, **kwargs)
        except OSError as err:
            if (found := unusable(err)) is None:
                raise
            told: HubError = found
        except HubError as err:
            told = err
        from hub.output.console import Format, report
        from hub.output.exit_codes import CODES

        report(told, kwargs.get("output", Format.TABLE))
        sys.exit(CODES[told.reason])

    return command  # type: ignore[return-value]
