"""`rtb-hub --server URL …`: the same commands, outputs and exit codes as on the state repository itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse

from generator.errors import Reason
from hub.adapters.kubernetes.cluster import Recorded
from hub.commands.server.printing import harmless
from hub.output.exit_codes import CODES
from worlds.api_world import ApiWorld, api_world
from worlds.commands import IMAGES, Ran, commit_file, git, must, rtb_hub
from worlds.served import on_loopback
from worlds.serving import served

INT = ("--env", "int")


class Through:
    """The command line on a repository, and through the API of it, as alice."""

    def __init__(self, world: ApiWorld, url: str, folder: Path) -> None:
        self.world, self.url, self.folder = world, url, folder

    def run(self, *arguments: object, by: str = "alice", **environ: str) -> Ran:
        self.world.api.feed.refresh()
        token = {"RTB_HUB_SERVER_TOKEN": by, "HOME": str(self.folder), **environ}
        return rtb_hub("--server", self.url, *arguments, cwd=self.folder, **token)

    def local(self, *arguments: object) -> Ran:
        place = {"RTB_HUB_REPO": str(self.world.serving.path), "RTB_HUB_ACTOR": "alice", "HOME": str(self.folder)}
        return rtb_hub(*arguments, **place)

    def both(self, *arguments: object) -> tuple[Ran, Ran]:
        return self.run(*arguments), self.local(*arguments)


@pytest.fixture
def through(tmp_path: Path) -> Iterator[Through]:
    (tmp_path / "elsewhere").mkdir()
    with served(tmp_path) as serving, api_world(serving) as world, on_loopback(world.app) as address:
        yield Through(world, address, tmp_path / "elsewhere")


def same(one: str) -> str:
    """Without what differs between two commits of the same, and the width that a shorter time leaves."""
    return re.sub(
        r" +",
        " ",
        re.sub(r"[0-9a-f]{12,40}|\d\d\d\d-\d\d-\d\dT[\d:]+Z|(?:\d+[dhm] ?)+(?![a-z])|minutesLeft\"?: \d+", "*", one),
    )


@pytest.mark.parametrize("output", ["table", "wide", "name", "json", "yaml"])
def test_what_is_shown_is_what_the_repository_shows(through: Through, output: str) -> None:
    assert through.local("start", "RTB-1", *INT, *IMAGES).code == 0
    assert through.local("start", "RTB-2", "--env", "stg", *IMAGES).code == 0
    for arguments in (
        ("list",), ("list", *INT), ("list", "--env", "itn"), ("list", "--owner", "bob"), ("list", "--sort", "ends"),
        ("list", "--phase", "activ"), ("list", "--limit", "1", "--after", "RTB-1/int"), ("list", "--issue", "RTB-2"),
        ("show", "RTB-1", *INT), ("show", "RTB-9", *INT), ("show", "rtb_1", *INT),
    ):  # fmt: skip
        server, repository = through.both(*arguments, "--output", output)
        assert (server.code, same(server.out)) == (repository.code, same(repository.out)), arguments
        assert bool(server.err) == bool(repository.err)
    assert json.loads(through.run("list", "-o", "json").out)["totals"]["previews"] == 2


def test_mine_is_whose_the_server_knows_who_asks_by(through: Through) -> None:
    for key, who in (("RTB-1", "alice"), ("RTB-2", "ci")):
        must("start", key, *INT, *IMAGES, "--repo", through.world.serving.path, RTB_HUB_ACTOR=who)

    def mine(by: str, *more: object) -> list[str]:
        told = through.run("list", "--mine", "-o", "json", *more, by=by, RTB_HUB_ACTOR="alice").json()
        return [one["issue"] for one in told["previews"]]

    assert (mine("alice"), mine("ci"), mine("viewer")) == (["RTB-1"], ["RTB-2"], [])
    assert mine("ci", "--env", "stg") == []
    told = through.run("list", "--mine", by="ci").out
    assert ("RTB-2" in told, "RTB-1" in told) == (True, False)
    refused = through.world.get("/api/v1/listing?mine=true&owner=bob")
    assert (refused.status_code, refused.json()["reason"]) == (422, "InvalidValue")
    assert through.run("list", "--mine", "--owner", "bob").code == 2


@pytest.mark.parametrize("output", ["table", "json"])
def test_history_and_differences_are_the_repositorys(through: Through, output: str) -> None:
    assert through.local("start", "RTB-1", *INT, *IMAGES).code == 0
    assert through.local("start", "RTB-2", "--env", "prd", *IMAGES).code == 0
    assert through.local("extend", "RTB-1", *INT, "--by", "1h", "--reason", "demo").code == 0
    for arguments in (
        ("history",), ("history", "RTB-1"), ("history", *INT, "--limit", "1"), ("history", "--since", "7d"),
        ("history", "rtb"), ("history", "--since", "soon"), ("history", "--env", "itn"), ("history", "RTB-1", "--limit", "0"),
        ("diff", "RTB-1", *INT, *IMAGES), ("diff", "RTB-1", *INT, *IMAGES, "--set", "web.replicas=2"),
        ("diff", "RTB-9", *INT, *IMAGES), ("diff", "RTB-2", "--env", "prd", *IMAGES, "--ttl", "4h"),
        ("diff", "RTB-1", *INT, "--set", "web.cpu=lots"), ("diff", "RTB-1", *INT, "--ttl", "900h"),
    ):  # fmt: skip
        server, repository = through.both(*arguments, "--output", output)
        assert (server.code, same(server.out)) == (repository.code, same(repository.out)), (arguments, server.err)
        assert bool(server.err) == bool(repository.err)


def test_why_is_told_by_the_servers_cluster(through: Through) -> None:
    assert through.local("start", "RTB-1", *INT, *IMAGES).code == 0
    none = through.run("why", "RTB-1", *INT)
    assert (none.code, "no cluster is connected for int" in none.err) == (CODES[Reason.NOT_FOUND], True)
    cluster = Recorded({"applications.argoproj.io": [], "namespaces": [], "applicationsets.argoproj.io": []}, {})
    through.world.api.clusters.connected = {"int": Always(cluster)}
    told, data = through.run("why", "RTB-1", *INT), through.run("why", "RTB-1", *INT, "-o", "json").json()
    assert told.code == 0
    for text in (data["text"], data["code"], *data["steps"]):
        assert text in told.out
    assert (data["phase"], data["audience"]) == ("stuck", "platform")
    assert through.run("why", "RTB-1", *INT, "--check").code == CODES[Reason.PREVIEW_FAILED]
    assert "--cluster does not work" in through.run("why", "RTB-1", *INT, "--cluster", "x").err


class Always:
    """A cluster that holds what it is made with."""

    def __init__(self, told: Recorded) -> None:
        self._told = told

    def record(self, argocd: str, preview: str, *, applications: str, is_asked: bool) -> Recorded:
        return self._told


def test_a_preview_from_its_start_to_its_revival(through: Through) -> None:
    """What is told of each step is what the repository's own command tells, in another environment."""
    steps: list[tuple[object, ...]] = [
        ("start", "RTB-1", *IMAGES, "--set", "web.cpu=500m"), ("start", "RTB-1", *IMAGES, "--set", "web.cpu=500m"),
        ("extend", "RTB-1", "--by", "1h", "--reason", "demo"), ("extend", "RTB-1", "--by", "90d"), ("stop", "RTB-1"),
        ("revive", "RTB-1"), ("revive", "RTB-1"), ("stop", "RTB-1"), ("stop", "RTB-1", "--ignore-not-found"),
    ]  # fmt: skip
    for output in ("table", "json"):
        for step in steps:
            server = through.run(*step, *INT, "-o", output)
            repository = through.local(*step, "--env", "stg", "-o", output)
            assert (server.code, server.err) == (repository.code, ""), server.err
            if output == "table":
                assert same(server.out) == same(repository.out).replace(" stg", " int").replace(".stg.", ".int."), step
            else:
                assert set(server.json()) == set(repository.json()), step
    operations = git(through.world.serving.path, "log", "--format=%(trailers:key=Requested-By,valueonly)", "main")
    assert {*operations.split()} == {"alice"}


