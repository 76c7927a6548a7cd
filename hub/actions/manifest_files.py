"""Reading manifests that people keep: which files hold objects, where their fields stand, and what is no object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator.errors import ConfigError, Fault, Location, Reason
from generator.objects.findings import Finding
from generator.objects.manifest import Identity, Manifest
from generator.validate.definitions import KindName, strict_schemas
from generator.yaml.reader import Document, load_all

#: Stands for standard input.
STDIN = Path("-")
_STDIN_SHOWN = "stdin"
_SUFFIXES = frozenset({".yaml", ".yml", ".json"})
#: Larger files are no manifests that people keep, and a device has no end.
_MOST_BYTES = 64 * 1024 * 1024
#: Groups of files that only tools read and no API server knows; ours, of entries and environments, are below `_OURS`.
_TOOL_GROUPS = frozenset({"kustomize.config.k8s.io", "eksctl.io", "kind.x-k8s.io", "skaffold"})
_OURS = ".rtb-ai-hub"
#: Files that have an apiVersion, or a spec, and are no objects.
_TOOL_FILES = frozenset({"Chart.yaml", "Chart.yml"})
#: What every object has, and hardly anything else: without the rest it is an object with a mistake.
_SIGNS = ("apiVersion", "kind", "metadata", "spec")
_NO_OBJECT = Identity("", "", "", "", "")


@dataclass(slots=True)
class ManifestFiles:
    """What was found: objects with their documents, what is wrong with files themselves, and what was left out."""

    manifests: list[Manifest] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    _documents: dict[int, tuple[Document, int]] = field(default_factory=dict)

    def locate(self, manifest: Manifest, path: tuple[str | int, ...]) -> Location | None:
        """The place of a field in its file, or of its nearest parent."""
        document, item = self._documents[id(manifest)]
        prefix: tuple[str | int, ...] = ("items", item) if item >= 0 else ()
        return document.nearest_location((*prefix, *path))

    def add(self, path: Path, read: Callable[[], bytes], *, named: bool) -> None:
        """Read one file. `named`: somebody asked for this very file, so it must hold objects."""
        shown = _STDIN_SHOWN if path == STDIN else path.as_posix()
        try:
            text = read()
            if len(text) > _MOST_BYTES:
                self._wrong("file/unreadable", f"is larger than {_MOST_BYTES >> 20} MiB", Location(shown), "split it")
                return
            documents = load_all(text, shown, other_keys=True)
        except ConfigError as err:
            for fault in err.faults:
                self._wrong("file/unreadable", fault.message, fault.where or Location(shown), "fix the file")
            return
        except OSError as err:
            self._wrong("file/unreadable", f"cannot be read: {err.strerror}", Location(shown), "check the path")
            return
        for document in documents:
            self._add_document(document, named=named, tool=path.name in _TOOL_FILES)

    def unreadable(self, path: Path, error: OSError) -> None:
        """A folder that cannot be listed."""
        where = Location(path.as_posix())
        self._wrong("file/unreadable", f"cannot be read: {error.strerror}", where, "check the folder's permissions")

    def _add_document(self, document: Document, *, named: bool, tool: bool) -> None:
        data, where = document.data, document.location(()) or Location(document.source)
        if data is None:
            return
        signs = [sign for sign in _SIGNS if isinstance(data, Mapping) and sign in data]
        if tool or (not signs and not named):
            self.skipped.append(f"{where}: no Kubernetes object")
        elif not isinstance(data, Mapping):
            self._wrong("file/no-object", "is no object", where, "apiVersion, kind and metadata make one")
        elif _is_for_a_tool(data):
            self.skipped.append(f"{where}: {data.get('kind')}, which no cluster takes")
        elif wrong := _not_an_object(data):
            key, message = wrong
            self._wrong(
                "file/no-object", f"{key}: {message}", document.nearest_location((key,)) or where, _spelt(data, key)
            )
        elif str(data["kind"]).endswith("List") and "items" in data:
            self._add_items(document, data["items"])
        else:
            self._keep(Manifest(data, document.source), document, -1)

    def _add_items(self, document: Document, items: Any) -> None:
        """The objects of a List; those of a list of one kind, such as ConfigMapList, may leave out which."""
        kind = str(document.data["kind"]).removesuffix("List")
        if not isinstance(items, list):
            where = document.nearest_location(("items",)) or Location(document.source)
            self._wrong("file/list-item", "items is not a list", where, "write the objects as its items")
            return
        for index, item in enumerate(items):
            where = document.nearest_location(("items", index)) or Location(document.source)
            if not isinstance(item, Mapping):
                self._wrong("file/list-item", f"items[{index}] is no object", where, "write an object, or remove it")
                continue
            named = {"apiVersion": document.data["apiVersion"], "kind": kind, **item} if kind else item
            if wrong := _not_an_object(named):
                key, message = wrong
                self._wrong("file/no-object", f"items[{index}].{key}: {message}", where, _spelt(item, key))
            else:
                self._keep(Manifest(named, document.source), document, index)

    def _keep(self, manifest: Manifest, document: Document, item: int) -> None:
        self.manifests.append(manifest)
        self._documents[id(manifest)] = (document, item)

    def _wrong(self, rule: str, message: str, where: Location, remedy: str) -> None:
        self.findings.append(Finding(rule, message, _NO_OBJECT, where.file, (), remedy, "error", where))


def read_manifests(paths: Iterable[Path], stdin: Callable[[int], bytes] = lambda _: b"") -> ManifestFiles:
    """All objects in `paths`: files and pipes as they are, folders with all below them but hidden ones.

    `-` is what `stdin` reads, a number of bytes at most.
    Raises `ConfigError` (InvalidValue) for a path that does not exist.
    """
    found = ManifestFiles()
    for path in paths:
        if path == STDIN:
            found.add(path, lambda: stdin(_MOST_BYTES + 1), named=True)
        elif not path.exists():
            raise ConfigError(
                Reason.INVALID_VALUE, Fault(f"there is no file or folder {path}", remedy="check the path")
            )
        elif path.is_dir():
            for file in _files(path, found, frozenset()):
                found.add(file, lambda file=file: _read(file), named=False)  # type: ignore[misc]
        else:
            found.add(path, lambda path=path: _read(path), named=True)  # type: ignore[misc]
    return found


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES + 1)


def _files(folder: Path, found: ManifestFiles, above: frozenset[Path]) -> Iterator[Path]:
    """The manifest files below `folder`; a link that leads back to a folder `above` is not followed."""
    try:
        real = folder.resolve()
        children = [] if real in above else sorted(folder.iterdir())
    except OSError as err:
        found.unreadable(folder, err)
        return
    for child in children:
        if child.name.startswith("."):
            continue
        if child.is_dir():
            yield from _files(child, found, above | {real})
        elif child.suffix in _SUFFIXES:
            yield child


def _is_for_a_tool(data: Mapping[str, Any]) -> bool:
    version, kind = data.get("apiVersion"), data.get("kind")
    group = version.rpartition("/")[0] if isinstance(version, str) else ""
    of_a_tool = group in _TOOL_GROUPS or group.partition("/")[0] in _TOOL_GROUPS
    return of_a_tool or group.endswith(_OURS) or (version == "v1" and kind == "Config")


def _not_an_object(data: Mapping[str, Any]) -> tuple[str, str] | None:
    """Which of apiVersion and kind is wrong, and how."""
    for key in ("apiVersion", "kind"):
        value = data.get(key)
        if value is None or value == "":
            return key, "is missing"
        if not isinstance(value, str):
            return key, "is not text"
    return None


def _spelt(data: Mapping[str, Any], key: str) -> str:
    """What to do about `key`: rename one that is written almost so, else set it."""
    close = next((name for name in data if name != key and name.lower() == key.lower()), None)
    return f"rename {close!r} to {key!r}" if close else f"set {key}"


def read_definitions(paths: Iterable[Path]) -> dict[KindName, dict[str, Any]]:
    """Schemas of the custom kinds that CustomResourceDefinitions in `paths` define: YAML or JSON files, or folders.

    Raises `ConfigError` (InvalidValue, UnreadableYaml) for a path that is not there, unreadable, or defines none.
    """
    schemas: dict[KindName, dict[str, Any]] = {}
    for path in paths:
        found = read_manifests([path])
        unread = [one for one in found.findings if one.rule == "file/unreadable"]
        if unread:
            faults = [Fault(one.message, one.location, field="--schemas", remedy=one.remedy) for one in unread]
            raise ConfigError(Reason.UNREADABLE_YAML, faults)
        defined = [one for one in found.manifests if one.kind == "CustomResourceDefinition"]
        if not defined:
            remedy = "name files of CustomResourceDefinitions, or a folder of them"
            raise ConfigError(Reason.INVALID_VALUE, Fault(f"{path} defines no kind", field="--schemas", remedy=remedy))
        for manifest in defined:
            schemas |= strict_schemas(manifest.data, manifest.source)
    return schemas
