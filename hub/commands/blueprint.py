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
        from rich.table import Table

        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("BLUEPRINT", "COMPONENTS", "WHAT FOR"):
            table.add_column(heading)
        for b in blueprints:
            name = f"{b.name} (default)" if b.name == DEFAULT else b.name
            table.add_row(name, ", ".join(b.spec.components), b.spec.summary)
        console.print(table)

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
    from rich.table import Table
    from rich.text import Text

    console.print(Text.assemble((blueprint.name, "bold"), f": {blueprint.spec.summary}"))
    table = Table(box=None, pad_edge=False, header_style="bold", title=None)
    for heading in ("COMPONENT", "ROLE", "IMAGE", "DEFAULTS", "WHAT IT IS"):
        table.add_column(heading, overflow="fold")
    for name, laid_out in blueprint.spec.components.items():
        tree: dict[str, Any] = laid_out.model_dump(mode="json", by_alias=True, exclude_none=True)
        defaults = ", ".join(f"{field}={tree[field]}" for field in FIELDS if field in tree)
        table.add_row(name, laid_out.role, "needed" if laid_out.required else "optional", defaults, laid_out.summary)
    console.print(table)
    console.print("\nSet with --set COMPONENT.FIELD=TEXT:")
    fields = Table(box=None, pad_edge=False, show_header=False)
    for field, meaning in FIELDS.items():
        fields.add_row(f"  {field}", meaning)
    console.print(fields)
    console.print("\nTemplates (a file of the same name below environments/NAME/templates/preview/ replaces one):")
    for template in templates:
        console.print(f"  {template}")
