"""What a request would change, compared with what its environment's branch holds by now. Reads Git only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from generator.errors import HubError
from generator.values.naming import IssueKey, preview_folder, previews_folder
from hub.adapters.git.history import GitHistory
from reconcilers.approval.observer import Examined
from reconcilers.guard.judge import Guard
from reconcilers.guard.walk import FileDelta, Policy, Walk
from reconcilers.lifecycle.start import Check
from reconcilers.ports.git import Snapshot
from reconcilers.state.environment import REQUEST_PREFIX, EnvironmentState


@dataclass(frozen=True)
class Examiner:
    """Examines request branches by guard's rules, and by what they may change at all.

    `version` is the generator's, and `clock` gives aware times.
    """

    history: GitHistory
    check: Check
    version: str
    clock: Callable[[], datetime]

    def examine(self, state: EnvironmentState, snapshot: Snapshot) -> Examined:
        """A request as it would be merged into the environment's branch as it is now."""
        walk = self.history.proposal(state.snapshot.commit, snapshot.commit)
        deltas = tuple(delta for step in walk.steps for delta in step.deltas)
        below = previews_folder(state.environment.name)
        there = self.history.tree(state.snapshot.commit, below)
        present = [there.get(delta.path) for delta in deltas]
        base = state.environment.spec.branch
        if walk.base and all(now == delta.after for now, delta in zip(present, deltas, strict=True)):
            return Examined(obsolete=f"{base} holds all it asks for by now")
        # Git would merge two changes of one file by their lines, into what nobody looked at.
        moved = [delta for now, delta in zip(present, deltas, strict=True) if now not in (delta.before, delta.after)]
        inside = [delta for delta in moved if PurePosixPath(delta.path).is_relative_to(below)]
        obsolete = f"{base} changed {inside[0].path} since this was asked for" if inside else ""
        return Examined((*_strays(state, snapshot, deltas), *self._refused(state, walk)), obsolete)

    def _refused(self, state: EnvironmentState, walk: Walk) -> Iterator[str]:
        """What guard says."""
        policies = {state.environment.name: Policy(state.environment, state.library)}
        guard = Guard(policies, self.history, self.check, self.version, self.clock())
        for one in guard.judge(walk).refusals:
            yield f"{one.where.file or 'the change'}: {one.message} [{one.rule}]"


def _strays(state: EnvironmentState, snapshot: Snapshot, deltas: tuple[FileDelta, ...]) -> Iterator[str]:
    """A request changes the preview that its branch is named after and no other: who asked is known of that one."""
    environment, branch = state.environment.name, snapshot.branch
    try:
        key = IssueKey.parse(branch.removeprefix(f"{REQUEST_PREFIX}{environment}/").upper())
    except HubError:
        yield f"{branch} is not named after an issue"
        return
    own = preview_folder(environment, key)
    for path in (PurePosixPath(delta.path) for delta in deltas):
        if not path.is_relative_to(own):
            yield f"{path}: {branch} is there to change {key} only"
            return
