"""The commands about what there is to choose from, and about checking. What they do is in `hub.commands`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from hub.cli import blueprint, change, options
from hub.cli.errors import declared_errors
from hub.cli.help import Group
from hub.output.formats import Format

_PANEL = "Environments, blueprints, checks"


@options.command("list")
@options.repo
@options.environments
@options.listed
@declared_errors
def env_list(repo: str | None, environments: Path | None, output: Format) -> None:
    """List the environments with account, branch, lease and limits.

    Example: rtb-hub env list -o wide
    """
    from hub.commands import env as command

    command.list_all(repo=repo, environments=environments, output=output)


@options.command("show")
@options.argument("name", metavar="NAME", help="Environment, such as int.")
@options.flag("--explain", help="With the file and line that set each value.")
@options.repo
@options.environments
@options.listed
@declared_errors
def env_show(name: str, explain: bool, repo: str | None, environments: Path | None, output: Format) -> None:
    """Print every value of an environment, overlays merged.

    Example: rtb-hub env show int --explain
    """
    from hub.commands import env as command

    command.show(name, explain=explain, repo=repo, environments=environments, output=output)


@options.command("render")
@options.any_environment
@options.option("--to", metavar="DIR", type=options.PATH, help="Write the files there instead.")
@options.repo
@options.environments
@declared_errors
def argocd_render(env: str | None, to: Path | None, repo: str | None, environments: Path | None) -> None:
    """Print the Argo CD objects of an environment's account, computed from its files and the blueprints.

    An administrator applies them once, and after an upgrade of the hub: docs/INSTALL.md goes through it.

    Example: rtb-hub argocd render --env int
    """
    from hub.commands import argocd as command

    command.run(env, to=to, repo=repo, environments=environments)


@options.command("render")
@options.option("--image", metavar="REF", required=True, help="The hub's image, pinned by digest.")
@options.option("--auth-image", metavar="REF", help="The image of sign-in, pinned by digest. Default: that of the hub.")
@options.option("--namespace", metavar="NAME", default="rtb-hub", show_default=True, help="Where they run.")
@options.option("--to", metavar="DIR", type=options.PATH, help="Write the files there instead.")
@options.option("--chart", metavar="DIR", type=options.PATH, help="Write a Helm chart of the same objects there.")
@options.repo
@options.environments
@declared_errors
def hub_render(
    image: str,
    auth_image: str | None,
    namespace: str,
    to: Path | None,
    chart: Path | None,
    repo: str | None,
    environments: Path | None,
) -> None:
    """Print the jobs that reconcile on a schedule, one for each branch, each with a Secret of its own to push with.

    Where an environment has 'hub', the hub's services too, in a folder of their own: listener, worker and dashboard,
    with how they scale, what reaches them, and the secrets that each is given. An administrator applies all of it to
    the cluster that the hub runs in, and makes the Secrets: docs/INSTALL.md.

    With --chart the same objects are written as a Helm chart, whose values are those that differ from one installation
    to the next: images, host, replicas, resources, names of Secrets, optional parts. It takes an earlier one's place.

    Example: rtb-hub hub render --image registry.example.com/rtb-hub@sha256:…
    """
    from hub.commands import hub_render as command

    images, target = command.Images(image, auth_image), command.Target(to, chart)
    command.run(images, target, namespace=namespace, repo=repo, environments=environments)


@options.command("render")
@options.environment
@options.choice(
    "--format",
    among=("cloudformation", "terraform"),
    default="cloudformation",
    show_default=True,
    help="Format of the files.",
)
@options.option("--to", "--output-dir", "to", metavar="DIR", type=options.PATH, help="Write the files there instead.")
@options.repo
@options.environments
@declared_errors
def account_render(
    env: str,
    format: Literal["cloudformation", "terraform"],  # noqa: A002 - the option's name
    to: Path | None,
    repo: str | None,
    environments: Path | None,
) -> None:
    """Print what an environment's AWS account needs, computed from the environments' files: roles and the rest.

    An administrator makes it, by CloudFormation or by Terraform (OpenTofu); the hub never writes to AWS. In the account
    that the hub runs in there is a second stack, the hub's own. docs/MULTI_ACCOUNT_AWS.md goes through it.

    Example: rtb-hub account render --env int --format cloudformation
    """
    from hub.commands import account as command

    command.render(env, format=format, to=to, repo=repo, environments=environments)


@options.command("check")
@options.environment
@options.repo
@options.environments
@options.output
@declared_errors
def account_check(env: str, repo: str | None, environments: Path | None, output: Format) -> None:
    """Compare an environment's AWS account with what is rendered for it.

    Each difference is told with the command that repairs it. It only reads, by the credentials of AWS that this process
    has: those of an administrator, or of a role with AWS's policy SecurityAudit. What cannot be read is told as such.
    Exit code 4 where anything is missing, differs or is unread. Needs 'pip install rtb-ai-hub[aws]'.

    Example: rtb-hub account check --env int
    """
    from hub.commands import account as command

    command.check(env, repo=repo, environments=environments, output=output)


@options.command("record")
@options.environment
@options.repo
@options.environments
@options.output
@declared_errors
def account_record(env: str, repo: str | None, environments: Path | None, output: Format) -> None:
    """Print the change of DNS that makes previews' names lead to their load balancer.

    It asks AWS for the load balancer of the environment's anchor, and for what aws.zone says of the wildcard name, and
    changes nothing: the command that does is printed, and with --output json the batch of changes. Exit code 4 where
    the load balancer is not there yet, or cannot be read. Needs 'pip install rtb-ai-hub[aws]'.

    Example: rtb-hub account record --env int
    """
    from hub.commands import account as command

    command.record(env, repo=repo, environments=environments, output=output)


@options.command(panel=_PANEL)
@options.environment
@options.settings
@options.blueprint
@options.compute
@options.ttl
@options.office_hours
@options.flag("--check", help="Compare the environment's prices with AWS's price list.")
@options.repo
@options.environments
@options.blueprints
@options.output
@declared_errors
def price(
    env: str,
    settings: tuple[str, ...],
    blueprint: str | None,
    compute: Literal["fargate", "spot"] | None,
    ttl: str | None,
    office_hours: bool | None,
    check: bool,
    repo: str | None,
    environments: Path | None,
    blueprints: Path | None,
    output: Format,
) -> None:
    """Explain size and price of a preview: asked, with Fargate's own share, rounded up, billed.

    Beside it stands what the environment costs without any preview, each with where the price is from. With --check the
    prices of the environment's file are compared with AWS's price list, by the credentials that this process has
    (pricing:GetProducts, pip install rtb-ai-hub[aws]); exit code 4 where one is another, or not known.

    Example: rtb-hub price --env int --set api.memory=512Mi
    """
    from hub.commands import price as command
    from hub.commands.arguments import Arguments

    asked = Arguments("PRICE-1", env, [], [*settings], blueprint, None, compute, ttl, office_hours)
    command.run(asked, check=check, repo=repo, environments=environments, blueprints=blueprints, output=output)


@options.command(panel=_PANEL)
@options.argument(
    "paths",
    metavar="PATH…",
    nargs=-1,
    type=options.PATH,
    required=True,
    help="Manifest files, or folders of them; - for standard input.",
)
@options.option(
    "--kubernetes",
    metavar="VERSIONS",
    help="Minor versions: 1.34, 1.31-1.36 or 1.31,1.34. Default: the environment's, else all that are known.",
)
@options.option("--env", "-e", metavar="NAME", help="Check against this environment's policy too.")
@options.repo
@options.environments
@options.several(
    "--schemas",
    metavar="PATH",
    type=options.PATH,
    help="CustomResourceDefinitions to check custom kinds by: a file, or a folder of them. Repeatable.",
)
@options.several(
    "--skip-kinds",
    metavar="KINDS",
    help="Kinds not to check: Kind, group/Kind or group/version/Kind, by commas. Repeatable.",
)
@options.choice(
    "--unknown-kinds",
    among=("error", "warning", "note"),
    default="error",
    show_default=True,
    help="How a kind counts that no schema is known for.",
)
@options.flag("--allow-empty", help="Succeed where there is nothing to check, instead of failing.")
@options.choice("--output", "-o", among=("table", "json", "sarif"), default="table", show_default=True)
@declared_errors
def validate(
    paths: tuple[Path, ...],
    kubernetes: str | None,
    env: str | None,
    repo: str | None,
    environments: Path | None,
    schemas: tuple[Path, ...],
    skip_kinds: tuple[str, ...],
    unknown_kinds: Literal["error", "warning", "note"],
    allow_empty: bool,
    output: Literal["table", "json", "sarif"],
) -> None:
    """Check manifests: Kubernetes' schemas (strict, offline), pod security, quotas, Fargate, pinned images.

    Reports like a compiler, file:line:column, rule and remedy. Exit code 21 when there is an error. Objects in a
    preview-* namespace are checked as a preview: namespace, waves, quota, isolation. Custom kinds are checked by the
    definitions that are among the files, that --schemas names, or that are bundled.

    Example: rtb-hub validate state/environments --kubernetes 1.31-1.36
    """
    from hub.commands import validate as command

    command.run(
        paths,
        kubernetes=kubernetes,
        env=env,
        repo=repo,
        environments=environments,
        choices=command.choices_of(schemas, skip_kinds, unknown_kinds, allow_empty=allow_empty),
        output=output,
    )


@options.command(panel=_PANEL)
@options.argument(
    "revisions",
    metavar="BASE..HEAD",
    help="Two revisions: the branch before and after the change; BASE...HEAD: what merging HEAD gives.",
)
@options.option("--branch", help="The branch that changes. Default: the one BASE's environments live on.")
@options.choice(
    "--identity",
    among=("any", "expiry"),
    default="any",
    show_default=True,
    help="'expiry': the identity that may only start leases and delete expired previews.",
)
@options.option(
    "--cap",
    metavar="N",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Maximum number of removals allowed.",
)
@options.repo
@options.choice("--output", "-o", among=("table", "json", "github"), default="table", show_default=True)
@declared_errors
def guard(
    revisions: str,
    branch: str | None,
    identity: Literal["any", "expiry"],
    cap: int,
    repo: str | None,
    output: Literal["table", "json", "github"],
) -> None:
    """Check a change of the state repository: only what the hub itself would have committed passes.

    Only previews of the branch's environments change; each entry is valid, within policy and quota as BASE has them;
    the manifests are what this release renders from it; removed previews have expired, or the change removes exactly
    one. Reads Git's objects and nothing else; each commit is checked. Exit code 5 when the change is refused.

    --output github annotates lines and adds a summary to the job. 'init' writes the workflow that runs it.

    Example: rtb-hub guard HEAD^1..HEAD --branch prd
    """
    from hub.commands import guard as command

    command.run(command.Arguments(revisions, branch, identity, cap, repo), output)


COMMANDS = (
    Group(
        "env",
        panel=_PANEL,
        commands=[env_list, env_show, change.env_set, change.env_add, change.env_remove],
        help="Show and edit environments: policy, limits, accounts, and which file sets each value.",
    ),
    Group(
        "argocd",
        panel=_PANEL,
        commands=[argocd_render],
        help="Show what Argo CD needs in an account: project, ApplicationSet, policies, settings.",
    ),
    Group(
        "hub",
        panel=_PANEL,
        commands=[hub_render],
        help="Show what the hub itself needs in its own cluster: the scheduled jobs.",
    ),
    Group(
        "account",
        panel=_PANEL,
        commands=[account_render, account_check, account_record],
        help="Show what previews and the hub need in an environment's AWS account, and what of it is there.",
    ),
    Group(
        "blueprint",
        panel=_PANEL,
        commands=blueprint.COMMANDS,
        help="Show and check blueprints: what a preview can be made of.",
    ),
    price,
    validate,
    guard,
)
