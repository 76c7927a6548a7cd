"""The commands that keep a state repository in order by themselves. What they do is in `hub.commands`."""

from __future__ import annotations

import click

from hub.cli import options
from hub.cli.errors import declared_errors
from hub.output.formats import Format

_PANEL = "State repository"


@options.command(panel="Previews")
@options.any_environment
@options.repo
@options.output
@declared_errors
def approvals(env: str | None, repo: str | None, output: Format) -> None:
    """List what awaits a review in gated environments, and what each request still waits for, in words.

    People review at the forge; 'reconcile' merges what may be merged. Reads the forge that the environment's file names
    (docs/FORGES.md), and changes nothing.

    Example: rtb-hub approvals --env prd
    """
    from hub.commands import approvals as command

    command.run(env, repo=repo, output=output)


@options.command(panel="Previews")
@options.key
@options.environment
@options.flag("--request-changes", help="Ask for changes instead: nobody's may stand.")
@options.repo
@declared_errors
def approve(key: str, env: str, request_changes: bool, repo: str | None) -> None:
    """Review a request beside a bare repository, of an environment with 'forge: {kind: local}': to try it out.

    You are RTB_HUB_ACTOR. It proves nobody's identity: production needs GitHub, Gitea or Forgejo.

    Example: rtb-hub approve RTB-123 --env prd
    """
    from hub.commands import approvals as command

    command.approve(key, env, "changes-requested" if request_changes else "approved", repo=repo)


@options.command(panel=_PANEL)
@options.some_environments
@options.several(
    "--only",
    metavar="NAME",
    show_default="all",
    help="Only this one: approval, stamp, expiry, queue or drift. Repeatable.",
)
@options.flag("--dry-run", help="Show what would be done. Commit nothing.")
@options.flag("--watch", help="Go on until ended, and do what is due within a second of its time.")
@options.option("--at", metavar="TIME", help="Show what would be done at this time (RFC 3339). Commit nothing.")
@options.option(
    "--confirm-removals",
    metavar="N",
    type=click.IntRange(min=1),
    help="Remove so many at once: exactly the number that was held.",
)
@options.option(
    "--metrics-port",
    metavar="PORT",
    type=click.IntRange(min=0),
    help="While watching, serve /metrics for Prometheus and /healthz here. 0: any port that is free.",
)
@options.option(
    "--metrics-address",
    metavar="ADDRESS",
    help="Serve them at this address of the machine: nobody is asked who they are. Default: 127.0.0.1.",
)
@options.repo
@options.output
@declared_errors
def reconcile(
    env: tuple[str, ...],
    only: tuple[str, ...],
    dry_run: bool,
    watch: bool,
    at: str | None,
    confirm_removals: int | None,
    metrics_port: int | None,
    metrics_address: str | None,
    repo: str | None,
    output: Format,
) -> None:
    """Bring the state repository to what it should be by now, in one commit a branch.

    'approval' merges requests that may be merged and closes those that may not, 'stamp' begins the lease
    of what was merged, 'expiry' removes the previews whose lease has ended, and says whose will soon,
    'queue' starts those that wait for room, 'drift' writes manifests anew that are not what their entries
    come to today. Safe to run twice, late or at once. What cannot be read is set aside, and the rest goes on. When too
    many are due at once (`expiry` in the environment's file), none is removed until you confirm the number: a wrong
    clock makes all look due. Exit code 6 when something is left that a person has to look at. With --watch, one line an
    event goes to standard error: as JSON with --output json, and wherever that is no terminal.

    Example: rtb-hub reconcile --env int --at 2026-11-24T02:00:00Z
    """
    from hub.commands import reconcile as command

    given = command.Options([*env], [*only], dry_run, watch, at, confirm_removals, metrics_port, metrics_address)
    command.run(given, repo=repo, output=output)


@options.command(panel=_PANEL)
@options.any_environment
@options.option(
    "--apply/--plan",
    default=False,
    show_default=True,
    help="Write the rules, and read back what holds then; or only show it.",
)
@options.repo
@options.output
@declared_errors
def protect(env: str | None, apply: bool, repo: str | None, output: Format) -> None:
    """Have the forge itself enforce that a gated branch changes by reviewed requests only, and keeps its history.

    Shows what the forge enforces now, what would change, every way past it that is open, and what the forge cannot
    express. With --apply it writes one rule for each branch, and shows what holds then; rules of others stay. Takes the
    keys of an administrator (RTB_HUB_FORGE_TOKEN), which no service keeps: see docs/FORGES.md. Exit code 4 when
    something was applied and a way to reach a gated branch unreviewed is still open.

    Example: rtb-hub protect --env prd --plan
    """
    from hub.commands import protect as command

    command.run(env, apply=apply, repo=repo, output=output)


COMMANDS = (reconcile, protect, approvals, approve)
