"""`rtb-hub init`: lay out a state repository, or bring one up to date with your environments."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from generator.values.counting import counted
from hub.actions.init import InitRequest, LaidOut, init
from hub.output.console import Format, emit
from hub.views.differing import tell_diff
from hub.views.preview import rule_data
from hub.wiring import hub
from reconcilers.approval.push_rules import BranchRule, PushRules

if TYPE_CHECKING:
    from rich.console import Console


def run(folder: Path, *, remote: str | None, work_tree: bool, environments: Path | None, output: Format) -> None:
    """Make the repository when the folder is new or empty, then commit what its branches lack; tell both."""
    ours = hub()
    asked = InitRequest(folder, remote, work_tree, environments or ours.settings.environments)
    found = init(asked, parts=ours.init_parts())
    data = {
        "repository": found.repository,
        "branches": [
            {
                "branch": plan.branch,
                "commit": commit,
                "written": [str(change.path) for change in plan.changes],
                "diff": found.edits.get(plan.branch, ""),
            }
            for plan, commit in found.branches
        ],
        "rules": [rule_data(rule, found.held) for rule in found.rules],
        "hook": found.held.hook if found.held else None,
    }

    def tell(console: Console) -> None:
        _tell(console, found)
        _tell_rules(console, found.rules, found.held)
        console.print(f"next: rtb-hub start KEY --repo {shlex.quote(str(folder))} --env int --image NAME=REF …")

    emit(data, output, tell)


def _tell(console: Console, found: LaidOut) -> None:
    from rich.text import Text

    branches = found.layout.branches()
    for plan, commit in found.branches:
        names = ", ".join(branches[plan.branch])
        said = counted(len(plan.changes), "file") if plan.changes else "up to date"
        mark = Text.assemble(("✓ ", "green"), (plan.branch, "bold"), f" for {names}: {said} ({commit[:12]})")
        console.print(mark)
        for change in plan.changes if plan.expected else ():
            console.print(f"    {change.path}: {change.why}")
        tell_diff(console, found.edits.get(plan.branch, ""), margin="    ")


def _tell_rules(console: Console, rules: tuple[BranchRule, ...], held: PushRules | None) -> None:
    from rich.text import Text

    open_rules = [rule for rule in rules if held is None or held.held_by(rule.name, rule.branch) is None]
    words = {"no-rewriting": "rewrite", "no-deletion": "delete"}
    for name, what in words.items():
        if done := ", ".join(rule.branch for rule in rules if rule.name == name and rule not in open_rules):
            console.print(Text.assemble(("✓ ", "green"), f"pushes that {what} {done} are rejected"))
    if held is not None and held.hook != "ours" and len(open_rules) == len(rules):
        left = "has an update hook of its own, which was left alone"
        lacks = "has no update hook of ours; 'rtb-hub init' on its own path installs it where hooks are not shared"
        console.print(Text(f"  the repository that is pushed to {left if held.hook == 'foreign' else lacks}", "yellow"))
    if open_rules:
        console.print("set these rules where people push to, as docs/INSTALL.md shows for GitHub:")
    for rule in open_rules:
        console.print(Text.assemble("  ", (rule.branch, "bold"), f": {rule.words}"))
