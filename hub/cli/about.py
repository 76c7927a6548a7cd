"""The commands about rtb-hub itself: which release it is, and help by name."""

from __future__ import annotations

import click

from hub import __version__
from hub.cli import options
from hub.cli.errors import declared_errors
from hub.output.formats import Format

_PANEL = "rtb-hub itself"


@options.command(panel=_PANEL)
@options.output
@declared_errors
def version(output: Format) -> None:
    """Print the version, for people or machines, with the Python and the system that run it.

    Example: rtb-hub version -o json
    """
    import platform

    from hub.output.console import emit

    data = {"version": __version__, "python": platform.python_version(), "platform": platform.platform()}
    emit(data, output, lambda console: console.print(f"rtb-hub {__version__}"))


@options.command("help", panel=_PANEL)
@options.argument("names", metavar="[COMMAND]…", nargs=-1, help="Command, such as start or env show.")
@click.pass_context
def help_(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Show the help of a command, as its --help does.

    Example: rtb-hub help env show
    """
    at = ctx.find_root()
    for name in names:
        command = at.command
        found = command.get_command(at, name) if isinstance(command, click.Group) else None
        if found is None:
            raise click.UsageError(f"No such command {' '.join(names)!r}.", ctx)
        at = found.context_class(found, parent=at, info_name=name)
    click.echo(at.get_help(), color=ctx.color)


COMMANDS = (version, help_)
