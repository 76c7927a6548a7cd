"""Settings: read once and whole, keys read again, secrets in nothing that is printed, every field explained."""

from __future__ import annotations

import importlib.util
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from generator.errors import ConfigError, HubError, Reason
from hub.settings import ForgeKeys, Settings, load_settings, setting_names
from hub.wiring import Hub
from worlds.builders import environment
from worlds.commands import rtb_hub
from worlds.places import ROOT

SECRET = "s3cr3t-of-no-known-form"


class Server(ThreadingHTTPServer):
    """Answers nothing that is of use, and remembers who asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Server)
        self.server.seen.append(self.headers["Authorization"])
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_without_anything_the_documented_defaults_hold() -> None:
    own = load_settings({})
    assert (own.repo, own.environments, own.identity, own.log_level, own.step_summary) == (None,) * 5
    assert (own.git_name, own.git_email) == ("rtb-hub", "rtb-hub@rtb-ai-hub.invalid")
    assert own.cache == Path("/tmp/.cache/rtb-ai-hub")
    assert own.kubeconfig == "/tmp/.kube/config"
    assert own.forge.read() == ForgeKeys().read()
    assert own.actor


@pytest.mark.parametrize(
    ("environ", "cache"),
    [
        ({"HOME": "/h"}, "/h/.cache/rtb-ai-hub"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/c"}, "/c/rtb-ai-hub"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/c", "RTB_HUB_CACHE": "/own"}, "/own"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "", "RTB_HUB_CACHE": ""}, "/h/.cache/rtb-ai-hub"),
    ],
)
def test_a_default_is_made_from_what_is_given(environ: dict[str, str], cache: str) -> None:
    assert load_settings(environ).cache == Path(cache)


def test_an_empty_variable_counts_as_not_given() -> None:
    assert load_settings(dict.fromkeys(setting_names(), "")).model_dump() == {**load_settings({}).model_dump()}


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(
            {
                "RTB_HUB_IDENTITY": "root",
                "RTB_HUB_LOG_LEVEL": "loud",
                "RTB_HUB_FORGE_TOKEN_FILE": str(tmp_path / "none"),
                "RTB_HUB_FORGE_APP_KEY_FILE": str(tmp_path),
            }
        )
    assert caught.value.reason is Reason.INVALID_VALUE
    assert {fault.field: fault.allowed for fault in caught.value.faults} == {
        "RTB_HUB_IDENTITY": "hub, expiry",
        "RTB_HUB_LOG_LEVEL": "debug, info, warning, error",
        "RTB_HUB_FORGE_TOKEN_FILE": "",
        "RTB_HUB_FORGE_APP_KEY_FILE": "",
    }
    ran = rtb_hub("env", "list", RTB_HUB_IDENTITY="root", RTB_HUB_LOG_LEVEL="loud")
    assert (ran.code, "RTB_HUB_IDENTITY" in ran.err, "RTB_HUB_LOG_LEVEL" in ran.err) == (14, True, True)


def test_nobody_changes_them_later() -> None:
    own = load_settings({})
    with pytest.raises(ValidationError, match="frozen"):
        own.repo = "x"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        Settings.model_validate({"RTB_HUB_REPOSITORY": "x"})


class TestKeys:
    @pytest.mark.parametrize("name", ["TOKEN", "TEAMS_TOKEN", "APP_KEY"])
    @pytest.mark.parametrize("in_file", [False, True], ids=["a value", "a file"])
    def test_are_in_nothing_that_is_printed(self, name: str, in_file: bool, tmp_path: Path) -> None:
        (tmp_path / "key").write_text(f"  {SECRET}\n", encoding="utf-8")
        value = {f"RTB_HUB_FORGE_{name}_FILE": str(tmp_path / "key")} if in_file else {f"RTB_HUB_FORGE_{name}": SECRET}
        own = load_settings(value)
        held = own.forge.read()
        assert getattr(held, name.lower()) == SECRET
        shown = [repr(own), str(own), repr(held), own.model_dump_json(), str(own.environ), str(list(own.shown()))]
        assert not any(SECRET in text for text in shown)
        assert own.secrets() == (SECRET,)
        (of_key,) = [one for one in own.shown() if one.name == f"RTB_HUB_FORGE_{name}"]
        assert of_key[1:] == ("set", "file" if in_file else "environment", "not set")

    def test_of_a_file_are_read_again_when_it_changes(self, tmp_path: Path) -> None:
        path = tmp_path / "token"
        path.write_text("first-token\n", encoding="utf-8")
        own = load_settings({"RTB_HUB_FORGE_TOKEN_FILE": str(path)})
        assert own.forge.read().token == "first-token"
        path.write_text("second-token\n", encoding="utf-8")
        assert own.forge.read().token == "second-token"
        assert set(own.secrets()) == {"first-token", "second-token"}
        path.unlink()
        with pytest.raises(ConfigError, match="cannot be read as text") as caught:
            own.forge.read()
        assert caught.value.reason is Reason.INVALID_FORGE
        path.write_text("third-token", encoding="utf-8")
        assert own.forge.read().token == "third-token"

    def test_that_changed_are_what_the_next_request_shows(self, tmp_path: Path, server: Server) -> None:
        path = tmp_path / "token"
        path.write_text("first-token", encoding="utf-8")
        ours = Hub(load_settings({"RTB_HUB_FORGE_TOKEN_FILE": str(path)}))
        forge = ours.forge(environment("prd", forge={"kind": "gitea", "url": f"{server.url}/acme/state"}), None)
        assert forge is not None
        for token in ("first-token", "second-token"):
            path.write_text(token, encoding="utf-8")
            server.seen.clear()
            with pytest.raises(HubError):
                forge.request(1)
            assert {shown.split()[-1] for shown in server.seen} == {token}

    def test_given_as_value_and_file_are_the_value(self, tmp_path: Path) -> None:
        given = {"RTB_HUB_FORGE_TOKEN": SECRET, "RTB_HUB_FORGE_TOKEN_FILE": str(tmp_path / "none")}
        assert load_settings(given).forge.read().token == SECRET


def test_what_is_shown_is_every_variable_with_its_source() -> None:
    own = load_settings({"RTB_HUB_REPO": "state.git", "HOME": "/h", "RTB_HUB_IDENTITY": "expiry"})
    shown = {one.name: (one.value, one.source) for one in own.shown()}
    assert shown["RTB_HUB_REPO"] == ("state.git", "environment")
    assert shown["RTB_HUB_CACHE"] == ("/h/.cache/rtb-ai-hub", "default")
    assert shown["RTB_HUB_ENVIRONMENTS"] == ("", "default")
    assert shown["RTB_EXPIRY_FORGE_TOKEN"] == ("not set", "default")
    keys = {name for name in setting_names() if "_FORGE_" in name}
    assert set(shown) - keys == set(setting_names()) - keys


def test_what_is_shown_has_the_default_that_would_hold_otherwise() -> None:
    own = load_settings({"RTB_HUB_CACHE": "/c", "HOME": "/h", "RTB_HUB_WORKER_CONCURRENCY": "7"})
    shown = {one.name: (one.value, one.default) for one in own.shown()}
    assert shown["RTB_HUB_CACHE"] == ("/c", "/h/.cache/rtb-ai-hub")
    assert shown["RTB_HUB_WORKER_CONCURRENCY"] == ("7", "20")


@pytest.mark.parametrize("in_file", [False, True], ids=["a value", "a file"])
def test_a_secret_of_the_services_is_in_nothing_that_is_printed(in_file: bool, tmp_path: Path) -> None:
    url = f"postgresql://hub:{SECRET}@127.0.0.1/hub"
    (tmp_path / "url").write_text(f"{url}\n", encoding="utf-8")
    own = load_settings(
        {"RTB_HUB_DATABASE_URL_FILE": str(tmp_path / "url")} if in_file else {"RTB_HUB_DATABASE_URL": url}
    )
    assert own.secret("database_url") == url
    assert SECRET not in f"{own!r}{own.model_dump_json()}{own.environ}{list(own.shown())}"
    assert own.secrets() == (url,)
    (told,) = [one for one in own.shown() if one.name == "RTB_HUB_DATABASE_URL"]
    assert told[1:] == ("set", "file" if in_file else "environment", "not set")


def test_a_file_of_a_secret_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="RTB_HUB_DATABASE_URL_FILE: /nonexistent/url cannot be read"):
        load_settings({"RTB_HUB_DATABASE_URL_FILE": "/nonexistent/url"}).secret("database_url")


def test_a_name_that_is_no_setting_is_tolerated_and_told() -> None:
    own = load_settings({"RTB_HUB_REPOSITORY": "x", "RTB_HUB_XYZ": "y", "RTB_HUBX": "z", "PATH": "/bin"})
    assert list(own.unknown()) == [("RTB_HUB_REPOSITORY", "RTB_HUB_REPO"), ("RTB_HUB_XYZ", "")]
    ran = rtb_hub("env", "list", RTB_HUB_REPOSITORY="x", RTB_HUB_LOG_LEVEL="warning")
    assert (ran.code, '"event": "unknown-setting"' in ran.err) == (0, True)
    assert rtb_hub("env", "list", RTB_HUB_REPOSITORY="x").err == ""


def test_every_field_says_what_it_is_and_why_its_default() -> None:
    spec = importlib.util.spec_from_file_location("reference_tables", ROOT / "tools" / "reference_tables.py")
    assert spec is not None
    assert spec.loader is not None
    tables: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    for name, model in (("Settings", Settings), ("ForgeKeys", ForgeKeys)):
        told = tables.documented(name) | (tables.documented("SlackSettings") if model is Settings else {})
        fields = set(model.model_fields) - {"forge", "is_mixed"}
        assert set(told) == fields
        assert all(" Default: " in text for text in told.values())


#: What belongs to the terminal and the shell of a person, and is no setting of ours: read before there are any.
OF_TERMINALS = {
    "hub/output/console.py": {"COLUMNS"},
    "hub/cli/main.py": {
        "NO_COLOR",
        "PYDANTIC_DISABLE_PLUGINS",
        "_RTB_HUB_COMPLETE",
    },  # the second is set, for a library
    "hub/cli/errors.py": {"LC_ALL"},  # and LC_MESSAGES, LANG on the same line: the locale
    "hub/cli/completion.py": {"SHELL"},
    "hub/cli/shells.py": {"COMP_WORDS", "COMP_BREAKS"},
}


def test_nothing_else_reads_the_process_environment() -> None:
    for package in ("generator", "reconcilers", "hub"):
        for path in (ROOT / package).rglob("*.py"):
            where, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
            lines = [line for line in text.splitlines() if re.search(r"\bos\.(environb?|getenv)\b", line)]
            assert "from os import" not in text or where.startswith("hub/settings/"), where
            if not where.startswith("hub/settings/"):
                assert {re.findall(r'"([A-Z_]+)"', line)[0] for line in lines} <= OF_TERMINALS.get(where, set()), where


@pytest.mark.parametrize("actor", ["x" * 201, "a\nb", "a\u200bb", " "])
def test_who_asks_is_a_name_of_bounded_length(actor: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings({"RTB_HUB_ACTOR": actor})
    assert "RTB_HUB_ACTOR" in str(caught.value)
    assert "x" * 201 not in str(caught.value)
    assert load_settings({"RTB_HUB_ACTOR": "x" * 200}).actor == "x" * 200


@pytest.mark.parametrize("name", ["RTB_HUB_GIT_NAME", "RTB_HUB_GIT_EMAIL"])
@pytest.mark.parametrize("text", ["a\nb <x>", "<>", "x>\ncommitter z <q@q> 1 +0000", " ", ".", "x" * 201, "a\x00b"])
def test_an_author_is_one_that_git_can_write(name: str, text: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_settings({name: text})
    assert raised.value.faults[0].field == name
