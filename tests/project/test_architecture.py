"""The page that draws the house is the house that is held, and there is no circle in it."""

from __future__ import annotations

import ast
import graphlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from worlds.places import ROOT

PAGE = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
PACKAGES = ("generator", "reconcilers", "hub")


def _told(contract: dict[str, Any]) -> str:
    """A contract as the page words it."""
    match contract["type"]:
        case "layers":
            rooms = [" | ".join(f"`{room}`" for room in layer.split(" | ")) for layer in contract["layers"]]
            return f"- {contract['name']}: {' > '.join(rooms)}"
        case "independence":
            return f"- {contract['name']}: {', '.join(f'`{module}`' for module in contract['modules'])}"
        case _ if "click" in contract["forbidden_modules"] and "os" not in contract["forbidden_modules"]:
            sources, forbidden = (
                ", ".join(f"`{module}`" for module in contract[field])
                for field in ("source_modules", "forbidden_modules")
            )
            return f"- {contract['name']}: {sources} without {forbidden}"
        case _:
            return f"- {contract['name']}"


def test_the_page_lists_the_contracts_that_are_held() -> None:
    section = PAGE.partition("## Import contracts")[2]
    assert [line for line in section.splitlines() if line.startswith("- ")] == [_told(one) for one in CONTRACTS]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_page_names_every_room(package: str) -> None:
    rooms = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    column = PACKAGES.index(package) * 2
    rows = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ") and line.count("|") == 7]
    told = {name.strip(" `") for row in rows for name in row[column].split(",")}
    assert rooms <= told, f"docs/ARCHITECTURE.md says nothing of {sorted(rooms - told)}"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_is_in_a_contract(package: str) -> None:
    """A room that no layer names would be held by nothing."""
    rooms = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    layers = next(one["layers"] for one in CONTRACTS if one.get("containers") == [package])
    assert rooms <= {room for layer in layers for room in layer.split(" | ")}


def _imports(path: Path, modules: set[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in modules else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Imports in functions and for types count as well: a circle is two modules that are one."""
    paths = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    }
    known = set(paths)
    graph = {
        name: {one for one in _imports(path, known) if one in known and one != name} for name, path in paths.items()
    }
    assert len(graph) > 150
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle
