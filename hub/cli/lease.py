"""The commands about previews over time: what there is, the end, more time, once more, what was. See `hub.commands`."""

from __future__ import annotations

from typing import Literal

import click

from hub.cli import options, server
from hub.cli.errors import declared_changes, declared_errors
from hub.output.formats import Format

_PANEL = "Previews"


@options.command("list", panel=_PANEL)
@options.some_environments
@options.option("--owner", help="Only previews requested by this person.")
@options.flag(
    "--mine",
    help="Only previews that you requested: by RTB_HUB_ACTOR, else your login here; through a server by its sign-in.",
)
@options.option("--blueprint", "-b", metavar="NAME", help="Only previews of this blueprint.")
@options.several(
    "--phase",
    metavar="PHASE",
    show_default="all",
    help="Only these: active, 'expiring soon', expired, 'awaiting approval', endless, sleeping; with --cluster running,"
    " starting, failed and so on. Repeatable.",
)
@options.option(
    "--ends-within", metavar="DURATION", help="Only previews that end within this time or have expired: 2h, 1d."
)
@options.several("--issue", metavar="KEY", type=options.KEY, show_default="all", help="Only this issue. Repeatable.")
@options.option("--project", metavar="PROJECT", help="Only issues of this project, such as RTB.")
@options.choice(
    "--sort",
    among=("key", "ends", "price", "owner", "age"),
    default="key",
    show_default=True,
    help="Order: key; ends (soonest first), price (highest first), owner, age (oldest first).",
)
@options.flag("--reverse", help="Reverse the order.")
@options.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=0),
    show_default="50 as a table on a terminal, else all",
    help="At most N rows; 0 for all.",
)
@options.flag("everything", "--all", help="All rows, as --limit 0.")
@options.option("--after", metavar="KEY/ENV", help="Only rows after this one: the last row of the previous page.")
@options.flag("--watch", help="Go on, until Ctrl-C: drawn anew on a terminal, else a line for each change.")
@options.option(
    "--every", metavar="DURATION", default="5s", show_default="5s", help="With --watch: how often it looks, 1s or more."
)
@options.repo
@options.cluster
@options.clusters
@options.kubeconfig
@options.listed
@declared_errors
def list_previews(
    env: tuple[str, ...],
    owner: str | None,
    mine: bool,
    blueprint: str | None,
    phase: tuple[str, ...],
    ends_within: str | None,
    issue: tuple[str, ...],
    project: str | None,
    sort: Literal["key", "ends", "price", "owner", "age"],
    reverse: bool,
    limit: int | None,
    everything: bool,
    after: str | None,
    watch: bool,
    every: str,
    repo: str | None,
    cluster: str | None,
    clusters: bool,
    kubeconfig: str | None,
    output: Format,
) -> None:
    """List previews with URL, time left, price and the total. Entries that cannot be read are listed with the reason.

    Filters are combined with 'and'. With --cluster or --clusters, also shows each phase with its cause, and previews
    without entry that are still being deleted; a cluster that is away makes its own previews unknown. Totals count
    all rows that match, not only those shown. With --watch, -o json prints an object a line: 'at', 'change' (listed,
    added, changed, removed) and 'preview'.

    Example: rtb-hub list --env int --ends-within 2h --sort ends
    """
    if everything and limit:
        raise click.BadParameter("give either --limit or --all", param_hint="--all")
    if mine and owner is not None:
        raise click.BadParameter("give either --owner or --mine", param_hint="--mine")
    if api := server.api_of(repo, cluster=cluster, clusters=clusters):
        from hub.commands.server import reading

        asked = {
            "env": env,
            "owner": owner,
            "mine": mine,
            "blueprint": blueprint,
            "phase": phase,
            "endsWithin": ends_within,
            "issue": issue,
            "project": project,
            "sort": sort,
            "reverse": reverse,
            "limit": 0 if everything else limit,
            "after": after,
        }
        if watch:
            from hub.commands.durations import seconds_of

            return reading.watch_previews(api, asked, seconds=seconds_of(every, "--every"), output=output)
        return reading.list_previews(api, asked, output)
    from hub.commands import list_previews as command
    from hub.views.listing.model import Cursor, Order, Page, Selection, wanted

    page = Page(0 if everything else limit, Cursor.parse(after) if after is not None else None)
    at = options.at(cluster, kubeconfig, clusters=clusters)
    if mine:
        from hub.wiring import hub

        owner = hub().settings.actor
    filters = wanted(
        envs=env,
        owner=owner,
        blueprint=blueprint,
        phases=phase,
        ends_within=ends_within,
        issues=issue,
        project=project,
        sees_cluster=at is not None,
    )
    selection = Selection(filters, Order(sort, reverse), page)
    if watch:
        from hub.commands.durations import seconds_of

        return command.watch(selection, repo=repo, at=at, seconds=seconds_of(every, "--every"), output=output)
    return command.run(selection, repo=repo, at=at, output=output)


