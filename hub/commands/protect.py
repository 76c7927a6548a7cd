"""`rtb-hub protect`: show what the forge enforces for branches and what it should, or make it so and read it back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from hub.actions.protect import ProtectedBranch, apply_protection, plan_protection
from hub.output.console import Format, emit, printable
from hub.output.exit_codes import UNHEALTHY
from hub.output.remedies import words
from hub.wiring import hub
from reconcilers.approval.protection import rows

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"error": "bold red", "warning": "bold yellow"}


def run(env: str | None, *, apply: bool, repo: str | None, output: Format) -> None:
    """Tell each branch, and after applying exit with `UNHEALTHY` when a way past a gated branch is left."""
    ours = hub()
    act = apply_protection if apply else plan_protection
    done = act(env, store=ours.store(repo), forge_of=lambda environment: ours.forge(environment, repo))
    data = {
        "applied": apply,
        "branches": [_data(one) for one in done.branches],
        "skipped": [
            {"branch": branch, "environments": list(names), "why": "no forge in their files"}
            for branch, names in done.skipped.items()
        ],
    }

    def tell(console: Console) -> None:
        for one in done.branches:
            _tell(console, one, applied=apply)
        for branch, names in done.skipped.items():
            console.print(f"{branch}: {', '.join(names)} name no forge, so it was left alone")
        if not apply and not all(one.is_local for one in done.branches):
            console.print("nothing was changed; --apply changes it, with an administrator's key")

    emit(data, output, tell)
    if apply and done.is_open:
        sys.exit(UNHEALTHY)


def _changes(one: ProtectedBranch, *, applied: bool) -> list[tuple[str, str, str]]:
    """What is or would be another than before: its name, before, after."""
    before, after = rows(one.before), rows(one.after if applied else one.wanted)
    return [(name, before[name], after[name]) for name in before if before[name] != after[name]]


def _data(one: ProtectedBranch) -> dict[str, Any]:
    return {
        "branch": one.branch,
        "environments": list(one.environments),
        "forge": one.where,
        "wanted": dict(rows(one.wanted)),
        "before": dict(rows(one.before)),
        "enforced": dict(rows(one.after)),
        "notExpressed": list(one.after.not_expressed),
        "openings": [
            {"severity": o.severity, "rule": o.rule, "what": o.what, "how": o.how, "remedy": words(o.to_do)}
            for o in one.openings
        ],
    }


def _tell(console: Console, one: ProtectedBranch, *, applied: bool) -> None:
    from rich.text import Text

    console.print(
        Text.assemble(
            (one.branch, "bold"), f" of {', '.join(one.environments)} at {printable(one.where)}, enforced now:"
        )
    )
    changes = {name: (before, after) for name, before, after in _changes(one, applied=applied)}
    for name, value in rows(one.after).items():
        line = Text.assemble((f"  {name}: ", "cyan"), printable(value))
        if name in changes:
            before, after = changes[name]
            line.append(printable(f" (was {before})" if applied else f" (would be {after})"), "bold")
        console.print(line)
    for note in one.after.not_expressed:
        console.print(Text(f"  not by this forge: {printable(note)}", "yellow"))
    if not applied and not changes:
        console.print(Text("  as wanted", "green"))
    for opening in one.openings:
        if opening.rule == "forge-cannot-hold":
            continue  # told above
        head = (f"{opening.severity}: ", _STYLES[opening.severity])
        console.print(Text.assemble("  ", head, printable(opening.what), (f" [{opening.rule}]", "dim")))
        console.print(Text.assemble(("    how: ", "cyan"), printable(opening.how)))
        console.print(Text.assemble(("    to do: ", "cyan"), printable(words(opening.to_do))))
