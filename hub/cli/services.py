"""The commands that run the hub as services. What they do is imported when they run."""

from __future__ import annotations

import click

from hub.cli import options
from hub.cli.errors import declared_errors
from hub.cli.help import Group
from hub.output.formats import Format

_PANEL = "Services"


@options.command(panel=_PANEL)
@options.output
@declared_errors
def config(output: Format) -> None:
    """Print every setting with its value, its source and its default. Of secrets, whether they are set.

    Settings are variables of the process environment; docs/reference/settings.md says what each means.

    Example: rtb-hub config --output json
    """
    from hub.commands import config as command

    command.run(output=output)


@options.command("upgrade")
@options.output
@declared_errors
def db_upgrade(output: Format) -> None:
    """Bring the services' database (RTB_HUB_DATABASE_URL) to this release's schema.

    Stop the services first: each refuses a schema that is not its release's. Run twice, or by two at once, it migrates
    once. Losing this database loses history, never a preview: those are in Git.

    Example: rtb-hub db upgrade
    """
    from hub.commands import db as command

    command.upgrade(output=output)


@options.command(panel=_PANEL)
@options.repo
@options.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(min=0, max=65535),
    default=3000,
    show_default=True,
    help="Port of the API. 0: any free port.",
)
@declared_errors
def serve(repo: str | None, port: int) -> None:
    """Run the hub as a service on this machine: API, worker and reconcilers in one process.

    It keeps a SQLite database in RTB_HUB_DATA and needs no other server. It answers on 127.0.0.1 only, and prints a
    link that signs you in once. Needs 'pip install rtb-ai-hub[services]'.

    Example: rtb-hub serve --repo state.git
    """
    from hub.wiring import hub, needing_services, watching

    with needing_services():
        from hub.services.serve import Serving
        from hub.services.serve import serve as run
    ours, _ = watching(hub(), as_json=False)
    run(ours, Serving(repo, port), click.echo)


COMMANDS = (
    serve,
    config,
    Group("db", panel=_PANEL, commands=[db_upgrade], help="Keep the services' database: its schema."),
)