def test_refusals_have_the_reason_and_the_exit_code(through: Through) -> None:
    assert through.local("start", "RTB-1", *INT, *IMAGES).code == 0
    for arguments in (
        ("stop", "RTB-9", *INT), ("extend", "RTB-1", *INT, "--by", "soon"), ("revive", "RTB-9", *INT),
        ("start", "RTB-2", *INT, "--image", "web=registry.example.com/w:latest"), ("start", "RTB-2", *INT, "--image", "x"),
    ):  # fmt: skip
        server, repository = through.both(*arguments)
        assert (server.code, server.out) == (repository.code, repository.out), server.err
    assert through.run("list", by="").code == 73
    assert "RTB_HUB_SERVER_TOKEN" in through.run("list", by="nobody-I-know").err
    refused = through.run("stop", "RTB-1", *INT, by="viewer")
    assert (refused.code, "NotAllowed" in refused.err) == (74, True)


def test_stopping_everywhere_tells_each(through: Through) -> None:
    for env in ("int", "stg"):
        assert through.local("start", "RTB-1", "--env", env, *IMAGES).code == 0
    ran = through.run("stop", "RTB-1", "--all", "-o", "json")
    assert {one["environment"]: one["change"] for one in ran.json()["stopped"]} == {"int": "removed", "stg": "removed"}
    assert through.run("stop", "RTB-1", "--all").code == 37
    assert "nothing changed" in through.run("stop", "RTB-1", "--all", "--ignore-not-found").out


