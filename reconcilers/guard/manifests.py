"""Whether manifests are exactly what their entry renders to, and what differs when they are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from generator.errors import ConfigError, Location
from generator.objects.diff import ABSENT, FieldChange, ObjectChange, compare, indexed
from generator.objects.manifest import Manifest
from generator.render.render import Rendering
from generator.yaml.reader import Document, load_all
from reconcilers.guard.walk import Refusal

#: Differences told of one manifest; people look at the commit for the rest.
_SHOWN = 5
_SHOWN_CHARACTERS = 120
#: Of longer texts nobody is told what differs: reading YAML takes seconds a megabyte.
_READ_BYTES = 2**16


@dataclass(frozen=True, slots=True)
class ManifestChange:
    """The text of one `manifest.yaml` before (None: there was none) and after."""

    path: str
    before: bytes | None
    after: bytes


def manifest_refusals(
    change: ManifestChange, rendering: Rendering, commit: str, *, entry_changed: bool, hint: str
) -> Iterator[Refusal]:
    """At most one refusal: the text is not `rendering`'s. `hint` is added to what differs."""
    wanted = rendering.text.encode()
    if change.after == wanted:
        return
    if len(change.after) > max(_READ_BYTES, 4 * len(wanted)):
        message = f"is {len(change.after)} bytes long, and the entry renders to {len(wanted)}"
        yield Refusal("manifest-unreadable", Location(change.path), message, commit)
        return
    try:
        documents = _documents(change.after, change.path)
    except ConfigError as err:
        where = err.faults[0].where or Location(change.path)
        yield Refusal("manifest-unreadable", where, err.faults[0].message, commit)
        return
    if documents is None:
        yield Refusal("manifest-unreadable", Location(change.path), "holds what is no object", commit)
        return
    changes = compare(rendering.manifests, [manifest for manifest, _ in documents])
    if not changes:
        message = "holds the objects that the entry renders to, but written otherwise, or one of them twice"
        yield Refusal("manifest-form", Location(change.path), message + hint, commit)
        return
    rule = "manifest-stale" if change.before == change.after else "manifest-differs"
    rule = rule if entry_changed else "manifest-edited"
    shown = "; ".join(told(changes))
    yield Refusal(
        rule, _where(changes[0], documents, change.path), f"is not what the entry renders to: {shown}{hint}", commit
    )


def brings_more(change: ManifestChange, before: Rendering, after: Rendering) -> str:
    """The first difference of the texts that is not one of the two renderings too; empty when there is none."""
    try:
        old, new = (_documents(text or b"", change.path) for text in (change.before, change.after))
    except ConfigError:
        return "manifests that cannot be read"
    if old is None or new is None:
        return "what is no object"
    allowed = {key for one in compare(before.manifests, after.manifests) for key in _keys(one)}
    for one in compare([manifest for manifest, _ in old], [manifest for manifest, _ in new]):
        for key in _keys(one):
            if key not in allowed:
                return " ".join(part for part in (str(one.identity), key[2]) if part)
    return ""


def told(changes: tuple[ObjectChange, ...]) -> Iterator[str]:
    """The first differences from what is rendered, in words."""
    lines = [line for change in changes for line in _lines(change)]
    yield from lines[:_SHOWN]
    if len(lines) > _SHOWN:
        yield f"and {len(lines) - _SHOWN} more"


def _lines(change: ObjectChange) -> Iterator[str]:
    if change.kind == "added":
        yield f"{change.identity} is none of its objects"
    elif change.kind == "removed":
        yield f"{change.identity} is missing"
    for field in change.fields:
        yield f"{change.identity}: {field.field} is {_shown(field.after)}, renders to {_shown(field.before)}"


def _shown(value: object) -> str:
    text = "absent" if value is ABSENT else repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def _keys(change: ObjectChange) -> Iterator[tuple[str, str, str]]:
    fields: tuple[FieldChange | None, ...] = change.fields or (None,)
    for field in fields:
        yield change.kind, str(change.identity), field.field if field else ""


def _documents(text: bytes, path: str) -> list[tuple[Manifest, Document]] | None:
    """The objects with their documents; None when a document is no object."""
    documents = load_all(text, path)
    if not all(isinstance(document.data, Mapping) for document in documents):
        return None
    return [(Manifest(document.data, path), document) for document in documents]


def _where(change: ObjectChange, documents: list[tuple[Manifest, Document]], path: str) -> Location:
    for manifest, document in documents:
        if manifest.identity == change.identity:
            field = indexed(manifest.data, change.fields[0].path) if change.fields else ()
            return document.nearest_location(field) or Location(path)
    return Location(path)
