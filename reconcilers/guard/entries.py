"""Whether an entry and the manifests beside it are what the hub would have written, by the policy at BASE."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from generator.errors import ConfigError, Fault, HubError, Location, Reason, Stalled
from generator.model.entry import Component, Preview
from generator.render.asked import Request
from generator.render.pods import pods_beyond
from generator.render.render import PreviewRenderer, Rendering
from generator.render.request import check_components, check_policy, compute_of
from generator.values.naming import ENTRY_FILE, preview_folder
from generator.yaml.reader import Document, load
from reconcilers.capacity.capacity import Room, keep_shard, need_of_entry, room_faults, shard_faults
from reconcilers.capacity.usage import Usage
from reconcilers.guard.leases import is_begun, is_stamp, lease_breaches
from reconcilers.guard.manifests import ManifestChange, brings_more, manifest_refusals
from reconcilers.guard.walk import Policy, Refusal
from reconcilers.lifecycle.start import Check, entry_text
from reconcilers.state.begun import Version, brought
from reconcilers.state.entries import misplaced, parse_entry

_BY_REASON = {
    Reason.IMAGE_NOT_PINNED: "image-not-pinned",
    Reason.INVALID_VALUE: "foreign-reference",
    Reason.OVER_LIMIT: "over-limit",
}


@dataclass(frozen=True, slots=True)
class PreviewChange:
    """One preview of a step that is there afterwards: texts before and after, None for what was not there.

    `others` is what all other entries take. `versions` are those of the entry before the step, newest first.
    """

    commit: str
    folder: PurePosixPath
    before: bytes | None
    after: bytes
    manifest: ManifestChange
    others: Usage
    versions: Callable[[], Iterable[Version]]

    @property
    def path(self) -> str:
        """The entry's path."""
        return str(self.folder / ENTRY_FILE)


@dataclass(frozen=True, slots=True)
class EntryGuard:
    """Judges previews of one environment. `version`: the release that renders, which must be the one that rendered."""

    policy: Policy
    renderer: PreviewRenderer
    check: Check
    version: str
    now: datetime

    def refusals(self, change: PreviewChange) -> Iterator[Refusal]:
        """Everything that is wrong with a preview as the step leaves it."""
        environment = self.policy.environment
        try:
            document = load(change.after, change.path)
            preview = parse_entry(change.after, change.path)
        except HubError as err:
            yield from (_refusal("entry-unreadable", change, fault) for fault in err.faults)
            return
        home = preview_folder(environment.name, preview.key) / ENTRY_FILE
        if faults := tuple(misplaced(preview, environment.name, PurePosixPath(change.path), home)):
            yield from (_refusal("misplaced-entry", change, fault) for fault in faults)
            return
        if _begins_or_lengthens(change, preview):
            # What runs stays as it was judged before, to the byte, whatever release rendered it.
            yield from self._entry(change, preview, document)
            return
        try:
            blueprint = self.policy.library.blueprint(preview.spec.blueprint)
            check_components(preview.spec.components, blueprint, environment)
        except ConfigError as err:
            yield from (_refusal("unknown-part", change, fault, document) for fault in err.faults)
            return
        if change.before != change.after:
            yield from self._entry(change, preview, document)
        yield from self._manifest(change, preview, document)

    def overreach(self, change: PreviewChange) -> Iterator[Refusal]:
        """What a change does beside beginning a lease."""
        before, after = _parsed(change.before, change.path), _parsed(change.after, change.path)
        if before is None or after is None or not is_stamp(before, after):
            message = "the change does more than to begin the lease of an entry that has none"
            yield _refusal("expiry-overreach", change, Fault(message))
            return
        if change.manifest.before == change.manifest.after and before.spec.rendered == after.spec.rendered:
            return
        try:
            # What this release would write for the entry without and with its lease differs by the lease alone.
            allowed = [self._rendered(preview) for preview in (before, after)]
        except HubError:
            return  # `refusals` tells it
        if more := brings_more(change.manifest, *allowed):
            message = f"beginning the lease does not change {more}"
            remedy = "stamp by the release that rendered it, or have it rendered anew by a reviewed request"
            yield Refusal("expiry-overreach", Location(change.manifest.path), message, change.commit, remedy)

    def _entry(self, change: PreviewChange, preview: Preview, document: Document) -> Iterator[Refusal]:
        environment, before = self.policy.environment, _parsed(change.before, change.path)
        if (line := _first_difference(change.after, entry_text(preview).encode())) is not None:
            where = Location(change.path, line)
            yield Refusal("entry-form", where, "is not written as the hub writes it from here on", change.commit)
        merged_at = _merged_at(change, before) if before and is_begun(before, preview) else None
        for rule, field, message in lease_breaches(before, preview, environment, now=self.now, merged_at=merged_at):
            yield _refusal(rule, change, Fault(message, field=f"lease.{field}"), document)
        if before is not None and before.spec.shard != preview.spec.shard:
            yield _refusal("shard-changed", change, Fault(f"was {before.spec.shard}", field="shard"), document)
        if before is None or _asked(before) != _asked(preview):
            yield from self._policy(change, preview, document)
            yield from self._room(change, before, preview, document)

    def _policy(self, change: PreviewChange, preview: Preview, document: Document) -> Iterator[Refusal]:
        environment, spec = self.policy.environment, preview.spec
        try:
            blueprint = self.policy.library.blueprint(spec.blueprint)
            compute_of(Request(compute=spec.compute), environment, blueprint)
        except ConfigError as err:
            yield from (_refusal("compute-not-allowed", change, fault, document) for fault in err.faults)
        try:
            check_policy(spec.components, spec.compute, environment)
        except ConfigError as err:
            rule = _BY_REASON[err.reason]
            yield from (_refusal(rule, change, fault, document) for fault in err.faults)

    def _room(
        self, change: PreviewChange, before: Preview | None, preview: Preview, document: Document
    ) -> Iterator[Refusal]:
        environment, spec, others = self.policy.environment, preview.spec, change.others
        try:
            need = need_of_entry(preview)
            if before is not None:
                keep_shard(need, before, Room(others), environment)
            elif found := (
                *room_faults(need, others, environment),
                *shard_faults(need, spec.shard, others, environment),
            ):
                raise Stalled(Reason.CAPACITY_EXHAUSTED, found)
        except (ConfigError, Stalled) as err:
            # The field of such a fault is the environment's, not the entry's.
            faults = (Fault(fault.message, field="components", remedy=fault.remedy) for fault in err.faults)
            yield from (_refusal("over-capacity", change, fault, document) for fault in faults)

    def _manifest(self, change: PreviewChange, preview: Preview, document: Document) -> Iterator[Refusal]:
        environment, stamp = self.policy.environment, preview.spec.rendered
        try:
            rendering = self._rendered(preview)
            self.check(rendering, preview, environment)
        except HubError as err:
            yield from (_refusal("not-renderable", change, fault) for fault in err.faults)
            return
        by = f"; rendered by release {stamp.generator}, checked by {self.version}" if stamp else ""
        hint = by if stamp and stamp.generator != self.version else ""
        is_new = change.before != change.after
        refusals = tuple(manifest_refusals(change.manifest, rendering, change.commit, entry_changed=is_new, hint=hint))
        yield from refusals
        stamped = self.renderer.stamped(preview, rendering, environment, self.version).spec.rendered
        if is_new and not refusals and stamp != stamped:
            wanted = ", ".join(str(one) for one in stamped.model_dump(exclude_none=True).values()) if stamped else ""
            message = f"does not say what rendered it: {wanted}"
            yield _refusal("rendered-stamp", change, Fault(message, field="rendered"), document)
        elif is_new and not refusals and stamp and stamp.pods != pods_beyond(preview, rendering.manifests):
            message = "are not those of the manifests, which price and quota count"
            yield _refusal("rendered-stamp", change, Fault(message, field="rendered.pods"), document)

    def _rendered(self, preview: Preview) -> Rendering:
        return self.renderer.render(preview, self.policy.environment)


