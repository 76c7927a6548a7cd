"""The commands about what there is to choose from, and about checking. What they do is in `hub.commands`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from hub.cli import options
from hub.cli.errors import declared_errors
from hub.output.console import Format

_PANEL = "Environments, blueprints, checks"
_env = typer.Typer(no_args_is_help=True, help="Show environments: policy, limits, accounts, and who set each value.")
_argocd = typer.Typer(
    no_args_is_help=True, help="Show what Argo CD needs in an account: project, set, guards, settings."
)
_hub = typer.Typer(no_args_is_help=True, help="Show what the hub itself needs in its own cluster: the scheduled jobs.")
_blueprint = typer.Typer(no_args_is_help=True, help="Show blueprints: what a preview can be made of.")


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(_env, name="env", rich_help_panel=_PANEL)
    app.add_typer(_argocd, name="argocd", rich_help_panel=_PANEL)
    app.add_typer(_hub, name="hub", rich_help_panel=_PANEL)
    app.add_typer(_blueprint, name="blueprint", rich_help_panel=_PANEL)
    for command in (price, validate, guard, schema):
        app.command(rich_help_panel=_PANEL)(command)


@_env.command("list")
@declared_errors
def env_list(
    repo: options.Repo = None, environments: options.Environments = None, output: options.Output = Format.TABLE
) -> None:
    """List the environments with account, branch, lease and limits."""
    from hub.commands import env as command

    command.list_all(repo=repo, environments=environments, output=output)


@_env.command("show")
@declared_errors
def env_show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Environment, such as int.")],
    explain: Annotated[bool, typer.Option("--explain", help="With the file and line that set each value.")] = False,
    repo: options.Repo = None,
    environments: options.Environments = None,
    output: options.Output = Format.TABLE,
) -> None:
    """Print every value of an environment, overlays merged.

    Example: rtb-hub env show int --explain
    """
    from hub.commands import env as command

    command.show(name, explain=explain, repo=repo, environments=environments, output=output)


@_argocd.command("render")
@declared_errors
def argocd_render(
    env: options.AnyEnvironment = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="Write the files there instead.")] = None,
    repo: options.Repo = None,
    environments: options.Environments = None,
) -> None:
    """Print the Argo CD objects of an environment's account, computed from its files and the blueprints.

    An administrator applies them once, and after an upgrade of the hub: docs/INSTALL.md goes through it.

    Example: rtb-hub argocd render --env int
    """
    from hub.commands import argocd as command

    command.run(env, to=to, repo=repo, environments=environments)


@_hub.command("render")
@declared_errors
def hub_render(
    image: Annotated[str, typer.Option("--image", metavar="REF", help="The hub's image, pinned by digest.")],
    namespace: Annotated[str, typer.Option("--namespace", metavar="NAME", help="Where the jobs run.")] = "rtb-hub",
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="Write the files there instead.")] = None,
    repo: options.Repo = None,
    environments: options.Environments = None,
) -> None:
    """Print the jobs that reconcile on a schedule, one for each branch, each with a Secret of its own to push with.

    An administrator applies them to the cluster that the hub runs in, and makes the Secrets: docs/INSTALL.md.

    Example: rtb-hub hub render --image registry.example.com/rtb-hub@sha256:…
    """
    from hub.commands import hub_render as command

    command.run(image, namespace=namespace, to=to, repo=repo, environments=environments)


@_blueprint.command("list")
@declared_errors
def blueprint_list(output: options.Output = Format.TABLE) -> None:
    """List the blueprints and what each is for."""
    from hub.commands import blueprint as command

    command.list_all(output=output)


@_blueprint.command("show")
@declared_errors
def blueprint_show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Blueprint, such as web-api.")],
    output: options.Output = Format.TABLE,
) -> None:
    """Print a blueprint's components, every field that --set takes with its default, and its templates.

    Example: rtb-hub blueprint show web-api-postgres
    """
    from hub.commands import blueprint as command

    command.show(name, output=output)


@declared_errors
def price(
    env: options.Environment,
    settings: options.Settings = None,
    blueprint: options.Blueprint = None,
    compute: options.Compute = None,
    ttl: options.Ttl = None,
    office_hours: options.OfficeHours = None,
    repo: options.Repo = None,
    environments: options.Environments = None,
    output: options.Output = Format.TABLE,
) -> None:
    """Explain size and price of a preview: asked, with Fargate's own share, rounded up, billed.

    Example: rtb-hub price --env int --set api.memory=512Mi
    """
    from hub.commands import price as command
    from hub.commands.start import Arguments

    asked = Arguments("PRICE-1", env, [], settings or [], blueprint, None, compute, ttl, office_hours)
    command.run(asked, repo=repo, environments=environments, output=output)


@declared_errors
def validate(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Manifest files, or folders of them.")],
    kubernetes: Annotated[
        str | None,
        typer.Option(
            "--kubernetes",
            metavar="VERSIONS",
            help="Minor versions: 1.34, 1.31-1.36 or 1.31,1.34. Default: the environment's, else all that are known.",
        ),
    ] = None,
    env: Annotated[
        str | None, typer.Option("--env", "-e", metavar="NAME", help="Check against this environment's policy too.")
    ] = None,
    repo: options.Repo = None,
    environments: options.Environments = None,
    output: Annotated[Literal["table", "json", "sarif"], typer.Option("--output", "-o")] = "table",
) -> None:
    """Check manifests: Kubernetes' schemas (strict, offline), pod security, quotas, Fargate, pinned images.

    Reports like a compiler, file:line:column, rule and remedy. Exit code 21 when there is an error. Objects in a
    preview-* namespace are checked as a preview: namespace, waves, quota, isolation.

    Example: rtb-hub validate state/environments --kubernetes 1.31-1.36
    """
    from hub.commands import validate as command

    command.run(paths, kubernetes=kubernetes, env=env, repo=repo, environments=environments, output=output)


@declared_errors
def guard(
    revisions: Annotated[
        str, typer.Argument(metavar="BASE..HEAD", help="What the branch was, and what it becomes: two revisions.")
    ],
    branch: Annotated[
        str | None,
        typer.Option("--branch", help="The branch that changes. Default: the one BASE's environments live on."),
    ] = None,
    identity: Annotated[
        Literal["any", "expiry"],
        typer.Option("--identity", help="'expiry': the identity that may only begin leases and remove what is due."),
    ] = "any",
    cap: Annotated[int, typer.Option("--cap", metavar="N", min=0, help="Removals at most.")] = 10,
    repo: options.Repo = None,
    output: Annotated[Literal["table", "json", "github"], typer.Option("--output", "-o")] = "table",
) -> None:
    """Check a change of the state repository: only what the hub itself would have committed passes.

    Only previews of the branch's environments change; each entry is valid, within policy and quota as BASE has them;
    the manifests are what it renders to by this release; what is removed is due, or is one preview alone. Reads Git's
    objects and nothing else; each commit is judged. Exit code 5 when the change is refused.

    --output github annotates lines and adds a summary to the job. 'init' writes the workflow that runs it.

    Example: rtb-hub guard HEAD^1..HEAD --branch prd
    """
    from hub.commands import guard as command

    command.run(command.Arguments(revisions, branch, identity, cap, repo), output)


@declared_errors
def schema(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="preview, environment, environment-overlay or blueprint.")
    ] = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="Write all schemas there.")] = None,
) -> None:
    """Print a JSON Schema, or write all to a folder. Editors find them by the first line of each file.

    Example: rtb-hub schema --to docs/schema
    """
    from hub.commands import schema as command

    command.run(name, to=to)
