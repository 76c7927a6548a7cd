"""The entry point. Keeps `--version` and `--help` quick: commands import what they need when they run."""

from __future__ import annotations

import sys

from hub import __version__


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


if __name__ == "__main__":
    main()
