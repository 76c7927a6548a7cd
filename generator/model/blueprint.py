"""Blueprints: the named sets of components and templates a preview is rendered from.

A shipped blueprint is the folder `templates/preview/<name>/`, one of the team's own the folder `blueprints/<name>/` of
the state repository: a `blueprint.yaml`, and templates where that does not reach. The templates of
`templates/preview/_common/` belong to every blueprint; one of the same file name in the blueprint's folder replaces
it, and one below `environments/<base or env>/templates/preview/<name>/` (or `…/_common/`) replaces that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from generator.errors import ConfigError, Fault, Reason, Remedy, RemedyKind, nearest
from generator.model.blueprint_checks import contradictions
from generator.model.component_template import ComponentTemplate
from generator.model.entry import Model
from generator.values.formats import DnsLabel, Text
from generator.values.model_faults import faults_of
from generator.yaml.reader import Document, load

COMMON = "_common"
DEFAULT = "web-api"
TEMPLATES = PurePosixPath("templates/preview")
#: Blueprints of the team's own, in a state repository.
OWN = PurePosixPath("blueprints")
LIBRARY = PurePosixPath("templates/library")
FILE = "blueprint.yaml"
#: Of one blueprint's file, in characters: a thousand lines are well below.
MOST_TEXT = 1 << 20
#: Components of one blueprint.
MOST_COMPONENTS = 30
_SHARED = "templates/_shared/"
_SUFFIX = ".yaml.j2"
#: Fields of a component of which both, the library's and the blueprint's, count; the blueprint's first.
_MERGED = ("env", "secrets", "generated", "files", "volumes", "ports", "init", "sidecars", "probes")


class BlueprintSpec(Model):
    """What a blueprint is for, and its components."""

    summary: Text = Field(description="what it is for, in a few words")
    components: dict[DnsLabel, ComponentTemplate] = Field(min_length=1, max_length=MOST_COMPONENTS)
    pull_secrets: Annotated[list[Text], Field(max_length=10)] = Field(
        default_factory=list, description="credentials of registries: name[#property], with `${environment.name}`"
    )


class BlueprintMetadata(Model):
    """The blueprint's name."""

    name: DnsLabel = Field(description="that of its folder")


class Blueprint(Model):
    """`blueprint.yaml`."""

    api_version: Literal["blueprint.rtb-ai-hub/v1"] = "blueprint.rtb-ai-hub/v1"
    kind: Literal["Blueprint"] = "Blueprint"
    metadata: BlueprintMetadata
    spec: BlueprintSpec

    @property
    def name(self) -> str:
        """The blueprint's name."""
        return self.metadata.name

    @property
    def has_database(self) -> bool:
        """Whether one of its components keeps data in its pod."""
        return any(component.role == "database" for component in self.spec.components.values())


