"""The entry point. Keeps `--version` and `--help` quick: commands import what they need when they run."""

from __future__ import annotations

import gc
import os
import sys

from hub import __version__
from hub.cli.streams import OutputClosedError, discard_output, guard_streams, lost_output

NAME = "rtb-hub"
#: `Reason.FILE_UNUSABLE` in `hub.output.exit_codes`, which costs more to import than all of this.
_UNUSABLE = 26
#: New objects between two searches for garbage. Python's own 700 has it search a hundred times while a command starts,
#: which makes next to none.
_BETWEEN_SEARCHES = 100_000


def program() -> None:
    """Be the process `rtb-hub`: `main`, with a collector of garbage that keeps out of the way of start and end."""
    gc.set_threshold(_BETWEEN_SEARCHES, *gc.get_threshold()[1:])
    try:
        main()
    finally:
        gc.freeze()  # else all that is left is searched once more, before the process gives it back whole


def main() -> None:
    """Run the command line and exit with one of `hub.output.exit_codes`."""
    if sys.stdout is None:
        if sys.stderr is not None:
            sys.stderr.write("error: standard output is closed, so nothing was done; to do: >/dev/null discards it\n")
        sys.exit(_UNUSABLE)
    guard_streams()
    code: str | int | None = None
    try:
        try:
            _main()
        except SystemExit as ended:
            code = ended.code
        sys.stdout.flush()
    except OutputClosedError:
        discard_output()
    except OSError as err:
        if not _is_told(err):
            raise
        code = _UNUSABLE
    else:
        if (lost := lost_output()) is not None:
            _is_told(lost)
    if code:
        sys.exit(code)


def _is_told(err: OSError) -> bool:
    """Tell of a stream or file that cannot be used. False, and nothing told: it is a mistake of rtb-hub."""
    from hub.cli.errors import asked_format, unusable

    if (found := unusable(err)) is None:
        return False
    from hub.output.console import report

    report(found, asked_format(sys.argv[1:]))
    return True


def _main() -> None:
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"{NAME} {__version__}\n")
        return
    # We use no plugins of pydantic's; looking for them reads the metadata of every package that is installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    import click

    from hub.cli import completion
    from hub.cli.app import app

    if asked := os.environ.get("_RTB_HUB_COMPLETE"):
        completion.answer(app, NAME, asked)
        return
    # No colours where the user wants none (no-color.org), else as the terminal has them.
    color = False if os.environ.get("NO_COLOR") else None
    try:
        code = app.main(prog_name=NAME, color=color, standalone_mode=False)
    except click.Abort:
        sys.stderr.write("Aborted!\n")
        sys.exit(1)
    except click.ClickException as err:
        from hub.cli import usage

        usage.tell(err, sys.argv[1:])
        sys.exit(err.exit_code)
    if code:  # of `Context.exit`; a command itself returns nothing
        sys.exit(code)


if __name__ == "__main__":
    program()
