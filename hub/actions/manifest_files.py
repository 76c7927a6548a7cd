"""Reading folders of manifests that people keep: which files hold objects, and where in them each field stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from generator.errors import ConfigError, Fault, Location, Reason
from generator.objects.manifest import Manifest
from generator.yaml.reader import Document, load_all

_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
#: Kinds that only tools read and no API server knows.
_TOOL_KINDS = frozenset(
    {"Kustomization", "Component", "Preview", "QueuedPreview", "Environment", "Blueprint", "StateRepository"}
)


@dataclass(slots=True)
class ManifestFiles:
    """What was found: objects with their documents, faults of files that cannot be read, and what was left out."""

    manifests: list[Manifest] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    _documents: dict[int, tuple[Document, int]] = field(default_factory=dict)

    def locate(self, manifest: Manifest, path: tuple[str | int, ...]) -> Location | None:
        """The place of a field in its file, or of its nearest parent."""
        document, item = self._documents[id(manifest)]
        prefix: tuple[str | int, ...] = ("items", item) if item >= 0 else ()
        return document.nearest_location((*prefix, *path))

    def add(self, path: Path) -> None:
        """Read one file; what is wrong with it becomes a fault."""
        shown = path.as_posix()
        try:
            documents = load_all(path.read_bytes(), shown)
        except ConfigError as err:
            self.faults.extend(err.faults)
            return
        except OSError as err:
            self.faults.append(Fault(f"cannot be read: {err.strerror}", Location(shown)))
            return
        for document in documents:
            self._add_document(document)

    def _add_document(self, document: Document) -> None:
        data = document.data
        if not isinstance(data, Mapping) or "apiVersion" not in data or "kind" not in data:
            self.skipped.append(f"{document.location(())}: no Kubernetes object")
        elif data["kind"] in _TOOL_KINDS:
            self.skipped.append(f"{document.location(())}: {data['kind']}, which no cluster takes")
        elif data["kind"] == "List" and isinstance(data.get("items"), list):
            for index, item in enumerate(data["items"]):
                if isinstance(item, Mapping):
                    self._keep(Manifest(item, document.source), document, index)
        else:
            self._keep(Manifest(data, document.source), document, -1)

    def _keep(self, manifest: Manifest, document: Document, item: int) -> None:
        self.manifests.append(manifest)
        self._documents[id(manifest)] = (document, item)


def read_manifests(paths: Iterable[Path]) -> ManifestFiles:
    """All objects in `paths`: files as they are, folders with all below them but hidden ones.

    Raises `ConfigError` (InvalidValue) for a path that does not exist.
    """
    found = ManifestFiles()
    for path in paths:
        if not path.exists():
            raise ConfigError(
                Reason.INVALID_VALUE, Fault(f"there is no file or folder {path}", remedy="check the path")
            )
        for file in _files(path):
            found.add(file)
    return found


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for child in sorted(path.iterdir()):
        if child.name.startswith("."):
            continue
        if child.is_dir():
            yield from _files(child)
        elif child.suffix in _SUFFIXES:
            yield child
