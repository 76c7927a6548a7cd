"""Lay out a state repository, or bring one up to date with its environments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.actions.environments import EnvironmentSet, environments_of, given_environments
from hub.actions.laid_out_files import LaidOutFiles
from hub.adapters.git.push_rules import protect, pushed_to, rules_of
from hub.adapters.git.store import create_repository
from reconcilers.approval.push_rules import BranchRule, PushRules, branch_rules
from reconcilers.plan import Plan
from reconcilers.ports.git import GitStore
from reconcilers.state.layout import Layout, plan_layout


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

    `held`: which of `rules` are held where pushes arrive; None: a Git host's to say.
    """

    repository: str
    layout: Layout
    branches: tuple[tuple[Plan, str], ...]
    rules: tuple[BranchRule, ...]
    held: PushRules | None


def init(asked: InitRequest, *, parts: InitParts) -> LaidOut:
    """Make the repository when the folder is new or empty, then commit what its branches lack. Touches no preview.

    Raises `ConfigError` for environments that are wrong, before anything is made, and what the store raises.
    """
    layout = parts.files.layout(_environments(asked, parts))
    store = _open_or_create(asked, parts)
    rules, held = branch_rules(layout.environments), _push_rules(asked.folder, layout, parts.environ)
    branches = tuple((plan, store.commit(plan, at=parts.clock())) for plan in plan_layout(layout, store))
    return LaidOut(store.location, layout, branches, rules, held)


def _environments(asked: InitRequest, parts: InitParts) -> EnvironmentSet:
    """Those named; else the repository's own, so that the shipped ones never replace them; else the shipped."""
    standing = str(asked.folder) if _is_there(asked.folder) else asked.remote
    if asked.environments is None and standing is not None:
        own = environments_of(parts.open(standing))
        if own.names:
            return own
    return given_environments(asked.environments)


def _open_or_create(asked: InitRequest, parts: InitParts) -> GitStore:
    if _is_there(asked.folder):
        store = parts.open(str(asked.folder))
        store.snapshots()  # raises when the folder is something else
        return store
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
