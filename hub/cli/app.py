"""The commands about previews, with their help. What they do is in `hub.commands`, imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from hub import __version__
from hub.cli import catalog, lease, options, upkeep
from hub.cli.errors import declared_errors
from hub.output.console import Format

app = typer.Typer(
    name="rtb-hub",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Preview environments per Jira issue, through Git and Argo CD.\n\n"
    "Lay out a state repository ([bold]init[/]), then [bold]start[/] a preview; the Argo CD of the environment's"
    " account applies what the repository says. Try it without any account: [bold]rtb-hub demo[/].\n\n"
    "Exit codes: 0 done, 2 wrong usage, 3 'diff' found differences, 4 'doctor' or 'protect' found errors, 5 'guard'"
    " refused, 6 'reconcile' left something to a person, 10-25 wrong input, 30-40 the repository or its capacity,"
    " 50-53 a cluster, 60-66 a forge.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rtb-hub {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    del version


@app.command(rich_help_panel="State repository")
@declared_errors
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New or empty folder for the repository.")],
    remote: Annotated[
        str | None, typer.Option("--remote", metavar="URL", help="Publish to this Git repository, empty or laid out.")
    ] = None,
    work_tree: Annotated[
        bool, typer.Option("--work-tree", help="With files to look at. Default: a bare repository.")
    ] = False,
    environments: options.Environments = None,
    output: options.Output = Format.TABLE,
) -> None:
    """Lay out a state repository, with your environments in it.

    Environments share the branch they name: int and stg [bold]main[/], prd [bold]prd[/]. Run it again after you
    changed your environments: it shows and commits what differs, and never touches previews. Without
    --environments a repository keeps those that it has.

    Example: rtb-hub init state.git --environments my/environments --remote git@git.example.com:team/state.git
    """
    from hub.commands import init as command

    command.run(folder, remote=remote, work_tree=work_tree, environments=environments, output=output)


@app.command(rich_help_panel="Previews")
@declared_errors
def start(
    key: options.Key,
    env: options.Environment,
    image: options.Images = None,
    settings: options.Settings = None,
    blueprint: options.Blueprint = None,
    branch: options.Branch = None,
    compute: options.Compute = None,
    ttl: options.Ttl = None,
    office_hours: options.OfficeHours = None,
    queue: Annotated[bool, typer.Option("--queue", help="Wait in line while there is no room.")] = False,
    repo: options.Repo = None,
    output: options.Output = Format.TABLE,
) -> None:
    """Start a preview, or update the one that is there.

    Renders the manifests, validates them, and writes entry and manifests in one commit. The same input again changes
    nothing and says so. In an environment that changes by review only, the commit goes to a request branch.

    When there is no room it is refused with the numbers; with --queue it waits in line, and starts when its turn comes.
    Nobody starts past those who wait. Asking again updates what waits and keeps its place; 'stop' withdraws it.

    Example: rtb-hub start RTB-123 --env int --image web=registry.example.com/web@sha256:… --image api=…
    """
    from hub.commands import start as command

    asked = command.Arguments(
        key, env, image or [], settings or [], blueprint, branch, compute, ttl, office_hours, queue
    )
    command.run(asked, repo=repo, output=output)


@app.command(rich_help_panel="Previews")
@declared_errors
def diff(
    key: options.Key,
    env: options.Environment,
    image: options.Images = None,
    settings: options.Settings = None,
    blueprint: options.Blueprint = None,
    branch: options.Branch = None,
    compute: options.Compute = None,
    ttl: options.Ttl = None,
    office_hours: options.OfficeHours = None,
    repo: options.Repo = None,
    output: options.Output = Format.TABLE,
) -> None:
    """Show what 'start' with the same options would change, object by object. Writes nothing.

    Exit code 3 when something would change, 0 when nothing would.
    """
    from hub.commands import start as command

    asked = command.Arguments(key, env, image or [], settings or [], blueprint, branch, compute, ttl, office_hours)
    command.diff(asked, repo=repo, output=output)


@app.command(rich_help_panel="Previews")
@declared_errors
def render(
    key: options.Key,
    env: options.Environment,
    image: options.Images = None,
    settings: options.Settings = None,
    blueprint: options.Blueprint = None,
    branch: options.Branch = None,
    compute: options.Compute = None,
    ttl: options.Ttl = None,
    office_hours: options.OfficeHours = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Write preview.yaml and manifest.yaml there instead.")
    ] = None,
    repo: options.Repo = None,
    environments: options.Environments = None,
) -> None:
    """Print the manifests that 'start' would commit. Needs no state repository, and writes nothing to one."""
    from hub.commands import render as command
    from hub.commands.start import Arguments

    asked = Arguments(key, env, image or [], settings or [], blueprint, branch, compute, ttl, office_hours)
    command.run(asked, to=to, repo=repo, environments=environments)


@app.command(rich_help_panel="Previews")
@declared_errors
def show(
    key: options.Key,
    env: options.Environment,
    repo: options.Repo = None,
    cluster: options.Cluster = None,
    kubeconfig: options.Kubeconfig = None,
    output: options.Output = Format.TABLE,
) -> None:
    """Show one preview: lease, components, price, objects.

    With --cluster, also its phase and the cause of it; of a preview whose entry is gone, whether it is removed.
    """
    from hub.commands import show as command
    from hub.views.phases import Options

    command.run(key, env, repo=repo, at=Options(cluster, kubeconfig) if cluster else None, output=output)


@app.command(rich_help_panel="Previews")
@declared_errors
def wait(
    key: options.Key,
    env: options.Environment,
    cluster: Annotated[
        str, typer.Option("--cluster", metavar="CONTEXT", help="The environment's cluster, by its kubeconfig context.")
    ],
    until: Annotated[Literal["running", "removed"], typer.Option("--for", help="What to wait for.")] = "running",
    timeout: Annotated[str, typer.Option("--timeout", metavar="DURATION", help="Give up after: 90s, 10m, 1h.")] = "10m",
    kubeconfig: options.Kubeconfig = None,
    repo: options.Repo = None,
    output: options.Output = Format.TABLE,
) -> None:
    """Wait until a preview is running, or until it is removed, and say what it waits for.

    Exit code 52 when the time is up, 53 when the preview failed.

    Example: rtb-hub wait RTB-123 --env int --cluster rtb-int --for running --timeout 10m
    """
    from hub.commands import wait as command
    from hub.views.phases import Options

    command.run(key, env, until, timeout=timeout, repo=repo, at=Options(cluster, kubeconfig), output=output)


@app.command(rich_help_panel="State repository")
@declared_errors
def doctor(
    env: options.SomeEnvironments = None,
    repo: options.Repo = None,
    cluster: options.Cluster = None,
    kubeconfig: options.Kubeconfig = None,
    output: options.Output = Format.TABLE,
) -> None:
    """Find what is wrong with the state repository, and with a cluster, and say what to do. Changes neither.

    Looks at entries, manifests, Argo CD files, what environments share, branch rules; where keys to the forge are
    given, at every way past its protection, the approvers' team and the hub's account; with --cluster at the set,
    projects, policies, and at previews that are stuck, orphaned or out of step. Exit code 4 when there is an error.

    Example: rtb-hub doctor --env int --cluster rtb-int
    """
    from hub.commands import doctor as command
    from hub.views.phases import Options

    command.run(env or [], repo=repo, at=Options(cluster, kubeconfig) if cluster else None, output=output)


@app.command(rich_help_panel="State repository")
@declared_errors
def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="New or empty folder.")] = Path("demo-state"),
) -> None:
    """Show it all on a local Git repository: two issues in int and stg, no server, no account."""
    from hub.commands import demo as command

    command.run(folder)


lease.register(app)
catalog.register(app)
upkeep.register(app)
