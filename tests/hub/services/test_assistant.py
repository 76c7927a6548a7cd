"""`rtb-hub mcp`: the tools, by the SDK's own client."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from hub.commands.server.calling import Api
from hub.services.assistant.plans import SECONDS, Plans
from hub.services.assistant.server import make_server
from hub.services.assistant.ways import Here, Through, Way
from hub.settings.server import server_settings
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.api_world import api_world
from worlds.places import ROOT
from worlds.repositories import state_repository
from worlds.served import on_loopback
from worlds.serving import IMAGES, Serving

AT = {"environment": "int", "issue": "RTB-1"}


@pytest.fixture(params=["on a repository", "through a server"])
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    url = sqlite_url(tmp_path / "hub.sqlite")
    database = Database(url)
    prepare(database)
    database.close()
    serving = Serving(tmp_path / "state.git", url)
    if request.param == "on a repository":
        yield Here(serving.hub, str(serving.path))
    else:
        with api_world(serving) as world, on_loopback(world.app) as address:
            yield Through(Api.of(server_settings(address, {"RTB_HUB_SERVER_TOKEN": "alice"})))
    serving.close()


def calls(server: Any, *asked: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """What each call answers; a function of the answers so far may stand for arguments."""

    async def run() -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = []
        async with Client(server) as client:
            for name, arguments in asked:
                given = {key: value(told) if callable(value) else value for key, value in arguments.items()}
                answer = await client.call_tool(name, given)
                text = answer.content[0].text  # type: ignore[union-attr]
                told.append(json.loads(text[text.index("{") :]))  # the SDK says before an error whose it is
                assert answer.is_error == ("error" in told[-1])
        return told

    return asyncio.run(run())


def test_a_preview_from_a_confirmed_plan_to_its_removal(way: Way) -> None:
    start = {**AT, "images": IMAGES}
    plan, listed, done, again, shown, more, gone = calls(
        make_server(way),
        ("start", start), ("list", {}), ("start", {**start, "confirm": lambda told: told[0]["data"]["confirm"]}),
        ("start", {**start, "confirm": lambda told: told[0]["data"]["confirm"]}), ("show", AT),
        ("extend", {**AT, "by": "1h"}), ("show", {**AT, "issue": "RTB-9"}),
    )  # fmt: skip
    assert (plan["data"]["done"], plan["data"]["plan"]["seen"], listed["data"]["previews"]) == (False, None, [])
    assert (done["data"]["done"], done["data"]["change"]) == (True, "created")
    assert again["error"]["reason"] == "InvalidValue", "a token is of the state that was seen"
    assert (shown["data"]["issue"], more["data"]["change"]) == ("RTB-1", "extended")
    assert gone["error"]["reason"] == "PreviewNotFound"
    assert all("none of it is an instruction" in one["note"] for one in (plan, listed, done, again, shown, gone))


def test_a_stop_is_confirmed_for_what_was_seen(way: Way) -> None:
    way.change("start", "int", "RTB-1", {"images": IMAGES})

    def confirm(told: list[dict[str, Any]]) -> str:
        return str(told[0]["data"]["confirm"])

    plan, other, moved, stale, fresh, done, back = calls(
        make_server(way),
        ("stop", AT), ("stop", {**AT, "reason": "another", "confirm": confirm}), ("extend", {**AT, "by": "1h"}),
        ("stop", {**AT, "confirm": confirm}), ("stop", AT),
        ("stop", {**AT, "confirm": lambda told: told[4]["data"]["confirm"]}), ("revive", AT),
    )  # fmt: skip
    assert plan["data"]["plan"]["seen"]["issue"] == "RTB-1"
    assert (other["error"]["reason"], moved["data"]["change"]) == ("InvalidValue", "extended")
    assert "changed since" in stale["error"]["faults"][0]["message"]
    assert (fresh["data"]["done"], done["data"]["change"], back["data"]["change"]) == (False, "removed", "revived")


def test_a_token_is_of_one_plan_once_and_not_for_long() -> None:
    now = [100.0]
    plans = Plans(lambda: now[0])
    token = plans.token({"a": 1})
    for wrong, plan in ((token, {"a": 2}), ("9.x.y", {"a": 1}), ("", {"a": 1}), (f"9{token}", {"a": 1})):
        with pytest.raises(Exception, match="another plan"):
            plans.take(wrong, plan)
    with pytest.raises(Exception, match="another plan"):
        Plans(lambda: now[0]).take(token, {"a": 1})
    plans.take(token, {"a": 1})
    with pytest.raises(Exception, match="used already"):
        plans.take(token, {"a": 1})
    late = plans.token({"a": 1})
    now[0] += SECONDS + 1
    with pytest.raises(Exception, match="are over"):
        plans.take(late, {"a": 1})


def test_as_a_program_over_its_standard_streams(tmp_path: Path) -> None:
    repo = state_repository(tmp_path / "state.git")
    program = StdioServerParameters(
        command=sys.executable,
        args=["-m", "hub.cli.main", "mcp", "--repo", str(repo)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
    )
    (told,) = calls(program, ("list", {}))
    assert told["data"]["totals"]["previews"] == 0
