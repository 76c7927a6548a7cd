"""`rtb-hub extend`: more time for a preview."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from generator.values.naming import IssueKey
from hub.actions.extend import Extended, extend, submission
from hub.commands import planned
from hub.output.console import Format, emit, printable
from hub.output.exit_codes import NOT_AS_SEEN
from hub.views.done import extend_data, tell_request
from hub.views.preview import money_line, preview_row
from hub.wiring import hub
from reconcilers.lifecycle.extend import ExtendRequest

if TYPE_CHECKING:
    from rich.console import Console


def run(  # noqa: PLR0913 - the command's options
    key: str,
    env: str,
    *,
    by: str,
    reason: str,
    if_ends: str | None,
    repo: str | None,
    output: Format,
    dry_run: bool = False,
) -> None:
    """Extend it and tell; exits with `NOT_AS_SEEN` where it ends otherwise than `if_ends` says.

    Raises, after all was told, what kept its forge from being told.
    """
    ours = hub()
    asked = ExtendRequest(IssueKey.parse(key), ours.settings.actor, by, reason, if_ends)
    if dry_run:
        parts = ours.parts(repo)
        planned.tell(submission(asked, env, parts.starter), parts=parts, output=output)
        return
    extended = extend(asked, env, parts=ours.parts(repo))
    data = extend_data(extended.outcome, extended.done)
    is_other = is_not_as_seen(if_ends, data)
    emit(data, output, lambda console: tell(console, extended, is_other=is_other))
    extended.done.raise_unreviewed()
    if is_other:
        sys.exit(NOT_AS_SEEN)


def is_not_as_seen(if_ends: str | None, told: Mapping[str, Any]) -> bool:
    """Whether nothing was added since it ends otherwise. The same extension again, as of a second click, is done."""
    if if_ends is None or told.get("change") != "unchanged":
        return False
    # What was seen before an extension is an end within the lease; times of one form are ordered as texts.
    begin, end = str(told["lease"]["requestedAt"]), str(told["end"])
    return told.get("extension") is None or not begin <= if_ends < end


def tell(console: Console, extended: Extended, *, is_other: bool = False) -> None:
    """An extension for people. `is_other`: it ends otherwise than was seen, whoever extended it last."""
    from rich.text import Text

    outcome, environment = extended.outcome, extended.done.environment
    row = preview_row(outcome.preview, environment, now=extended.done.at)
    done = outcome.extended
    what = f" in {row.environment} "
    if outcome.plan is None:
        who = (
            f"{done.requested_by} extended it by {done.by} at {done.at}"
            if done
            else "its end was changed otherwise since it was seen"
        )
        told = f"{what}ends at {outcome.ends}; nothing was added: {printable(who)}"
        mark = ("! ", "bold yellow") if is_other or not done else ("✓ ", "green")
        console.print(Text.assemble(mark, (row.key, "bold"), told))
        return
    console.print(Text.assemble(("✓ ", "green"), (row.key, "bold"), what, f"ends at {outcome.ends} ({row.left} left)"))
    if outcome.change == "extended to the cap":
        most = environment.spec.lease.cap
        counted = " of office hours" if outcome.preview.spec.lease.office_hours else ""
        asked = f"less than the {done.by} asked for: " if done else ""
        console.print(Text(f"  {asked}that is the cap, {most}{counted} in all; it cannot be extended again", "yellow"))
    console.print(f"  before  {outcome.before}")
    console.print(f"  commit  {(extended.done.commit or '')[:12]} on {outcome.plan.branch}")
    if outcome.ends_removal:
        console.print("  it replaces the request to delete it")
    tell_request(console, extended.done.reviewed)
    console.print(f"  price   {money_line(row)}")
