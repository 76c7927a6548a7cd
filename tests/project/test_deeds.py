"""Below the command line nothing prints, ends the process, or looks at the process environment."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from worlds.places import ROOT

#: What words and shows values, puts the real parts together, and reads the settings.
EDGES = ("hub/cli/", "hub/commands/", "hub/output/", "hub/views/", "hub/settings/", "hub/wiring/")
FORBIDDEN = frozenset(
    {
        "print",
        "input",
        "exit",
        "quit",
        "sys.exit",
        "sys.argv",
        "sys.stdin",
        "sys.stdout",
        "sys.stderr",
        "os.environ",
        "os.environb",
        "os.getenv",
        "os._exit",
        "os.getcwd",
        "os.getlogin",
        "Path.cwd",
        "Path.home",
        "getpass.getuser",
    }
)
BELOW = sorted(
    path.relative_to(ROOT).as_posix()
    for room in ("generator", "reconcilers", "hub")
    for path in (ROOT / room).rglob("*.py")
    if not path.relative_to(ROOT).as_posix().startswith(EDGES)
)


def used(tree: ast.Module) -> Iterator[str]:
    """Names and dotted names that are used, and what is imported from modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Raise):
            yield from (one.id for one in ast.walk(node) if isinstance(one, ast.Name) and one.id == "SystemExit")


def test_what_is_looked_for_is_found() -> None:
    text = "import os\nfrom sys import exit\nprint(os.environ)\nsys.exit(1)\nraise SystemExit\nhost.print('x')\n"
    assert {*used(ast.parse(text))} >= {"print", "os.environ", "sys.exit", "SystemExit"}
    assert {"hub/actions/start.py", "hub/approval/review_process.py", "hub/writing/writer.py"} <= {*BELOW}


@pytest.mark.parametrize("name", BELOW)
def test_nothing_below_the_command_line_prints_exits_or_reads_the_environment(name: str) -> None:
    found = {*used(ast.parse((ROOT / name).read_text(encoding="utf-8")))}
    assert found & (FORBIDDEN | {"SystemExit"}) == set()


@pytest.mark.parametrize("name", [one for one in BELOW if one.startswith(("hub/actions/", "hub/approval/"))])
def test_no_action_knows_who_asks_but_by_an_argument(name: str) -> None:
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    assert [n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr == "actor" and _of_settings(n)] == []


def _of_settings(node: ast.Attribute) -> bool:
    value = node.value
    return (value.attr if isinstance(value, ast.Attribute) else getattr(value, "id", "")) == "settings"