@options.command(panel=_PANEL)
@options.argument("key", metavar="KEY", type=options.KEY, required=False, help="Jira issue key, such as RTB-123.")
@options.option("--env", "-e", metavar="NAME", help="Environment, such as int.")
@options.flag("everywhere", "--all", help="In every environment, instead of --env.")
@options.option("--issue", metavar="KEY", type=options.KEY, help="The issue, instead of KEY.")
@options.option("--reason", default="", help="Why, for the history.")
@options.flag("--ignore-not-found", help="Succeed when there is no such preview.")
@options.yes
@options.dry_run
@options.repo
@options.listed
@declared_changes
def stop(
    key: str | None,
    env: str | None,
    everywhere: bool,
    issue: str | None,
    reason: str,
    ignore_not_found: bool,
    yes: bool,
    dry_run: bool,
    repo: str | None,
    output: Format,
) -> None:
    """Stop a preview: deletes entry and manifests in one commit, and Argo CD deletes the rest.

    A queued preview is removed from the queue. With --all, every preview of the issue is stopped, in one commit per
    branch; where changes are by review only, a request to delete it is made. Each outcome is shown, and one failure
    does not stop the others. On a terminal it asks first: 'revive' brings back a preview, and not its data.

    Example: rtb-hub stop --all --issue RTB-123
    """
    named = issue if key is None else key
    if named is None or (key is not None and issue is not None):
        raise click.BadParameter("name one issue, as KEY or with --issue", param_hint="KEY")
    if env is None and not everywhere:
        env = server.environment()
    if everywhere == (env is not None):
        raise click.BadParameter("name an environment with --env, or all with --all", param_hint="--env")
    _confirm_stop(named, env, yes=yes or dry_run, output=output)
    if api := server.api_of(repo, dry_run=dry_run):
        from hub.commands.server import changing

        if env is None:
            return changing.stop_all(api, named, reason=reason, ignore_not_found=ignore_not_found, output=output)
        at = (named, env)
        return changing.stop(api, at, reason=reason, ignore_not_found=ignore_not_found, output=output)
    from hub.commands import stop as command

    if env is None:
        return command.run_all(
            named, reason=reason, ignore_not_found=ignore_not_found, repo=repo, output=output, dry_run=dry_run
        )
    return command.run(
        named, env, reason=reason, ignore_not_found=ignore_not_found, repo=repo, output=output, dry_run=dry_run
    )


def _confirm_stop(key: str, env: str | None, *, yes: bool, output: Format) -> None:
    from generator.values.naming import IssueKey
    from hub.cli.asking import confirm

    issue = IssueKey.parse(key)
    where = "every environment" if env is None else env
    what = f"Stop {issue} in {where}, and delete {issue.namespace} with all that its databases and volumes hold?"
    confirm(what, yes=yes, output=output)


@options.command(panel=_PANEL)
@options.key
@options.environment
@options.option("--by", metavar="DURATION", required=True, help="How much longer: 4h, 90m.")
@options.option("--reason", default="", help="Why, for the history.")
@options.option(
    "--if-ends",
    metavar="TIME",
    help="Only if it ends at this time: the end time last shown to the user (optimistic lock), such as"
    " 2026-11-24T02:00:00Z.",
)
@options.dry_run
@options.repo
@options.listed
@declared_changes
def extend(
    key: str, env: str, by: str, reason: str, if_ends: str | None, dry_run: bool, repo: str | None, output: Format
) -> None:
    """Give a preview more time, counted from its end, up to the environment's cap.

    A longer extension is cut to the cap, and says so; at the cap it is refused. The same extension again within a
    minute counts once. An expired preview that is not deleted yet is extended from now. In an environment that changes
    by review only, the commit goes to a request branch. Exit code 7 when it ends at another time than --if-ends.

    Example: rtb-hub extend RTB-123 --env int --by 4h --reason "demo tomorrow"
    """
    if api := server.api_of(repo, dry_run=dry_run):
        from hub.commands.server import changing

        return changing.extend(api, (key, env), {"by": by, "reason": reason, "ifEnds": if_ends}, output)
    from hub.commands import extend as command

    return command.run(key, env, by=by, reason=reason, if_ends=if_ends, repo=repo, output=output, dry_run=dry_run)


