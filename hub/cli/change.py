"""`rtb-hub set` and `rtb-hub unset`: one setting of a preview that is there, without repeating the others."""

from __future__ import annotations

from hub.cli import options, server
from hub.cli.errors import declared_errors
from hub.output.formats import Format

_PANEL = "Previews"


@options.command("set", panel=_PANEL)
@options.key
@options.argument("settings", metavar="PATH=TEXT...", nargs=-1, required=True, help="As --set of 'start' takes them.")
@options.environment
@options.repo
@options.listed
@declared_errors
def set_settings(key: str, settings: tuple[str, ...], env: str, repo: str | None, output: Format) -> None:
    """Change settings of a preview, in one commit. What is not named stays as it is.

    What changed is shown, from what to what. 'rtb-hub diff' with --set shows the objects that would change, and writes
    nothing. In an environment that changes by review only, the commit goes to a request branch.

    Example: rtb-hub set RTB-123 --env int web.cpu=500m web.env.LOG_LEVEL=debug
    """
    _change(key, env, settings, (), repo, output)


@options.command("unset", panel=_PANEL)
@options.key
@options.argument("paths", metavar="PATH...", nargs=-1, required=True, help="As --unset of 'start' takes them.")
@options.environment
@options.repo
@options.listed
@declared_errors
def unset_settings(key: str, paths: tuple[str, ...], env: str, repo: str | None, output: Format) -> None:
    """Take back settings of a preview, so that their defaults count: a field, a variable, branch or compute.

    An optional component that is named is removed. 'rtb-hub start --reset' takes back all settings at once.

    Example: rtb-hub unset RTB-123 --env int web.cpu web.env.LOG_LEVEL
    """
    _change(key, env, (), paths, repo, output)


def _change(
    key: str, env: str, settings: tuple[str, ...], unset: tuple[str, ...], repo: str | None, output: Format
) -> None:
    if api := server.api_of(repo):
        from hub.commands.pairs import settings_of
        from hub.commands.server import changing

        said = {"settings": settings_of([*settings]), "unset": [*unset], "mustExist": True}
        return changing.start(api, {"issue": key, "environment": env, **said}, output)
    from hub.commands import start as command
    from hub.commands.arguments import Arguments

    asked = Arguments(key, env, [], [*settings], None, None, None, None, unset=unset, must_exist=True)
    return command.run(asked, repo=repo, output=output)


COMMANDS = (set_settings, unset_settings)
