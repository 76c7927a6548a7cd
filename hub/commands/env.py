"""`rtb-hub env list` and `env show`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from generator.values.model_faults import field_path
from hub.actions.environments import SHIPPED, list_environments, show_environment
from hub.commands.unreadable import exit_for_unreadable
from hub.output.console import Format, emit, printable
from hub.views.unreadable import describe_unreadable, tell_unreadable
from hub.wiring import hub

if TYPE_CHECKING:
    from rich.console import Console

    from generator.model.overlay import Explained


def list_all(*, repo: str | None, environments: Path | None, output: Format) -> None:
    """Print one row an environment; exits with the code of what kept one from being read."""
    ours = hub()
    found = ours.environments(repo=repo, folder=environments)
    location = (repo or ours.settings.repo) if environments is None else None
    listed, failures = list_environments(found, ours.repository(location) if location else None)
    trees = [environment.as_tree() for environment in listed]

    def people(console: Console) -> None:
        from rich.table import Table

        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("ENV", "ACCOUNT", "REGION", "CLUSTER", "BRANCH", "CHANGES", "TTL", "CAP", "PREVIEWS", "DOMAIN"):
            table.add_column(heading)
        for tree in trees:
            spec = tree["spec"]
            table.add_row(
                tree["metadata"]["name"],
                spec["account"],
                spec["region"],
                spec["cluster"]["name"],
                spec["branch"],
                "by review" if spec["gated"] else "at once",
                spec["lease"]["ttl"],
                spec["lease"]["cap"],
                str(spec["limits"]["previews"]),
                spec["domain"],
            )
        console.print(table)
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
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("FIELD", "VALUE", *(("SET AT",) if with_place else ())):
        table.add_column(heading)
    for value in values:
        shown = ", ".join(map(str, value.value)) if isinstance(value.value, list) else str(value.value)
        place = [Text(str(value.where or "default"), "dim")] if with_place else []
        table.add_row(Text(field_path(value.path), "cyan"), printable(shown), *place)
    console.print(table)