@options.command(panel=_PANEL)
@options.key
@options.environment
@options.option("--ttl", metavar="DURATION", help="How long it may live. Default: as before.")
@options.dry_run
@options.repo
@options.listed
@declared_changes
def revive(key: str, env: str, ttl: str | None, dry_run: bool, repo: str | None, output: Format) -> None:
    """Restore a preview that was deleted in the last 7 days, with a new lease.

    Images and settings are those it had; templates and policy are today's. It is refused when there is no capacity.

    Example: rtb-hub revive RTB-123 --env int --ttl 8h
    """
    if api := server.api_of(repo, dry_run=dry_run):
        from hub.commands.server import changing

        return changing.act(api, "revive", (key, env), {"ttl": ttl}, output)
    from hub.commands import revive as command

    return command.run(key, env, ttl=ttl, repo=repo, output=output, dry_run=dry_run)


@options.command(panel=_PANEL)
@options.argument("key", metavar="KEY", type=options.KEY, required=False, help="Jira issue key, such as RTB-123.")
@options.any_environment
@options.option("--since", metavar="DURATION", show_default="to the beginning", help="How far back: 7d, 12h.")
@options.option(
    "--limit", metavar="N", type=click.IntRange(min=0), default=50, show_default=True, help="At most; 0 for all."
)
@options.repo
@options.output
@declared_errors
def history(key: str | None, env: str | None, since: str | None, limit: int, repo: str | None, output: Format) -> None:
    """Show who changed which preview, when and why, newest first: from the trailers of the commits.

    A manual commit is shown with its author. For an environment that changes by review only, open requests are shown
    too.

    Example: rtb-hub history RTB-123 --env int --since 7d
    """
    if api := server.api_of(repo):
        from hub.commands.server import reading

        return reading.history(api, key, {"env": env, "since": since, "limit": limit}, output)
    from hub.commands import history as command

    return command.run(command.Arguments(key, env, since, limit), repo=repo, output=output)


@options.command(panel=_PANEL)
@options.any_environment
@options.several("--project", metavar="KEY", help="Only previews of this Jira project, such as RTB. Repeatable.")
@options.option("--since", metavar="DURATION", show_default="7d", help="How far back: 7d, 12h.")
@options.option(
    "--by",
    type=click.Choice(["project", "requester"]),
    default="project",
    show_default=True,
    help="Group previews by project, or by who asked for them.",
)
@options.option("--language", type=click.Choice(["en", "ko"]), show_default="en", help="English or Korean.")
@options.flag("--tell", help="Post it in each team's Slack channel instead, once a day or week.")
@options.option(
    "--every",
    type=click.Choice(["day", "week"]),
    show_default="week",
    help="With --tell: how often it is posted, and how far back it looks.",
)
@options.option(
    "--time-zone",
    metavar="ZONE",
    show_default="Etc/UTC",
    help="With --tell: time zone in which a day or a week begins.",
)
@options.flag("--dry-run", help="With --tell: print what would be posted where. Ask Slack nothing.")
@options.repo
@options.output
@declared_errors
def digest(
    env: str | None, project: tuple[str, ...], since: str | None, by: Literal["project", "requester"],
    language: Literal["en", "ko"] | None, tell: bool, every: Literal["day", "week"] | None, time_zone: str | None,
    dry_run: bool, repo: str | None, output: Format,
) -> None:  # fmt: skip
    """Show which previews there are, which end within a day, and what they cost in the last days, by project.

    Costs are list prices of what ran between then and now, also of previews that have ended since. With --tell, each
    channel of RTB_HUB_SLACK_CHANNELS gets its projects, in the language of RTB_HUB_SLACK_MESSAGES: one message per
    channel and day or week, however often this runs. A channel without previews gets none.

    Example: rtb-hub digest --since 7d --project RTB
    """
    from hub.commands import digest as command

    asked = command.Arguments(env, project, since, by, language, tell, every, time_zone, dry_run)
    command.run(asked, repo=repo, output=output)


COMMANDS = (list_previews, stop, extend, revive, history, digest)
