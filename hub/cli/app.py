"""The commands about previews, with their help. What they do is in `hub.commands`, imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from hub import __version__
from hub.cli import about, catalog, change, completion, context, lease, options, server, services, signing_in, upkeep
from hub.cli import cluster as cluster_commands
from hub.cli.errors import declared_changes, declared_errors
from hub.cli.help import WIDEST, Group
from hub.output.formats import Format


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"rtb-hub {__version__}")
        ctx.exit()


@options.command(panel="State repository")
@options.argument("folder", metavar="DIR", type=options.PATH, help="New or empty folder, or a state repository.")
@options.option("--remote", metavar="URL", help="Publish to this Git repository, empty or laid out.")
@options.flag("--work-tree", help="Create a normal repository with checked-out files. Default: a bare repository.")
@options.environments
@options.output
@declared_changes
def init(folder: Path, remote: str | None, work_tree: bool, environments: Path | None, output: Format) -> None:
    """Lay out a state repository, with your environments in it.

    Environments share the branch they name: int and stg 'main', prd 'prd'. Run it again after you
    changed your environments: it shows and commits what differs, and never touches previews. Without
    --environments a repository keeps those that it has.

    Example: rtb-hub init state.git --environments my/environments --remote git@git.example.com:team/state.git
    """
    from hub.commands import init as command

    command.run(folder, remote=remote, work_tree=work_tree, environments=environments, output=output)


@options.command(panel="Previews")
@options.key
@options.environment
@options.images
@options.settings
@options.blueprint
@options.branch
@options.compute
@options.ttl
@options.office_hours
@options.unset
@options.reset
@options.flag("--queue", help="Queue the preview when there is no capacity.")
@options.flag("--wait", help="Tell how it comes up, until it runs; with --timeout, --cluster, --kubeconfig.")
@options.option(
    "--timeout", metavar="DURATION", default="10m", show_default="10m", help="With --wait: at most so long."
)
@options.own_cluster
@options.kubeconfig
@options.dry_run
@options.repo
@options.listed
@declared_changes
def start(
    key: str,
    env: str,
    image: tuple[str, ...],
    settings: tuple[str, ...],
    blueprint: str | None,
    branch: str | None,
    compute: Literal["fargate", "spot"] | None,
    ttl: str | None,
    office_hours: bool | None,
    unset: tuple[str, ...],
    reset: bool,
    queue: bool,
    wait: bool,
    timeout: str,
    cluster: str | None,
    kubeconfig: str | None,
    dry_run: bool,
    repo: str | None,
    output: Format,
) -> None:
    """Start a preview, or update the one that is there.

    Renders the manifests, validates them, and writes entry and manifests in one commit. Of a preview that is there,
    what is not named stays as it is, and what changed is shown. The same input again changes nothing and says so. In an
    environment that changes by review only, the commit goes to a request branch.

    Without capacity it is refused with the numbers; with --queue it is queued, and starts when its turn comes. The
    queue is first come, first served. The same command updates a queued preview and keeps its place; 'stop' removes it.

    With --wait it ends when the preview runs: exit code 53 when it failed, with the cause, and 52 when the time is up,
    or where it is queued or awaits a review. What was started stays started then.

    Example: rtb-hub start RTB-123 --env int --image web=registry.example.com/web@sha256:… --image api=…
    """
    if queue and wait:
        raise click.UsageError("--wait cannot be used with --queue: when its turn comes is for others to say.")
    if dry_run and wait:
        raise click.UsageError("--wait cannot be used with --dry-run: nothing starts.")
    if not wait and (cluster or kubeconfig):
        raise click.UsageError("--cluster and --kubeconfig are for --wait.")
    if api := server.api_of(repo, cluster=cluster, kubeconfig=kubeconfig, dry_run=dry_run):
        from hub.commands.server import changing

        told = {"blueprint": blueprint, "branch": branch, "compute": compute, "ttl": ttl, "officeHours": office_hours}
        body = changing.start_body((key, env), image, settings, **told, queue=queue, unset=[*unset], reset=reset)
        if wait:
            from hub.commands.server import observing

            return observing.start(api, body, timeout=timeout, output=output)
        return changing.start(api, body, output)
    from hub.commands import start as command
    from hub.commands.arguments import Arguments

    asked = Arguments(
        key, env, [*image], [*settings], blueprint, branch, compute, ttl, office_hours, queue, unset, reset
    )
    if wait:
        from hub.commands.cluster_options import Options

        at = Options(cluster or "", kubeconfig)
        return command.run_and_wait(asked, timeout=timeout, repo=repo, at=at, output=output)
    return command.run(asked, repo=repo, output=output, dry_run=dry_run)


@options.command(panel="Previews")
@options.key
@options.environment
@options.images
@options.settings
@options.blueprint
@options.branch
@options.compute
@options.ttl
@options.office_hours
@options.unset
@options.reset
@options.repo
@options.output
@declared_errors
def diff(
    key: str,
    env: str,
    image: tuple[str, ...],
    settings: tuple[str, ...],
    blueprint: str | None,
    branch: str | None,
    compute: Literal["fargate", "spot"] | None,
    ttl: str | None,
    office_hours: bool | None,
    unset: tuple[str, ...],
    reset: bool,
    repo: str | None,
    output: Format,
) -> None:
    """Show what 'start' with the same options would change, object by object. Writes nothing.

    Exit code 3 when something would change, 0 when nothing would.

    Example: rtb-hub diff RTB-123 --env int --set web.cpu=500m
    """
    if api := server.api_of(repo):
        from hub.commands.server import changing, reading

        told = {"blueprint": blueprint, "branch": branch, "compute": compute, "ttl": ttl, "officeHours": office_hours}
        body = changing.start_body((key, env), image, settings, **told, unset=[*unset], reset=reset)
        return reading.diff(api, body, output)
    from hub.commands import start as command
    from hub.commands.arguments import Arguments

    asked = Arguments(
        key, env, [*image], [*settings], blueprint, branch, compute, ttl, office_hours, unset=unset, reset=reset
    )
    return command.diff(asked, repo=repo, output=output)


@options.command(panel="Previews")
@options.key
@options.environment
@options.images
@options.settings
@options.blueprint
@options.branch
@options.compute
@options.ttl
@options.office_hours
@options.option("--to", metavar="DIR", type=options.PATH, help="Write preview.yaml and manifest.yaml there instead.")
@options.repo
@options.environments
@options.blueprints
@declared_errors
def render(
    key: str,
    env: str,
    image: tuple[str, ...],
    settings: tuple[str, ...],
    blueprint: str | None,
    branch: str | None,
    compute: Literal["fargate", "spot"] | None,
    ttl: str | None,
    office_hours: bool | None,
    to: Path | None,
    repo: str | None,
    environments: Path | None,
    blueprints: Path | None,
) -> None:
    """Print the manifests that 'start' would commit. Needs no state repository, and writes nothing to one.

    Example: rtb-hub render RTB-123 --env int --image web=registry.example.com/web@sha256:… --to rendered
    """
    from hub.commands import render as command
    from hub.commands.arguments import Arguments

    asked = Arguments(key, env, [*image], [*settings], blueprint, branch, compute, ttl, office_hours)
    command.run(asked, to=to, repo=repo, environments=environments, blueprints=blueprints)


@options.command(panel="Previews")
@options.key
@options.environment
@options.repo
@options.cluster
@options.kubeconfig
@options.listed
@declared_errors
def show(key: str, env: str, repo: str | None, cluster: str | None, kubeconfig: str | None, output: Format) -> None:
    """Show one preview: lease, components, price, objects.

    With --cluster, also its phase and the cause of it; of a preview whose entry is gone, whether it is removed.

    Example: rtb-hub show RTB-123 --env int
    """
    if api := server.api_of(repo, cluster=cluster):
        from hub.commands.server import reading

        return reading.show(api, key, env, output)
    from hub.commands import show as command
    from hub.commands.cluster_options import of_cluster

    return command.run(key, env, repo=repo, at=of_cluster(cluster, kubeconfig), output=output)


@options.command(panel="State repository")
@options.some_environments
@options.repo
@options.cluster
@options.clusters
@options.kubeconfig
@options.flag("--sign-in", help="Look at sign-in alone, by the variables of its service: no repository is needed.")
@options.flag(
    "--services", help="Look at what services need outside, too: tokens and rights at Jira, GitHub and Gitea."
)
@options.flag("--account", help="Look at the environments' AWS account, too: the one that the credentials are of.")
@options.output
@declared_errors
def doctor(
    env: tuple[str, ...],
    repo: str | None,
    cluster: str | None,
    clusters: bool,
    kubeconfig: str | None,
    sign_in: bool,
    services: bool,
    account: bool,
    output: Format,
) -> None:
    """Find problems in the state repository and in a cluster, and show how to fix them. Changes nothing.

    Looks at entries, manifests, Argo CD files, what environments share, branch rules; where keys to the forge are
    given, at every way to bypass its protection, the approvers' team and the hub's account; with --cluster or
    --clusters at the ApplicationSet, projects, policies, and at previews that are stuck, orphaned or out of sync. Exit
    code 4 when there is an error, such as a cluster that cannot be read.

    With --sign-in it asks whom people sign in by (does it answer, know the hub's address, go by the same time), and
    looks at key file, signing keys, and roles that nobody has.

    With --account it compares the AWS account with what is rendered for it, as 'account check' does: docs/FIRST_TIME.md
    is the list of what to look at when a real account is new.

    Example: rtb-hub doctor --env int --cluster rtb-int
    """
    if sign_in:
        signing_in.doctor_of_sign_in(env or repo or cluster or clusters or kubeconfig or services or account, output)
        return
    from hub.commands import doctor as command

    at = options.at(cluster, kubeconfig, clusters=clusters)
    command.run([*env], repo=repo, at=at, output=output, with_services=services, with_account=account)


@options.command(panel="State repository")
@options.argument(
    "folder", metavar="DIR", required=False, default=Path("demo-state"), type=options.PATH, help="New or empty folder."
)
@declared_errors
def demo(folder: Path) -> None:
    """Show it all on a local Git repository: two issues in int and stg, no server, no account.

    Example: rtb-hub demo demo-state
    """
    from hub.commands import demo as command

    command.run(folder)


app = Group(
    "rtb-hub",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST},
    commands=[
        init,
        start,
        diff,
        render,
        show,
        doctor,
        demo,
        *cluster_commands.COMMANDS,
        *change.COMMANDS,
        *lease.COMMANDS,
        *catalog.COMMANDS,
        *upkeep.COMMANDS,
        *services.COMMANDS,
        *signing_in.COMMANDS,
        *context.COMMANDS,
        *about.COMMANDS,
    ],
    params=[
        click.Option(
            ["--version", "-v"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="Print the version and exit.",
        ),
        server.OPTION,
        context.OPTION,
        *completion.OPTIONS,
    ],
    help="""
    Preview environments per Jira issue, through Git and Argo CD.

    Lay out a state repository ('init'), then 'start' a preview; the Argo CD of the environment's account applies what
    the repository says. Try it without any account: 'rtb-hub demo'.

    Exit codes: 0 done, 2 wrong usage, 3 'diff' found differences, 4 'doctor' or 'protect' found errors, 5 'guard'
    refused, 6 'reconcile' needs manual action, 7 'extend --if-ends' found another end, 8 somebody asked did not agree,
    10-29 wrong input, 30-43 the repository, Git or its capacity, 50-53 a cluster, 60-69 a forge or Jira, 70-78 the
    services, 80-82 a registry of images, 87-89 Slack, 90-91 sign-in.
    """,
)
