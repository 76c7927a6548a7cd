"""Blueprints: the named sets of templates a preview is rendered from, and what their components default to.

A blueprint is the folder `templates/preview/<name>/` with a `blueprint.yaml` and templates. The templates of
`templates/preview/_common/` belong to every blueprint; one of the same file name in the blueprint's folder replaces
it, and one below `environments/<base or env>/templates/preview/<name>/` (or `…/_common/`) replaces that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from generator.errors import ConfigError, Fault, Reason, Remedy, RemedyKind, nearest
from generator.model.entry import Model
from generator.values.bounds import STORAGE, Storage
from generator.values.formats import Cpu, DnsLabel, Memory, Port, Text, UrlPath
from generator.values.model_faults import faults_of
from generator.yaml.reader import load

COMMON = "_common"
DEFAULT = "web-api"
TEMPLATES = PurePosixPath("templates/preview")
_SHARED = "templates/_shared/"
_SUFFIX = ".yaml.j2"


class ComponentTemplate(Model):
    """What a blueprint says of one of its components.

    Roles: `service` gets a Deployment and a Service; `database` and `job` are laid out by templates of the blueprint.
    """

    summary: Text = Field(description="what it is for, in a few words")
    role: Literal["service", "database", "job"] = Field("service", description="what lays it out")
    required: bool = Field(True, description="false: it only runs when an image of it is asked for")
    port: Port | None = Field(None, description="port that the container listens on")
    cpu: Cpu = Field("250m", description="of one pod")
    memory: Memory = Field("256Mi", description="of one pod")
    storage: Storage = Field(STORAGE, description="on the disk of one pod")
    replicas: Annotated[int, Field(ge=1, le=10)] = Field(1, description="number of pods")
    path: UrlPath | None = Field(None, description="URL path under the preview's host; none = not exposed")
    health_path: UrlPath | None = Field(None, description="HTTP path of the probes; none = the port is probed by TCP")
    database: bool = Field(False, description="the database's address is put in as DATABASE_URL")


class BlueprintSpec(Model):
    """What a blueprint is for, and its components."""

    summary: Text = Field(description="what it is for, in a few words")
    components: dict[DnsLabel, ComponentTemplate] = Field(min_length=1)


class BlueprintMetadata(Model):
    """The blueprint's name."""

    name: DnsLabel = Field(description="that of its folder below `templates/preview/`")


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
    """All template texts by path: `templates/preview/…` as shipped, `environments/<env>/templates/…` as overlays."""

    files: Mapping[str, str]

    def blueprint_names(self) -> tuple[str, ...]:
        """The blueprints there are, sorted."""
        found = (PurePosixPath(path) for path in self.files)
        return tuple(
            sorted(p.parent.name for p in found if p.name == "blueprint.yaml" and p.parent.parent == TEMPLATES)
        )

    def blueprint(self, name: str) -> Blueprint:
        """The blueprint `name`. Raises `ConfigError`: UnknownBlueprint, or InvalidBlueprint with every fault."""
        source = str(TEMPLATES / name / "blueprint.yaml")
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
        document = load(self.files[source], source)
        try:
            blueprint = Blueprint.model_validate(document.data)
        except ValidationError as err:
            raise ConfigError(Reason.INVALID_BLUEPRINT, faults_of(err, Blueprint, document.nearest_location)) from err
        if blueprint.name != name:
            fault = Fault(
                "is not the name of its folder", document.location(("metadata", "name")), "metadata.name", name
            )
            raise ConfigError(Reason.INVALID_BLUEPRINT, fault)
        return blueprint

    def templates_for(self, blueprint: str, environment: str) -> tuple[str, ...]:
        """Paths of the templates of one blueprint in one environment, overlays applied, sorted by file name."""
        return self.overlaid((TEMPLATES / COMMON, TEMPLATES / blueprint), environment)

    def files_of(self, blueprint: str, environment: str) -> dict[str, str]:
        """All files that a blueprint's manifests in one environment depend on: its own, templates, shared macros."""
        paths = [str(TEMPLATES / blueprint / "blueprint.yaml"), *self.templates_for(blueprint, environment)]
        paths += [path for path in self.files if path.startswith(_SHARED)]
        return {path: self.files[path] for path in sorted(paths)}

    def overlaid(self, folders: Sequence[PurePosixPath], environment: str) -> tuple[str, ...]:
        """Paths of the templates in `folders`, sorted by file name; a later folder replaces, an overlay even more."""
        layers = [PurePosixPath(), PurePosixPath("environments/base"), PurePosixPath("environments", environment)]
        chosen: dict[str, str] = {}
        for folder in (layer / folder for layer in layers for folder in folders):
            below = f"{folder}/"
            for path in self.files:
                if path.startswith(below) and path.endswith(_SUFFIX) and "/" not in path[len(below) :]:
                    chosen[path[len(below) :]] = path
        return tuple(chosen[name] for name in sorted(chosen))
