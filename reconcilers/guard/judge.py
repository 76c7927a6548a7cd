"""The guard: whether a change of a state repository's branch is one that the hub makes. Pure.

A change is a walk of commits from BASE to HEAD. It is judged by the policy that stands at BASE, one commit of the
branch at a time, so that a bad state in between is refused though the end is good. What is not understood is refused.

A preview whose time is not up is removed by a change of its own only: one such preview in the whole walk, in a commit
that does nothing else. That is what 'rtb-hub stop' makes, and what a reviewer of a pull request can judge at a glance.
Where nobody reviews, since the environment is not gated, the hub also joins requests: there the commit's message names
each preview that was stopped, so that none goes unsaid, and the cap bounds how many go. A preview whose time is made
shorter is gone a little later: those count towards the cap as well, and towards the environment's `expiry.maxRemovals`.
The expiry identity, whose pushes nobody reviews, never removes one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from generator.errors import Location
from generator.render.render import PreviewRenderer
from generator.values.naming import ENTRY_FILE, MANIFEST_FILE, previews_folder
from reconcilers.capacity.facts import Facts
from reconcilers.capacity.usage import Usage, share_of, total
from reconcilers.guard.entries import EntryGuard, PreviewChange
from reconcilers.guard.lines import date_refusals, merge_refusals
from reconcilers.guard.manifests import ManifestChange
from reconcilers.guard.paths import PreviewFile, path_refusals, preview_file, queue_of
from reconcilers.guard.queue import queue_refusals
from reconcilers.guard.removals import Removals, Removed, facts_in
from reconcilers.guard.walk import FILE_MODE, Objects, Policy, Refusal, Step, TreeFile, Walk, Who
from reconcilers.lifecycle.batch import MOST_STOPS
from reconcilers.lifecycle.start import Check

#: Previews that are removed or end earlier in one walk, unless asked for otherwise.
CAP = MOST_STOPS
_FILES = (ENTRY_FILE, MANIFEST_FILE)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came out: why the change is refused (nothing: it is allowed), and what it does, in numbers."""

    refusals: tuple[Refusal, ...]
    commits: int = 0
    changed: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Guard:
    """Judges walks on the branch of the environments in `policies`, which maps their names to policy at BASE."""

    policies: Mapping[str, Policy]
    objects: Objects
    check: Check
    version: str
    now: datetime
    who: Who = "any"
    cap: int = CAP

    def judge(self, walk: Walk) -> Judgement:
        """Every reason why the walk is refused, in the order of its commits."""
        if refusal := _history(walk):
            return Judgement((refusal,))
        pass_ = _Pass(self, walk)
        refusals = list(pass_.run())
        changed = frozenset(pass_.changed)
        return Judgement(tuple(refusals), len(walk.steps), changed, frozenset(pass_.removals.all))


