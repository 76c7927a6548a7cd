"""`rtb-hub init`: lay out a state repository, or bring one up to date with your environments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hub import assets
from hub.actions.branch_files import branch_files
from hub.actions.environments import EnvironmentSet, environments_of, given_environments
from hub.adapters.git.push_rules import protect, pushed_to, rules_of
from hub.adapters.git.store import create_repository
from hub.commands.argocd import checked_files
from hub.output.console import Format, emit
from hub.views.preview import rule_data
from hub.wiring import Hub, hub
from reconcilers.approval.push_rules import BranchRule, PushRules, branch_rules
from reconcilers.state.layout import Layout, plan_layout

if TYPE_CHECKING:
    from rich.console import Console

    from reconcilers.plan import Plan
    from reconcilers.ports.git import GitStore


def run(folder: Path, *, remote: str | None, work_tree: bool, environments: Path | None, output: Format) -> None:
    """Make the repository when the folder is new or empty, then commit what its branches lack."""
    ours = hub()
    # Before anything is made: a wrong file must leave nothing behind.
    layout = _layout(ours, _environments(ours, folder, remote, environments))
    store = _open_or_create(ours, folder, remote=remote, work_tree=work_tree)
    rules, held = branch_rules(layout.environments), _push_rules(ours, folder, layout)
    done = [(plan, store.commit(plan, at=ours.clock())) for plan in plan_layout(layout, store)]
    data = {
        "repository": store.location,
        "branches": [
            {"branch": plan.branch, "commit": commit, "written": [str(change.path) for change in plan.changes]}
            for plan, commit in done
        ],
        "rules": [rule_data(rule, held) for rule in rules],
        "hook": held.hook if held else None,
    }

    def tell(console: Console) -> None:
        _tell(console, layout, done)
        _tell_rules(console, rules, held)
        console.print(f"next: rtb-hub start KEY --repo {folder} --env int --image NAME=REF …")

    emit(data, output, tell)


def _push_rules(ours: Hub, folder: Path, layout: Layout) -> PushRules | None:
    """What the repository that is pushed to refuses, made so when it is the one in `folder`. None: a Git host knows."""
    environ = ours.settings.environ
    where = pushed_to(folder, environ=environ)
    if where == folder:
        return protect(folder, layout.branches(), environ=environ)
    return rules_of(where, environ=environ) if where else None


def _environments(ours: Hub, folder: Path, remote: str | None, environments: Path | None) -> EnvironmentSet:
    """Those named; else the repository's own, so that the shipped ones never replace them; else the shipped."""
    named = environments or ours.settings.environments
    standing = str(folder) if _is_there(folder) else remote
    if named is None and standing is not None:
        own = environments_of(ours.store(standing))
        if own.names:
            return own
    return given_environments(named)


def _layout(ours: Hub, found: EnvironmentSet) -> Layout:
    chosen = {name: found.get(name)[0] for name in found.names}
    branches = {environment.spec.branch for environment in chosen.values()}
    return Layout(
        environments=chosen,
        own_files={name: checked_files(ours, found, environment) for name, environment in chosen.items()},
        environment_files=found.files,
        shared_files={
            "README.md": ours.library.files["templates/repository/README.md"],
            **assets.schema_files(("preview", "environment-overlay")),
        },
        branch_files={
            branch: branch_files(ours.library, branch, [e for e in chosen.values() if e.spec.branch == branch])
            for branch in branches
        },
    )


def _open_or_create(ours: Hub, folder: Path, *, remote: str | None, work_tree: bool) -> GitStore:
    if _is_there(folder):
        store = ours.store(str(folder))
        store.snapshots()  # raises when the folder is something else
        return store
    create_repository(folder, bare=not work_tree, remote=remote, environ=ours.settings.environ)
    return ours.store(str(folder))


def _is_there(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _tell(console: Console, layout: Layout, done: list[tuple[Plan, str]]) -> None:
    from rich.text import Text

    branches = layout.branches()
    for plan, commit in done:
        names = ", ".join(branches[plan.branch])
        said = f"{len(plan.changes)} files" if plan.changes else "up to date"
        mark = Text.assemble(("✓ ", "green"), (plan.branch, "bold"), f" for {names}: {said} ({commit[:12]})")
        console.print(mark)
        for change in plan.changes if plan.expected else ():
            console.print(f"    {change.path}: {change.why}")


def _tell_rules(console: Console, rules: tuple[BranchRule, ...], held: PushRules | None) -> None:
    from rich.text import Text

    open_rules = [rule for rule in rules if held is None or held.held_by(rule.name, rule.branch) is None]
    words = {"no-rewriting": "rewrite", "no-deletion": "delete"}
    for name, what in words.items():
        if done := ", ".join(rule.branch for rule in rules if rule.name == name and rule not in open_rules):
            console.print(Text.assemble(("✓ ", "green"), f"pushes that {what} {done} are refused"))
    if held is not None and held.hook != "ours" and len(open_rules) == len(rules):
        left = "has an update hook of its own, which was left alone"
        lacks = "has no update hook of ours; 'rtb-hub init' on its own path installs it where hooks are not shared"
        console.print(Text(f"  the repository that is pushed to {left if held.hook == 'foreign' else lacks}", "yellow"))
    if open_rules:
        console.print("set these rules where people push to, as docs/INSTALL.md shows for GitHub:")
    for rule in open_rules:
        console.print(Text.assemble("  ", (rule.branch, "bold"), f": {rule.words}"))
