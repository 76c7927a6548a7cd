"""Reading entries: each text is parsed once, kept by its content id, and built whole only when that is asked for.

A bad entry never hides the others: it comes back as a record with its faults, and is parsed anew each time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TypeVar

from pydantic import ValidationError

from generator.errors import ConfigError, Fault, Location, Reason, Transient, declared
from generator.model.entry import Preview
from generator.values.model_faults import faults_of
from generator.values.naming import ENTRY_FILE, preview_folder, previews_folder
from generator.yaml.reader import load
from reconcilers.capacity.facts import Facts, facts_from, facts_of, facts_text
from reconcilers.ports.git import EntryCache, Kept, Snapshot
from reconcilers.state.outline import outline_of, outline_text

C = TypeVar("C", str, str | None)
#: The hub writes no larger file.
MOST_BYTES = 2**20
#: Entries read and parsed at once: so many whole ones are in memory.
_AT_ONCE = 1000


class EntryRecord:
    """One `preview.yaml` in a snapshot: the entry, or why it cannot be read. Never changes.

    Of a kept entry only `facts` are at hand; `preview` costs the building of the whole. A state that is read again
    keeps the record of an entry that did not change: its `snapshot` is then an earlier one, and says nothing of other
    files.
    """

    __slots__ = ("_facts", "_load", "_path", "_preview", "faults", "file", "name", "snapshot")

    def __init__(
        self, path: PurePosixPath, snapshot: Snapshot, preview: Preview | None, faults: tuple[Fault, ...] = ()
    ) -> None:
        """An entry that was parsed (`preview`) or cannot be (`faults`)."""
        #: The file as a text, and the preview's name by its folder: of thousands, paths cost more than all else.
        self.file = str(path)
        self.name = preview_name(self.file)
        self._path: PurePosixPath | None = path
        self._preview = preview
        self._facts: Facts | None = None
        self._load: tuple[EntryCache, str] | None = None
        self.snapshot = snapshot
        self.faults = faults

    @classmethod
    def kept(cls, file: str, snapshot: Snapshot, facts: Facts, *, load: tuple[EntryCache, str]) -> EntryRecord:
        """An entry at `file` whose facts are known; the whole is in a cache under a content id (`load`)."""
        record = cls.__new__(cls)
        record.file, record.name, record._path, record._preview = file, preview_name(file), None, None
        record._facts, record._load = facts, load
        record.snapshot, record.faults = snapshot, ()
        return record

    @property
    def path(self) -> PurePosixPath:
        """The entry's file, relative to the root."""
        if self._path is None:
            self._path = PurePosixPath(self.file)
        return self._path

    @property
    def preview(self) -> Preview | None:
        """The entry; None when it cannot be read."""
        if self._load is not None:
            self._preview = self._loaded(*self._load)
            self._load = None
        return self._preview

    @property
    def kept_as(self) -> tuple[EntryCache, str] | None:
        """The cache that has more of the entry than `facts`, and its content id there; None when none has."""
        return self._load

    def built(self) -> Preview | None:
        """`preview`, without keeping it: thousands of whole entries are more than one looks at together."""
        return self._preview if self._load is None else self._loaded(*self._load)

    @property
    def facts(self) -> Facts | None:
        """The entry in short, without reading it anew; None when it cannot be read."""
        if self._facts is None and self._preview is not None:
            self._facts = facts_of(self._preview)
        return self._facts

    def _loaded(self, cache: EntryCache, content_id: str) -> Preview:
        text = cache.entry(content_id)
        if text is not None:
            try:
                return Preview.model_validate_json(text)
            except ValidationError:
                pass  # what was kept is no entry: the text in Git is
        return parse_entry(read_listed(self.snapshot, [self.path])[self.path], self.file)

    def __repr__(self) -> str:
        return f"EntryRecord({self.file!r}, {self.snapshot.commit[:12]})"


def preview_name(file: str) -> str:
    """The name of the preview (`rtb-123`) whose entry is this file."""
    return file.rsplit("/", 2)[-2]


class NothingKept:
    """The cache that keeps nothing."""

    def summaries(self, content_ids: Collection[str]) -> Mapping[str, str]:
        """None are known."""
        del content_ids
        return {}

    def entry(self, content_id: str) -> str | None:
        """None is known."""
        del content_id
        return None

    def outlines(self, content_ids: Collection[str]) -> Mapping[str, str]:
        """None are known."""
        del content_ids
        return {}

    def keep(self, found: Mapping[str, Kept]) -> bool:
        """Keep nothing."""
        del found
        return False


NOTHING_KEPT = NothingKept()


def entry_files(files: Mapping[str, C], environment: str) -> dict[str, C]:
    """The entries of an environment among `files` (path → content id, or None where it is gone)."""
    prefix, name = f"{previews_folder(environment)}/", f"/{ENTRY_FILE}"
    return {file: content for file, content in files.items() if file.endswith(name) and file.startswith(prefix)}


