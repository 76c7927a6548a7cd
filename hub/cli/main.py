"""The entry point. Keeps `--version` and `--help` quick: commands import what they need when they run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from hub import __version__

F = TypeVar("F", bound=Callable[..., Any])


def main() -> None:
    """Run the command line and exit with one of `hub.output.exit_codes`."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"rtb-hub {__version__}\n")
        return
    from hub.cli.app import app

    try:
        app()
    except BrokenPipeError:  # the reader went away, as `head` does
        from hub.output.exit_codes import INTERNAL

        sys.stderr.close()
        sys.exit(INTERNAL)


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


if __name__ == "__main__":
    main()
