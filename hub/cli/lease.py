"""The commands about previews over time: what there is, the end, more time, once more, what was. See `hub.commands`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from hub.cli import options
from hub.cli.errors import declared_errors
from hub.output.console import Format

_PANEL = "Previews"


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("list", rich_help_panel=_PANEL)(list_previews)
    for command in (stop, extend, revive, history):
        app.command(rich_help_panel=_PANEL)(command)


@declared_errors
def list_previews(
    env: options.SomeEnvironments = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Only what this person asked for.")] = None,
    blueprint: Annotated[
        str | None, typer.Option("--blueprint", "-b", metavar="NAME", help="Only what is made of this.")
    ] = None,
    phase: Annotated[
        list[str] | None,
        typer.Option(
            "--phase",
            metavar="PHASE",
            help="Only these: active, 'expiring soon', expired, 'awaiting approval'; with --cluster running, starting,"
            " failed and so on. Repeatable.",
            show_default="all",
        ),
    ] = None,
    ends_within: Annotated[
        str | None,
        typer.Option("--ends-within", metavar="DURATION", help="Only what ends by then, or is over: 2h, 1d."),
    ] = None,
    issue: Annotated[
        list[str] | None,
        typer.Option("--issue", metavar="KEY", help="Only this issue. Repeatable.", show_default="all"),
    ] = None,
    project: Annotated[
        str | None, typer.Option("--project", metavar="PROJECT", help="Only issues of this project, such as RTB.")
    ] = None,
    sort: Annotated[
        Literal["key", "ends", "price", "owner", "age"],
        typer.Option("--sort", help="Order: key; ends (the first to end first), price (dear first), owner, age (old)."),
    ] = "key",
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            min=0,
            metavar="N",
            help="At most N rows; 0 for all.",
            show_default="50 as a table on a terminal, else all",
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All rows, as --limit 0.")] = False,
    after: Annotated[
        str | None,
        typer.Option("--after", metavar="KEY/ENV", help="Only rows after this one, as the page before ended with it."),
    ] = None,
    repo: options.Repo = None,
    cluster: options.Cluster = None,
    kubeconfig: options.Kubeconfig = None,
    output: options.Output = Format.TABLE,
) -> None:
    """List previews with URL, time left, price and the total. Entries that cannot be read are listed with the reason.

    Filters narrow one another down. With --cluster, also the phase of each and its cause, and previews without entry
    that are still being removed. Totals are of all rows that match, whichever of them are shown.

    Example: rtb-hub list --env int --ends-within 2h --sort ends
    """
    from hub.commands.listing import run as command
    from hub.commands.listing.model import Cursor, Order, Page, wanted
    from hub.views.phases import Options

    if everything and limit:
        raise typer.BadParameter("give either --limit or --all", param_hint="--all")
    page = Page(0 if everything else limit, Cursor.parse(after) if after is not None else None)
    at = Options(cluster, kubeconfig) if cluster else None
    filters = wanted(
        envs=env or (),
        owner=owner,
        blueprint=blueprint,
        phases=phase or (),
        ends_within=ends_within,
        issues=issue or (),
        project=project,
        sees_cluster=at is not None,
    )
    command.run(filters, Order(sort, reverse), page, repo=repo, at=at, output=output)


@declared_errors
def stop(
    key: Annotated[str | None, typer.Argument(metavar="KEY", help="Jira issue key, such as RTB-123.")] = None,
    env: Annotated[str | None, typer.Option("--env", "-e", metavar="NAME", help="Environment, such as int.")] = None,
    everywhere: Annotated[bool, typer.Option("--all", help="In every environment, instead of --env.")] = False,
    issue: Annotated[str | None, typer.Option("--issue", metavar="KEY", help="The issue, instead of KEY.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the history.")] = "",
    ignore_not_found: Annotated[
        bool, typer.Option("--ignore-not-found", help="Succeed when there is no such preview.")
    ] = False,
    repo: options.Repo = None,
    output: options.Output = Format.TABLE,
) -> None:
    """Stop a preview: entry and manifests go in one commit, Argo CD removes the rest. What waits in line leaves it.

    With --all, whatever there is of the issue, one commit a branch; where changes are by review only, a request to
    remove it. Each outcome is told, and one that fails keeps none of the others back.

    Example: rtb-hub stop --all --issue RTB-123
    """
    from hub.commands import stop as command

    named = issue if key is None else key
    if named is None or (key is not None and issue is not None):
        raise typer.BadParameter("name one issue, as KEY or with --issue", param_hint="KEY")
    if everywhere == (env is not None):
        raise typer.BadParameter("name an environment with --env, or all with --all", param_hint="--env")
    if env is None:
        command.run_all(named, reason=reason, ignore_not_found=ignore_not_found, repo=repo, output=output)
    else:
        command.run(named, env, reason=reason, ignore_not_found=ignore_not_found, repo=repo, output=output)


@declared_errors
def extend(
    key: options.Key,
    env: options.Environment,
    by: Annotated[str, typer.Option("--by", metavar="DURATION", help="How much longer: 4h, 90m.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the history.")] = "",
    if_ends: Annotated[
        str | None,
        typer.Option(
            "--if-ends",
            metavar="TIME",
            help="Only if it ends at this time, such as 2026-11-24T02:00:00Z: what a button showed.",
            show_default=False,
        ),
    ] = None,
    repo: options.Repo = None,
    output: options.Output = Format.TABLE,
) -> None:
    """Give a preview more time, counted from its end, up to the environment's cap.

    Past the cap it gets what is left up to it, and says so; at the cap it is refused. The same again within a minute is
    taken as the same click. What is over but still there is extended from now. In an environment that changes by review
    only, the commit goes to a request branch.

    Example: rtb-hub extend RTB-123 --env int --by 4h --reason "demo tomorrow"
    """
    from hub.commands import extend as command

    command.run(key, env, by=by, reason=reason, if_ends=if_ends, repo=repo, output=output)


@declared_errors
def revive(
    key: options.Key,
    env: options.Environment,
    ttl: Annotated[
        str | None,
        typer.Option("--ttl", metavar="DURATION", help="How long it may live. Default: as before.", show_default=False),
    ] = None,
    repo: options.Repo = None,
    output: options.Output = Format.TABLE,
) -> None:
    """Bring back a preview that was removed in the last 7 days, with a fresh lease.

    Images and settings are those it had; templates and policy are today's. It is refused when there is no room for it.

    Example: rtb-hub revive RTB-123 --env int --ttl 8h
    """
    from hub.commands import revive as command

    command.run(key, env, ttl=ttl, repo=repo, output=output)


@declared_errors
def history(
    key: Annotated[
        str | None, typer.Argument(metavar="KEY", help="Jira issue key, such as RTB-123.", show_default="all")
    ] = None,
    env: options.AnyEnvironment = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="DURATION", help="How far back: 7d, 12h.", show_default="to the beginning"),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, metavar="N", help="At most; 0 for all.")] = 50,
    repo: options.Repo = None,
    output: options.Output = Format.TABLE,
) -> None:
    """Tell who changed which preview, when and why, newest first: from the trailers of the commits.

    A commit by hand is shown with its author. Of an environment that changes by review only, what awaits its merge is
    shown too.

    Example: rtb-hub history RTB-123 --env int --since 7d
    """
    from hub.commands import history as command

    command.run(command.Wanted(key, env, since, limit), repo=repo, output=output)
