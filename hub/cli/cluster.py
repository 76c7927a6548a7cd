"""The commands that look at previews in their cluster. What they do is in `hub.commands`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from hub.cli import options, server
from hub.cli.errors import declared_errors
from hub.output.formats import Format

_PANEL = "Previews"


@options.command(panel=_PANEL)
@options.key
@options.environment
@options.own_cluster
@options.choice(
    "until", "--for", among=("running", "removed"), default="running", show_default=True, help="What to wait for."
)
@options.flag("--url", help="Running: also ask the preview's own page, until it answers.")
@options.option("--timeout", metavar="DURATION", default="10m", show_default=True, help="Give up after: 90s, 10m, 1h.")
@options.kubeconfig
@options.repo
@options.output
@declared_errors
def wait(
    key: str,
    env: str,
    cluster: str | None,
    until: Literal["running", "removed"],
    url: bool,
    timeout: str,
    kubeconfig: str | None,
    repo: str | None,
    output: Format,
) -> None:
    """Wait until a preview is running, or until it is removed, and say what it waits for.

    Exit code 52 when the time is up, 53 when the preview failed.

    Example: rtb-hub wait RTB-123 --env int --cluster rtb-int --for running --timeout 10m
    """
    if api := server.api_of(repo, cluster=cluster, kubeconfig=kubeconfig, url=url):
        from hub.commands.server import observing

        observing.wait(api, (key, env), until, timeout=timeout, output=output)
        return
    from hub.commands import wait as command
    from hub.commands.cluster_options import Options

    at = Options(cluster or "", kubeconfig)
    command.run(key, env, until, timeout=timeout, repo=repo, at=at, output=output, url=url)


@options.command(panel=_PANEL)
@options.argument("key", metavar="KEY", type=options.KEY, required=False, help="Jira issue key, such as RTB-123.")
@options.option("--env", "-e", metavar="NAME", help="Environment, such as int.")
@options.own_cluster
@options.kubeconfig
@options.option("--save", metavar="FILE", type=options.PATH, help="Record what was read, for a bug report.")
@options.option("--recorded", metavar="FILE", type=options.PATH, help="Answer from such a file, without a cluster.")
@options.flag("--all", help="Show everything that was found, not the first cause only.")
@options.flag("--check", help="End with exit code 53 when it failed or is stuck.")
@options.flag("--url", help="Of one that runs, also ask its address, from here.")
@options.repo
@options.output
@declared_errors
def why(
    key: str | None,
    env: str | None,
    cluster: str | None,
    kubeconfig: str | None,
    save: Path | None,
    recorded: Path | None,
    all: bool,  # noqa: A002 - the option's name
    check: bool,
    url: bool,
    repo: str | None,
    output: Format,
) -> None:
    """Tell why a preview does not come up or go away: the cause, whose job it is, and what to do.

    What --save records is without secrets, people and the names of other previews; --recorded answers from it. The
    codes are described in docs/reference/causes.md.

    Example: rtb-hub why RTB-123 --env int --cluster rtb-int
    """
    from hub.commands import why as command
    from hub.commands.cluster_options import Options

    if recorded is not None:
        for name, value in (("--cluster", cluster), ("--save", save), ("--url", url)):
            if value:
                raise click.UsageError(f"{name} cannot be used with --recorded.")
        command.run_recorded(recorded, key, is_whole=all, check=check, output=output)
        return
    env = env or server.environment()
    if key is None or env is None:
        raise click.UsageError("KEY and --env are needed, or --recorded FILE.")
    if api := server.api_of(repo, cluster=cluster, save=save, kubeconfig=kubeconfig, url=url):
        from hub.commands.server import reading

        reading.why(api, (key, env), is_whole=all, check=check, output=output)
        return
    at = Options(cluster or "", kubeconfig)
    command.run(key, env, repo=repo, at=at, save=save, is_whole=all, check=check, output=output, url=url)


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
    if api := server.api_of(repo, cluster=cluster, kubeconfig=kubeconfig):
        if watch:
            from hub.commands.server import observing

            observing.status(api, (key, env), timeout=timeout, output=output)
            return
        from hub.commands.server import reading

        reading.status(api, (key, env), output)
        return
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
    if follow and output is not Format.TABLE:
        raise click.UsageError("--follow goes on: it cannot be used with --output.")
    from hub.actions.log_wish import Wish
    from hub.commands.durations import seconds_of

    seconds = max(1, int(seconds_of(since, "--since"))) if since else None
    wish = Wish(component, previous, tail, seconds, is_followed=follow)
    if api := server.api_of(repo, cluster=cluster, kubeconfig=kubeconfig, follow=follow):
        from hub.commands.server import logs as through

        through.logs(api, (key, env), wish, output)
        return
    from hub.commands import logs as command
    from hub.commands.cluster_options import Options

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
    preview. Without --cluster AWS is asked as well, for target groups whose namespace is gone. Exit code 4 when there
    is any.

    Example: rtb-hub orphans --env int
    """
    from hub.commands import orphans as command
    from hub.commands.cluster_options import Options

    command.run(env, repo=repo, at=Options(cluster or "", kubeconfig), output=output)


COMMANDS = (wait, why, status, open_, logs, orphans)
