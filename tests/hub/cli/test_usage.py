"""Wrong usage: told in the format that was asked for, with what is near; and what names nothing is no folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest

from generator.errors import Reason
from hub.cli.app import app
from hub.cli.errors import asked_format
from hub.cli.help import HABITS
from hub.output.exit_codes import CODES
from worlds.commands import IMAGES, git, must, rtb_hub
from worlds.repositories import state_repository

#: Arguments; the option or argument that is wrong; what is allowed; what is near.
WRONG = [
    (("list", "-o", "json", "--sort", "foo"), "--sort", "key, ends, price, owner, age", ""),
    (("list", "--output=json", "--srot", "key"), "--srot", "", "--sort"),
    (("list", "-ojson", "--limit", "x"), "--limit", "0 or more", ""),
    (("list", "--limit", "-1", "-o", "yaml"), "--limit", "0 or more", ""),
    (("token", "create", "x", "--scope", "preview:read", "--days", "0", "-o", "json"), "--days", "1 to 366", ""),
    (("stop", "-o", "json"), "KEY", "", ""),
    (("stop", "RTB-1", "-o", "json"), "--env", "", ""),
    (("start", "-o", "json", "--env", "int"), "KEY", "", ""),
    (("start", "RTB-1", "-o", "json"), "--env", "", ""),
    (("start", "RTB-1", "--env", "int", "-o", "json", "--compute", "ec2"), "--compute", "fargate, spot", ""),
    (("env", "show", "-o", "json"), "NAME", "", ""),
    (("env", "shwo", "-o", "json"), "", "", "show"),
    (("lst", "-o", "json"), "", "", "list"),
    (("get", "-o", "json"), "", "", ""),
    (("-o", "json", "list"), "-o", "", ""),
    (("list", "-o", "json", "--env"), "--env", "", ""),
    (("list", "-o", "json", "more"), "", "", ""),
    (("why", "-o", "json"), "", "", ""),
    (("validate", "x.yaml", "-o", "sarif", "--nope"), "--nope", "", ""),
    (("guard", "-o", "github"), "BASE..HEAD", "", ""),
    (("validate", "", "-o", "json"), "PATH…", "", ""),
    (("blueprint", "show", "-o", "json"), "NAME", "", ""),
]


@pytest.mark.parametrize(("arguments", "field", "allowed", "nearest"), WRONG, ids=" ".join)
def test_wrong_usage_is_json_for_machines(arguments: tuple[str, ...], field: str, allowed: str, nearest: str) -> None:
    ran = rtb_hub(*arguments)
    assert (ran.code, ran.out) == (2, "")
    error: dict[str, Any] = json.loads(ran.err)["error"]
    (fault,) = error["faults"]
    assert error["reason"] == "WrongUsage"
    assert (fault["field"], fault["allowed"], fault["nearest"]) == (field, allowed, nearest)
    assert fault["message"]


@pytest.mark.parametrize(
    "arguments", [("list", "--sort", "foo"), ("list", "-o", "jsno"), ("list", "-o", "table", "-x")]
)
def test_people_are_told_in_words(arguments: tuple[str, ...]) -> None:
    ran = rtb_hub(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Usage: rtb-hub list")
    assert "Try 'rtb-hub list --help' for help." in ran.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("list -o json -o table", "table"),
        ("list -o=yaml", "yaml"),
        ("list --output JSON", "json"),
        ("list -- -o json", ""),
        ("list -o", ""),
        ("list --owner json", ""),
    ],
)
def test_the_format_is_the_last_one_asked_for(arguments: str, told: str) -> None:
    assert asked_format(arguments.split()) == told


def test_words_of_other_tools_lead_to_commands_that_there_are() -> None:
    for word, leads in HABITS.items():
        assert word not in app.commands, f"{word} is a command of ours by now"
        for name in leads.split(", "):
            here: click.Command | None = app
            for part in name.split():
                if isinstance(here, click.Group) and not part.startswith("-") and part != "COMMAND":
                    here = here.get_command(click.Context(here), part)
            assert here is not None, f"{word} → {name}"
    assert "stop" in rtb_hub("delete", "RTB-1").err


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", ""),
        ("init", ""),
        ("render", "RTB-1", "--env", "int", "--to", ""),
        ("env", "list", "--environments", ""),
        ("validate", ".", "--schemas", ""),
        ("schema", "--to", ""),
        ("demo", ""),
    ],
    ids=" ".join,
)
def test_an_empty_path_names_nothing_and_not_this_folder(arguments: tuple[str, ...], tmp_path: Path) -> None:
    ran = rtb_hub(*arguments, cwd=tmp_path)
    assert (ran.code, "names nothing" in ran.err) == (2, True), ran.err
    assert [*tmp_path.iterdir()] == []


def test_an_error_names_an_option_as_it_is_typed(tmp_path: Path) -> None:
    ran = rtb_hub("render", "RTB-1", "--env", "int", *IMAGES, "--ttl", "xx", cwd=tmp_path)
    assert "error: --ttl: 'xx' is not a duration" in ran.err
    ran = rtb_hub("init", tmp_path / "new.git", "--remote", tmp_path / "nothing")
    assert (ran.code, f"error: --remote: {tmp_path}/nothing is not a Git repository" in ran.err) == (30, True)
    assert "git init --bare" in ran.err
    assert not (tmp_path / "new.git").exists()


def test_the_version_for_machines_and_help_by_name() -> None:
    told = rtb_hub("version", "-o", "json").json()
    assert rtb_hub("--version").out.split() == ["rtb-hub", told["version"]] == rtb_hub("version").out.split()
    assert rtb_hub("-v").out == rtb_hub("--version").out
    assert rtb_hub("help", "env", "show").out == rtb_hub("env", "show", "--help").out
    assert rtb_hub("help").out == rtb_hub("--help").out
    assert rtb_hub("help", "env", "shwo").code == 2


@pytest.mark.parametrize("command", [("show", "RTB-1", "--env", "int"), ("list",), ("doctor",)], ids=" ".join)
def test_a_kubeconfig_that_nothing_is_read_from_is_told(command: tuple[str, ...]) -> None:
    ran = rtb_hub(*command, "--kubeconfig", "/nowhere")
    assert (ran.code, "without --cluster" in ran.err) == (14, True), ran.err


@pytest.mark.parametrize("option", ["--ends-within", "--since", "--by", "--ttl", "--timeout"])
def test_durations_are_refused_in_the_same_words(option: str, tmp_path: Path) -> None:
    command = {
        "--ends-within": ("list",),
        "--since": ("history",),
        "--by": ("extend", "RTB-1", "--env", "int"),
        "--ttl": ("price", "--env", "int"),
        "--timeout": ("wait", "RTB-1", "--env", "int"),
    }[option]
    state = tmp_path / "state.git"
    assert rtb_hub("init", state).code == 0
    ran = rtb_hub(*command, option, "soon", "-o", "json", RTB_HUB_REPO=str(state))
    (fault,) = json.loads(ran.err)["error"]["faults"]
    assert fault["message"] == "'soon' is not a duration"
    assert "1h30m" in fault["allowed"]


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("echo git version 2.17.1", "2.17, which is too old"),
        ("echo git version 1.8.3.1", "1.8, which is too old"),
        ("echo hello", "'hello'"),
        ("exit 3", "nothing, with exit code 3"),
        (None, "there is no git"),
        ("", "cannot be run: Permission denied"),
    ],
    ids=str,
)
@pytest.mark.parametrize("command", [("list",), ("doctor",), ("init", "new.git")], ids=" ".join)
def test_a_git_that_cannot_be_used_is_told_before_anything_is_done(
    says: str | None, told: str, command: tuple[str, ...], tmp_path: Path
) -> None:
    state, folder = tmp_path / "state.git", tmp_path / "bin"
    git(tmp_path, "init", "-q", "--bare", str(state))
    folder.mkdir()
    if says is not None:
        (folder / "git").write_text(f"#!/bin/sh\n{says}\n")
        (folder / "git").chmod(0o755 if says else 0o644)
    ran = rtb_hub(*command, cwd=tmp_path, PATH=str(folder), RTB_HUB_REPO=str(state))
    assert (ran.code, "[GitUnusable]" in ran.err, told in ran.err) == (43, True, True), ran.err


def test_a_git_of_another_maker_is_one(tmp_path: Path) -> None:
    real = git(tmp_path, "--exec-path").strip()
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec echo "git version 2.39.3 (Apple Git-146)"\nexec {real}/git "$@"\n'
    )
    (folder / "git").chmod(0o755)
    state = tmp_path / "state.git"
    assert rtb_hub("init", state).code == 0
    assert rtb_hub("list", "--repo", state, PATH=f"{folder}:/usr/bin:/bin").code == 0


def test_a_key_in_small_letters_means_the_one_that_there_can_be(tmp_path: Path) -> None:
    state = state_repository(tmp_path / "state.git")
    assert rtb_hub("start", "rtb-1", "--env", "int", *IMAGES, "--repo", state).code == 0
    assert rtb_hub("show", "Rtb-1", "--env", "int", "--repo", state).code == CODES[Reason.INVALID_ISSUE_KEY]
    for command in (("show", "rtb-1", "--env", "int"), ("list", "--issue", "rtb-1"), ("history", "rtb-1")):
        assert "RTB-1" in must(*command, "--repo", state).out
    assert "RTB-1" in must("stop", "rtb-1", "--env", "int", "--repo", state).out


def test_mine_is_what_i_asked_for(tmp_path: Path) -> None:
    state = state_repository(tmp_path / "state.git")
    for key, who in (("RTB-1", "alice"), ("RTB-2", "bob")):
        must("start", key, "--env", "int", *IMAGES, "--repo", state, RTB_HUB_ACTOR=who)
    told = must("list", "--mine", "-o", "json", "--repo", state, RTB_HUB_ACTOR="bob").json()
    assert [one["issue"] for one in told["previews"]] == ["RTB-2"]
    assert rtb_hub("list", "--mine", "--owner", "bob", "--repo", state).code == 2


def test_no_version_is_not_every_version(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    ran = rtb_hub("validate", tmp_path, "--kubernetes", "")
    assert (ran.code, "'' has no schemas" in ran.err) == (CODES[Reason.INVALID_VALUE], True)
