"""`rtb-hub guard`: judge a change of the state repository, as a required check does."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from generator.errors import HubError, Location
from generator.values.counting import counted
from hub.actions.guard import Change, Judged, guard
from hub.output.annotations import annotation, markdown_table, plain_line
from hub.output.console import Format, emit, write
from hub.output.exit_codes import CODES, REFUSED
from hub.output.remedies import fault_line, words
from hub.wiring import hub
from reconcilers.guard.judge import Judgement
from reconcilers.guard.walk import Refusal, Who

if TYPE_CHECKING:
    from rich.console import Console

#: Rows of the summary; GitHub takes 1 MiB of it.
_SUMMARY_ROWS = 200


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments and options as typed."""

    revisions: str
    branch: str | None
    identity: Who
    cap: int
    repo: str | None


def run(arguments: Arguments, output: Literal["table", "json", "github"]) -> None:
    """Judge, tell, and exit with `REFUSED` when the change is refused."""
    ours = hub()
    change = Change(arguments.revisions, arguments.branch, arguments.identity, arguments.cap)
    try:
        store = ours.store(arguments.repo)
        history = ours.history_of(store)
        judged = guard(
            change,
            history=history,
            location=store.location,
            library=ours.library,
            starter=ours.starter,
            clock=ours.clock,
        )
    except HubError as err:
        if output != "github":
            raise
        for fault in err.faults:
            write(annotation(fault.where or Location(""), err.reason, fault_line(fault)))
        _summarise(ours.settings.step_summary, f"guard could not judge the change: {err.reason}", ())
        sys.exit(CODES[err.reason])
    if output == "github":
        _annotate(ours.settings.step_summary, judged.judgement)
    else:
        emit(_data(judged), Format(output), lambda console: _tell(console, judged.judgement))
    if judged.judgement.refusals:
        sys.exit(REFUSED)


def _data(judged: Judged) -> dict[str, Any]:
    walk, judgement = judged.walk, judged.judgement
    return {
        "allowed": not judgement.refusals,
        "base": walk.base,
        "head": walk.head,
        "environments": list(judged.environments),
        "commits": judgement.commits,
        "changed": sorted(judgement.changed),
        "removed": sorted(judgement.removed),
        "refusals": [
            {
                "rule": one.rule,
                "file": one.where.file.encode("utf-8", "backslashreplace").decode(),
                "line": one.where.line,
                "column": one.where.column,
                "commit": one.commit,
                "message": one.message,
                "remedy": words(one.to_do),
            }
            for one in judgement.refusals
        ],
    }


def _annotate(summary: Path | None, judgement: Judgement) -> None:
    for one in judgement.refusals:
        write(annotation(one.where, one.rule, f"{one.message} ({one.commit[:12]}); to do: {words(one.to_do)}"))
    write(plain_line(_outcome(judgement)) + "\n")
    _summarise(summary, f"guard: {_outcome(judgement)}", judgement.refusals)


def _summarise(summary: Path | None, heading: str, refusals: tuple[Refusal, ...]) -> None:
    if summary is None:
        return
    rows = [
        (str(one.where), one.rule, one.message, words(one.to_do), one.commit[:12]) for one in refusals[:_SUMMARY_ROWS]
    ]
    table = markdown_table(("where", "rule", "what", "to do", "commit"), rows) if rows else ""
    rest = f"\n{len(refusals) - _SUMMARY_ROWS} more are in the log.\n" if len(refusals) > _SUMMARY_ROWS else ""
    with summary.open("a", encoding="utf-8") as file:
        file.write(f"### {heading}\n\n{table}{rest}\n")


def _outcome(judgement: Judgement) -> str:
    changed = counted(len(judgement.changed), "preview")
    did = f"{counted(judgement.commits, 'commit')}, {changed} changed, {len(judgement.removed)} removed"
    return (
        f"refused, {counted(len(judgement.refusals), 'reason')} ({did})" if judgement.refusals else f"allowed ({did})"
    )


def _tell(console: Console, judgement: Judgement) -> None:
    from rich.text import Text

    for one in judgement.refusals:
        head = Text.assemble(
            ("refused: ", "bold red"),
            (plain_line(f"{one.where}: ") if one.where.file else "", "bold"),
            plain_line(one.message),
            (f" [{one.rule}] {one.commit[:12]}", "dim"),
        )
        console.print(head)
        console.print(Text.assemble(("  to do: ", "cyan"), plain_line(words(one.to_do))))
    console.print(Text(_outcome(judgement), "red" if judgement.refusals else "green"))
