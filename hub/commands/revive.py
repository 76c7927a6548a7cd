"""`rtb-hub revive`: bring a removed preview back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.values.formats import format_time
from generator.values.naming import IssueKey
from hub.actions.revive import Revived, revive, submission
from hub.commands import planned
from hub.output.console import Format, emit, printable
from hub.views.done import revive_data, tell_request
from hub.views.preview import end_line, money_line, preview_row
from hub.wiring import hub
from reconcilers.lifecycle.revive import ReviveRequest

if TYPE_CHECKING:
    from rich.console import Console


def run(  # noqa: PLR0913 - the command's options
    key: str, env: str, *, ttl: str | None, repo: str | None, output: Format, dry_run: bool = False
) -> None:
    """Bring it back and tell. Raises, after all was told, what kept its forge from being told."""
    ours = hub()
    asked = ReviveRequest(IssueKey.parse(key), ours.settings.actor, ttl)
    if dry_run:
        parts = ours.parts(repo)
        planned.tell(submission(asked, env, parts), parts=parts, output=output)
        return
    revived = revive(asked, env, parts=ours.parts(repo))
    emit(revive_data(revived.outcome, revived.done), output, lambda console: tell(console, revived))
    revived.done.raise_unreviewed()


def tell(console: Console, revived: Revived) -> None:
    """A revival for people."""
    from rich.text import Text

    outcome, done = revived.outcome, revived.done
    row = preview_row(outcome.preview, done.environment, now=done.at)
    words = {
        "revived": "is brought back",
        "unchanged": "is there; nothing was changed",
        "kept": "is there and is kept; the request to remove it is withdrawn",
    }
    told = f" in {row.environment} {words[outcome.change]}"
    console.print(Text.assemble(("✓ ", "green"), (row.key, "bold"), told))
    if outcome.plan and outcome.removal:
        removal = outcome.removal.commit
        console.print(f"  removed {format_time(removal.at)} by {removal.commit[:12]}: {printable(removal.subject)}")
        console.print(f"  commit  {(done.commit or '')[:12]} on {outcome.plan.branch}")
        tell_request(console, done.reviewed)
    console.print(Text.assemble("  url     ", (row.url, f"link {row.url}")))
    console.print(f"  ends    {end_line(row)}")
    console.print(f"  price   {money_line(row)}")
