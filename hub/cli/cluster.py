"""The commands that look at previews in their cluster. What they do is in `hub.commands`."""

from __future__ import annotations

import click

from hub.cli import options
from hub.cli.errors import declared_errors
from hub.output.formats import Format

_PANEL = "Previews"


@options.command(panel=_PANEL)
@options.key
@options.environment
@options.own_cluster
@options.kubeconfig
@options.flag("--watch", help="Tell each change, until it is running or removed.")
@options.option(
    "--timeout", default="10m", show_default="10m", metavar="DURATION", help="With --watch: at most so long."
)
@options.repo
@options.output
@declared_errors
def status(
    key: str,
    env: str,
    cluster: str | None,
    kubeconfig: str | None,
    watch: bool,
    timeout: str,
    repo: str | None,
    output: Format,
) -> None:
    """Tell in one line where a preview stands by its cluster, with the cause.

    With --watch each change is a line of its own, as it happens, until the preview is running, or removed where it is
    not wanted; exit code 53 when it stays failed, 52 when the time is up, 130 for Ctrl-C.

    Example: rtb-hub status RTB-123 --env int --watch
    """
    from hub.commands import status as command
    from hub.commands.cluster_options import Options

    at = Options(cluster or "", kubeconfig)
    command.run(key, env, watch=watch, timeout=timeout, repo=repo, at=at, output=output)


@options.command("open", panel=_PANEL)
@options.key
@options.environment
@options.own_cluster
@options.kubeconfig
@options.flag("--force", help="Without a look at the cluster, whether it runs or not.")
@options.repo
@options.output
@declared_errors
def open_(
    key: str,
    env: str,
    cluster: str | None,
    kubeconfig: str | None,
    force: bool,
    repo: str | None,
    output: Format,
) -> None:
    """Print a preview's address, and open it in a browser when there is a terminal. Only of one that runs.

    Example: rtb-hub open RTB-123 --env int
    """
    from hub.commands import open as command
    from hub.commands.cluster_options import Options

    command.run(key, env, repo=repo, at=Options(cluster or "", kubeconfig), force=force, output=output)


@options.command(panel=_PANEL)
@options.key
@options.argument("component", metavar="COMPONENT", help="Component, such as web or postgres.")
@options.environment
@options.own_cluster
@options.kubeconfig
@options.option(
    "--previous/--current",
    default=None,
    help="Of the run before, or of this one. Default: the run before when it is down between two tries.",
)
@options.option("--tail", type=click.IntRange(1, 10_000), default=100, show_default="100", metavar="N", help="Lines.")
@options.option("--since", metavar="DURATION", help="Only of the last 10m, 1h and so on.")
@options.flag("--follow", help="Go on until the container ends.")
@options.repo
@options.output
@declared_errors
def logs(
    key: str,
    component: str,
    env: str,
    cluster: str | None,
    kubeconfig: str | None,
    previous: bool | None,
    tail: int,
    since: str | None,
    follow: bool,
    repo: str | None,
    output: Format,
) -> None:
    """Print the last lines of a component's log. Needs the role rtb-hub-logs, which no one has by itself.

    Example: rtb-hub logs RTB-123 web --env int
    """
    from hub.actions.logs import Wish
    from hub.commands import logs as command
    from hub.commands.cluster_options import Options
    from hub.commands.wait import seconds_of

    if follow and output is not Format.TABLE:
        raise click.UsageError("--follow goes on: it cannot be used with --output.")
    seconds = max(1, int(seconds_of(since, "--since"))) if since else None
    wish = Wish(component, previous, tail, seconds, is_followed=follow)
    command.run(key, env, wish, repo=repo, at=Options(cluster or "", kubeconfig), output=output)


@options.command(panel="State repository")
@options.environment
@options.own_cluster
@options.kubeconfig
@options.repo
@options.output
@declared_errors
def orphans(env: str, cluster: str | None, kubeconfig: str | None, repo: str | None, output: Format) -> None:
    """Find what is left over of previews in a cluster, or missing there, and what helps. Deletes nothing.

    Namespaces without entry and Application, Applications without entry, entries without Application, leases that have
    ended, objects that a finalizer holds for more than ten minutes, and Jobs, volume claims and target groups of no
    preview. Exit code 4 when there is any.

    Example: rtb-hub orphans --env int
    """
    from hub.commands import orphans as command
    from hub.commands.cluster_options import Options

    command.run(env, repo=repo, at=Options(cluster or "", kubeconfig), output=output)


COMMANDS = (status, open_, logs, orphans)
