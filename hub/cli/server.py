"""Which hub that runs as a service a command works through, and what those say that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hub.commands.server.calling import Api
    from hub.settings.server import ServerSettings

_KEY = "hub.cli.server"
#: Commands that work through one.
THROUGH = (
    "list", "show", "why", "wait", "status", "logs", "history", "start", "diff", "set", "unset", "stop",
    "extend", "revive", "mcp", "login", "logout", "token",
)  # fmt: skip
#: Commands that work on the services' database.
_OF_THE_DATABASE = ("db", "job", "webhook")


def _named(ctx: click.Context, _: click.Parameter, url: str | None) -> None:
    if url is not None:
        ctx.meta[_KEY] = url


OPTION = click.Option(
    ["--server"],
    metavar="URL",
    expose_value=False,
    callback=_named,
    help=f"Work through a hub that runs as a service: {', '.join(THROUGH)}. Default: RTB_HUB_SERVER.",
)


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
    if ctx.params.get("repo", "none") is not None:
        return
    if server_settings().url is not None and not is_repository_named():
        raise click.UsageError(
            f"'{name}' does not work through a server ({URL}). Name a state repository with --repo. {works}", ctx
        )
