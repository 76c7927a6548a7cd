"""`rtb-hub open`: the address of a preview, in a browser where there is a terminal."""

from __future__ import annotations

import sys

import click

from generator.errors import Fault, Reason, Stalled
from generator.values.naming import IssueKey, preview_host
from hub.actions.why import why
from hub.commands.cluster_options import Options, open_for
from hub.output.console import Format, emit, printable
from hub.wiring import hub
from reconcilers.health.phase import UP


def run(  # noqa: PLR0913 - the options that there are
    key: str, env: str, *, repo: str | None, at: Options, force: bool, output: Format
) -> None:
    """Print and open it. Raises `Stalled` (PreviewFailed) for one that is not running, unless `force` is given."""
    issue = IssueKey.parse(key)
    ours = hub()
    repository = ours.repository(repo)
    url = f"https://{preview_host(issue.name, repository.state(env).environment.spec.domain)}/"
    phase = None
    if not force:
        cluster = open_for(ours, at, env, repo)
        phase = why(issue, env, repository=repository, cluster=cluster, clock=ours.clock).phase
        if phase.name not in UP:
            told = f": {phase.cause}" if phase.cause else ""
            raise Stalled(
                Reason.PREVIEW_FAILED,
                Fault(f"it is {phase.name}{told}", remedy=phase.remedy or f"--force opens {url} all the same"),
            )
    data = {"issue": str(issue), "environment": env, "url": url, "phase": phase.name if phase else None}
    emit(data, output, lambda console: console.print(printable(url)))
    if output.is_for_people and sys.stdout.isatty():
        click.launch(url)
