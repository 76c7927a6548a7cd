"""The commands about blueprints. What they do is in `hub.commands.blueprint`."""

from __future__ import annotations

from pathlib import Path

from hub.cli import options
from hub.cli.errors import declared_changes, declared_errors
from hub.output.formats import Format


@options.command("list")
@options.repo
@options.environments
@options.blueprints
@options.listed
@declared_errors
def blueprint_list(repo: str | None, environments: Path | None, blueprints: Path | None, output: Format) -> None:
    """List the blueprints and what each is for, those of your own among them.

    Example: rtb-hub blueprint list --repo state.git
    """
    from hub.commands import blueprint as command

    command.list_all(command.Source(repo, environments, blueprints), output=output)


@options.command("show")
@options.argument("name", metavar="NAME", help="Blueprint, such as web-api.")
@options.repo
@options.environments
@options.blueprints
@options.listed
@declared_errors
def blueprint_show(
    name: str, repo: str | None, environments: Path | None, blueprints: Path | None, output: Format
) -> None:
    """Print a blueprint's components, every field that --set takes with its default, and its templates.

    Example: rtb-hub blueprint show web-api-postgres
    """
    from hub.commands import blueprint as command

    command.show(name, command.Source(repo, environments, blueprints), output=output)


@options.command("check")
@options.argument("names", metavar="[NAME…]", nargs=-1, help="Blueprints. Default: all of your own.")
@options.any_environment
@options.repo
@options.environments
@options.blueprints
@options.output
@declared_errors
def blueprint_check(
    names: tuple[str, ...],
    env: str | None,
    repo: str | None,
    environments: Path | None,
    blueprints: Path | None,
    output: Format,
) -> None:
    """Check blueprints: read each, render it in each environment, and validate the manifests against its policy.

    A sample image stands for each that the blueprint does not name. Needs no cluster, and writes nothing.

    Example: rtb-hub blueprint check --blueprints blueprints --env int
    """
    from hub.commands import blueprint as command

    command.check(names, command.Source(repo, environments, blueprints), env=env, output=output)


@options.command("render")
@options.argument("name", metavar="NAME", help="Blueprint, such as web-api.")
@options.environment
@options.several(
    "--image",
    "-i",
    metavar="NAME=REF",
    help="Image of a component, pinned by digest. Default: the blueprint's, else a sample. Repeatable.",
)
@options.settings
@options.option("--to", metavar="DIR", type=options.PATH, help="Write preview.yaml and manifest.yaml there instead.")
@options.repo
@options.environments
@options.blueprints
@declared_errors
def blueprint_render(
    name: str,
    env: str,
    image: tuple[str, ...],
    settings: tuple[str, ...],
    to: Path | None,
    repo: str | None,
    environments: Path | None,
    blueprints: Path | None,
) -> None:
    """Print the manifests of a blueprint, for a sample issue and with sample images where none are named.

    Example: rtb-hub blueprint render web-api --env int
    """
    from hub.commands import blueprint as command

    source = command.Source(repo, environments, blueprints)
    command.render(name, source, command.Sample(env, image, settings), to=to)


_to = options.option(
    "--to", metavar="DIR", type=options.PATH, default=Path("blueprints"), show_default=True,
    help="Folder of blueprints that it is written to.",
)  # fmt: skip


@options.command("new")
@options.argument("name", metavar="NAME", help="Name of the blueprint, such as shop.")
@_to
@options.output
@declared_changes
def blueprint_new(name: str, to: Path, output: Format) -> None:
    """Write a first blueprint of your own: one service, and examples of more as comments.

    Example: rtb-hub blueprint new shop
    """
    from hub.commands import blueprint as command

    command.new(name, to=to, output=output)


@options.command("import")
@options.argument(
    "paths",
    metavar="PATH…",
    nargs=-1,
    required=True,
    type=options.PATH,
    help="Compose file, Score files, chart, kustomization, or files and folders of manifests; - is standard input.",
)
@options.option("--name", metavar="NAME", required=True, help="Name of the blueprint, such as shop.")
@options.option("--values", metavar="FILE", multiple=True, type=options.PATH, help="Further values of a Helm chart.")
@_to
@options.output
@declared_changes
def blueprint_import(paths: tuple[Path, ...], name: str, values: tuple[Path, ...], to: Path, output: Format) -> None:
    """Write a first blueprint of what a team has, and tell what of it was not taken, and why.

    Of a Compose file, Score files, manifests, the folder of a Helm chart or a kustomization, which their tools render:
    helm and kustomize are on the PATH, and fetch nothing. PostgreSQL, MySQL, Redis and MinIO become components of the
    library, URLs of theirs references; values of secrets are never taken. Read the outcome, then check it.

    Example: rtb-hub blueprint import docker-compose.yml --name shop
    """
    from hub.commands import blueprint as command

    command.import_from(paths, name=name, values=values, to=to, output=output)


COMMANDS = [blueprint_list, blueprint_show, blueprint_check, blueprint_render, blueprint_new, blueprint_import]
