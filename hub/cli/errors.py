"""What becomes of a declared error at the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def declared_errors(function: F) -> F:
    """Report declared errors in the command's output format and exit with their code. Bugs keep their traceback."""

    @wraps(function)
    def command(*args: Any, **kwargs: Any) -> Any:
        from generator.errors import HubError

        try:
            return function(*args, **kwargs)
        except HubError as err:
            from hub.output.console import Format, report
            from hub.output.exit_codes import CODES

            report(err, kwargs.get("output", Format.TABLE))
            sys.exit(CODES[err.reason])

    return command  # type: ignore[return-value]
