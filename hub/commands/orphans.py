"""`rtb-hub orphans`: what is left over of previews, or missing, in an environment's cluster. Deletes nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from hub.actions.orphans import Found, find_orphans
from hub.commands.cluster_options import Options, open_for
from hub.output.console import Format, emit, printable
from hub.output.exit_codes import UNHEALTHY
from hub.output.remedies import words
from hub.views.why import told_time
from hub.wiring import hub

if TYPE_CHECKING:
    from rich.console import Console


def run(env: str, *, repo: str | None, at: Options, output: Format) -> None:
    """Tell them, and exit with `UNHEALTHY` when there is any."""
    ours = hub()
    cluster = open_for(ours, at, env, repo)
    found = find_orphans(env, repository=ours.repository(repo), cluster=cluster, clock=ours.clock)
    data = {
        "environment": env,
        "lookedAt": found.looked_at,
        "orphans": [
            {
                "kind": one.kind,
                "preview": one.preview,
                "subject": one.subject,
                "text": one.text,
                "since": told_time(one.since),
                "remedy": words(one.remedy),
            }
            for one in found.orphans
        ],
        "unread": [*found.unread],
        "targetGroups": "asked" if found.is_aws_asked else "not asked",
    }
    emit(data, output, lambda console: _tell(console, found))
    if found.orphans:
        sys.exit(UNHEALTHY)


def _tell(console: Console, found: Found) -> None:
    from rich.text import Text

    for one in found.orphans:
        console.print(Text.assemble((one.kind, "yellow"), f"  {printable(one.subject)}: {printable(one.text)}"))
        console.print(Text.assemble(("  to do  ", "cyan"), printable(words(one.remedy))))
    if found.unread:
        console.print(f"not read: {printable(', '.join(found.unread))}")
    if not found.is_aws_asked:
        console.print(
            "not asked: target groups in AWS, which is asked about an environment's own cluster without --cluster"
        )
    console.print(f"{found.looked_at} previews looked at, {len(found.orphans)} left over or missing")
