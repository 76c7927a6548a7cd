"""What people read of the command line: help at any width, wrong usage, interruption."""

from __future__ import annotations

import inspect
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from hub import __version__
from hub.cli.app import app
from hub.cli.help import INTERRUPTED, WIDEST
from worlds.commands import Ran, must, rtb_hub
from worlds.places import ROOT


def walk(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from walk(child, (*path, name))


COMMANDS = dict(walk(app))
EVERY = pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "rtb-hub")


def run(*arguments: str, columns: int = 80) -> Ran:
    return rtb_hub(*arguments, COLUMNS=str(columns))


def words(text: str | None) -> list[str]:
    return inspect.cleandoc(text or "").split()


@EVERY
@pytest.mark.parametrize("columns", [60, 80, 200])
def test_help_is_whole_at_any_width(path: tuple[str, ...], columns: int) -> None:
    command = COMMANDS[path]
    ran = run(*path, "--help", columns=columns)
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert max(map(len, lines)) <= min(columns, WIDEST) - 2
    told = ran.out.replace(" \\\n", "\n").split()
    for text in (command.help, *(parameter.help for parameter in command.params)):
        assert [word for word in words(text) if word not in told and word != "Example:"] == []
    context = click.Context(command)
    for parameter in command.params:
        name, _ = parameter.get_help_record(context) or ("", "")
        assert any(f"{line} ".startswith(f"  {name} ") for line in lines), name
    assert "<" not in ran.out


@EVERY
def test_a_paragraph_is_filled_to_the_edge(path: tuple[str, ...]) -> None:
    """A line ends where the next word would not fit, so nothing of how the source is broken into lines is left."""
    for paragraph in run(*path, "--help").out.split("\n\n"):
        lines = paragraph.splitlines()
        if any(line.lstrip() != line[2:] or not line.startswith("  ") for line in lines) or "Example:" in paragraph:
            continue  # a heading with names below it
        for line, following in itertools.pairwise(lines):
            assert len(line) + 1 + len(following.split()[0]) > 78, line


def test_commands_are_listed_below_their_panels_each_once() -> None:
    told = run("--help").out
    panels = [
        "Options:",
        "State repository:",
        "Previews:",
        "Environments, blueprints, checks:",
        "Services:",
        "rtb-hub itself:",
    ]
    assert [line for line in told.splitlines() if line.endswith(":") and not line.startswith(" ")] == panels
    listed = [
        line.split()[0] for line in told[told.index(panels[1]) :].splitlines() if line[:3].strip() and line[0] == " "
    ]
    assert sorted(listed) == sorted(app.commands)


def test_an_example_is_a_command_that_a_shell_takes() -> None:
    for path, command in COMMANDS.items():
        example = inspect.cleandoc(command.help or "").partition("Example: ")[2]
        if example:
            told = run(*path, "--help", columns=60).out.partition("\nExample:\n")[2]
            assert told.replace("\\\n", "").split() == example.split(), path
            assert all(line.endswith(" \\") for line in told.splitlines()[:-1])
    assert sum("Example: " in (command.help or "") for command in COMMANDS.values()) >= 20


@pytest.mark.parametrize("arguments", [(), ("env",), ("argocd",), ("hub",), ("blueprint",)], ids=str)
def test_without_a_command_the_help_is_told_as_wrong_usage(arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.err) == (2, "")
    assert ran.out == run(*arguments, "-h").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("lst", "No such command 'lst'. (Did you mean one of: 'list', 'set'?)"),
        ("list --nope", "No such option '--nope'."),
        ("list --sort foo", "'foo' is not one of 'key', 'ends', 'price', 'owner', 'age'."),
        ("list -o TABLE", "'TABLE' is not one of 'table', 'wide', 'name', 'json', 'yaml', 'text'."),
        ("render", "Missing argument 'KEY'."),
        ("render RTB-1", "Missing option '--env' / '-e'."),
        ("render RTB-1 --env", "Option '--env' requires an argument."),
        ("stop", "name one issue, as KEY or with --issue"),
        ("stop RTB-1", "name an environment with --env, or all with --all"),
        ("stop RTB-1 --issue RTB-2 --all", "name one issue, as KEY or with --issue"),
        ("guard a..b --cap -1", "-1 is not in the range x>=0."),
        ("history --limit x", "'x' is not a valid integer"),
        ("reconcile --confirm-removals 0", "0 is not in the range x>=1."),
        ("wait RTB-1 --env int --cluster c --for ever", "'ever' is not one of 'running', 'removed'."),
        ("env list more", "Got unexpected extra argument (more)"),
        ("validate", "Missing argument 'PATH…'."),
    ],
    ids=str,
)
def test_wrong_usage_is_told_and_ends_with_2(arguments: str, words: str) -> None:
    ran = run(*arguments.split())
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert ran.err.startswith("Usage: rtb-hub ") or "requires an argument" in words


@pytest.mark.parametrize(("no_color", "is_coloured"), [("", True), ("1", False)], ids=["as a rule", "NO_COLOR"])
def test_colours_are_for_terminals_that_want_them(no_color: str, is_coloured: bool) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb") as terminal:
        command = [sys.executable, "-m", "hub.cli.main", "env", "--help"]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "NO_COLOR": no_color}, stdout=theirs, check=True)
        os.close(theirs)
        told = terminal.read1().decode()
    assert ("\x1b[1mCommands:\x1b[0m" in told) == is_coloured
    assert "List the environments" in told
    assert "\x1b" not in run("env", "--help").out


def test_who_interrupts_a_command_gets_the_exit_code_of_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(app.commands, "interrupted", click.Command("interrupted", callback=interrupted))
    assert run("interrupted").code == INTERRUPTED == 128 + signal.SIGINT


def test_the_version_is_told_alone_and_among_options() -> None:
    assert must("--version").out == run("--version", "list").out == f"rtb-hub {__version__}\n"
