"""`rtb-hub guard`: judge a change of the state repository, as a required check does."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from generator.errors import ConfigError, Fault, HubError, Location, Reason
from hub import __version__
from hub.output.annotations import annotation, markdown_table, plain_line
from hub.output.console import Format, emit, write
from hub.output.exit_codes import CODES, REFUSED
from hub.output.remedies import fault_line, words
from hub.wiring import Hub, hub
from reconcilers.guard.judge import Guard, Judgement
from reconcilers.guard.walk import Policy, Refusal, Walk, Who
from reconcilers.ports.git import Snapshot
from reconcilers.state.policies import read_policies

if TYPE_CHECKING:
    from rich.console import Console

    from hub.adapters.git.history import GitHistory

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
    try:
        walk, policies, judgement = _judged(ours, arguments)
    except HubError as err:
        if output != "github":
            raise
        for fault in err.faults:
            write(annotation(fault.where or Location(""), err.reason, fault_line(fault)))
        _summarise(ours.settings.step_summary, f"guard could not judge the change: {err.reason}", ())
        sys.exit(CODES[err.reason])
    if output == "github":
        _annotate(ours.settings.step_summary, judgement)
    else:
        data = _data(walk, policies, judgement)
        emit(data, Format(output), lambda console: _tell(console, judgement))
    if judgement.refusals:
        sys.exit(REFUSED)


def _judged(ours: Hub, arguments: Arguments) -> tuple[Walk, Mapping[str, Policy], Judgement]:
    history = ours.history(arguments.repo)
    walk = _walk(history, arguments.revisions)
    policies: Mapping[str, Policy] = {}
    if walk.base is not None and walk.is_ancestor:
        snapshot = history.snapshot(arguments.branch or "", walk.base)
        policies = _policies(snapshot, arguments, ours)
    guard = Guard(policies, history, ours.check, __version__, ours.clock(), arguments.identity, arguments.cap)
    return walk, policies, guard.judge(walk)


def _walk(history: GitHistory, revisions: str) -> Walk:
    base, dots, head = revisions.partition("..")
    if not (base and dots and head) or head.startswith("."):
        fault = Fault(f"{revisions[:80]!r} is not two revisions", field="BASE..HEAD", allowed="such as HEAD^1..HEAD")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    found = history.commit(head)
    if found is None:
        remedy = "name a commit of this repository; in a job, check the branch out first"
        raise ConfigError(Reason.INVALID_VALUE, Fault(f"there is no commit {head[:80]!r}", remedy=remedy))
    if not base.strip("0"):
        return Walk(base, found)  # what a forge gives as the commit before a branch was made
    start = history.commit(base)
    return Walk(None, found) if start is None else history.walk(start, found)


def _policies(snapshot: Snapshot, arguments: Arguments, ours: Hub) -> Mapping[str, Policy]:
    """The environments that live on the branch, by name, as BASE has them.

    Raises `ConfigError`: InvalidEnvironment, or InvalidValue when none lives there, or it is not clear which branch.
    """
    location, branch = ours.store(arguments.repo).location, arguments.branch
    found = {name: Policy(*policy) for name, policy in read_policies(snapshot, location, ours.library).items()}
    branches = sorted({policy.environment.spec.branch for policy in found.values()})
    if branch is None and len(branches) != 1:
        fault = Fault("BASE does not tell which branch this is", field="--branch", allowed=", ".join(branches))
        raise ConfigError(Reason.INVALID_VALUE, fault)
    branch = branch or branches[0]
    here = {name: policy for name, policy in found.items() if policy.environment.spec.branch == branch}
    if not here:
        fault = Fault(f"no environment lives on {branch[:80]!r}", field="--branch", allowed=", ".join(branches))
        raise ConfigError(Reason.INVALID_VALUE, fault)
    return here


def _data(walk: Walk, policies: Mapping[str, Policy], judgement: Judgement) -> dict[str, Any]:
    return {
        "allowed": not judgement.refusals,
        "base": walk.base,
        "head": walk.head,
        "environments": sorted(policies),
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
    did = f"{judgement.commits} commits, {len(judgement.changed)} previews changed, {len(judgement.removed)} removed"
    return f"refused, {len(judgement.refusals)} reasons ({did})" if judgement.refusals else f"allowed ({did})"


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
