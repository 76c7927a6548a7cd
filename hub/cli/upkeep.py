"""The commands that keep a state repository in order by themselves. What they do is in `hub.commands`."""

from __future__ import annotations

import click

from hub.cli import options
from hub.cli.errors import declared_changes, declared_errors
from hub.output.formats import Format

_PANEL = "State repository"


@options.command(panel="Previews")
@options.any_environment
@options.repo
@options.listed
@declared_errors
def approvals(env: str | None, repo: str | None, output: Format) -> None:
    """List the requests that await review in gated environments, and what each still needs.

    Reviews are given on the forge; 'reconcile' merges what is approved. Reads the forge that the environment's file
    names (docs/FORGES.md), and changes nothing.

    Example: rtb-hub approvals --env prd
    """
    from hub.commands import approvals as command

    command.run(env, repo=repo, output=output)


@options.command(panel="Previews")
@options.key
@options.environment
@options.flag(
    "--request-changes", help="Request changes instead of approving. A standing request for changes blocks the merge."
)
@options.repo
@declared_changes
def approve(key: str, env: str, request_changes: bool, repo: str | None) -> None:
    """Approve a request in a local trial repository ('forge: {kind: local}').

    The reviewer is RTB_HUB_ACTOR, and no identity is verified: production needs GitHub, Gitea or Forgejo.

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
    help="Only this reconciler: approval, stamp, expiry, sleep, queue or drift. Repeatable.",
)
@options.flag("--dry-run", help="Show what would be done. Commit nothing.")
@options.flag("--quiet", "-q", help="Print only what was done, is left to a person, or failed.")
@options.flag("--watch", help="Keep running and act within a second of each due time.")
@options.option("--at", metavar="TIME", help="Show what would be done at this time (RFC 3339). Commit nothing.")
@options.option(
    "--confirm-removals",
    metavar="N",
    type=click.IntRange(min=1),
    help="Delete this many at once: exactly the number that was held back.",
)
@options.option(
    "--metrics-port",
    metavar="PORT",
    type=click.IntRange(min=0),
    help="With --watch: port to serve /metrics (Prometheus) and /healthz on. 0: any free port.",
)
@options.option(
    "--metrics-address",
    metavar="ADDRESS",
    help="Address to serve them at, without authentication. Default: 127.0.0.1.",
)
@options.repo
@options.output
@declared_changes
def reconcile(
    env: tuple[str, ...],
    only: tuple[str, ...],
    dry_run: bool,
    quiet: bool,
    watch: bool,
    at: str | None,
    confirm_removals: int | None,
    metrics_port: int | None,
    metrics_address: str | None,
    repo: str | None,
    output: Format,
) -> None:
    """Bring the state repository up to date, in one commit per branch.

    'approval' merges approved requests and closes rejected or expired ones, 'stamp' starts the lease of what was
    merged, 'expiry' deletes previews whose lease has ended and warns before the end, 'sleep' puts previews to
    sleep outside of office hours and wakes them (`sleep` in the environment's file), 'queue' starts queued previews
    when there is capacity, 'drift' re-renders manifests that differ from what their entries render to today. Safe to
    run twice, late or concurrently. What cannot be read is skipped, and the rest is done. When too many are due at
    once (`expiry` in the environment's file), none is deleted until you confirm the number: a wrong clock makes all
    look due. Exit code 6 when something needs manual action. With --watch, each event is one line on standard error:
    as JSON with --output json, and wherever that is no terminal.

    Example: rtb-hub reconcile --env int --at 2026-11-24T02:00:00Z
    """
    from hub.commands import reconcile as command

    given = command.Options([*env], [*only], dry_run, watch, at, confirm_removals, metrics_port, metrics_address, quiet)
    command.run(given, repo=repo, output=output)


@options.command(panel=_PANEL)
@options.any_environment
@options.option(
    "--apply/--plan",
    default=False,
    show_default=True,
    help="Write the rules and read back what is enforced then; or only show the changes.",
)
@options.repo
@options.output
@declared_changes
def protect(env: str | None, apply: bool, repo: str | None, output: Format) -> None:
    """Have the forge enforce that a gated branch changes by reviewed requests only, and keeps its history.

    Shows what the forge enforces now, what would change, every open way to bypass it, and what the forge cannot
    enforce. With --apply it writes one rule per branch, and shows what is enforced then; other rules stay. Needs an
    administrator's credentials (RTB_HUB_FORGE_TOKEN), which no service keeps: see docs/FORGES.md. Exit code 4 when
    the rules were applied and a gated branch can still be changed without review.

    Example: rtb-hub protect --env prd --plan
    """
    from hub.commands import protect as command

    command.run(env, apply=apply, repo=repo, output=output)


COMMANDS = (reconcile, protect, approvals, approve)