def test_a_part_that_cannot_be_read_is_told_by_the_exit_code(through: Through) -> None:
    assert through.local("start", "RTB-1", *INT, *IMAGES).code == 0
    commit_file(through.world.serving.path, "environments/stg/environment.yaml", "kind: [\n")
    for output in ("table", "json"):
        server, repository = through.both("list", "-o", output)
        assert server.code == repository.code != 0
        assert "RTB-1" in server.out


def test_the_token_is_nowhere(through: Through) -> None:
    (through.folder / "token").write_text("no-such-token-s3cr3t\n")
    told = through.run("list", by="", RTB_HUB_SERVER_TOKEN_FILE=str(through.folder / "token"))
    assert (told.code, "s3cr3t" in told.err + told.out) == (73, False)
    shown = must("config", RTB_HUB_SERVER="https://hub.example.com", RTB_HUB_SERVER_TOKEN="s3cr3t-of-mine")
    assert ("https://hub.example.com" in shown.out, "s3cr3t" in shown.out) == (True, False)


@pytest.mark.parametrize("url", ["http://hub.example.com", "https://alice:pw@hub.example.com", "ftp://x", "https://"])
def test_an_address_that_is_none_is_refused_unsaid(url: str) -> None:
    ran = rtb_hub("--server", url, "list")
    assert (ran.code, "alice" in ran.err) == (14, False)


def test_nobody_there_is_told() -> None:
    ran = rtb_hub("--server", "http://127.0.0.1:1", "stop", "RTB-1", *INT, "-o", "json")
    assert (ran.code, json.loads(ran.err)["error"]["reason"]) == (77, "ServerUnreachable")


@pytest.mark.parametrize(
    "answer",
    [JSONResponse([1]), JSONResponse({"detail": "x"}, 404), PlainTextResponse("<html>", 302), JSONResponse({}, 503)],
    ids=["a list", "another API", "a sign-in page", "a proxy"],
)
def test_what_is_no_hub_is_told(answer: Any) -> None:
    app = FastAPI()
    app.get("/api/v1/listing")(lambda: answer)
    with on_loopback(app) as url:
        ran = rtb_hub("--server", url, "list", "-o", "json")
    assert (ran.code, "Traceback" in ran.err) == (78, False), ran.err


@pytest.mark.parametrize("command", [("approvals",), ("reconcile",), ("env", "list"), ("config",)])
def test_commands_that_do_not_work_through_a_server_say_so(command: tuple[str, ...], tmp_path: Path) -> None:
    ran = rtb_hub("--server", "http://127.0.0.1:1", *command, cwd=tmp_path)
    assert (ran.code, "does not work through a server" in " ".join(ran.err.split())) == (2, True)


def test_an_option_that_no_server_knows_is_refused_and_not_ignored(tmp_path: Path) -> None:
    ran = rtb_hub("--server", "http://127.0.0.1:1", "why", "RTB-1", "--env", "int", "--url", cwd=tmp_path)
    assert (ran.code, "--url does not work through a server" in " ".join(ran.err.split())) == (2, True)


def test_the_variable_counts_where_no_repository_is_named(tmp_path: Path) -> None:
    named = {"RTB_HUB_SERVER": "http://127.0.0.1:1"}
    assert rtb_hub("list", cwd=tmp_path, **named).code == 77
    assert rtb_hub("list", "--repo", tmp_path, **named).code == 30
    assert rtb_hub("approvals", cwd=tmp_path, **named).code == 2
    assert rtb_hub("approvals", cwd=tmp_path, RTB_HUB_REPO=str(tmp_path), **named).code == 30
    assert rtb_hub("config", **named).code == 0
    assert rtb_hub("--server", "http://127.0.0.1:1", "list", "--repo", tmp_path).code == 2
    assert rtb_hub("list", "--cluster", "here", **named).code == 2


def test_a_server_cannot_do_more_to_a_terminal_than_style_it() -> None:
    hostile = "\x1b[31mred\x1b[0m \x1b]8;;https://x.example/\x1b\\link\x1b]8;;\x1b\\ \x1b[2J\x1b]0;title\x07\u202e\r"
    shown = harmless(hostile, styled=True)
    assert shown.startswith("\x1b[31mred\x1b[0m \x1b]8;;https://x.example/\x1b\\link\x1b]8;;\x1b\\ ")
    assert not {"\x1b[2J", "\x07", "\u202e", "\r"} & {
        one for one in ("\x1b[2J", "\x07", "\u202e", "\r") if one in shown
    }
    assert "\x1b" not in harmless(hostile, styled=False)
