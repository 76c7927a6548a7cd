"""What a first blueprint can be imported from, known by what is in the files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from generator.errors import ConfigError, Fault, Location, Reason
from generator.model.blueprint import FILE, TemplateLibrary
from generator.yaml.reader import Document, load_all
from hub.actions.importing.compose import import_compose
from hub.actions.importing.kubernetes import import_objects
from hub.actions.importing.model import Imported
from hub.actions.importing.score import import_score, is_score
from hub.actions.manifest_files import STDIN, ManifestFiles, read_manifests
from hub.adapters import renderers
from hub.assets import naming

_CHART: Final = "Chart.yaml"
_KUSTOMIZATIONS: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_CORRECT: Final = "correct what it is made of there, or leave that out, and import again"
#: Of a file that is no manifest; larger ones are nothing that people keep.
_MOST_BYTES: Final = 1024 * 1024


def import_from(
    paths: Sequence[Path],
    name: str,
    values: Sequence[Path],
    *,
    environ: Mapping[str, str],
    stdin: Callable[[int], bytes],
) -> Imported:
    """A blueprint `name` of a Compose file, Score files, a chart, a kustomization, or files and folders of manifests.

    `values` are a chart's. Raises `ConfigError` for paths that are not there, and what nothing can be made of.
    """
    for path in paths:
        if path != STDIN and not path.exists():
            raise ConfigError(
                Reason.INVALID_VALUE, Fault(f"there is no file or folder {path}", remedy="check the path")
            )
    first, source = paths[0], ", ".join(map(str, paths))
    if first.is_dir() and (first / _CHART).is_file():
        _alone(paths, "a chart")
        return import_objects(_rendered(first, renderers.helm(first, name, values, environ)), source, name)
    if values:
        fault = Fault("only a Helm chart has values", Location(source), "--values", f"a folder with {_CHART}")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    if first.is_dir() and any((first / file).is_file() for file in _KUSTOMIZATIONS):
        _alone(paths, "a kustomization")
        return import_objects(_rendered(first, renderers.kustomize(first, environ)), source, name)
    documents = [document for path in paths for document in _documents(path)]
    if documents and all(is_score(document.data) for document in documents):
        return import_score(documents, source, name)
    if documents and not _is_object(documents[0].data):
        _alone(paths, "a Compose file")
        with naming(first):
            return import_compose(first.read_bytes(), str(first), name)
    return import_objects(read_manifests(paths, stdin), source, name)


def check_blueprint(found: Imported, name: str, paths: Sequence[Path], library: TemplateLibrary) -> None:
    """Raise `ConfigError` (InvalidBlueprint) where no blueprint says what was imported of `paths`.

    It is told of those, by the component's field: nothing was written whose lines could be told.
    """
    try:
        TemplateLibrary({**library.files, f"blueprints/{name}/{FILE}": found.text}).blueprint(name)
    except ConfigError as err:
        source = Location(", ".join(map(str, paths)))
        raise ConfigError(
            err.reason, [replace(one, where=source, remedy=one.remedy or _CORRECT) for one in err.faults]
        ) from err


def _documents(path: Path) -> tuple[Document, ...]:
    """What is in a file; nothing of folders, pipes, and what is larger than people write by hand."""
    if not path.is_file() or path.stat().st_size > _MOST_BYTES:
        return ()
    with naming(path):
        return load_all(path.read_bytes(), str(path))


def _is_object(tree: Any) -> bool:
    return isinstance(tree, Mapping) and "apiVersion" in tree and "services" not in tree


def _alone(paths: Sequence[Path], what: str) -> None:
    if len(paths) > 1:
        fault = Fault(f"{what} is imported alone", Location(str(paths[0])), allowed="one path")
        raise ConfigError(Reason.INVALID_VALUE, fault)


def _rendered(source: Path, text: bytes) -> ManifestFiles:
    found = ManifestFiles()
    found.add(source, lambda: text, named=False)
    return found