def _merged_at(change: PreviewChange, before: Preview) -> datetime | None:
    found = brought(change.versions(), before.spec.lease)
    return found.at if found else None


def _begins_or_lengthens(change: PreviewChange, preview: Preview) -> bool:
    """Whether nothing but the lease of an entry changes, and its manifests stay the same bytes."""
    before = _parsed(change.before, change.path)
    if before is None or before == preview or change.manifest.before != change.manifest.after:
        return False
    spec = before.spec.model_copy(update={"lease": preview.spec.lease})
    return before.model_copy(update={"spec": spec}) == preview


def _asked(preview: Preview) -> tuple[str, str, dict[str, Component]]:
    """What policy and capacity judge. Tightened since, they must not keep a lease from beginning or being extended."""
    return preview.spec.blueprint, preview.spec.compute, preview.spec.components


def _parsed(text: bytes | None, path: str) -> Preview | None:
    if text is None:
        return None
    try:
        return parse_entry(text, path)
    except ConfigError:
        return None


def _first_difference(text: bytes, wanted: bytes) -> int | None:
    """The first line in which two texts differ; None when they are the same bytes."""
    if text == wanted:
        return None
    ours, theirs = text.split(b"\n"), wanted.split(b"\n")
    same = (n for n, (one, other) in enumerate(zip(ours, theirs, strict=False), 1) if one != other)
    return next(same, min(len(ours), len(theirs)))


def _refusal(rule: str, change: PreviewChange, fault: Fault, document: Document | None = None) -> Refusal:
    parts = tuple(part for part in fault.field.split(".") if part)
    where = fault.where or (document.nearest_location(("spec", *parts)) if document else None)
    message = ": ".join(part for part in (fault.field, fault.message) if part)
    message += f" (allowed: {fault.allowed})" if fault.allowed else ""
    return Refusal(rule, where or Location(change.path), message, change.commit, fault.remedy)
