"""What a preview can be made of: the blueprints there are."""

from __future__ import annotations

from dataclasses import dataclass

from generator.model.blueprint import Blueprint, TemplateLibrary


@dataclass(frozen=True, slots=True)
class ShownBlueprint:
    """A blueprint, and the names of the templates that it renders with."""

    blueprint: Blueprint
    templates: tuple[str, ...]


def list_blueprints(library: TemplateLibrary) -> tuple[Blueprint, ...]:
    """All of them, in the library's order. Raises `ConfigError` (InvalidBlueprint)."""
    return tuple(library.blueprint(name) for name in library.blueprint_names())


def show_blueprint(name: str, library: TemplateLibrary) -> ShownBlueprint:
    """One of them. Raises `ConfigError` (UnknownBlueprint, InvalidBlueprint)."""
    return ShownBlueprint(library.blueprint(name), library.templates_for(name, ""))