@dataclass(frozen=True, slots=True)
class TemplateLibrary:
    """All template texts by path: `templates/…` as shipped, `environments/<env>/templates/…` as overlays.

    `blueprints/<name>/…` are those of the team's own.
    """

    files: Mapping[str, str]

    def blueprint_names(self) -> tuple[str, ...]:
        """The blueprints there are, sorted, the team's own among them."""
        found = (PurePosixPath(path) for path in self.files if path.endswith(f"/{FILE}"))
        return tuple(sorted({p.parent.name for p in found if p.parent.parent in (TEMPLATES, OWN) and p.name == FILE}))

    def is_own(self, name: str) -> bool:
        """Whether a blueprint is the team's own."""
        return str(OWN / name / FILE) in self.files

    def blueprint(self, name: str) -> Blueprint:
        """The blueprint `name`. Raises `ConfigError`: UnknownBlueprint, or InvalidBlueprint with every fault."""
        if name not in self.blueprint_names():
            known = self.blueprint_names()
            fault = Fault(
                f"there is no blueprint {name[:60]!r}",
                field="blueprint",
                allowed=", ".join(known),
                nearest=nearest(name, known),
                remedy=Remedy(RemedyKind.LIST_BLUEPRINTS),
            )
            raise ConfigError(Reason.UNKNOWN_BLUEPRINT, fault)
        shipped, own = (str(home / name / FILE) for home in (TEMPLATES, OWN))
        if shipped in self.files and own in self.files:
            remedy = "give the team's own one another name: the folder's, and metadata.name"
            fault = Fault(f"{name!r} is the name of a blueprint that rtb-hub has", field=own, remedy=remedy)
            raise ConfigError(Reason.INVALID_BLUEPRINT, fault)
        source = own if own in self.files else shipped
        below = f"{LIBRARY}/"
        parts = tuple((path, text) for path, text in self.files.items() if path.startswith(below))
        return _read(name, source, self.files[source], parts)

    def library_names(self) -> tuple[str, ...]:
        """The components that a blueprint can `use`, sorted."""
        paths = map(PurePosixPath, self.files)
        return tuple(sorted(path.stem for path in paths if path.parent == LIBRARY))

    def templates_for(self, blueprint: str, environment: str) -> tuple[str, ...]:
        """Paths of the templates of one blueprint in one environment, overlays applied, sorted by file name."""
        own = (OWN / blueprint,) if self.is_own(blueprint) else ()
        return self.overlaid((TEMPLATES / COMMON, TEMPLATES / blueprint), environment, own)

    def files_of(self, blueprint: str, environment: str) -> dict[str, str]:
        """All files that a blueprint's manifests in one environment depend on: its own, templates, shared macros.

        Those of the library are among them when it is the team's own, or one that is shipped and uses it.
        """
        paths = [path for path in (str(home / blueprint / FILE) for home in (TEMPLATES, OWN)) if path in self.files]
        paths += self.templates_for(blueprint, environment)
        paths += [path for path in self.files if path.startswith((_SHARED, f"{LIBRARY}/"))]
        return {path: self.files[path] for path in sorted(paths)}

    def own_files_of(self, blueprint: str) -> dict[str, str]:
        """The files of the team's own blueprint `blueprint`, sorted; none of a shipped one."""
        below = f"{OWN / blueprint}/"
        return {path: self.files[path] for path in sorted(self.files) if path.startswith(below)}

    def overlaid(
        self, folders: Sequence[PurePosixPath], environment: str, own: Sequence[PurePosixPath] = ()
    ) -> tuple[str, ...]:
        """Paths of the templates in `folders`, sorted by file name; a later folder replaces, an overlay even more.

        `own` are folders of the state repository, between those that are shipped and overlays.
        """
        layers = [PurePosixPath("environments/base"), PurePosixPath("environments", environment)]
        chosen: dict[str, str] = {}
        for folder in (*folders, *own, *(layer / folder for layer in layers for folder in folders)):
            below = f"{folder}/"
            for path in self.files:
                if path.startswith(below) and path.endswith(_SUFFIX) and "/" not in path[len(below) :]:
                    chosen[path[len(below) :]] = path
        return tuple(chosen[name] for name in sorted(chosen))


@lru_cache(64)
def _read(name: str, source: str, text: str, library: tuple[tuple[str, str], ...]) -> Blueprint:
    """The blueprint in `text`, its components laid over those of the `library` (path → text) that they use."""
    if len(text) > MOST_TEXT:
        fault = Fault(f"has {len(text)} characters", field=source, allowed=f"at most {MOST_TEXT}")
        raise ConfigError(Reason.INVALID_BLUEPRINT, fault)
    document = load(text, source)
    data = _with_library(document, dict(library))
    try:
        blueprint = Blueprint.model_validate(data)
    except ValidationError as err:
        raise ConfigError(Reason.INVALID_BLUEPRINT, faults_of(err, Blueprint, document.nearest_location)) from err
    faults = [
        Fault(told.message, document.nearest_location(told.path), ".".join(map(str, told.path)), allowed=told.allowed)
        for told in contradictions(blueprint.spec.components, blueprint.spec.pull_secrets)
    ]
    if blueprint.name != name:
        where = document.location(("metadata", "name"))
        faults.append(Fault("is not the name of its folder", where, "metadata.name", name))
    if faults:
        raise ConfigError(Reason.INVALID_BLUEPRINT, faults)
    return blueprint


def _with_library(document: Document, library: Mapping[str, str]) -> Any:
    """The document's data with what components `use` of the library laid below them.

    Raises `ConfigError` (InvalidBlueprint) for a component that the library does not have.
    """
    data = document.data
    spec = data.get("spec") if isinstance(data, Mapping) else None
    components = spec.get("components") if isinstance(spec, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(spec, Mapping) or not isinstance(components, Mapping):
        return data
    laid: dict[Any, Any] = {}
    for name, tree in components.items():
        used = tree.get("use") if isinstance(tree, Mapping) else None
        if used is None:
            laid[name] = tree
            continue
        path = str(LIBRARY / f"{used}.yaml") if isinstance(used, str) else ""
        if path not in library:
            known = sorted(PurePosixPath(one).stem for one in library)
            where = document.nearest_location(("spec", "components", str(name), "use"))
            told = f"the library has no component {str(used)[:60]!r}"
            fault = Fault(told, where, f"spec.components.{name}.use", ", ".join(known), nearest(str(used), known))
            raise ConfigError(Reason.INVALID_BLUEPRINT, fault)
        laid[name] = _laid_over(load(library[path], path).data, tree)
    return {**data, "spec": {**spec, "components": laid}}


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**below, **above}
    for name in _MERGED:
        one, other = below.get(name), above.get(name)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            merged[name] = {**one, **other}
    return merged
