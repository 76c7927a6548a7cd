"""What a run of the reconcilers came to, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from generator.values.counting import counted
from generator.values.formats import format_time
from hub.output.console import printable
from hub.output.remedies import fault_line, words
from hub.reconciling.registry import ReconcileTime
from hub.reconciling.round import Outcome
from hub.views.results import has_details, show
from reconcilers.approval.decisions import AT_FORGE
from reconcilers.plan import one_line

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"remove": "bold red", "warn": "bold yellow", "report": "bold yellow"}


def tell_people(
    console: Console, outcomes: Sequence[Outcome], moment: ReconcileTime, *, acts: bool, quiet: bool
) -> None:
    """Each outcome that has something to tell, then one line about all; `quiet`: without that line."""
    from rich.text import Text

    if quiet:
        pass
    elif moment.rehearsed:
        console.print(Text(f"as it would be at {format_time(moment.at)}; nothing is committed", "dim"))
    elif not acts:
        console.print(Text("nothing is committed", "dim"))
    for one in outcomes:
        if _has_nothing_to_tell(one):
            continue
        _tell_one(console, one, acts=acts)
    if not quiet:
        console.print(_in_all(outcomes))


def _tell_one(console: Console, one: Outcome, *, acts: bool) -> None:
    from rich.text import Text

    head = Text.assemble((printable(one.environment), "bold"), (f" {one.reconciler}", "dim"))
    result = one.result
    if result is not None:
        for action in result.actions:
            style = _STYLES.get(action.kind, "bold cyan")
            line = (f" {action.kind} ", style), printable(str(action).removeprefix(f"{action.kind} "))
            console.print(Text.assemble(head, *line))
        show(console, result)
        for aside in result.set_aside:
            why = one_line("; ".join(map(fault_line, aside.faults)))
            told = printable(f"{aside.preview}: {why}")
            console.print(Text.assemble(head, (" skipped ", "bold yellow"), told))
        if result.held:
            console.print(Text.assemble(head, (" held ", "bold red"), printable(result.held.message)))
            console.print(Text.assemble(("  to do: ", "cyan"), printable(words(result.held.remedy))))
    for fault in one.error.faults if one.error else ():
        console.print(Text.assemble(head, (" error: ", "bold red"), printable(fault_line(fault))))
    console.print(Text.assemble(head, f": {_summary(one, acts=acts)}"))


def _has_nothing_to_tell(one: Outcome) -> bool:
    """Whether a reconciler found everything as it should be. `_in_all` counts it."""
    result = one.result
    if one.error is not None or one.commit is not None or result is None:
        return False
    is_converged = result.plan is None or result.plan.is_converged
    return is_converged and not (result.actions or result.set_aside or result.held or has_details(result))


def _in_all(outcomes: Sequence[Outcome]) -> str:
    """One line about all: how many reconcilers did something or could not, and what is due next."""
    environments = sorted({one.environment for one in outcomes})
    failed = sum(one.error is not None for one in outcomes)
    told = sum(one.error is None and not _has_nothing_to_tell(one) for one in outcomes)
    rest = len(outcomes) - failed - told
    counts = [f"{told} with something to tell"] if told else []
    counts += [f"{failed} not done"] if failed else []
    counts += [f"{rest} with nothing to do"] if counts and rest else [] if counts else ["nothing to do"]
    due = [one.next_due for one in outcomes if one.next_due is not None]
    later = f"; next at {format_time(min(due))}" if due else ""
    where = printable(", ".join(environments)) or "no environment"
    return f"{counted(len(outcomes), 'reconciler')} in {where}: {', '.join(counts)}{later}"


def _summary(one: Outcome, *, acts: bool) -> str:
    result = one.result
    if one.error is not None:
        return "not done" if result and result.plan else "could not be read"
    if one.commit is not None and result and result.plan:
        return f"done, commit {one.commit[:12]} on {result.plan.branch}"
    if result and result.held is not None:
        return "held"
    later = f"; next at {format_time(one.next_due)}" if one.next_due else ""
    if result and result.plan and not result.plan.is_converged:
        return f"would commit '{result.plan.subject}' to {result.plan.branch}{later}"
    done = Counter(action.kind for action in result.actions if action.kind in AT_FORGE) if result else Counter()
    if done:
        what = ", ".join(f"{kind} {count}" for kind, count in sorted(done.items()))
        return f"{'done' if acts else 'would be done'} at the forge: {what}{later}"
    return f"nothing to commit{later}"
