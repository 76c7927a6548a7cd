"""Lay out a state repository, or bring one up to date with its environments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from generator.errors import ConfigError, Fault, Reason, Stalled
from generator.values.differing import difference
from hub.actions.environments import EnvironmentSet, environments_of, given_environments
from hub.actions.laid_out_files import LaidOutFiles
from hub.adapters.git.opening import create_repository
from hub.adapters.git.push_rules import protect, pushed_to, rules_of
from hub.adapters.git.store import GitRepository
from reconcilers.approval.push_rules import BranchRule, PushRules, branch_rules
from reconcilers.plan import Plan
from reconcilers.ports.git import GitStore, Snapshot
from reconcilers.state.layout import Layout, plan_layout
from reconcilers.state.policies import must_be_laid_out


@dataclass(frozen=True, slots=True)
class InitRequest:
    """A state repository at `folder`, made when that is new or empty: bare but for `has_work_tree`.

    `remote`: where it is published. `environments`: a folder with those it is to have; None: its own, and the shipped
    ones where it has none.
    """

    folder: Path
    remote: str | None = None
    has_work_tree: bool = False
    environments: Path | None = None


@dataclass(frozen=True, slots=True)
class InitParts:
    """`open` opens a repository by its location; `environ` is handed to git."""

    files: LaidOutFiles
    open: Callable[[str], GitStore]
    environ: Mapping[str, str]
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A repository that is laid out: the plan of each branch and the commit it is in.

    `held`: which of `rules` are held where pushes arrive; None: a Git host's to say. `edits`: by branch, how files of
    environments that were there differ from before, as unified diffs.
    """

    repository: str
    layout: Layout
    branches: tuple[tuple[Plan, str], ...]
    rules: tuple[BranchRule, ...]
    held: PushRules | None
    edits: Mapping[str, str]


def init(asked: InitRequest, *, parts: InitParts) -> LaidOut:
    """Make the repository when the folder is new or empty, then commit what its branches lack. Touches no preview.

    Raises `ConfigError` before anything is made or written: for environments that are wrong, and (TargetNotEmpty) for a
    folder or a repository that is somebody else's. Raises what the store raises.
    """
    there = _standing(asked, parts)
    layout = parts.files.layout(_environments(asked, there))
    if there is not None:
        branches = there.snapshots()
        is_unused = not branches and (not isinstance(there, GitRepository) or there.is_unused())
        must_be_laid_out(branches, layout.branches(), there.location, is_unused=is_unused)
    store = _open_or_create(asked, parts)
    rules, held = branch_rules(layout.environments), _push_rules(asked.folder, layout, parts.environ)
    known = store.snapshots()
    plans = plan_layout(layout, store, known)
    edits = {plan.branch: _edits(plan, known[plan.branch]) for plan in plans if plan.branch in known}
    written = tuple((plan, store.commit(plan, at=parts.clock())) for plan in plans)
    return LaidOut(store.location, layout, written, rules, held, edits)


def _edits(plan: Plan, before: Snapshot) -> str:
    """How the files of environments change that are there already; the rest is made by the hub, and told by name."""
    own = [one for one in plan.changes if one.path.parts[0] == "environments"]
    found = before.read([one.path for one in own])
    return "".join(
        difference(str(one.path), found[one.path].decode(errors="replace"), (one.content or b"").decode())
        for one in own
        if one.path in found
    )


def _standing(asked: InitRequest, parts: InitParts) -> GitStore | None:
    """The repository that is there already: in the folder, or where it is to be published. None: there is none."""
    if not _is_there(asked.folder):
        return _remote(asked.remote, parts) if asked.remote is not None else None
    try:
        return parts.open(str(asked.folder))
    except Stalled as err:
        if err.reason is not Reason.NOT_A_STATE_REPOSITORY:
            raise
        fault = Fault(f"{asked.folder} is not empty, and is no Git repository", remedy="name a new or empty folder")
        raise ConfigError(Reason.TARGET_NOT_EMPTY, fault) from err


def _remote(remote: str, parts: InitParts) -> GitStore:
    try:
        return parts.open(remote)
    except Stalled as err:
        if err.reason is not Reason.NOT_A_STATE_REPOSITORY:
            raise
        remedy = "name one by its URL or path; 'git init --bare -b main PATH' makes an empty one"
        raise Stalled(err.reason, Fault(err.words, field="remote", remedy=remedy)) from err


def _environments(asked: InitRequest, standing: GitStore | None) -> EnvironmentSet:
    """Those named; else the repository's own, so that the shipped ones never replace them; else the shipped."""
    if asked.environments is None and standing is not None:
        own = environments_of(standing)
        if own.names:
            return own
    return given_environments(asked.environments)


def _open_or_create(asked: InitRequest, parts: InitParts) -> GitStore:
    if _is_there(asked.folder):
        return parts.open(str(asked.folder))
    create_repository(asked.folder, bare=not asked.has_work_tree, remote=asked.remote, environ=parts.environ)
    return parts.open(str(asked.folder))


def _push_rules(folder: Path, layout: Layout, environ: Mapping[str, str]) -> PushRules | None:
    """What the repository that is pushed to refuses, made so when it is the one in `folder`. None: a Git host knows."""
    where = pushed_to(folder, environ=environ)
    if where == folder:
        return protect(folder, layout.branches(), environ=environ)
    return rules_of(where, environ=environ) if where else None


def _is_there(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())
