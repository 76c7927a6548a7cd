"""What can be done with the hub is a value below the command line, which words it as commands that a shell takes."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from generator.errors import About, Fault, Location, Remedy, RemedyKind
from hub.cli.app import app
from hub.output.remedies import WORDS, fault_line, words

ROOT = Path(__file__).parents[3]
#: Who may name the program's commands: the command line, and its words for remedies.
MAY = ("hub/cli/", "hub/commands/", "hub/output/remedies.py")
#: Texts of files that the command line writes, which say by which command, and of messages to people who have it.
HEADERS = {
    ("hub/views/messages/document.py", "why"),
    ("hub/views/messages/document.py", "revive"),
    ("hub/views/messages/clicks.py", "job"),
    ("hub/views/messages/commands.py", "list"),
    ("hub/views/messages/commands.py", "job"),
    ("hub/views/messages/faults.py", "why"),
    ("generator/bootstrap/hub.py", "hub"),
    ("generator/bootstrap/account/render.py", "account"),
    ("generator/bootstrap/account/terraform.py", "account"),
    ("generator/bootstrap/argocd.py", "init"),
    ("reconcilers/approval/repository_files.py", "init"),
    ("hub/adapters/git/push_rules.py", "init"),
}
FULL = About(
    "int", "RTB-1", "a.yaml:1", "/srv/my state.git", "app:1", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", 4
)


def commands() -> set[str]:
    found = set(app.commands)
    assert {"start", "stop", "init", "hub"} <= found
    return found


def strings(tree: ast.Module) -> Iterator[str]:
    """All strings but docstrings."""
    documents = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documents:
            yield node.value


def test_nothing_below_the_command_line_names_its_commands() -> None:
    named = re.compile(rf"rtb-hub ({'|'.join(map(re.escape, commands()))})\b")
    paths = [path for room in ("generator", "reconcilers", "hub") for path in (ROOT / room).rglob("*.py")]
    found = {
        (name, command)
        for path in paths
        if not (name := path.relative_to(ROOT).as_posix()).startswith(MAY)
        for text in strings(ast.parse(path.read_text(encoding="utf-8")))
        for command in named.findall(text)
    }
    assert found == HEADERS


def test_no_remedy_below_the_command_line_names_an_option_of_it() -> None:
    offered = {option for _, command in sorted(app.commands.items()) for option in options_of(command)}
    assert {"--image", "--queue", "--no-office-hours", "--cap", "--apply"} <= offered
    named = re.compile(r"(?:give|with|without|raise|use '|start) ?(--[a-z-]+)")
    paths = [path for room in ("generator", "reconcilers") for path in (ROOT / room).rglob("*.py")]
    found = {
        (path.relative_to(ROOT).as_posix(), option)
        for path in paths
        for text in strings(ast.parse(path.read_text(encoding="utf-8")))
        for option in named.findall(text)
        if option in offered
    }
    assert found == set()


def options_of(command: click.Command) -> Iterator[str]:
    """All options of a command and of those below it."""
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)
    for below in getattr(command, "commands", {}).values():
        yield from options_of(below)


@pytest.mark.parametrize("kind", RemedyKind)
def test_each_remedy_has_its_words_and_they_name_commands_there_are(kind: RemedyKind) -> None:
    told = words(Remedy(kind, FULL))
    assert told
    assert not re.search(r"[{}]", told)
    assert set(re.findall(r"rtb-hub ([a-z]+)", told)) <= commands()


def test_there_are_no_words_without_a_remedy() -> None:
    assert set(WORDS) == set(RemedyKind)


@pytest.mark.parametrize(
    ("remedy", "told"),
    [
        (Remedy(RemedyKind.STOP, About("int", "RTB-1")), "remove it: rtb-hub stop RTB-1 --env int"),
        (Remedy(RemedyKind.LIST_PREVIEWS), "'rtb-hub list' shows what there is"),
        (Remedy(RemedyKind.LIST_PREVIEWS, About("int")), "'rtb-hub list --env int' shows what there is"),
        (
            Remedy(RemedyKind.REPAIR_OR_STOP, About("int", "RTB-1", place="a.yaml:2")),
            "a.yaml:2: repair it, or remove it: rtb-hub stop RTB-1 --env int",
        ),
        (Remedy(RemedyKind.RAISE_SHARDS), "stop a preview, or raise exposure.shards"),
        (
            Remedy(RemedyKind.RAISE_SHARDS, About(may_wait=True)),
            "stop a preview, or raise exposure.shards; or queue it ('start --queue')",
        ),
        ("check the network", "check the network"),
        ("", ""),
    ],
)
def test_the_words_of_a_remedy(remedy: Remedy | str, told: str) -> None:
    assert words(remedy) == told


@pytest.mark.parametrize("path", ["/srv/state.git", "/srv/my state.git", "it's; rm -rf $HOME", "-x", "é`id`"])
def test_a_remedy_is_a_command_that_a_shell_takes(path: str) -> None:
    told = words(Remedy(RemedyKind.INSTALL_HOOK, About(path=path)))
    assert shlex.split(told.split(": ", 1)[1]) == ["rtb-hub", "init", path]


@pytest.mark.parametrize("path", ["two\nlines", "a\tb'c\\d", "\x1b[2Jgone", "\u202egit"])
def test_what_cannot_be_printed_stays_one_line_that_bash_takes(path: str) -> None:
    import subprocess

    told = words(Remedy(RemedyKind.INSTALL_HOOK, About(path=path)))
    assert told.isprintable()
    command = told.split(": ", 1)[1].removeprefix("rtb-hub init ")
    ran = subprocess.run(["bash", "-c", f"printf %s {command}"], capture_output=True, check=True)
    assert ran.stdout == path.encode()


def test_a_faults_line_has_its_remedy_in_words_and_its_text_for_logs_has_the_value() -> None:
    remedy = Remedy(RemedyKind.STOP_BOTH, About("int", "RTB-1"))
    fault = Fault("RTB-1 is live in int", Location("a.yaml", 2), remedy=remedy)
    assert fault_line(fault) == "a.yaml:2: RTB-1 is live in int; 'rtb-hub stop RTB-1 --env int' removes both"
    assert str(fault) == "a.yaml:2: RTB-1 is live in int; StopBoth (environment: int, issue: RTB-1)"
    assert str(Remedy(RemedyKind.PROTECT)) == "Protect"
