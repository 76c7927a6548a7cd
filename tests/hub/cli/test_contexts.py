"""Contexts: what is kept, which counts, what is refused, and what two processes do at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from generator.errors import Reason
from hub.output.exit_codes import CODES
from worlds.builders import image
from worlds.commands import Ran, must, rtb_hub
from worlds.places import ROOT
from worlds.repositories import state_repository

WEB = ("--blueprint", "web", "--image", f"web={image('web')}")


@pytest.fixture(scope="module")
def repos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two repositories: RTB-1 in int of a, RTB-2 in int and stg of b."""
    folder = tmp_path_factory.mktemp("contexts")
    for name, key, envs in (("a", "RTB-1", ("int",)), ("b", "RTB-2", ("int", "stg"))):
        state_repository(folder / name)
        for env in envs:
            must("start", key, "--env", env, *WEB, "--repo", folder / name)
    return folder


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "rtb-ai-hub" / "contexts.json"


@pytest.fixture
def kept(config: Path, repos: Path) -> Path:
    """The contexts a (in use, int), b (stg, bob), and hub, a server."""
    must("context", "add", "a", "--repo", repos / "a", "--env", "int")
    must("context", "add", "b", "--repo", "b", "-e", "stg", "--actor", "bob", cwd=repos)
    must("context", "add", "hub", "--server", "http://127.0.0.1:1")
    return config


def names(*arguments: object, **environ: str) -> list[str]:
    return must(*arguments, "-o", "name", **environ).out.split()


def test_what_is_kept_is_listed_shown_and_removed(kept: Path, repos: Path) -> None:
    assert names("context", "list") == ["a", "b", "hub"]
    listed = must("context", "list", "-o", "json").json()
    assert listed["file"] == str(kept)
    assert listed["contexts"][1] == {
        "name": "b", "inUse": False, "repo": str(repos / "b"), "server": None, "environment": "stg", "actor": "bob",
    }  # fmt: skip
    assert [one["inUse"] for one in listed["contexts"]] == [True, False, False]
    assert must("context", "list").out.splitlines()[1].startswith("*  a  ")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert must("context", "remove", "a").out == "✓ context a is removed; none is in use now\n"
    assert rtb_hub("context", "show").code == CODES[Reason.UNKNOWN_CONTEXT]
    assert "repo        " in must("context", "show", "b").out
    assert must("context", "use", "--none", "-o", "json").json() == {"name": None}


def test_where_a_command_works_is_said_by_the_first_of_five(kept: Path, repos: Path) -> None:
    assert names("list") == ["RTB-1/int"]
    both = ["RTB-2/int", "RTB-2/stg"]
    assert names("list", RTB_HUB_CONTEXT="b") == both
    assert names("list", RTB_HUB_CONTEXT="a", RTB_HUB_REPO=str(repos / "b")) == both
    assert names("--context", "a", "list", RTB_HUB_REPO=str(repos / "b"), RTB_HUB_SERVER="http://127.0.0.1:1") == [
        "RTB-1/int"
    ]
    assert names("list", "--repo", repos / "b") == both
    must("context", "use", "b")
    assert names("list") == both
    must("context", "use", "--none")
    assert rtb_hub("list", cwd=kept.parent).code == CODES[Reason.NOT_A_STATE_REPOSITORY]


def test_the_environment_of_the_context_is_meant_only_there(kept: Path, repos: Path) -> None:
    assert names("show", "RTB-1") == ["RTB-1/int"]
    assert names("--context", "b", "show", "RTB-2") == ["RTB-2/stg"]
    assert names("--context", "b", "show", "RTB-2", "-e", "int") == ["RTB-2/int"]
    for ran in (
        rtb_hub("show", "RTB-2", "--repo", repos / "b"),
        rtb_hub("show", "RTB-2", RTB_HUB_REPO=str(repos / "b")),
        rtb_hub("stop", "RTB-2", f"--repo={repos / 'b'}"),
        rtb_hub("--context", "hub", "show", "RTB-2"),
        rtb_hub("--context", "hub", "stop", "RTB-2"),
    ):
        assert ran.code == 2, ran
        assert "--env" in ran.err


