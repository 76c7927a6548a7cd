"""`rtb-hub set`, `unset`, `sleep`, `wake`, and `env set|add|remove`: one thing of what is there, the rest as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from hub.cli import options, server
from hub.cli.errors import declared_changes
from hub.output.formats import Format

_PANEL = "Previews"
#: What `unset` takes that is no component and of none.
_OF_ALL = frozenset({"branch", "compute"})


@options.command("set", panel=_PANEL)
@options.key
@options.argument("settings", metavar="PATH=TEXT...", nargs=-1, required=True, help="As --set of 'start' takes them.")
@options.environment
@options.dry_run
@options.repo
@options.listed
@declared_changes
def set_settings(
    key: str, settings: tuple[str, ...], env: str, dry_run: bool, repo: str | None, output: Format
) -> None:
    """Change settings of a preview, in one commit. What is not named stays as it is.

    What changed is shown, from what to what. 'rtb-hub diff' with --set shows the objects that would change, and writes
    nothing. In an environment that changes by review only, the commit goes to a request branch.

    Example: rtb-hub set RTB-123 --env int web.cpu=500m web.env.LOG_LEVEL=debug
    """
    _change(key, env, settings, (), repo, output, dry_run=dry_run)


@options.command("unset", panel=_PANEL)
@options.key
@options.argument("paths", metavar="PATH...", nargs=-1, required=True, help="As --unset of 'start' takes them.")
@options.environment
@options.yes
@options.dry_run
@options.repo
@options.listed
@declared_changes
def unset_settings(
    key: str, paths: tuple[str, ...], env: str, yes: bool, dry_run: bool, repo: str | None, output: Format
) -> None:
    """Take back settings of a preview, so that their defaults count: a field, a variable, branch or compute.

    An optional component that is named is removed, with what it holds: on a terminal it asks first. 'rtb-hub start
    --reset' takes back all settings at once.

    Example: rtb-hub unset RTB-123 --env int web.cpu web.env.LOG_LEVEL
    """
    if removed := [path for path in paths if "." not in path and path not in _OF_ALL]:
        from hub.cli.asking import confirm

        what = f"Remove {', '.join(removed)} of {key} in {env}, with all that is in it?"
        confirm(what, yes=yes or dry_run, output=output)
    _change(key, env, (), paths, repo, output, dry_run=dry_run)


def _change(
    key: str,
    env: str,
    settings: tuple[str, ...],
    unset: tuple[str, ...],
    repo: str | None,
    output: Format,
    *,
    dry_run: bool,
) -> None:
    if api := server.api_of(repo, dry_run=dry_run):
        from hub.commands.pairs import settings_of
        from hub.commands.server import changing

        said = {"settings": settings_of([*settings]), "unset": [*unset], "mustExist": True}
        return changing.start(api, {"issue": key, "environment": env, **said}, output)
    from hub.commands import start as command
    from hub.commands.arguments import Arguments

    asked = Arguments(key, env, [], [*settings], None, None, None, None, unset=unset, must_exist=True)
    return command.run(asked, repo=repo, output=output, dry_run=dry_run)


_reason = options.option("--reason", default="", help="Why, for the history.")


@options.command(panel=_PANEL)
@options.key
@options.environment
@_reason
@options.dry_run
@options.repo
@options.output
@declared_changes
def sleep(key: str, env: str, reason: str, dry_run: bool, repo: str | None, output: Format) -> None:
    """Put a preview to sleep: its pods stop, and everything else of it stays.

    One commit sets the replicas to 0 and suspends schedules, and the price is that of what runs on. What keeps data in
    its pod runs on, as a database does, so nothing is lost. Jobs that ran do not run again. The lease goes on unless
    the environment's 'sleep.lease' says that it stops. In an environment that changes by review only, the commit goes
    to a request branch. 'wake' wakes it.

    Example: rtb-hub sleep RTB-123 --env int --reason "back on Monday"
    """
    _rest(key, env, reason, repo, output, asleep=True, dry_run=dry_run)


@options.command(panel=_PANEL)
@options.key
@options.environment
@_reason
@options.dry_run
@options.repo
@options.output
@declared_changes
def wake(key: str, env: str, reason: str, dry_run: bool, repo: str | None, output: Format) -> None:
    """Wake a preview that sleeps: its pods start as they were.

    It is refused while there is no capacity. One that is woken outside of office hours stays awake until they end next.

    Example: rtb-hub wake RTB-123 --env int
    """
    _rest(key, env, reason, repo, output, asleep=False, dry_run=dry_run)


def _rest(key: str, env: str, reason: str, repo: str | None, output: Format, *, asleep: bool, dry_run: bool) -> None:
    if api := server.api_of(repo, dry_run=dry_run):
        from hub.commands.server import changing

        return changing.act(api, "sleep" if asleep else "wake", (key, env), {"reason": reason}, output)
    from hub.commands import sleep as command

    return command.run(key, env, asleep=asleep, reason=reason, repo=repo, output=output, dry_run=dry_run)


_environment = options.argument("name", metavar="NAME", help="Environment, such as int; base: what all have in common.")
_dry_run = options.flag("--dry-run", help="Show the difference. Write nothing.")


@options.command("set")
@_environment
@options.argument("fields", metavar="FIELD=VALUE...", nargs=-1, required=True, help="Such as lease.ttl=12h.")
@_dry_run
@options.repo
@options.environments
@options.output
@declared_changes
def env_set(
    name: str, fields: tuple[str, ...], dry_run: bool, repo: str | None, environments: Path | None, output: Format
) -> None:
    """Set fields in the file of an environment; comments and order stay.

    Shows the difference, and checks all environments before anything is written: to the folder that --environments
    names, else to the state repository, in one commit a branch with all that is laid out by the file. Where a branch
    changes by review only, the commit is a branch of its own, and its pull request is opened where the environment
    names a forge and its key is given. 'rtb-hub explain' tells the fields.

    Example: rtb-hub env set int lease.ttl=12h sleep.outsideOfficeHours=true --dry-run
    """
    _edit(name, "set", fields, dry_run, repo, environments, output)


@options.command("add")
@_environment
@options.argument("fields", metavar="FIELD=ITEM...", nargs=-1, required=True, help="A list, and what is added to it.")
@_dry_run
@options.repo
@options.environments
@options.output
@declared_changes
def env_add(
    name: str, fields: tuple[str, ...], dry_run: bool, repo: str | None, environments: Path | None, output: Format
) -> None:
    """Add items to lists in the file of an environment; otherwise as 'env set'.

    Where the list is set by the base file, the environment gets a list of its own: that one and the item.

    Example: rtb-hub env add int images.registries=registry.example.com/team
    """
    _edit(name, "add", fields, dry_run, repo, environments, output)


@options.command("remove")
@_environment
@options.argument("fields", metavar="FIELD[=ITEM]...", nargs=-1, required=True, help="A field, or an item of a list.")
@_dry_run
@options.repo
@options.environments
@options.output
@declared_changes
def env_remove(
    name: str, fields: tuple[str, ...], dry_run: bool, repo: str | None, environments: Path | None, output: Format
) -> None:
    """Remove fields, or items of lists, from the file of an environment; otherwise as 'env set'.

    What is removed is then what the base file says, else the default.

    Example: rtb-hub env remove int lease.ttl images.registries=registry.example.com/team
    """
    _edit(name, "remove", fields, dry_run, repo, environments, output)


def _edit(
    name: str, kind: Literal["set", "add", "remove"], fields: tuple[str, ...], dry_run: bool,
    repo: str | None, environments: Path | None, output: Format,
) -> None:  # fmt: skip
    from hub.actions.env_edit import EnvEdit
    from hub.commands import env_edit as command

    asked = EnvEdit(name, kind, fields)
    command.run(asked, dry_run=dry_run, repo=repo, environments=environments, output=output)


COMMANDS = (set_settings, unset_settings, sleep, wake)
