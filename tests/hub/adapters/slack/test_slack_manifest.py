"""The app's manifest in the documentation: what the code uses is there, and nothing else is asked for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import yaml

from hub.actions.inbox.meaning import COMMAND
from hub.adapters.slack.rights import ASKED_NEEDS, NEEDS
from hub.services.listener.app import PATH
from hub.services.slack.commanding import VERBS
from worlds.places import ROOT

FILE = ROOT / "docs" / "reference" / "slack-app.yaml"
HOST = "hub.example.com"
#: By method, the scopes that it takes: one of them is enough in a channel that is public, or private. Source: the page
#: of each at https://docs.slack.dev/reference/methods.
METHODS = {
    "auth.test": set[str](),
    "chat.postMessage": {"chat:write"},
    "chat.update": {"chat:write"},
    "chat.delete": {"chat:write"},
    "chat.unfurl": {"links:write"},
    "conversations.history": {"channels:history", "groups:history"},
    "conversations.replies": {"channels:history", "groups:history"},
    "conversations.info": {"channels:read", "groups:read"},
}
#: What the app is sent takes scopes too: commands, and the event link_shared.
SENT = {"commands", "links:read"}


def manifest() -> Any:
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def called() -> Iterator[str]:
    """The methods that the code calls."""
    for path in (ROOT / "hub").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_call = (
                isinstance(call, ast.Call) and getattr(call.func, "attr", "") in ("call", "answered") and call.args
            )
            if is_call and isinstance(name := getattr(call.args[0], "value", None), str):
                yield name


def test_its_scopes_are_those_that_the_methods_and_requests_take() -> None:
    assert set(called()) == METHODS.keys()
    assert {*NEEDS, *ASKED_NEEDS} == set().union(SENT, *METHODS.values())
    assert manifest()["oauth_config"] == {"scopes": {"bot": [*NEEDS, *ASKED_NEEDS]}}


def test_its_request_urls_are_the_listeners() -> None:
    tree, url = manifest(), f"https://{HOST}{PATH}/slack"
    (command,) = tree["features"]["slash_commands"]
    urls = [command["url"], *(tree["settings"][one]["request_url"] for one in ("interactivity", "event_subscriptions"))]
    assert urls == [url] * 3
    assert tree["features"]["unfurl_domains"] == [HOST]
    assert tree["settings"]["event_subscriptions"]["bot_events"] == ["link_shared"]


def test_its_command_is_the_one_that_is_read_and_hints_at_each_verb() -> None:
    (command,) = manifest()["features"]["slash_commands"]
    assert command["command"] == COMMAND
    hinted = [one.split()[0] for one in command["usage_hint"].split("|")]
    assert ["help", *hinted] == [*VERBS]


def test_the_token_lasts_and_the_app_is_one_workspaces() -> None:
    settings = manifest()["settings"]
    assert [settings[one] for one in ("token_rotation_enabled", "org_deploy_enabled", "socket_mode_enabled")] == [
        False
    ] * 3
