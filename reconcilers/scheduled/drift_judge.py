"""Judging one preview: its entry rendered by today's templates and held to today's policy, next to what is in Git."""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from generator.errors import ConfigError, Fault, Reason, Stalled
from generator.model.entry import Preview
from generator.model.environment import Environment
from generator.objects.diff import ObjectChange, compare
from generator.objects.manifest import manifests_in
from generator.render.render import PreviewRenderer, Rendering
from generator.render.request import check_compute, check_policy
from generator.values.naming import MANIFEST_FILE
from reconcilers.lifecycle.start import Check, entry_text
from reconcilers.plan import FileChange
from reconcilers.state.entries import EntryRecord

Cause = Literal["manifest-missing", "manifest-edited", "entry-edited", "stamp-missing", "template", "policy"]
#: In words, most pressing first: what was done by hand is little, and is put right before a roll-out goes on.
CAUSES: dict[Cause, str] = {
    "manifest-missing": f"{MANIFEST_FILE} is missing",
    "manifest-edited": f"{MANIFEST_FILE} was edited by hand",
    "entry-edited": "the entry was edited by hand",
    "stamp-missing": "the entry does not say what it was rendered from",
    "template": "templates, environment or release changed",
    "policy": "today's policy refuses it",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A preview (`<environment>/<name>`) that is not as it would be rendered, why, and what would change.

    `changes` of objects is None when the manifest in Git cannot be read as objects. `refusals` are those of policy.
    """

    preview: str
    path: PurePosixPath
    causes: tuple[Cause, ...]
    changes: tuple[ObjectChange, ...] | None
    refusals: tuple[Fault, ...] = ()

    @property
    def why(self) -> str:
        """The causes in words."""
        told = ", ".join(CAUSES[cause] for cause in self.causes)
        return f"{told}: {'; '.join(map(str, self.refusals))}" if self.refusals else told


@dataclass(frozen=True, slots=True)
class Judged:
    """What rendering an entry gave, by which basis: a difference and the files that end it, or that there is none."""

    basis: str
    difference: Difference | None = None
    files: tuple[FileChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Judge:
    """What previews are held to: templates, policy (`check` raises `ConfigError`), and the release that stamps them."""

    renderer: PreviewRenderer
    check: Check
    version: str

    def bases(self, environment: Environment) -> frozenset[str]:
        """The digests that previews of an environment can be rendered from today. A broken blueprint has none."""
        found = set()
        for blueprint in self.renderer.library.blueprint_names():
            try:
                found.add(self.renderer.basis(blueprint, environment, self.version))
            except ConfigError:
                continue  # told of each preview that has it, when that is rendered
        return frozenset(found)

    def judge(
        self, record: EntryRecord, environment: Environment, *, causes: tuple[Cause, ...], text: bytes | None
    ) -> Judged:
        """Render an entry that may differ for `causes`, and compare with the `text` of its manifest (None: missing).

        Raises `ConfigError` when it cannot be rendered, and `Stalled` (LayoutVersion) when a newer release rendered it.
        """
        preview = copy(record).preview  # a record keeps what it loads; of thousands, one is needed at a time
        if preview is None:
            raise ConfigError(Reason.UNREADABLE_ENTRY, record.faults)
        rendering = self.renderer.render(preview, environment)
        basis = self.renderer.basis(preview.spec.blueprint, environment, self.version)
        content = rendering.text.encode()
        # Another release or template that gives the same is no reason to touch thousands of entries.
        left = tuple(cause for cause in causes if cause != "template" or content != text)
        refusals = self._refusals(rendering, preview, environment)
        if not left and not refusals:
            return Judged(basis)
        name, changes = f"{environment.name}/{record.name}", _changes(text, rendering, record)
        if refusals:
            return Judged(basis, Difference(name, record.path, (*left, "policy"), changes, refusals))
        self._must_not_be_older(preview)
        difference = Difference(name, record.path, left, changes)
        stamped = self.renderer.stamped(preview, rendering, environment, self.version)
        why = f"correct {preview.spec.issue} in {environment.name}: {difference.why}"
        files = []
        if content != text:
            files.append(FileChange(record.path.parent / MANIFEST_FILE, content, why))
        if stamped != preview:
            files.append(FileChange(record.path, entry_text(stamped).encode(), why))
        return Judged(basis, difference, tuple(files))

    def _must_not_be_older(self, preview: Preview) -> None:
        """Two releases at work at once must not undo each other's manifests for ever: the newer one decides."""
        by = preview.spec.rendered.generator if preview.spec.rendered else ""
        if _release(by) > _release(self.version) > ():
            remedy = "run the newer release everywhere; nothing was changed"
            raise Stalled(Reason.LAYOUT_VERSION, f"was rendered by rtb-hub {by}; this is {self.version}", remedy=remedy)

    def _refusals(self, rendering: Rendering, preview: Preview, environment: Environment) -> tuple[Fault, ...]:
        """What today's policy has against an entry and its manifests."""
        spec = preview.spec
        try:
            check_policy(spec.components, spec.compute, environment)
            check_compute(spec.compute, environment, self.renderer.library.blueprint(spec.blueprint))
            self.check(rendering, preview, environment)
        except ConfigError as err:
            return err.faults
        return ()


def _release(version: str) -> tuple[int, ...]:
    """The numbers of a release, to compare; none for what is no release."""
    found = re.match(r"[0-9]+(\.[0-9]+)*", version)
    return tuple(int(number) for number in found[0].split(".")) if found else ()


def _changes(text: bytes | None, rendering: Rendering, record: EntryRecord) -> tuple[ObjectChange, ...] | None:
    try:
        before = manifests_in(text or b"", str(record.path.parent / MANIFEST_FILE))
    except ConfigError:
        return None
    return compare(before, rendering.manifests)
