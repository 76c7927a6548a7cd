"""The commands of sign-in: of people at a hub, of services by tokens, and its keys."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from hub.cli import options, server
from hub.cli.errors import declared_changes, declared_errors
from hub.cli.help import Group
from hub.output.formats import Format

if TYPE_CHECKING:
    from hub.commands.server.calling import Api

_PANEL = "Services"
_SCOPES = ("preview:read", "preview:write", "preview:request-prd", "jira:event")


@options.command("rotate")
@options.option(
    "--stolen",
    is_flag=True,
    help="At once, and forget the keys of before: access tokens that are out hold no more, sessions go on.",
)
@options.yes
@options.output
@declared_changes
def auth_rotate(stolen: bool, yes: bool, output: Format) -> None:
    """Have a new key sign access tokens, in a day, and encrypt all keys anew by the first of RTB_HUB_KEY_FILE.

    They roll over by themselves every 30 days: it is for a key file that changed, and for keys that got out.

    Example: rtb-hub auth rotate
    """
    from hub.wiring import hub, needing_services

    if stolen:
        from hub.cli.asking import confirm

        confirm("Forget all keys, so that every access token that is out is refused?", yes=yes, output=output)
    with needing_services():
        from hub.services.auth import rotating as command
    command.rotate(hub(), is_stolen=stolen, output=output)


@options.command(panel=_PANEL)
@declared_errors
def login() -> None:
    """Sign in to a hub that runs as a service (--server, RTB_HUB_SERVER), by a browser of this or another machine.

    Its tokens are kept in the state folder (XDG_STATE_HOME), for you alone, and refreshed while they are used: twelve
    hours without, or seven days, end it. CI uses a service token, or exchanges its own.

    Example: rtb-hub --server https://hub.example.com login
    """
    from hub.commands.server.logins import Logins
    from hub.commands.server.logins import login as run
    from hub.settings.server import server_settings

    api = _signing()
    url = str(api.sender.origin)
    name = run(api.plain or api, url, Logins.of(server_settings().environ), click.echo)
    click.echo(f"you are signed in at {url} as {name}")


@options.command(panel=_PANEL)
@declared_errors
def logout() -> None:
    """End the sign-in of 'login' at a hub, there and here.

    Example: rtb-hub --server https://hub.example.com logout
    """
    from hub.commands.server.logins import Logins
    from hub.commands.server.logins import logout as run
    from hub.settings.server import server_settings

    api = _signing()
    url = str(api.sender.origin)
    was = run(api.plain or api, url, Logins.of(server_settings().environ))
    click.echo(f"you are signed out at {url}" if was else f"you were not signed in at {url}")


def _signing() -> Api:
    api = server.api_of(None)
    if api is None:
        raise click.UsageError("Name the hub: --server URL, or RTB_HUB_SERVER.")
    return api


@options.command("create")
@options.argument("name", metavar="NAME", help="What it is called in commits and the audit log, such as ci-web.")
@options.several(
    "--scope",
    type=click.Choice(_SCOPES),
    metavar="SCOPE",
    required=True,
    help=f"What it may: {', '.join(_SCOPES)}. Repeatable.",
)
@options.several(
    "--env", "-e", metavar="NAME", show_default="all", help="It may change previews of this environment. Repeatable."
)
@options.option(
    "--days", metavar="N", type=click.IntRange(1, 366), default=90, show_default=True, help="It ends after so many."
)
@options.output
@declared_errors
def token_create(name: str, scope: tuple[str, ...], env: tuple[str, ...], days: int, output: Format) -> None:
    """Make a token for a service, such as a job of CI. It is printed once, and kept nowhere.

    'preview:read' reads, 'preview:write' asks for changes, 'preview:request-prd' for those that are reviewed,
    'jira:event' delivers events of Jira Automation. Through a server (--server) it takes an admin's sign-in; without,
    the services' database. A service sends it as 'Authorization: Bearer TOKEN'.

    Example: rtb-hub token create ci-web --scope preview:write --env int --days 30
    """
    from hub.commands import token as command

    body = {"name": name, "scopes": [*scope], "environments": [*env], "days": days}
    command.create(server.api_of(None), body, output=output)


@options.command("list")
@options.listed
@declared_errors
def token_list(output: Format) -> None:
    """List service tokens, the newest first, with what they may, when they end and when they were last used.

    Example: rtb-hub token list --output json
    """
    from hub.commands import token as command

    command.list_all(server.api_of(None), output=output)


@options.command("revoke")
@options.argument("token_id", metavar="ID", help="Its id, as 'token list' shows it.")
@options.yes
@options.told_only
@options.output
@declared_changes
def token_revoke(token_id: str, yes: bool, dry_run: bool, output: Format) -> None:
    """End a service token, for good: processes refuse it within five seconds.

    It asks first on a terminal. --dry-run takes the services' database.

    Example: rtb-hub token revoke token-0198c0de
    """
    from hub.cli.asking import confirm
    from hub.commands import token as command
    from hub.output.console import printable

    what = f"Revoke the token {printable(token_id[:80])}? What uses it is refused from then on."
    confirm(what, yes=yes or dry_run, output=output)
    command.revoke(server.api_of(None, dry_run=dry_run), token_id, dry_run=dry_run, output=output)


def doctor_of_sign_in(others: object, output: Format) -> None:
    """`doctor --sign-in`. `others`: options that have nothing to do with it. Raises `click.UsageError` for those."""
    if others:
        raise click.UsageError("--sign-in goes alone: it looks at no environment, repository or cluster.")
    from hub.wiring import hub, needing_services

    with needing_services():
        from hub.services.auth import checking as command
    if not command.run(hub(), output):
        from hub.output.exit_codes import UNHEALTHY

        sys.exit(UNHEALTHY)


COMMANDS = (
    login,
    logout,
    Group("auth", panel=_PANEL, commands=[auth_rotate], help="Keep the keys that sign-in signs by."),
    Group(
        "token",
        panel=_PANEL,
        commands=[token_create, token_list, token_revoke],
        help="Tokens by which services call the hub.",
    ),
)
