"""The commands that run the hub as services. What they do is imported when they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hub.cli import options, server
from hub.cli.errors import declared_changes, declared_errors
from hub.cli.help import Group
from hub.output.formats import Format

if TYPE_CHECKING:
    from hub.store.deliveries import DeliveryState, Source
    from hub.store.jobs import State

_PANEL = "Services"
_SOURCES = ("github", "jira", "jira-automation", "slack", "ecr")
_STATES = ("processed", "ignored", "failed")
_JOB_STATES = ("pending", "sent", "active", "waiting", "done", "dead", "superseded")


@options.command(panel=_PANEL)
@options.output
@declared_errors
def config(output: Format) -> None:
    """Print every setting with its value, its source and its default. Of secrets, whether they are set.

    Settings are variables of the process environment; docs/reference/settings.md says what each means. Where they name
    a state repository, its hub/services.yaml is checked too: which projects have rules, and what is wrong with it.

    Example: rtb-hub config --output json
    """
    from hub.commands import config as command

    command.run(output=output)


@options.command("upgrade")
@options.yes
@options.output
@declared_changes
def db_upgrade(yes: bool, output: Format) -> None:
    """Bring the services' database (RTB_HUB_DATABASE_URL) to this release's schema.

    Stop the services first: each refuses a schema that is not its release's. Run twice, or by two at once, it migrates
    once. Losing this database loses history, never a preview: those are in Git. There is no way back to the release
    before but a copy of the database, so on a terminal it asks first.

    Example: rtb-hub db upgrade
    """
    from hub.cli.asking import confirm
    from hub.commands import db as command

    confirm("Bring the database to this release's schema, for which there is no way back?", yes=yes, output=output)

    command.upgrade(output=output)


@options.command("prune")
@options.flag("--dry-run", help="Show what would be deleted. Delete nothing.")
@options.output
@declared_changes
def db_prune(dry_run: bool, output: Format) -> None:
    """Delete from the services' database what was kept for long enough, never what is open.

    Bodies of deliveries after 14 days and their rows after 90; jobs and operations a year after they ended, rows of the
    audit log after a year. The listener does it every hour by itself.

    Example: rtb-hub db prune --dry-run
    """
    from hub.commands import db as command

    command.prune(dry_run=dry_run, output=output)


@options.command("grants")
@options.flag("--apply", help="Carry it out on RTB_HUB_DATABASE_URL, as the schema's owner.")
@options.option(
    "--prefix",
    metavar="TEXT",
    default="rtb_hub_",
    show_default=True,
    help="What the roles' names begin with; 'listener', 'worker', 'dashboard' and 'scaler' follow.",
)
@options.output
@declared_changes
def db_grants(apply: bool, prefix: str, output: Format) -> None:
    """Print SQL that gives each service's role in PostgreSQL what it needs and takes from it all else.

    Run it after each upgrade, as the schema's owner. Roles that are missing are made without a password. The audit log
    is only ever added to.

    Example: rtb-hub db grants | psql "$ADMIN_URL"
    """
    from hub.commands import db as command

    command.grants(apply=apply, prefix=prefix, output=output)


@options.command(panel=_PANEL)
@options.argument(
    "service",
    metavar="SERVICE",
    required=False,
    type=click.Choice(("listener", "worker", "dashboard", "auth")),
    help="One service alone: 'listener' takes what GitHub, Jira and Slack deliver, 'worker' commits what was asked for,"
    " 'dashboard' has the API, 'auth' signs people in. Left out: all in one process.",
)
@options.repo
@options.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(min=0, max=65535),
    show_default="3000; of the listener 4000, of auth 4001, of the worker 4002",
    help="Port that is answered at; the worker answers /healthz, /readyz and /metrics. 0: any free port.",
)
@options.option(
    "--host",
    metavar="ADDRESS",
    show_default="127.0.0.1",
    help="Address that one service alone is answered at, such as 0.0.0.0 in a pod.",
)
@options.option(
    "--metrics-port",
    metavar="PORT",
    type=click.IntRange(min=0, max=65535),
    help="Of all but the worker: port of /healthz, /readyz and /metrics, apart from what others reach. 0: any.",
)
@declared_errors
def serve(service: str | None, repo: str | None, port: int | None, host: str | None, metrics_port: int | None) -> None:
    """Run the hub as a service on this machine: API, webhooks, worker and reconcilers in one process.

    It keeps a SQLite database in RTB_HUB_DATA and needs no other server. It answers on 127.0.0.1 only, and prints a
    link that signs you in once. Needs 'pip install rtb-ai-hub[services]'.

    A service alone works with the database of RTB_HUB_DATABASE_URL, which has to have this release's schema. Beside
    them, 'reconcile' has to run.

    Example: rtb-hub serve --repo state.git
    """
    from hub.wiring import hub, needing_services, watching

    if service is None and host is not None:
        raise click.BadParameter("the hub in one process answers on 127.0.0.1 only", param_hint="--host")
    if service not in ("listener", "dashboard", "auth") and metrics_port is not None:
        raise click.BadParameter("only listener, dashboard and auth have a port apart", param_hint="--metrics-port")
    with needing_services():
        from hub.services.listener.service import Listening
        from hub.services.listener.service import serve as listen
        from hub.services.serve import Serving
        from hub.services.serve import serve as run
        from hub.services.single import Place, serve_auth, serve_dashboard, serve_worker
    address = host or "127.0.0.1"
    if service == "listener":
        listen(hub(), Listening(address, 4000 if port is None else port, metrics_port), click.echo)
    elif service == "worker":
        serve_worker(hub(), Place(repo, address, 4002 if port is None else port), click.echo)
    elif service == "auth":
        serve_auth(hub(), Place(None, address, 4001 if port is None else port, metrics_port), click.echo)
    elif service == "dashboard":
        serve_dashboard(hub(), Place(repo, address, 3000 if port is None else port, metrics_port), click.echo)
    else:
        ours, _ = watching(hub(), as_json=False)
        run(ours, Serving(repo, 3000 if port is None else port), click.echo)


@options.command(panel=_PANEL)
@options.any_environment
@options.flag("--dry-run", help="Print every message, what would be done about it and whom it alerts. Do nothing.")
@options.repo
@options.output
@declared_changes
def tell(env: str | None, dry_run: bool, repo: str | None, output: Format) -> None:
    """Tell of previews where people work: in Jira, in pull requests on GitHub, in Slack; edited in place.

    Where: RTB_HUB_JIRA_MESSAGES, RTB_HUB_GITHUB_MESSAGES, RTB_HUB_SLACK_MESSAGES. 'serve' and its worker do it all the
    time; this is one pass. Run twice, or by two at once, there is one message for each preview. What somebody deleted
    is not made again in that phase. A dry run reads pull requests, to say where.

    Example: rtb-hub tell --dry-run --env int
    """
    from hub.commands import tell as command

    command.run(env, dry_run=dry_run, repo=repo, output=output)


@options.command(panel=_PANEL)
@options.repo
@declared_errors
def mcp(repo: str | None) -> None:
    """Answer AI assistants by the Model Context Protocol, on standard input and output.

    Tools: list, show, why, logs, start, stop, extend, revive. Start and stop take two steps: a plan, then confirming
    it. It works on a state repository as RTB_HUB_ACTOR, or through a server with the rights of its token. Needs
    'pip install rtb-ai-hub[services]'.

    Example: rtb-hub --server https://hub.example.com mcp
    """
    from hub.wiring import hub, needing_services

    api = server.api_of(repo)
    with needing_services():
        from hub.services.assistant.server import make_server
        from hub.services.assistant.ways import Here, Through
    make_server(Through(api) if api else Here(hub(), repo)).run("stdio")


@options.command("list")
@options.choice("--source", among=_SOURCES, help="Only of this one.")
@options.choice("--state", among=_STATES, help="Only those of which this became.")
@options.option(
    "--limit", metavar="N", type=click.IntRange(1, 1000), default=50, show_default=True, help="Show at most so many."
)
@options.listed
@declared_errors
def webhook_list(source: Source | None, state: DeliveryState | None, limit: int, output: Format) -> None:
    """List what was delivered, the newest first.

    Processed: a job was made of it. Ignored: nothing follows from it. Failed: it was signed, and cannot be read.

    Example: rtb-hub webhook list --state failed
    """
    from hub.commands import webhook as command

    command.list_all(source=source, state=state, limit=limit, output=output)


@options.command("show")
@options.argument("name", metavar="ID", help="Its id, or its sender's id of the delivery.")
@options.listed
@declared_errors
def webhook_show(name: str, output: Format) -> None:
    """Show one delivery: what came, what proved it, and what became of it. Bodies are kept for 14 days.

    Example: rtb-hub webhook show 72d3162e-cc78-11e3-81ab-4c9367dc0958
    """
    from hub.commands import webhook as command

    command.show(name, output=output)


@options.command("replay")
@options.argument("name", metavar="ID", help="Its id, or its sender's id of the delivery.")
@options.output
@declared_changes
def webhook_replay(name: str, output: Format) -> None:
    """Read a delivery again and put its jobs anew, as after a mend of what read it wrong.

    Example: rtb-hub webhook replay 72d3162e-cc78-11e3-81ab-4c9367dc0958
    """
    from hub.commands import webhook as command

    command.replay(name, output=output)


@options.command("list")
@options.choice(
    "--state",
    among=_JOB_STATES,
    metavar="STATE",
    help=f"Only those in this state: {', '.join(_JOB_STATES)}. Those that are dead need a person.",
)
@options.option(
    "--limit", metavar="N", type=click.IntRange(1, 1000), default=50, show_default=True, help="Show at most so many."
)
@options.listed
@declared_errors
def job_list(state: State | None, limit: int, output: Format) -> None:
    """List jobs of the services' database, the newest first, with why each failed, and how many there are of what.

    Pending: due, or tried again later. Sent: Redis has a wake-up for it. Waiting: for something that is not there
    yet. Superseded: a later one of the same preview was done.

    Example: rtb-hub job list --state dead
    """
    from hub.commands import job as command

    command.list_all(state=state, limit=limit, output=output)


@options.command("show")
@options.argument("job_id", metavar="ID", help="Its id, which the Operation: trailer of its commit names too.")
@options.listed
@declared_errors
def job_show(job_id: str, output: Format) -> None:
    """Show one job: what it says, what it came to, and why it failed.

    Example: rtb-hub job show op-0198c0de
    """
    from hub.commands import job as command

    command.show(job_id, output=output)


@options.command("retry")
@options.argument("job_id", metavar="ID", help="Its id.")
@options.told_only
@options.output
@declared_changes
def job_retry(job_id: str, dry_run: bool, output: Format) -> None:
    """Have a dead job run again, once what it failed of is mended. Who did it stands in the audit log.

    Example: rtb-hub job retry op-0198c0de
    """
    from hub.commands import job as command

    command.retry(job_id, dry_run=dry_run, output=output)


COMMANDS = (
    serve,
    tell,
    mcp,
    config,
    Group(
        "db",
        panel=_PANEL,
        commands=[db_upgrade, db_prune, db_grants],
        help="Keep the services' database: its schema, what is old, who may what.",
    ),
    Group(
        "webhook",
        panel=_PANEL,
        commands=[webhook_list, webhook_show, webhook_replay],
        help="What GitHub, Jira and Slack delivered.",
    ),
    Group(
        "job",
        panel=_PANEL,
        commands=[job_list, job_show, job_retry],
        help="What the worker has to do, did and gave up.",
    ),
)
