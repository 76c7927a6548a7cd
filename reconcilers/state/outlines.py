"""The outlines of many entries, read together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconcilers.ports.git import EntryCache
from reconcilers.state.entries import EntryRecord
from reconcilers.state.outline import Outline, outline_from, outline_of

#: Outlines asked for at once: so many texts are in memory beside what is made of them.
_AT_ONCE = 2000


def outlined(records: Iterable[EntryRecord]) -> Iterator[tuple[EntryRecord, Outline]]:
    """The records that can be read, in their order, each with its outline. Raises what reading an entry raises."""
    some: list[EntryRecord] = []
    for record in records:
        some.append(record)
        if len(some) == _AT_ONCE:
            yield from _outlined(some)
            some = []
    yield from _outlined(some)


def _outlined(records: Sequence[EntryRecord]) -> Iterator[tuple[EntryRecord, Outline]]:
    asked: dict[int, tuple[EntryCache, list[str]]] = {}
    for cache, content_id in (record.kept_as for record in records if record.kept_as):
        asked.setdefault(id(cache), (cache, []))[1].append(content_id)
    texts = {name: text for cache, names in asked.values() for name, text in cache.outlines(names).items()}
    for record in records:
        text = texts.get(record.kept_as[1]) if record.kept_as else None
        outline = _kept(text) if text is not None else None
        if outline is None:
            preview = record.built()
            outline = outline_of(preview) if preview is not None else None
        if outline is not None:
            yield record, outline


def _kept(text: str) -> Outline | None:
    try:
        return outline_from(text)
    except ValueError:
        return None  # kept by something else: the entry itself tells
