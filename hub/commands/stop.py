"""`rtb-hub stop`: remove a preview, or withdraw its request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.errors import ConfigError, Reason
from generator.naming import IssueKey
from hub.cli.output import Format, emit
from hub.commands.retry import planned_anew
from hub.wiring import Hub, hub
from reconcilers.stop import StopOutcome, plan_stop

if TYPE_CHECKING:
    from rich.console import Console

    from reconcilers.ports import GitStore


def run(  # noqa: PLR0913 - the command's options
    key: str, env: str, *, reason: str, ignore_not_found: bool, repo: str | None, output: Format
) -> None:
    """Plan, commit, tell. A branch that moved meanwhile is observed again."""
    issue = IssueKey.parse(key)
    ours = hub()
    store = ours.store(repo)

    def attempt() -> tuple[StopOutcome, str | None]:
        state = ours.read_state(store, env)
        outcome = plan_stop(issue, state, requested_by=ours.settings.actor, reason=reason)
        return outcome, _carry_out(outcome, store, ours)

    try:
        outcome, commit = planned_anew(attempt)
    except ConfigError as err:
        if not (err.reason is Reason.PREVIEW_NOT_FOUND and ignore_not_found):
            raise
        nothing = {"change": "none", "issue": key, "environment": env}
        emit(nothing, output, lambda console: console.print(f"{key} in {env} is not there; nothing was changed"))
        return
    data = {"change": outcome.change, "issue": key, "environment": env, "commit": commit, "repository": store.location}
    emit(data, output, lambda console: _tell(console, outcome, f"{key} in {env}", commit))


def _carry_out(outcome: StopOutcome, store: GitStore, ours: Hub) -> str | None:
    if outcome.withdraw is not None:
        branch, expected = outcome.withdraw
        store.delete_branch(branch, expected=expected)
    return store.commit(outcome.plan, at=ours.clock()) if outcome.plan else None


def _tell(console: Console, outcome: StopOutcome, what: str, commit: str | None) -> None:
    from rich.text import Text

    words = {
        "removed": "entry and manifests removed; Argo CD removes the rest",
        "removal requested": "removal asked for on a request branch; it goes when that is merged",
        "withdrawn": "request withdrawn",
    }
    console.print(Text.assemble(("✓ ", "green"), (what, "bold"), f": {words[outcome.change]}"))
    if commit and outcome.plan and not outcome.plan.is_converged:
        console.print(f"  commit  {commit[:12]} on {outcome.plan.branch}")
