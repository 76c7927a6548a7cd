"""The commands about rtb-hub itself: its release, help by name, schemas of files and outputs, what a field means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub import __version__
from hub.cli import options
from hub.cli.errors import declared_errors
from hub.output.formats import Format

if TYPE_CHECKING:
    from hub.commands.schema import Outputs

_PANEL = "rtb-hub itself"
_CHECKS = "Environments, blueprints, checks"
#: What `rtb-hub schema` prints.
SCHEMAS = (
    "blueprint", "environment", "environment-overlay", "job", "openapi", "preview", "queued-preview", "registries",
    "services",
)  # fmt: skip


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


@options.command("man", panel=_PANEL)
@options.option(
    "--to", metavar="DIR", type=options.PATH, required=True, help="Folder to write the pages to, such as man1."
)
@click.pass_context
@declared_errors
def man(ctx: click.Context, to: Path) -> None:
    """Write a manual page for each command, such as rtb-hub-start.1: what --help says.

    'man ./man1/rtb-hub-start.1' shows one; a folder man1 on the MANPATH has 'man rtb-hub-start' find it.

    Example: rtb-hub man --to ~/.local/share/man/man1
    """
    from hub.cli.man import write_pages

    click.echo(f"{len(write_pages(ctx, to))} pages are in {to}")


def _complete_schemas(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    typed = ctx.params.get("words") or ()
    root = ctx.find_root().command
    names = ("output", *SCHEMAS) if not typed else printing(root) if typed == ("output",) else ()
    return [name for name in names if name.startswith(incomplete)]


def printing(group: click.Command, before: str = "") -> list[str]:
    """Commands below `group` that print JSON when they are asked to, with `-` for spaces: `env-list`."""
    found: list[str] = []
    for name, command in group.commands.items() if isinstance(group, click.Group) else ():
        if any(one.name == "output" for one in command.params):
            found.append(before + name)
        found += printing(command, f"{before}{name}-")
    return found


@options.command(panel=_CHECKS)
@options.argument(
    "words",
    metavar="[NAME]...",
    nargs=-1,
    help=f"{', '.join(SCHEMAS[:-1])} or {SCHEMAS[-1]}; output with a command, such as output env list.",
    shell_complete=_complete_schemas,
)
@options.option("--to", metavar="DIR", type=options.PATH, help="Write all schemas there.")
@declared_errors
def schema(words: tuple[str, ...], to: Path | None) -> None:
    """Print a JSON Schema, or write all to a folder. Editors find them by the first line of each file.

    'output' has what each command prints with --output json; 'output error' is that of errors. 'openapi' describes the
    HTTP API (OpenAPI 3.1); it needs 'pip install rtb-ai-hub[services]'.

    Example: rtb-hub schema output list
    """
    from hub.commands import schema as command

    command.run(words, to=to, api=_api, outputs=_outputs)


def _outputs() -> Outputs:
    from hub.cli.printed import OUTPUTS, schema_text
    from hub.commands.schema import Outputs

    return Outputs(tuple(sorted(OUTPUTS)), schema_text)


def _api() -> str:
    from hub.wiring import needing_services

    with needing_services():
        from hub.services.api.app import openapi_text
        from hub.services.auth.app import ROUTERS
    return openapi_text(ROUTERS)


def _complete_field(_ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The kind of file; the fields themselves would take the models to be loaded."""
    kinds = (name for name in SCHEMAS if name not in ("job", "openapi", "environment-overlay"))
    return [f"{name}." for name in kinds if name.startswith(incomplete) and "." not in incomplete]


@options.command(panel=_CHECKS)
@options.argument(
    "field",
    metavar="FIELD",
    help="A field of a file: environment.spec.lease.ttl, preview.spec.components.web.cpu, or services for all of it.",
    shell_complete=_complete_field,
)
@options.flag("--recursive", help="With the fields of its fields.")
@options.output
@declared_errors
def explain(field: str, recursive: bool, output: Format) -> None:
    """Tell what a field of a file means: type, default, what is allowed, and the fields in it.

    The files are preview, queued-preview, environment, blueprint, services and registries. Keys of maps are named as
    they are, items of lists by [].

    Example: rtb-hub explain environment.spec.lease
    """
    from hub.commands import explain as command

    command.run(field, is_recursive=recursive, output=output)


COMMANDS = (schema, explain, version, help_, man)
