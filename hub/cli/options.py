"""Decorators for commands, arguments and options, and those that several commands share, described once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from hub.cli import server
from hub.cli.help import Argument, Command, Option
from hub.output.formats import Format

if TYPE_CHECKING:
    from hub.commands.cluster_options import Options

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]
_QUERY = "hub.cli.query"


class _Path(click.Path):
    """A path; none of it is the current folder, as `Path("")` is: an empty variable of a script names nothing."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("names nothing; write . for the current folder", param, ctx)
        return super().convert(value, param, ctx)


PATH = _Path(path_type=Path)


class _Key(click.ParamType[str]):
    """The key of an issue. All have capital letters, so small ones can only mean them."""

    name = "key"

    def convert(self, value: Any, _param: click.Parameter | None, _ctx: click.Context | None) -> str:
        text = str(value)
        head, _, number = text.partition("-")
        return text.upper() if text.isascii() and head.islower() and number.isdigit() else text


KEY = _Key()


class _Formats(click.Choice[Format]):
    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        """Formats are typed by their value, not by the name of the constant."""
        return super().normalize_choice(str(choice), ctx)


class _Environment(Option):
    """An environment that has to be named where the context that the command works in has none."""

    def get_default(self, ctx: click.Context, call: bool = True) -> Any:
        """The context's."""
        return server.environment() or super().get_default(ctx, call)


def command(name: str | None = None, *, panel: str = "Commands") -> Callable[[Callable[..., Any]], Command]:
    """Decorates a function as a command listed below `panel`; its docstring is the help."""
    return click.command(name, cls=Command, panel=panel)


def option(*names: str, **attributes: Any) -> Decorator[Any]:
    """An option; its attributes are those of `click.Option`."""
    return click.option(*names, cls=Option, **attributes)


def flag(*names: str, help: str) -> Decorator[Any]:  # noqa: A002 - click's word
    """An option without a value, off by default."""
    return click.option(*names, cls=Option, is_flag=True, help=help)


def several(*names: str, **attributes: Any) -> Decorator[Any]:
    """An option that may be given several times. The command gets a tuple, empty when it is not given."""
    return click.option(*names, cls=Option, multiple=True, **attributes)


def choice(*names: str, among: Iterable[str], **attributes: Any) -> Decorator[Any]:
    """An option with one of the values `among`."""
    return click.option(*names, cls=Option, type=click.Choice(tuple(among)), **attributes)


def argument(name: str, **attributes: Any) -> Decorator[Any]:
    """An argument; its attributes are those of `click.Argument`."""
    return click.argument(name, cls=Argument, **attributes)


key = argument("key", metavar="KEY", type=KEY, help="Jira issue key, such as RTB-123.")
repo = option(
    "--repo",
    metavar="PATH|URL",
    help="State repository. Default: RTB_HUB_REPO, else the one of the current folder.",
)
environment = click.option(
    "--env",
    "-e",
    cls=_Environment,
    metavar="NAME",
    required=True,
    help="Environment, such as int; that of the context may be left out.",
)
any_environment = option("--env", "-e", metavar="NAME", show_default="all", help="Only this environment.")
some_environments = several(
    "--env", "-e", metavar="NAME", show_default="all", help="Only this environment. Repeatable."
)
environments = option(
    "--environments",
    metavar="DIR",
    type=PATH,
    help="Folder of environments to use instead of a state repository's. Default: RTB_HUB_ENVIRONMENTS, else those"
    " of the state repository, else the shipped ones.",
)
blueprints = option(
    "--blueprints",
    metavar="DIR",
    type=PATH,
    help="Folder of blueprints of your own, DIR/NAME/blueprint.yaml. Default: blueprints/ of the state repository.",
)


def _queried(ctx: click.Context, param: click.Parameter, text: str | None) -> None:
    if text is None:
        return
    from hub.output.machines import selecting
    from hub.output.query import Query, QueryError

    try:
        query = Query(text)
    except QueryError as err:
        raise click.BadParameter(str(err), ctx, param) from err
    ctx.meta[_QUERY] = True
    ctx.with_resource(selecting(query))


