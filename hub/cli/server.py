"""Where a command works: through which hub that runs as a service, in which context; and what those say that do not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hub.commands.server.calling import Api
    from hub.settings.server import ServerSettings

_KEY, _CONTEXT, _ENVIRONMENT = "hub.cli.server", "hub.cli.context", "hub.cli.environment"
#: Commands that work through one.
THROUGH = (
    "list", "show", "why", "wait", "status", "logs", "history", "start", "diff", "set", "unset", "stop",
    "extend", "revive", "sleep", "wake", "mcp", "login", "logout", "token",
)  # fmt: skip
#: Commands that work on the services' database.
_OF_THE_DATABASE = ("db", "job", "webhook")


def _named(ctx: click.Context, _: click.Parameter, url: str | None) -> None:
    if url is not None:
        ctx.meta[_KEY] = url


def in_context(ctx: click.Context, _: click.Parameter, name: str | None) -> None:
    """Have the command work in the context `name`."""
    if name is not None:
        ctx.meta[_CONTEXT] = name


OPTION = click.Option(
    ["--server"],
    metavar="URL",
    expose_value=False,
    callback=_named,
    help=f"Work through a hub that runs as a service: {', '.join(THROUGH)}. Default: RTB_HUB_SERVER.",
)


def enter(ctx: click.Context, arguments: Sequence[str], names: Collection[str]) -> None:
    """Have a command with the parameters `names` work in its context, where it works on a repository or a server.

    Raises `click.UsageError`; exits with the error's code where there is no such context, or its file cannot be read.
    """
    command = ctx.command_path.partition(" ")[2]
    is_placed = "repo" in names or command.partition(" ")[0] in (*THROUGH, "config")
    option, before = ctx.meta.get(_CONTEXT), [*takewhile(lambda one: one != "--", arguments)]
    is_asked_for_help = not {*ctx.help_option_names}.isdisjoint(before)
    if ctx.resilient_parsing or is_asked_for_help or not is_placed or command == "context add":
        return
    if ctx.meta.get(_KEY) is not None or any(one == "--repo" or one.startswith("--repo=") for one in before):
        if option is not None:
            raise click.UsageError("--context goes with neither --repo nor --server.", ctx)
        return
    from generator.errors import HubError
    from hub.settings.contexts import chosen, entered

    try:
        context = chosen(option)
    except HubError as err:
        from hub.cli.errors import asked_format, exit_with

        exit_with(err, asked_format(arguments))
    if context is not None:
        ctx.find_root().with_resource(entered(context, by_option=option is not None))
        ctx.meta[_ENVIRONMENT] = context.environment


def context_named(ctx: click.Context) -> str | None:
    """The value of --context; None: it is not given."""
    found: str | None = ctx.meta.get(_CONTEXT)
    return found


def environment() -> str | None:
    """The environment of the context that the command works in; None: it has none."""
    ctx = click.get_current_context(silent=True)
    return ctx.meta.get(_ENVIRONMENT) if ctx else None


def settings_of(repo: str | None, **unfit: object) -> ServerSettings | None:
    """The server that the command is to work through; None: on a state repository.

    A --repo wins over RTB_HUB_SERVER. `unfit`: options that no server knows. Raises `click.UsageError`.
    """
    flag = click.get_current_context().meta.get(_KEY)
    if repo is not None:
        if flag is not None:
            raise click.UsageError("--repo and --server exclude each other.")
        return None
    from hub.settings.server import server_settings

    found = server_settings(flag)
    if found.url is None:
        return None
    for name, value in unfit.items():
        if value:
            raise click.UsageError(f"--{name.replace('_', '-')} does not work through a server ({found.url}).")
    return found


def api_of(repo: str | None, **unfit: object) -> Api | None:
    """As `settings_of`, ready to be asked."""
    found = settings_of(repo, **unfit)
    if found is None:
        return None
    from hub.commands.server.calling import Api
    from hub.commands.server.logins import Logins, token_of

    return Api.of(found, lambda url, plain: token_of(Logins.of(found.environ), url, plain))


def refuse(ctx: click.Context) -> None:
    """Raise `click.UsageError` where a command is to work through a server, and cannot.

    Named by RTB_HUB_SERVER alone, that is one that needs a state repository or the services' database, where none is
    named.
    """
    name = ctx.command_path.partition(" ")[2]
    if name in THROUGH or name.partition(" ")[0] == "token":
        return
    flag, works = ctx.meta.get(_KEY), f"It works for {', '.join(THROUGH)}."
    if flag is not None:
        raise click.UsageError(f"'{name}' does not work through a server (--server). {works}", ctx)
    from hub.settings.server import URL, is_database_named, is_repository_named, server_settings

    if name.partition(" ")[0] in _OF_THE_DATABASE and server_settings().url is not None and not is_database_named():
        raise click.UsageError(
            f"'{name}' does not work through a server ({URL}): it works on the services' database. Name that with"
            f" RTB_HUB_DATABASE_URL. {works}", ctx
        )  # fmt: skip
    if ctx.params.get("repo", "none") is not None or name == "context add":  # its options are what is kept
        return
    if server_settings().url is not None and not is_repository_named():
        raise click.UsageError(
            f"'{name}' does not work through a server ({URL}). Name a state repository with --repo. {works}", ctx
        )
