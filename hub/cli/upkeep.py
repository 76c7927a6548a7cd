"""The commands that keep a state repository in order by themselves. What they do is in `hub.commands`."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli import options
from hub.cli.errors import declared_errors
from hub.output.console import Format

_PANEL = "State repository"


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command(rich_help_panel=_PANEL)(reconcile)
    app.command(rich_help_panel=_PANEL)(protect)
    app.command(rich_help_panel="Previews")(approvals)
    app.command(rich_help_panel="Previews")(approve)


@declared_errors
def approvals(
    env: options.AnyEnvironment = None, repo: options.Repo = None, output: options.Output = Format.TABLE
) -> None:
    """List what awaits a review in gated environments, and what each request still waits for, in words.

    People review at the forge; 'reconcile' merges what may be merged. Reads the forge that the environment's file names
    (docs/FORGES.md), and changes nothing.

    Example: rtb-hub approvals --env prd
    """
    from hub.commands import approvals as command

    command.run(env, repo=repo, output=output)


@declared_errors
def approve(
    key: options.Key,
    env: options.Environment,
    request_changes: Annotated[
        bool, typer.Option("--request-changes", help="Ask for changes instead: nobody's may stand.")
    ] = False,
    repo: options.Repo = None,
) -> None:
    """Review a request beside a bare repository, of an environment with [bold]forge: {kind: local}[/]: to try it out.

    You are RTB_HUB_ACTOR. It proves nobody's identity: production needs GitHub, Gitea or Forgejo.

    Example: rtb-hub approve RTB-123 --env prd
    """
    from hub.commands import approvals as command

    command.approve(key, env, "changes-requested" if request_changes else "approved", repo=repo)


@declared_errors
def reconcile(
    env: options.SomeEnvironments = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="NAME",
            help="Only this one: approval, stamp, expiry, queue or drift. Repeatable.",
            show_default="all",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done. Commit nothing.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until ended, and do what is due within a second of its time.")
    ] = False,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="Show what would be done at this time (RFC 3339). Commit nothing."),
    ] = None,
    confirm_removals: Annotated[
        int | None,
        typer.Option(
            "--confirm-removals", metavar="N", min=1, help="Remove so many at once: exactly the number that was held."
        ),
    ] = None,
    repo: options.Repo = None,
    output: options.Output = Format.TABLE,
) -> None:
    """Bring the state repository to what it should be by now, in one commit a branch.

    [bold]approval[/] merges requests that may be merged and closes those that may not, [bold]stamp[/] begins the lease
    of what was merged, [bold]expiry[/] removes the previews whose lease has ended, and says whose will soon,
    [bold]queue[/] starts those that wait for room, [bold]drift[/] writes manifests anew that are not what their entries
    come to today. Safe to run twice, late or at once. What cannot be read is set aside, and the rest goes on. When too
    many are due at once (`expiry` in the environment's file), none is removed until you confirm the number: a wrong
    clock makes all look due. Exit code 6 when something is left that a person has to look at. With --watch, one line an
    event goes to standard error, as JSON with --output json.

    Example: rtb-hub reconcile --env int --at 2026-11-24T02:00:00Z
    """
    from hub.commands import reconcile as command

    given = command.Options(env or [], only or [], dry_run, watch, at, confirm_removals)
    command.run(given, repo=repo, output=output)


@declared_errors
def protect(
    env: options.AnyEnvironment = None,
    apply: Annotated[
        bool, typer.Option("--apply/--plan", help="Write the rules, and read back what holds then; or only show it.")
    ] = False,
    repo: options.Repo = None,
    output: options.Output = Format.TABLE,
) -> None:
    """Have the forge itself enforce that a gated branch changes by reviewed requests only, and keeps its history.

    Shows what the forge enforces now, what would change, every way past it that is open, and what the forge cannot
    express. With --apply it writes one rule for each branch, and shows what holds then; rules of others stay. Takes the
    keys of an administrator (RTB_HUB_FORGE_TOKEN), which no service keeps: see docs/FORGES.md. Exit code 4 when
    something was applied and a way to reach a gated branch unreviewed is still open.

    Example: rtb-hub protect --env prd --plan
    """
    from hub.commands import protect as command

    command.run(env, apply=apply, repo=repo, output=output)