def _chosen(ctx: click.Context, param: click.Parameter, chosen: Format) -> Format:
    """The format. What is selected is data, so JSON unless another is asked for."""
    if _QUERY not in ctx.meta or chosen not in (Format.TABLE, Format.WIDE, Format.NAME):
        return chosen
    if ctx.get_parameter_source(str(param.name)) is ParameterSource.DEFAULT:
        return Format.JSON
    raise click.BadParameter(f"--query selects from data: -o json, yaml or text, not {chosen}", ctx, param)


def _output(formats: Iterable[Format], meaning: str) -> Decorator[Any]:
    """How a command prints, and what of it."""
    query = option(
        "--query",
        metavar="EXPR",
        expose_value=False,
        is_eager=True,
        callback=_queried,
        help="Print what this JMESPath expression selects of the JSON output, such as previews[].url: as JSON, unless"
        " -o is yaml or text.",
    )
    form = option(
        "--output",
        "-o",
        type=_Formats(tuple(formats)),
        default=Format.TABLE,
        show_default="table",
        callback=_chosen,
        help=meaning,
    )
    return lambda function: form(query(function))


output = _output(
    (Format.TABLE, Format.JSON, Format.YAML, Format.TEXT), "For people (table) or machines; text: values with tabs."
)
listed = _output(
    Format, "For people (table, wide: every column) or machines; name: names only; text: values with tabs."
)
cluster = option(
    "--cluster",
    metavar="CONTEXT",
    help="Read this cluster too, by its kubeconfig context. Only ever read; needs the group rtb-hub-reader.",
)
clusters = flag(
    "--clusters",
    help="Read the cluster of each environment: its context in RTB_HUB_CLUSTERS, else its own, by AWS.",
)
own_cluster = option(
    "--cluster",
    metavar="CONTEXT",
    help="Context of the kubeconfig. Default: that of RTB_HUB_CLUSTERS, else the environment's own cluster, by AWS."
    " Only ever read; needs the group rtb-hub-reader.",
)
kubeconfig = option("--kubeconfig", metavar="PATH", help="Default: KUBECONFIG, else ~/.kube/config.")
images = several(
    "--image", "-i", metavar="NAME=REF", help="Image of a component, pinned by digest. Default: as it is. Repeatable."
)
settings = several(
    "settings",
    "--set",
    metavar="PATH=TEXT",
    help="A component's field: web.cpu=500m, web.env.LOG_LEVEL=debug, api.secrets.TOKEN=preview/int/app/x#token, one"
    " more item of web.args, or web.path= for none. 'rtb-hub blueprint show' lists them. Repeatable.",
)
blueprint = option("--blueprint", "-b", metavar="NAME", help="Default: as it is, else web-api.")
ttl = option(
    "--ttl", metavar="DURATION", help="How long it may live: 8h, 90m, 2d. Default: as it is, else the environment's."
)
office_hours = option(
    "--office-hours/--no-office-hours",
    default=None,
    help="Count the environment's office hours only, so that it does not end at night or at a weekend."
    " Default: as it is, else all hours.",
)
branch = option("--branch", help="Source branch of the images, shown to people. Default: as it is.")
compute = choice("--compute", among=("fargate", "spot"), help="Default: as it is, else the environment's.")
unset = several(
    "--unset",
    metavar="PATH",
    help="Take back a setting, so that its default counts: web.cpu, web.env.LOG_LEVEL, branch, compute; or remove an"
    " optional component. Repeatable.",
)
dry_run = flag("--dry-run", help="Tell what would be committed. Write nothing.")
told_only = flag("--dry-run", help="Tell what would be done. Write nothing.")
yes = flag("--yes", "-y", help="Do not ask. Only a terminal is ever asked, and not with -o json.")
reset = flag("--reset", help="Take back all settings, and keep images only. Other options of the command count.")


def at(cluster: str | None, kubeconfig: str | None, *, clusters: bool) -> Options | None:
    """Which clusters a command about several environments reads; None: none. Raises `UsageError` for both options."""
    from hub.commands.cluster_options import Options, of_cluster

    if cluster and clusters:
        raise click.UsageError("give either --cluster or --clusters.")
    return Options("", kubeconfig) if clusters else of_cluster(cluster, kubeconfig)
