"""`rtb-hub env set`, `env add` and `env remove`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.errors import ConfigError, Fault, Reason
from hub.actions.env_edit import Edited, EditParts, EnvEdit, edit_folder, edit_repository
from hub.actions.env_requests import Opened, ask_for_reviews
from hub.approval.opening import lacking_keys
from hub.output.console import Format, emit, printable
from hub.views.differing import tell_diff
from hub.wiring import hub

if TYPE_CHECKING:
    from rich.console import Console


def run(asked: EnvEdit, *, dry_run: bool, repo: str | None, environments: Path | None, output: Format) -> None:
    """Edit the file where it stands, a folder before a repository, and tell the difference.

    Raises `ConfigError` (NoStateRepository, InvalidValue, InvalidEnvironment) before anything is written; and after all
    was told, what kept a forge from being asked for a review.
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
        parts = EditParts(ours.laid_out_files, ours.history_of(store), ours.clock)
        found = edit_repository(asked, store, parts=parts, is_dry=dry_run)
    asked_for = ask_for_reviews(
        found,
        asked.requested_by,
        forge=lambda environment: ours.forge(environment, repo),
        lacking=lambda environment: (
            lacking_keys(environment.spec.forge, ours.settings) if environment.spec.forge else None
        ),
    )
    emit(_data(asked.name, found, asked_for), output, lambda console: _tell(console, found, asked_for))
    for one in asked_for.values():
        if one.error is not None:
            raise one.error


def _data(name: str, found: Edited, asked_for: Mapping[str, Opened]) -> dict[str, Any]:
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
                "requestFor": found.reviews[plan.branch].spec.branch if plan.branch in found.reviews else None,
                "requestUrl": asked_for[plan.branch].url if plan.branch in asked_for else None,
                "written": [str(change.path) for change in plan.changes],
            }
            for plan, commit in found.written
        ],
    }


def _tell(console: Console, found: Edited, asked_for: Mapping[str, Opened]) -> None:
    from rich.text import Text

    tell_diff(console, found.diff)
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
        if plan.branch in asked_for:
            _tell_review(console, plan.branch, found.reviews[plan.branch].spec.branch, asked_for[plan.branch])


def _tell_review(console: Console, branch: str, base: str, opened: Opened) -> None:
    from rich.text import Text

    if opened.url is not None:
        console.print(f"  {base} changes by review only; review it at {printable(opened.url)}")
        return
    console.print(Text(f"  {base} changes by review only: open a pull request from {branch} to {base}", "yellow"))
    if opened.lacking is not None:
        console.print(Text(f"  to have it opened: {opened.lacking}", "dim"))
