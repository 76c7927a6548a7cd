"""`rtb-hub env set`, `env add` and `env remove`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.errors import ConfigError, Fault, Reason
from hub.actions.env_edit import Edited, EnvEdit, edit_folder, edit_repository
from hub.output.console import Format, emit, printable
from hub.wiring import hub

if TYPE_CHECKING:
    from rich.console import Console


def run(asked: EnvEdit, *, dry_run: bool, repo: str | None, environments: Path | None, output: Format) -> None:
    """Edit the file where it stands, a folder before a repository, and tell the difference.

    Raises `ConfigError` (NoStateRepository, InvalidValue, InvalidEnvironment) before anything is written.
    """
    ours = hub()
    asked = replace(asked, requested_by=ours.settings.actor)
    folder = environments if repo is None else None
    if environments is not None and repo is not None:
        fault = Fault("--repo and --environments name two files", remedy="name one of them")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    if folder is not None:
        found = edit_folder(asked, folder, is_dry=dry_run)
    else:
        store = ours.store(repo)
        found = edit_repository(asked, store, files=ours.laid_out_files, clock=ours.clock, is_dry=dry_run)
    emit(_data(asked.name, found), output, lambda console: _tell(console, found))


def _data(name: str, found: Edited) -> dict[str, Any]:
    requests = found.requests or {}
    return {
        "environment": name,
        "file": found.path,
        "changed": bool(found.diff),
        "dryRun": found.is_dry,
        "diff": found.diff,
        "branches": [
            {
                "branch": plan.branch,
                "commit": commit,
                "requestFor": requests.get(plan.branch),
                "written": [str(change.path) for change in plan.changes],
            }
            for plan, commit in found.written
        ],
    }


def _tell(console: Console, found: Edited) -> None:
    from rich.text import Text

    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in found.diff.splitlines():
        console.print(Text(printable(line), styles.get(line[:1], "")))
    if not found.diff:
        console.print(f"{found.path} says so already; nothing was changed")
        return
    if found.is_dry:
        console.print("nothing was written (--dry-run)")
        return
    if not found.written:
        console.print(Text.assemble(("✓ ", "green"), f"{found.path} is written"))
    for plan, commit in found.written:
        more = len(plan.changes) - 1
        beside = f" with {more} more laid out by it" if more > 0 else ""
        console.print(Text.assemble(("✓ ", "green"), f"commit {commit[:12]} on {plan.branch}{beside}"))
        base = (found.requests or {}).get(plan.branch)
        if base:
            told = f"  {base} changes by review only: open a pull request from {plan.branch} to {base}"
            console.print(Text(told, "yellow"))
