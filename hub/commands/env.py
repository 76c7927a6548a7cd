"""`rtb-hub env list` and `env show`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.values.model_faults import field_path
from hub.actions.environments import SHIPPED, list_environments, show_environment
from hub.commands.unreadable import exit_for_unreadable
from hub.output.console import Format, emit, printable
from hub.views.unreadable import describe_unreadable, tell_unreadable
from hub.wiring import hub

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from generator.model.overlay import Explained
    from hub.output.columns import Cell


def list_all(*, repo: str | None, environments: Path | None, output: Format) -> None:
    """Print one row an environment; exits with the code of what kept one from being read."""
    ours = hub()
    found = ours.environments(repo=repo, folder=environments)
    location = (repo or ours.settings.repo) if environments is None else None
    listed, failures = list_environments(found, ours.repository(location) if location else None)
    trees = [environment.as_tree() for environment in listed]

    def people(console: Console) -> None:
        from hub.output.columns import tell_table

        headings = ("ENV", "ACCOUNT", "REGION", "CLUSTER", "BRANCH", "CHANGES", "TTL", "CAP", "PREVIEWS", "DOMAIN")
        tell_table(console, headings, [_row(tree["metadata"]["name"], tree["spec"]) for tree in trees])
        console.print(f"source: {'built-in defaults' if found.origin == SHIPPED else found.origin}")
        tell_unreadable(console, failures)

    data = {"origin": found.origin, "environments": trees, "unreadable": describe_unreadable(failures)}
    emit(data, output, people)
    exit_for_unreadable(failures)


def show(name: str, *, explain: bool, repo: str | None, environments: Path | None, output: Format) -> None:
    """Print one environment, and with `explain` where each value was set."""
    shown = show_environment(hub().environments(repo=repo, folder=environments), name)
    values = shown.values
    if not explain:
        emit(shown.environment.as_tree(), output, lambda console: _values(console, values, with_place=False))
        return
    data = [
        {"field": field_path(value.path), "value": value.value, "setAt": str(value.where) if value.where else "default"}
        for value in values
    ]
    emit({"environment": name, "values": data}, output, lambda console: _values(console, values, with_place=True))


def _values(console: Console, values: Sequence[Explained], *, with_place: bool) -> None:
    from hub.output.columns import Cell, tell_table

    rows: list[list[str | Text | Cell]] = []
    for value in values:
        shown = ", ".join(map(_text, value.value)) if isinstance(value.value, list) else _text(value.value)
        place = [Cell(str(value.where or "default"), "dim")] if with_place else []
        rows.append([Cell(field_path(value.path), "cyan"), printable(shown), *place])
    tell_table(console, ("FIELD", "VALUE", *(("SET AT",) if with_place else ())), rows)


def _row(name: str, spec: Mapping[str, Any]) -> list[str | Text | Cell]:
    return [
        name,
        spec["account"],
        spec["region"],
        spec["cluster"]["name"],
        spec["branch"],
        "by review" if spec["gated"] else "at once",
        spec["lease"]["ttl"],
        spec["lease"]["cap"],
        str(spec["limits"]["previews"]),
        spec["domain"],
    ]


def _text(value: object) -> str:
    """A value as it stands in the file."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else "null" if value is None else str(value)
