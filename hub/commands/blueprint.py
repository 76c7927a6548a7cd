"""`rtb-hub blueprint list` and `blueprint show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.model.blueprint import DEFAULT, Blueprint
from hub.actions.blueprints import list_blueprints, show_blueprint
from hub.output.console import Format, emit
from hub.views.settable import FIELDS
from hub.wiring import hub

if TYPE_CHECKING:
    from rich.console import Console


def list_all(*, output: Format) -> None:
    """Print one row a blueprint."""
    blueprints = list_blueprints(hub().library)
    data = [{"name": b.name, "summary": b.spec.summary, "default": b.name == DEFAULT} for b in blueprints]

    def people(console: Console) -> None:
        from hub.output.columns import tell_table

        rows = [
            (
                f"{b.name} (default)" if b.name == DEFAULT else b.name,
                ", ".join(b.spec.components),
                b.spec.summary,
            )
            for b in blueprints
        ]
        tell_table(console, ("BLUEPRINT", "COMPONENTS", "WHAT FOR"), rows, wrapped="WHAT FOR")

    emit({"blueprints": data}, output, people)


def show(name: str, *, output: Format) -> None:
    """Print a blueprint: components with their defaults, what can be set, templates."""
    shown = show_blueprint(name, hub().library)
    blueprint, templates = shown.blueprint, shown.templates
    data = {
        "name": name,
        "summary": blueprint.spec.summary,
        "components": {
            component: laid_out.model_dump(mode="json", by_alias=True, exclude_none=True)
            for component, laid_out in blueprint.spec.components.items()
        },
        "fields": FIELDS,
        "templates": list(templates),
    }
    emit(data, output, lambda console: _print(console, blueprint, templates))


def _print(console: Console, blueprint: Blueprint, templates: tuple[str, ...]) -> None:
    from rich.text import Text

    from hub.output.columns import tell_table

    console.print(Text.assemble((blueprint.name, "bold"), f": {blueprint.spec.summary}"))
    rows = []
    for name, laid_out in blueprint.spec.components.items():
        tree: dict[str, Any] = laid_out.model_dump(mode="json", by_alias=True, exclude_none=True)
        defaults = ", ".join(f"{field}={tree[field]}" for field in FIELDS if field in tree)
        rows.append((name, laid_out.role, "needed" if laid_out.required else "optional", defaults, laid_out.summary))
    tell_table(console, ("COMPONENT", "ROLE", "IMAGE", "DEFAULTS", "WHAT IT IS"), rows, wrapped="WHAT IT IS")
    console.print("\nSet with --set COMPONENT.FIELD=TEXT:")
    tell_table(console, ("FIELD", "WHAT IT IS"), [*FIELDS.items()], wrapped="WHAT IT IS")
    console.print("\nTemplates (a file of the same name below environments/NAME/templates/preview/ replaces one):")
    for template in templates:
        console.print(f"  {template}")
