"""What a preview can be made of: the blueprints there are, and whether each gives previews that may run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from generator.cost.pricing import PreviewPrice
from generator.errors import ConfigError, Fault, HubError
from generator.model.blueprint import Blueprint, TemplateLibrary
from generator.model.entry import Compute
from generator.model.environment import Environment
from generator.render.asked import Request
from generator.values.naming import IssueKey
from hub.actions.render import render
from hub.views.preview import entry_price
from reconcilers.lifecycle.start import Starter, StartRequest

#: The issue that a blueprint is tried with.
SAMPLE = IssueKey("SAMPLE", 1)


@dataclass(frozen=True, slots=True)
class ShownBlueprint:
    """A blueprint, and the names of the templates that it renders with."""

    blueprint: Blueprint
    templates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedBlueprints:
    """Those that can be read, sorted by name, and why others cannot, by theirs."""

    found: tuple[Blueprint, ...]
    failed: Mapping[str, ConfigError]


@dataclass(frozen=True, slots=True)
class Tried:
    """A blueprint tried in an environment: the preview and its price, or what is wrong."""

    environment: str
    compute: Compute
    objects: int = 0
    price: PreviewPrice | None = None
    faults: tuple[Fault, ...] = ()


def list_blueprints(library: TemplateLibrary) -> ListedBlueprints:
    """All of them; one that has mistakes hides no other. Raises `ConfigError` (InvalidBlueprint) for a shipped one."""
    found: list[Blueprint] = []
    failed: dict[str, ConfigError] = {}
    for name in library.blueprint_names():
        try:
            found.append(library.blueprint(name))
        except ConfigError as err:
            if not library.is_own(name):
                raise
            failed[name] = err
    return ListedBlueprints(tuple(found), failed)


def show_blueprint(name: str, library: TemplateLibrary) -> ShownBlueprint:
    """One of them. Raises `ConfigError` (UnknownBlueprint, InvalidBlueprint)."""
    return ShownBlueprint(library.blueprint(name), library.templates_for(name, ""))


def sample_request(
    name: str, library: TemplateLibrary, environment: Environment, *, by: str, asked: Request | None = None
) -> StartRequest:
    """A start of the blueprint with an image for each component that is given none, those that are optional included.

    Raises `ConfigError` (UnknownBlueprint, InvalidBlueprint).
    """
    registry = next(iter(environment.spec.images.registries), "").rstrip("/")
    image = f"{registry}/sample@sha256:{'0' * 64}" if registry else f"sample@sha256:{'0' * 64}"
    components = library.blueprint(name).spec.components
    images = {each: image for each, one in components.items() if one.image is None and one.image_of is None}
    images |= {each: one.image for each, one in components.items() if one.image is not None and not one.required}
    request = asked or Request()
    return StartRequest(SAMPLE, by, replace(request, images={**images, **request.images}), blueprint=name)


def try_blueprint(
    name: str, environment: Environment, library: TemplateLibrary, *, starter: Starter, now: datetime
) -> Iterator[Tried]:
    """The blueprint rendered and checked in an environment, on each compute that is allowed there.

    Raises `ConfigError` (UnknownBlueprint, InvalidBlueprint).
    """
    blueprint = library.blueprint(name)
    for compute in environment.spec.compute.allowed:
        if compute == "spot" and blueprint.has_database:
            continue
        asked = sample_request(name, library, environment, by="sample", asked=Request(compute=compute))
        try:
            preview, rendering = render(asked, environment, library, starter=starter, now=now)
        except HubError as err:
            yield Tried(environment.name, compute, faults=err.faults)
            continue
        yield Tried(environment.name, compute, len(rendering.manifests), entry_price(preview, environment))
