"""Laying out a state repository: the files each branch must have, as one plan a branch. Never touches previews."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from generator.model.environment import Environment
from generator.model.overlay import BASE
from generator.values.naming import previews_folder
from generator.yaml.writer import dump
from reconcilers.plan import FileChange, Plan
from reconcilers.ports.git import GitStore, Snapshot
from reconcilers.state.environment import LAYOUT, LAYOUT_FILE


@dataclass(frozen=True, slots=True)
class Layout:
    """What to lay out: environments by name, their files (`environments/…`), and files every branch has.

    `own_files` maps an environment to files that only its own branch has: its Argo CD objects, its platform folder.
    `branch_files` maps a branch to files that are its own: who reviews it, and what checks it. `base_files` maps a
    branch to its own files of `base`, in place of those in `environment_files`.
    """

    environments: Mapping[str, Environment]
    environment_files: Mapping[str, str]
    shared_files: Mapping[str, str]
    own_files: Mapping[str, Mapping[str, str]]
    branch_files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    base_files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def branches(self) -> dict[str, list[str]]:
        """Branch → names of the environments that live on it, the branch of ungated ones first."""
        ordered = sorted(self.environments.values(), key=lambda e: (e.spec.gated, e.spec.branch, e.name))
        branches: dict[str, list[str]] = {}
        for environment in ordered:
            branches.setdefault(environment.spec.branch, []).append(environment.name)
        return branches

    def files(self, names: list[str]) -> dict[PurePosixPath, bytes]:
        """The files of a branch with the environments `names`."""
        tree = {"apiVersion": "state.rtb-ai-hub/v1", "kind": "StateRepository", "spec": {"layout": LAYOUT}}
        files = {LAYOUT_FILE: dump(tree).encode()}
        files |= {PurePosixPath(path): text.encode() for path, text in self.shared_files.items()}
        branch = self.environments[names[0]].spec.branch
        own = (*(self.own_files[name] for name in names), self.branch_files.get(branch, {}))
        files |= {PurePosixPath(path): text.encode() for one in own for path, text in one.items()}
        base = self.base_files.get(branch)
        homes = (*names,) if base is not None else (BASE, *names)
        files |= {PurePosixPath(path): text.encode() for path, text in (base or {}).items()}
        for path, text in self.environment_files.items():
            home = PurePosixPath(path).parts[1]
            if home in homes and not PurePosixPath(path).is_relative_to(previews_folder(home)):
                files[PurePosixPath(path)] = text.encode()
        return files


def plan_layout(layout: Layout, store: GitStore, snapshots: Mapping[str, Snapshot] | None = None) -> tuple[Plan, ...]:
    """One plan a branch, those with nothing to do included. Files that are no longer wanted stay.

    `snapshots`: what a layout was made of that is of the repository's own files, so that nothing newer is overwritten.
    """
    if snapshots is None:
        snapshots = store.snapshots()
    return tuple(
        _plan(branch, names, layout.files(names), snapshots.get(branch)) for branch, names in layout.branches().items()
    )


def _plan(branch: str, names: list[str], wanted: Mapping[PurePosixPath, bytes], found: Snapshot | None) -> Plan:
    head = found.commit if found else None
    observed = found.read(wanted) if found else {}
    what = ", ".join(names)
    return Plan(
        branch=branch,
        base=head,
        expected=head,
        subject=f"Lay out {what}" if head is None else f"Update the layout of {what}",
        changes=tuple(
            FileChange(path, content, "new" if path not in observed else "differs")
            for path, content in sorted(wanted.items())
            if observed.get(path) != content
        ),
        trailers=(("Action", "init"),),
    )