class _Pass:
    """One walk. `files` is the tree of all previews as it is before the step that is being judged."""

    def __init__(self, guard: Guard, walk: Walk) -> None:
        self.guard, self.walk = guard, walk
        self.removals = Removals()
        self.changed: set[str] = set()
        self.guards = {
            name: EntryGuard(policy, PreviewRenderer(policy.library), guard.check, guard.version, guard.now)
            for name, policy in guard.policies.items()
        }
        base = walk.base or ""
        self.files: dict[str, TreeFile] = {}
        for name in guard.policies:
            self.files |= guard.objects.tree(base, previews_folder(name)) if walk.steps else {}
        self.with_queue = {name for name, one in guard.policies.items() if not one.environment.spec.gated}
        self._facts: dict[str, Facts | None] = {}

    def run(self) -> Iterator[Refusal]:
        yield from date_refusals(self.walk.dates, self.guard.now)
        if any(policy.environment.spec.gated for policy in self.guard.policies.values()):
            yield from merge_refusals(self.walk.merges)
        for step in self.walk.steps:
            yield from path_refusals(step, self.guard.policies, self.with_queue)
            yield from self._queue(step)
            yield from self._step(step)
        yield from self.removals.refusals(self.guard.policies, who=self.guard.who, cap=self.guard.cap)

    def _queue(self, step: Step) -> Iterator[Refusal]:
        """What changes in lines. Only what is not reviewed has one, and who ends leases has no part in it."""
        for delta in step.deltas:
            environment = queue_of(delta.path, self.with_queue)
            if environment is None:
                continue
            if self.guard.who == "expiry":
                told = "the change does more than to begin leases and remove what is due"
                yield Refusal("expiry-overreach", Location(delta.path), told, step.commit)
            elif delta.after is not None and delta.after.mode == FILE_MODE:
                text = self.guard.objects.blobs([delta.after.id])[delta.after.id]
                yield from queue_refusals(delta, text, environment, step.commit, now=self.guard.now)

    def _step(self, step: Step) -> Iterator[Refusal]:
        before, after = self.files, dict(self.files)
        for delta in step.deltas:
            if delta.after is None:
                after.pop(delta.path, None)
            else:
                after[delta.path] = delta.after
        found = {delta.path: preview_file(delta.path, self.guard.policies) for delta in step.deltas}
        touched = {str(file.folder): file for file in found.values() if file}
        is_alone = len(touched) == 1 and all(found.values())
        if self.guard.who == "expiry" and step.is_merge:
            yield Refusal("expiry-overreach", Location(""), "a merge is not the expiry identity's to make", step.commit)
        for folder, file in sorted(touched.items()):
            yield from self._preview(
                step, file, (_pair(before, folder), _pair(after, folder)), after, is_alone=is_alone
            )
        self.files = after

    def _preview(
        self,
        step: Step,
        file: PreviewFile,
        pairs: tuple[_Pair, _Pair],
        tree: Mapping[str, TreeFile],
        *,
        is_alone: bool,
    ) -> Iterator[Refusal]:
        (old_entry, old_manifest), (entry, manifest) = pairs
        folder = str(file.folder)
        if entry is None and manifest is None:
            is_gated = self.guard.policies[file.environment].environment.spec.gated
            is_said = not is_gated and f"{file.environment}/{file.folder.name}" in step.stopped
            self._removed(step, folder, old_entry, is_alone=is_alone, is_said=is_said)
            return
        self.changed.add(folder)
        if entry is None or manifest is None:
            rule, name = ("entry-missing", ENTRY_FILE) if entry is None else ("manifest-missing", MANIFEST_FILE)
            yield Refusal(
                rule, Location(f"{folder}/{name}"), "is not beside the other file of the preview", step.commit
            )
            return
        if {entry.mode, manifest.mode} != {FILE_MODE}:
            return  # told already
        texts = self.guard.objects.blobs(one.id for one in (old_entry, old_manifest, entry, manifest) if one)
        for one, name in ((entry, ENTRY_FILE), (manifest, MANIFEST_FILE)):
            if texts[one.id] is None:
                yield Refusal(
                    "file-unreadable", Location(f"{folder}/{name}"), "is no file of at most 1 MiB", step.commit
                )
                return
        change = PreviewChange(
            commit=step.commit,
            folder=file.folder,
            before=texts[old_entry.id] if old_entry else None,
            after=texts[entry.id] or b"",
            manifest=ManifestChange(
                f"{folder}/{MANIFEST_FILE}",
                texts[old_manifest.id] if old_manifest else None,
                texts[manifest.id] or b"",
            ),
            others=self._others(file, tree),
            versions=lambda: self.guard.objects.versions(step.before, f"{folder}/{ENTRY_FILE}"),
        )
        ends = (change.before, change.after)
        self.removals.change(folder, file.environment, step.commit, ends, self.guard.now)
        judged = self.guards[file.environment]
        yield from judged.refusals(change)
        if self.guard.who == "expiry":
            yield from judged.overreach(change)

    def _others(self, file: PreviewFile, tree: Mapping[str, TreeFile]) -> Usage:
        """What all other entries of the environment take, those that cannot be read among them."""
        own, below = f"{file.folder}/{ENTRY_FILE}", f"{previews_folder(file.environment)}/"
        ids = [
            one.id
            for path, one in tree.items()
            if path.startswith(below) and path.endswith(f"/{ENTRY_FILE}") and path != own
        ]
        new = [one for one in ids if one not in self._facts]
        for one, text in self.guard.objects.blobs(new).items() if new else ():
            self._facts[one] = facts_in(text)
        return total(share_of([self._facts[one]]) for one in ids)

    def _removed(self, step: Step, folder: str, entry: TreeFile | None, *, is_alone: bool, is_said: bool) -> None:
        self.removals.all.setdefault(folder, step.commit)
        if entry is not None:
            one = Removed(folder, step.commit, is_alone, is_said)
            self.removals.remove(one, self.guard.objects.blobs([entry.id])[entry.id], now=self.guard.now)


_Pair = tuple[TreeFile | None, TreeFile | None]


def _history(walk: Walk) -> Refusal | None:
    nowhere = Location("")
    if walk.base is None:
        return Refusal("base-unknown", nowhere, "BASE is not in this repository", walk.head)
    if not walk.base.strip("0"):
        return Refusal("no-base", nowhere, "the branch was made anew", walk.head)
    if not walk.is_ancestor:
        message = f"{walk.head[:12]} does not follow from {walk.base[:12]}: the branch was rewritten"
        return Refusal("history-rewritten", nowhere, message, walk.head)
    return None


def _pair(tree: Mapping[str, TreeFile], folder: str) -> _Pair:
    entry, manifest = (tree.get(f"{folder}/{name}") for name in _FILES)
    return entry, manifest
