"""`rtb-hub mcp`: the tools, by the SDK's own client."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from hub.commands.server.calling import Api
from hub.services.api.access import refused_without_token
from hub.services.assistant.over_http import Assisted
from hub.services.assistant.plans import SECONDS, Plans
from hub.services.assistant.server import make_server
from hub.services.assistant.ways import Here, Through, Way
from hub.settings.server import server_settings
from hub.store.tables import AUDIT
from worlds.api_world import ApiWorld, api_world
from worlds.places import ROOT
from worlds.repositories import state_repository
from worlds.served import on_loopback
from worlds.serving import IMAGES, Serving

AT = {"environment": "int", "issue": "RTB-1"}


@pytest.fixture(params=["on a repository", "through a server"])
def way(request: pytest.FixtureRequest, serving: Serving) -> Iterator[Way]:
    if request.param == "on a repository":
        yield Here(serving.hub, str(serving.path))
    else:
        with api_world(serving) as world, on_loopback(world.app) as address:
            yield Through(Api.of(server_settings(address, {"RTB_HUB_SERVER_TOKEN": "alice"})))


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
    ends, _, sign = token.split(".")
    with pytest.raises(Exception, match="another plan"):
        plans.take(f"{ends}.0123456789abcdef.{sign}", {"a": 1})
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


class TestOverHttp:
    def test_each_call_has_its_callers_rights(self, world: ApiWorld) -> None:
        with on_loopback(world.app) as inner:
            assisted = Assisted(
                world.app, port=int(inner.rpartition(":")[2]), refused=partial(refused_without_token, world.api.access)
            )
            with on_loopback(assisted, lifespan="on") as address:
                start = {**AT, "images": IMAGES}
                plan, done = asked(address, "alice", ("start", start), ("start", {**start, "confirm": confirmed}))
                would = plan["data"]["plan"]["would"]
                assert (would["change"], would["counts"]["added"] > 5) == ("created", True)
                assert done["data"]["change"] == "created"
                world.api.feed.refresh()
                (listed,) = asked(address, "viewer", ("list", {}))
                assert listed["data"]["previews"][0]["lease"]["requestedBy"] == "alice"
                (why,) = asked(address, "viewer", ("why", AT))
                assert why["error"]["reason"] == "NotFound"
                (refused,) = asked(address, "viewer", ("extend", {**AT, "by": "1h"}))
                assert refused["error"]["reason"] == "NotAllowed"
                with world.serving.database.read() as connection:
                    rows = {(one.who, one.action, one.outcome) for one in connection.execute(AUDIT.select())}
                assert ("alice", "preview.start", "allowed") in rows
                assert ("viewer", "POST /api/v1/previews/{env}/{key}/extend", "refused") in rows
                for headers in ({}, {"Authorization": "Bearer nobody"}, {"Cookie": "rtb-access=x"}):
                    answer = httpx2.post(f"{address}/mcp", json={}, headers=headers)
                    assert (answer.status_code, answer.json()["reason"]) == (401, "NotSignedIn")
                assert httpx2.get(f"{address}/healthz").status_code == 200


def confirmed(told: list[dict[str, Any]]) -> str:
    return str(told[0]["data"]["confirm"])


def asked(address: str, by: str, *calls_: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """What each call over HTTP answers."""

    async def run() -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = []
        client = httpx2.AsyncClient(headers={"Authorization": f"Bearer {by}"}, timeout=60)
        async with client, Client(streamable_http_client(f"{address}/mcp", http_client=client)) as session:
            for name, arguments in calls_:
                given = {key: value(told) if callable(value) else value for key, value in arguments.items()}
                answer = await session.call_tool(name, given)
                text = answer.content[0].text  # type: ignore[union-attr]
                told.append(json.loads(text[text.index("{") :]))
        return told

    return asyncio.run(run())
