"""The commands of contexts: where the user works, by a name. What they do is in `hub.commands.context`."""

from __future__ import annotations

import click

from hub.cli import options, server
from hub.cli.errors import declared_changes, declared_errors
from hub.cli.help import Group, Option
from hub.output.formats import Format

OPTION = Option(
    ["--context"],
    metavar="NAME",
    expose_value=False,
    callback=server.in_context,
    help="Context of 'rtb-hub context' to work in. Default: RTB_HUB_CONTEXT, else the one in use.",
)
_NAME = options.argument("name", metavar="NAME", help="Context, as 'context list' shows it.")


@options.command("add")
@options.argument("name", metavar="NAME", help="What it is called, such as team: letters, digits and '-'.")
@options.option("--repo", metavar="PATH|URL", help="State repository. Either this or --server.")
@options.option("--server", metavar="URL", help="A hub that runs as a service.")
@options.option("--env", "-e", metavar="NAME", help="Environment that commands mean where none is named.")
@options.option("--actor", metavar="NAME", help="Who asks, as RTB_HUB_ACTOR. A server knows that by itself.")
@options.flag("--replace", help="Write it anew where there is one of this name.")
@options.output
@declared_changes
def context_add(
    name: str,
    repo: str | None,
    server: str | None,
    env: str | None,
    actor: str | None,
    replace: bool,
    output: Format,
) -> None:
    """Keep a repository or a server under a name, with an environment and who asks. The first is in use at once.

    It is kept in contexts.json in the user's folder of configuration (XDG_CONFIG_HOME), and never has a secret in it:
    URLs with a password or a token are refused, and sign-ins are kept by 'login'.

    Example: rtb-hub context add team --repo git@git.example.com:team/state.git --env int
    """
    if (repo is None) == (server is None):
        raise click.UsageError("Name either --repo or --server.")
    if server is not None and actor is not None:
        raise click.UsageError("--actor goes with --repo: a server knows who is signed in.")
    from hub.commands import context as command
    from hub.settings.contexts import Context

    command.add(Context(name, repo, server, env, actor), replace=replace, output=output)


@options.command("list")
@options.listed
@declared_errors
def context_list(output: Format) -> None:
    """List the contexts. The one in use is marked with '*'.

    Example: rtb-hub context list
    """
    from hub.commands import context as command

    command.list_all(output)


@options.command("use")
@options.argument("name", metavar="NAME", required=False, help="Context, as 'context list' shows it.")
@options.flag("--none", help="Have none in use.")
@options.output
@declared_changes
def context_use(name: str | None, none: bool, output: Format) -> None:
    """Take a context into use: commands that name no other place work there from now on.

    --repo and --server win over all, then --context, RTB_HUB_REPO or RTB_HUB_SERVER, RTB_HUB_CONTEXT, the context in
    use, and the repository of the current folder. A context counts whole or not at all: its environment is meant only
    where its repository or server is.

    Example: rtb-hub context use team
    """
    if (name is None) != none:
        raise click.UsageError("Name either a context or --none.")
    from hub.commands import context as command

    command.use(name, output)


@options.command("show")
@options.argument("name", metavar="NAME", required=False, help="Context. Default: the one in use.")
@options.listed
@declared_errors
def context_show(name: str | None, output: Format) -> None:
    """Show what a context says.

    Example: rtb-hub context show team
    """
    from hub.commands import context as command

    command.show(name, output)


@options.command("remove")
@_NAME
@options.output
@declared_changes
def context_remove(name: str, output: Format) -> None:
    """Forget a context. Of the repository or server that it names nothing is touched.

    Example: rtb-hub context remove team
    """
    from hub.commands import context as command

    command.remove(name, output)


COMMANDS = (
    Group(
        "context",
        panel="rtb-hub itself",
        commands=[context_add, context_list, context_use, context_show, context_remove],
        help="Repositories and servers that you work on, by names.",
    ),
)
