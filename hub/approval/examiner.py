"""What a request would change, compared with what its environment's branch holds by now. Reads Git only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from generator.values.naming import ENTRY_FILE, MANIFEST_FILE, IssueKey, preview_folder, previews_folder
from hub.adapters.git.history import GitHistory
from reconcilers.approval.observer import Examined
from reconcilers.approval.text import told
from reconcilers.guard.judge import Guard
from reconcilers.guard.lines import merge_refusals
from reconcilers.guard.walk import FileDelta, Policy, Proposal, Walk
from reconcilers.lifecycle.start import Check
from reconcilers.ports.git import Snapshot
from reconcilers.state.environment import REQUEST_PREFIX, EnvironmentState, issue_of


@dataclass(frozen=True, slots=True)
class Given:
    """What merging a request makes of its preview: the texts of its files (None: it is not there afterwards).

    `faults` are what it does beside, for which it is never merged. Of one that cannot be merged the texts are its own.
    """

    entry: bytes | None
    manifest: bytes | None
    faults: tuple[str, ...] = ()


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
        """What merging a request into the environment's branch as it is now would give.

        One that changes more than its own preview is not judged further: thousands of files would cost minutes.
        """
        proposal = self.history.proposal(state.snapshot.commit, snapshot.commit)
        walk = proposal.walk
        deltas = tuple(delta for step in walk.steps for delta in step.deltas)
        obsolete = self._obsolete(state, proposal)
        strays = tuple(_strays(state, snapshot, deltas))
        merges = (one.message for one in merge_refusals(walk.merges))
        return Examined(told((*merges, *strays) if strays else tuple(self._refused(state, walk))), obsolete)

    def _obsolete(self, state: EnvironmentState, proposal: Proposal) -> str:
        """Why nobody can want it any more; nothing is said of one that does not show what it changes."""
        below, base = previews_folder(state.environment.name), state.environment.spec.branch
        if not all(one.is_plain for one in proposal.walk.merges):
            return ""
        if proposal.tree and not any(step.deltas for step in proposal.walk.steps):
            return f"{base} holds all it asks for by now"
        # Git would merge two changes of one file by their lines, into what nobody looked at.
        there = self.history.tree(state.snapshot.commit, below)
        for delta in proposal.asked:
            if there.get(delta.path) not in (delta.before, delta.after) and PurePosixPath(delta.path).is_relative_to(
                below
            ):
                return f"{base} changed {delta.path} since this was asked for"
        return ""

    def preview(self, state: EnvironmentState, snapshot: Snapshot, key: IssueKey) -> Given:
        """What merging a request into the environment's branch as it is now makes of its preview."""
        proposal = self.history.proposal(state.snapshot.commit, snapshot.commit)
        folder = preview_folder(state.environment.name, key)
        found = self.history.tree(proposal.tree or snapshot.commit, folder)
        files = [found.get(str(folder / name)) for name in (ENTRY_FILE, MANIFEST_FILE)]
        texts = self.history.blobs(one.id for one in files if one)
        entry, manifest = ((texts[one.id] or b"") if one else None for one in files)
        deltas = (delta for step in proposal.walk.steps for delta in step.deltas)
        merges = (one.message for one in merge_refusals(proposal.walk.merges))
        return Given(entry, manifest, (*merges, *_strays(state, snapshot, deltas)))

    def _refused(self, state: EnvironmentState, walk: Walk) -> Iterator[str]:
        """What guard says."""
        policies = {state.environment.name: Policy(state.environment, state.library)}
        guard = Guard(policies, self.history, self.check, self.version, self.clock())
        for one in guard.judge(walk).refusals:
            yield f"{one.where.file or 'the change'}: {one.message} [{one.rule}]"


def _strays(state: EnvironmentState, snapshot: Snapshot, deltas: Iterable[FileDelta]) -> Iterator[str]:
    """A request changes the preview that its branch is named after and no other: who asked is known of that one."""
    environment, branch = state.environment.name, snapshot.branch
    key = issue_of(branch.removeprefix(f"{REQUEST_PREFIX}{environment}/"))
    if key is None:
        yield f"{branch} is not named after an issue, as {REQUEST_PREFIX}{environment}/rtb-123 is"
        return
    own = preview_folder(environment, key)
    for path in (PurePosixPath(delta.path) for delta in deltas):
        if not path.is_relative_to(own):
            yield f"{path}: {branch} is there to change {key} only"
            return
