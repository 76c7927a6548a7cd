"""`rtb-hub init`: lay out a state repository, or bring one up to date with your environments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hub import assets
from hub.adapters.git_store import create_repository
from hub.cli.output import Format, emit
from hub.commands.argocd import checked_files
from hub.environments import read_environments
from hub.wiring import Hub, hub
from reconcilers.layout import Layout, plan_layout

if TYPE_CHECKING:
    from rich.console import Console

    from reconcilers.plan import Plan
    from reconcilers.ports import GitStore


def run(folder: Path, *, remote: str | None, work_tree: bool, environments: Path | None, output: Format) -> None:
    """Make the repository when the folder is new or empty, then commit what its branches lack."""
    ours = hub()
    layout = _layout(ours, environments)  # before anything is made: a wrong file must leave nothing behind
    store = _open_or_create(ours, folder, remote=remote, work_tree=work_tree)
    done = [(plan, store.commit(plan, at=ours.clock())) for plan in plan_layout(layout, store)]
    data = {
        "repository": store.location,
        "branches": [
            {"branch": plan.branch, "commit": commit, "written": [str(change.path) for change in plan.changes]}
            for plan, commit in done
        ],
    }
    emit(data, output, lambda console: _tell(console, folder, layout, done))


def _layout(ours: Hub, environments: Path | None) -> Layout:
    found = read_environments(ours, repo=None, environments=environments)
    chosen = {name: found.get(name)[0] for name in found.names}
    return Layout(
        environments=chosen,
        own_files={name: checked_files(ours, found, environment) for name, environment in chosen.items()},
        environment_files=found.files,
        shared_files={
            "README.md": ours.library.files["templates/repository/README.md"],
            **assets.schema_files(("preview", "environment-overlay")),
        },
    )


def _open_or_create(ours: Hub, folder: Path, *, remote: str | None, work_tree: bool) -> GitStore:
    if folder.is_dir() and any(folder.iterdir()):
        store = ours.store(str(folder))
        store.snapshots()  # raises when the folder is something else
        return store
    create_repository(folder, bare=not work_tree, remote=remote, environ=ours.settings.environ)
    return ours.store(str(folder))


def _tell(console: Console, folder: Path, layout: Layout, done: list[tuple[Plan, str]]) -> None:
    from rich.text import Text

    branches = layout.branches()
    for plan, commit in done:
        names = ", ".join(branches[plan.branch])
        said = f"{len(plan.changes)} files" if plan.changes else "up to date"
        mark = Text.assemble(("✓ ", "green"), (plan.branch, "bold"), f" for {names}: {said} ({commit[:12]})")
        console.print(mark)
        for change in plan.changes if plan.expected else ():
            console.print(f"    {change.path}: {change.why}")
    gated = [name for name, e in layout.environments.items() if e.spec.gated]
    if gated:
        console.print(f"  protect the branch of {', '.join(gated)} at your Git host: it must change by review only")
    console.print(f"next: rtb-hub start KEY --repo {folder} --env int --image NAME=REF …")
