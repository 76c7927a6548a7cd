"""Options that several commands share, described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from hub.output.console import Format

Key = Annotated[str, typer.Argument(metavar="KEY", help="Jira issue key, such as RTB-123.")]
Repo = Annotated[
    str | None,
    typer.Option(
        "--repo",
        metavar="PATH|URL",
        help="State repository. Default: RTB_HUB_REPO, else the one of the current folder.",
        show_default=False,
    ),
]
Environment = Annotated[str, typer.Option("--env", "-e", metavar="NAME", help="Environment, such as int.")]
AnyEnvironment = Annotated[
    str | None, typer.Option("--env", "-e", metavar="NAME", help="Only this environment.", show_default="all")
]
SomeEnvironments = Annotated[
    list[str] | None,
    typer.Option("--env", "-e", metavar="NAME", help="Only this environment. Repeatable.", show_default="all"),
]
Environments = Annotated[
    Path | None,
    typer.Option(
        "--environments",
        metavar="DIR",
        help="Folder of environments to use instead of a state repository's. Default: RTB_HUB_ENVIRONMENTS, else those"
        " of the state repository, else the shipped ones.",
        show_default=False,
    ),
]
Output = Annotated[Format, typer.Option("--output", "-o", help="For people (table) or machines.")]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="CONTEXT",
        help="Read this cluster too, by its kubeconfig context. Only ever read; needs the group rtb-hub-reader.",
        show_default=False,
    ),
]
Kubeconfig = Annotated[
    str | None,
    typer.Option("--kubeconfig", metavar="PATH", help="Default: KUBECONFIG, else ~/.kube/config.", show_default=False),
]
Images = Annotated[
    list[str] | None,
    typer.Option("--image", "-i", metavar="NAME=REF", help="Image of a component, pinned by digest. Repeatable."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=TEXT",
        help="A component's field: web.cpu=500m, web.env.LOG_LEVEL=debug, api.secrets.TOKEN=preview/int/x#token, or one"
        " more item of web.args. 'rtb-hub blueprint show' lists them. Repeatable.",
    ),
]
Blueprint = Annotated[
    str | None, typer.Option("--blueprint", "-b", metavar="NAME", help="Default: as before, else web-api.")
]
Ttl = Annotated[
    str | None,
    typer.Option("--ttl", metavar="DURATION", help="How long it may live: 8h, 90m. Default: the environment's."),
]
OfficeHours = Annotated[
    bool | None,
    typer.Option(
        "--office-hours/--no-office-hours",
        help="Count the environment's office hours only, so that it does not end at night or at a weekend."
        " Default: as before, else all hours.",
        show_default=False,
    ),
]
Branch = Annotated[str | None, typer.Option("--branch", help="Source branch of the images, shown to people.")]
Compute = Annotated[Literal["fargate", "spot"] | None, typer.Option("--compute", help="Default: the environment's.")]