def read_entries(
    snapshot: Snapshot, environment: str, files: Mapping[str, str], cache: EntryCache
) -> tuple[EntryRecord, ...]:
    """The entries in `files` (path → content id), in that order. What is not in `cache` is read and parsed at once.

    Raises `Transient` when one that is listed is not read.
    """
    known = cache.summaries(files.values())
    records: dict[str, EntryRecord | None] = {}
    for file, content_id in files.items():
        facts = _facts(known.get(content_id), file)
        records[file] = EntryRecord.kept(file, snapshot, facts, load=(cache, content_id)) if facts else None
    fresh = [file for file, record in records.items() if record is None]
    for begin in range(0, len(fresh), _AT_ONCE):
        some = {file: files[file] for file in fresh[begin : begin + _AT_ONCE]}
        records |= _parsed(snapshot, environment, some, cache)
    return tuple(record for record in records.values() if record is not None)


def _parsed(
    snapshot: Snapshot, environment: str, files: Mapping[str, str], cache: EntryCache
) -> dict[str, EntryRecord]:
    """Read and parse, and keep what can be kept; of that, only the facts stay in memory."""
    paths = [PurePosixPath(file) for file in files]
    texts = read_listed(snapshot, paths)
    records = {str(path): entry_record(path, texts[path], snapshot, environment) for path in paths}
    found = {
        files[file]: Kept(
            summary=f"{file}\n{facts_text(facts)}",
            outline=outline_text(outline_of(preview)),
            entry=preview.model_dump_json(by_alias=True, exclude_unset=True),
        )
        for file, record in records.items()
        if (preview := record.preview) is not None and (facts := record.facts) is not None
    }
    if found and cache.keep(found):
        for file, record in records.items():
            if record.facts is not None:
                records[file] = EntryRecord.kept(file, snapshot, record.facts, load=(cache, files[file]))
    return records


def _facts(summary: str | None, file: str) -> Facts | None:
    """The facts in a summary, if it is of an entry that belongs at `file`: a misplaced one is told with its place."""
    if summary is None:
        return None
    home, _, text = summary.partition("\n")
    if home != file:
        return None
    try:
        return facts_from(text)
    except ValueError:
        return None  # kept by something else: parse it


def read_listed(snapshot: Snapshot, paths: Sequence[PurePosixPath]) -> Mapping[PurePosixPath, bytes]:
    """The contents of files that the snapshot lists. Raises `Transient` when one does not come: the read is partial."""
    texts = snapshot.read(paths) if paths else {}
    must_have_read(snapshot, paths, texts)
    return texts


def must_have_read(snapshot: Snapshot, paths: Sequence[PurePosixPath], texts: Mapping[PurePosixPath, bytes]) -> None:
    """Raise `Transient` when one of the files that the snapshot lists is not among the `texts`."""
    missing = next((path for path in paths if path not in texts), None)
    if missing is not None:
        message = f"{missing} is listed on {snapshot.branch} at {snapshot.commit[:12]}, but was not read"
        remedy = "try again; if it stays so, run 'git fsck' there"
        raise Transient(Reason.REPOSITORY_UNREACHABLE, message, remedy=remedy)


def must_be_small(text: bytes | str, source: str) -> None:
    """Raise `ConfigError` (UnreadableEntry) for a file that is larger than the hub writes any."""
    if len(text) > MOST_BYTES:
        raise ConfigError(Reason.UNREADABLE_ENTRY, Fault("is larger than 1 MiB", Location(source)))


def parse_entry(text: bytes | str, source: str) -> Preview:
    """The entry in `text`. Raises `ConfigError` (UnreadableEntry) with every fault, its line and column."""
    try:
        must_be_small(text, source)
        document = load(text, source)
        return Preview.model_validate(document.data)
    except ValidationError as err:
        raise ConfigError(Reason.UNREADABLE_ENTRY, faults_of(err, Preview, document.nearest_location)) from err
    except ConfigError as err:
        raise ConfigError(Reason.UNREADABLE_ENTRY, err.faults) from err


def entry_record(path: PurePosixPath, text: bytes, snapshot: Snapshot, environment: str) -> EntryRecord:
    """What `text` at `path` says, or why it is not an entry of its folder."""
    try:
        preview = parse_entry(text, str(path))
        home = preview_folder(environment, preview.key) / ENTRY_FILE
        faults = tuple(misplaced(preview, environment, path, home))
        record = EntryRecord(path, snapshot, None if faults else preview, faults)
        _ = record.facts  # an entry that cannot be counted is skipped here, not where it is counted
    except Exception as err:  # noqa: BLE001 - the border of an entry
        return EntryRecord(path, snapshot, None, declared(f"{path} cannot be read", err).faults)
    return record


def misplaced(preview: Preview, environment: str, path: PurePosixPath, home: PurePosixPath) -> Iterator[Fault]:
    """What is wrong with where an entry stands: at `path`, while `home` is its place."""
    where = Location(str(path))
    if preview.metadata.name != preview.key.name:
        yield Fault("is not the issue key in lower case", where, "metadata.name", allowed=preview.key.name)
    if preview.spec.environment != environment:
        yield Fault("is not the environment of its folder", where, "spec.environment", allowed=environment)
    if path != home:
        yield Fault("stands in another preview's folder", where, "spec.issue", allowed=str(home))