def test_who_asks_is_of_the_context_but_where_a_variable_says_another(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def actor(*arguments: str, **environ: str) -> tuple[str, str]:
        shown = must(*arguments, "config", "-o", "json", **environ).json()["settings"]
        found = next(one for one in shown if one["name"] == "RTB_HUB_ACTOR")
        return found["value"], found["source"]

    must("context", "use", "b")
    assert actor() == ("alice", "environment")
    assert actor("--context", "b") == ("bob", "context")
    monkeypatch.delenv("RTB_HUB_ACTOR")
    assert actor() == ("bob", "context")
    assert actor("--context", "a")[1] == "default"


@pytest.mark.parametrize(
    ("arguments", "reason", "told"),
    [
        (("add", "x"), None, "Name either --repo or --server."),
        (("add", "x", "--repo", "y", "--server", "https://z.example"), None, "Name either --repo or --server."),
        (("add", "x", "--server", "https://z.example", "--actor", "bob"), None, "--actor goes with --repo"),
        (("add", "X y", "--repo", "y"), Reason.INVALID_VALUE, "NAME: 'X y' is not a DNS label"),
        (("add", "a", "--repo", "y"), Reason.INVALID_VALUE, "there is a context 'a' already"),
        (("add", "x", "--repo", "y", "--env", "In"), Reason.INVALID_VALUE, "--env: 'In'"),
        (("add", "x", "--repo", ""), Reason.INVALID_VALUE, "--repo: names no repository"),
        (("add", "x", "--repo", "y", "--actor", "a\nb"), Reason.INVALID_VALUE, "RTB_HUB_ACTOR"),
        (("add", "x", "--server", "http://hub.example.com"), Reason.INVALID_VALUE, "would send the key in clear"),
        (("use",), None, "Name either a context or --none."),
        (("use", "hbu"), Reason.UNKNOWN_CONTEXT, "did you mean: hub"),
        (("remove", "x"), Reason.UNKNOWN_CONTEXT, "allowed: a, b, hub"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else None,
)  # fmt: skip
def test_what_is_wrong_is_told_and_changes_nothing(
    kept: Path, arguments: tuple[str, ...], reason: Reason | None, told: str
) -> None:
    before = kept.read_text()
    ran = rtb_hub("context", *arguments)
    assert (ran.code, ran.out) == (CODES[reason] if reason else 2, "")
    assert told in ran.err
    assert kept.read_text() == before


@pytest.mark.parametrize(
    "url",
    ["https://token@git.example.com/s.git", "https://a:b@git.example.com/s.git", "ssh://git:pw@git.example.com/s.git",
     "https://git.example.com/s.git?private_token=x", "https://[git/s.git"],
)  # fmt: skip
def test_no_secret_is_kept(config: Path, url: str) -> None:
    ran = rtb_hub("context", "add", "x", "--repo", url)
    assert ran.code == CODES[Reason.INVALID_VALUE]
    assert "no secret is kept here" in ran.err
    assert not config.exists()


def test_a_url_without_a_secret_is_kept_as_it_is(config: Path) -> None:
    for url in (
        "git@git.example.com:team/state.git",
        "ssh://git@git.example.com/state.git",
        "https://git.example.com/s",
    ):
        assert must("context", "add", "x", "--replace", "--repo", url, "-o", "json").json()["repo"] == url


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "Expecting property name"),
        ("[]", "it has no object 'contexts'"),
        ('{"contexts": {"a": 1}}', "'a' is no object of texts"),
        ('{"contexts": {"a": {"repo": "x", "token": "y"}}}', "'a' has 'token', which this release does not know"),
        ('{"contexts": {"a": {"environment": "int"}}}', "'a' needs a repo or a server, and not both"),
        ('{"contexts": {}, "current": "a"}', "the one in use, 'a', is not in it"),
        ("[" * 100_000, "maximum recursion depth"),
        (" " * ((1 << 20) + 1), "longer than 1 MiB"),
        ("\x00", "Expecting value"),
    ],
    ids=lambda one: one[:30],
)
def test_a_broken_file_is_named_with_a_way_out(kept: Path, repos: Path, text: str, told: str) -> None:
    kept.write_text(text)
    for arguments in (("list",), ("context", "list"), ("context", "use", "a"), ("--context", "a", "show", "RTB-1")):
        ran = rtb_hub(*arguments)
        assert (ran.code, ran.out) == (CODES[Reason.FILE_UNUSABLE], "")
        assert f"{kept} has no contexts to be read: " in ran.err
        assert told in ran.err
        assert "correct it, or remove it" in ran.err
    assert json.loads(rtb_hub("list", "-o", "json").err)["error"]["reason"] == "FileUnusable"
    assert kept.read_text() == text
    assert names("list", "--repo", repos / "a") == ["RTB-1/int"]
    assert names("list", RTB_HUB_REPO=str(repos / "a")) == ["RTB-1/int"]
    assert rtb_hub("list", "--help").code == rtb_hub("version").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("--context", "nope", "list"), CODES[Reason.UNKNOWN_CONTEXT], "--context: there is no context 'nope'"),
        (("--context", "a", "list", "--repo", "x"), 2, "--context goes with neither --repo nor --server."),
        (("--server", "http://127.0.0.1:1", "--context", "a", "list"), 2, "--context goes with neither"),
    ],
    ids=str,
)
def test_a_context_that_cannot_count_is_refused(kept: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    ran = rtb_hub(*arguments)
    assert (ran.code, ran.out) == (code, "")
    assert told in ran.err
    wrong = rtb_hub("list", RTB_HUB_CONTEXT="nope")
    assert "RTB_HUB_CONTEXT: there is no context 'nope'" in wrong.err


def test_a_server_of_a_context_is_asked(kept: Path) -> None:
    ran: Ran = rtb_hub("--context", "hub", "list")
    assert ran.code == CODES[Reason.SERVER_UNREACHABLE]
    assert "http://127.0.0.1:1" in ran.err


def test_contexts_are_kept_whatever_server_is_named_besides(kept: Path) -> None:
    must("context", "add", "other", "--server", "http://127.0.0.1:2", RTB_HUB_SERVER="http://127.0.0.1:1")
    must("context", "use", "hub")
    must("context", "add", "more", "--server", "http://127.0.0.1:3")
    assert names("context", "list") == ["a", "b", "hub", "more", "other"]


def test_processes_that_add_at_once_lose_nothing(config: Path) -> None:
    command = [sys.executable, "-m", "hub.cli.main", "context", "add"]
    running = [
        subprocess.Popen([*command, f"c{n}", "--repo", "x"], cwd=ROOT, stdout=subprocess.DEVNULL) for n in range(6)
    ]
    assert [one.wait() for one in running] == [0] * 6
    assert names("context", "list") == [f"c{n}" for n in range(6)]


def test_a_file_that_is_a_link_stays_one(config: Path, tmp_path: Path) -> None:
    config.parent.mkdir()
    config.symlink_to(tmp_path / "dotfiles.json")
    must("context", "add", "a", "--repo", "x")
    assert config.is_symlink()
    assert json.loads((tmp_path / "dotfiles.json").read_text())["current"] == "a"


def test_names_of_contexts_are_completed(kept: Path) -> None:
    def offered(line: str) -> list[str]:
        ran = must(COMP_WORDS=line, COMP_BREAKS=" ", _RTB_HUB_COMPLETE="bash_complete")
        return [told.partition(",")[2] for told in ran.out.splitlines() if told]

    assert offered("rtb-hub context use ") == offered("rtb-hub --context ") == ["a", "b", "hub"]
    assert offered("rtb-hub --context b show ") == ["RTB-2"]
    kept.write_text("{")
    assert offered("rtb-hub context use ") == []
