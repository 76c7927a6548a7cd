"""Dry runs by the API: what would be done, refused ones among them, and nothing is written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.objects.diff import compare
from generator.objects.manifest import Manifest
from hub.services.api.limits import Buckets
from hub.views.plans import MOST_FIELDS, MOST_OBJECTS, MOST_TEXT, differences_data
from worlds.api_world import ApiWorld
from worlds.builders import image
from worlds.serving import IMAGES

#: Takes 2 of int's 6 vCPUs.
LARGE = [["web.cpu", "1"], ["api.cpu", "1"]]


def start(issue: str = "RTB-1", environment: str = "int", **said: Any) -> dict[str, Any]:
    return {"issue": issue, "environment": environment, "images": IMAGES, **said}


def plans(world: ApiWorld, *items: dict[str, Any], by: str = "alice") -> list[dict[str, Any]]:
    told = world.post("/api/v1/plans", by=by, json={"items": list(items)})
    assert told.status_code == 200, told.text
    found: list[dict[str, Any]] = told.json()["plans"]
    assert told.json()["refused"] == sum(1 for one in found if one["refused"])
    return found


def item(action: str, issue: str = "RTB-1", environment: str = "int", **said: Any) -> dict[str, Any]:
    return {"action": action, "issue": issue, "environment": environment, **said}


class TestOne:
    def test_a_plan_is_what_a_start_then_does_and_writes_nothing(self, world: ApiWorld) -> None:
        heads = world.serving.subjects()
        plan = world.post("/api/v1/previews/plan", json=start(ttl="8h")).json()
        assert (world.serving.subjects(), world.serving.jobs.listed()) == (heads, [])
        assert (plan["change"], plan["refused"], plan["branch"], plan["gated"]) == ("created", None, "main", False)
        world.start(ttl="8h")
        (made,) = world.get("/api/v1/previews").json()["previews"]
        for name in ("manifestDigest", "price", "url", "shard", "components"):
            assert plan["preview"][name] == made[name]
        shown = world.get("/api/v1/previews/int/RTB-1/shown").json()["objects"]
        assert [one["object"] for one in plan["objects"]] == [one["object"] for one in shown]
        assert plan["counts"] == {"added": len(shown), "changed": 0, "removed": 0}

    def test_an_update_tells_each_field(self, world: ApiWorld) -> None:
        world.start()
        plan = world.post("/api/v1/previews/plan", json=start(settings=[["web.replicas", "2"]])).json()
        (changed,) = (one for one in plan["objects"] if one["kind"] == "Deployment")
        assert plan["change"] == "updated"
        assert {"field": "spec.replicas", "before": 1, "after": 2} in changed["fields"]
        before, after = (float(plan["price"][side]["perHour"]) for side in ("before", "after"))
        assert before < after
        same = world.post("/api/v1/previews/plan", json=start()).json()
        assert (same["change"], same["branch"], same["objects"]) == ("unchanged", None, [])

    def test_where_it_is_reviewed_it_would_be_a_branch(self, world: ApiWorld) -> None:
        plan = world.post("/api/v1/previews/plan", json=start(environment="prd")).json()
        assert (plan["gated"], plan["branch"], plan["preview"]["isRequest"]) == (True, "preview/prd/rtb-1", True)
        assert (plan["ends"], plan["latestEnd"]) == (None, None)

    def test_room_is_told_with_its_numbers_and_a_place_where_there_is_none(self, world: ApiWorld) -> None:
        for issue in ("RTB-2", "RTB-3"):
            world.start(issue, settings=LARGE)
        rooms = {one["what"]: one for one in world.post("/api/v1/previews/plan", json=start()).json()["room"]}
        assert rooms["previews"] == {"what": "previews", "where": None, "used": 2, "asked": 1, "limit": 20}
        assert (rooms["fargateVcpu"]["used"], rooms["fargateVcpu"]["asked"]) == (4, 0.5)
        world.start("RTB-4", settings=LARGE)
        waits = world.post("/api/v1/previews/plan", json=start(settings=LARGE)).json()
        assert (waits["change"], waits["place"]["position"], waits["preview"]) == ("queued", 1, None)
        assert "6 of 6 Fargate vCPUs" in waits["place"]["why"][0]
        full = world.post("/api/v1/previews/plan", json=start(settings=LARGE, queue=False)).json()
        assert (full["change"], full["refused"]["reason"]) == (None, "CapacityExhausted")

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (start(images={"web": "registry.example.com/web:latest"}, blueprint="web"), "ImageNotPinned"),
            (start(images={}), "InvalidValue"),
            (start(ttl="900h"), "OverLimit"),
            (start(environment="qa"), "UnknownEnvironment"),
            (start(blueprint="nothing"), "UnknownBlueprint"),
        ],
    )
    def test_what_would_be_refused_is_told_as_its_faults(
        self, world: ApiWorld, body: dict[str, Any], reason: str
    ) -> None:
        plan = world.post("/api/v1/previews/plan", json=body)
        assert (plan.status_code, plan.json()["refused"]["reason"]) == (200, reason)
        assert plan.json()["refused"]["faults"][0]["message"]

    def test_a_freeze_and_a_right_refuse_as_they_would(self, world: ApiWorld) -> None:
        world.start("RTB-2")
        world.post("/api/v1/freezes", by="operator", json={"scope": "int", "reason": "audit", "lasts": "2h"})
        assert world.post("/api/v1/previews/plan", json=start()).json()["refused"]["reason"] == "Frozen"
        others, own = (plans(world, item("stop", "RTB-2"), by=who)[0] for who in ("developer", "alice"))
        assert (others["refused"]["reason"], own["change"]) == ("NotAllowed", "removed")
        told = plans(world, item("start", images=IMAGES), by="asks-prd")
        assert told[0]["refused"]["reason"] == "NotAllowed"


class TestTogether:
    def test_each_is_planned_on_what_those_before_it_leave(self, world: ApiWorld) -> None:
        found = plans(world, *(item("start", f"RTB-{n}", images=IMAGES, settings=LARGE) for n in range(1, 5)))
        assert [one["change"] for one in found] == ["created", "created", "created", "queued"]
        assert [one["room"][1]["used"] for one in found] == [0, 2, 4, 6]

    def test_stops_extensions_and_revivals(self, world: ApiWorld) -> None:
        for issue in ("RTB-1", "RTB-2", "RTB-3"):
            world.start(issue)
        world.post("/api/v1/previews/int/RTB-3/stop", headers={"Prefer": "wait=30"})
        asked = item("stop"), item("extend", "RTB-2", by="100h"), item("revive", "RTB-3"), item("stop", "RTB-9")
        found = plans(world, *asked)
        assert [one["change"] for one in found] == ["removed", "extended to the cap", "revived", None]
        assert found[0]["counts"]["removed"] == found[2]["counts"]["added"] == len(found[0]["objects"])
        assert found[1]["endsBefore"] < found[1]["ends"] == found[1]["latestEnd"]
        assert found[1]["objects"] == []
        assert found[3]["refused"]["reason"] == "PreviewNotFound"

    def test_more_stops_than_a_commit_takes_are_planned_all_the_same(self, world: ApiWorld) -> None:
        light = {"blueprint": "web", "images": {"web": image("web")}}
        for number in range(1, 13):
            world.start(f"RTB-{number}", **light)
        found = plans(world, *(item("stop", f"RTB-{number}") for number in range(1, 13)))
        assert {one["change"] for one in found} == {"removed"}

    @pytest.mark.parametrize(
        "items",
        [
            [],
            [item("stop", f"RTB-{n}") for n in range(1, 22)],
            [item("stop"), item("extend", by="1h")],
            [item("merge")],
        ],
        ids=["none", "twenty-one", "one preview twice", "no such action"],
    )
    def test_what_is_no_list_of_plans_is_refused_whole(self, world: ApiWorld, items: list[Any]) -> None:
        assert world.post("/api/v1/plans", json={"items": items}).status_code == 422

    def test_plans_have_a_limit_of_their_own(self, world: ApiWorld) -> None:
        access = world.api.access
        access.writes, access.plans = Buckets(1, seconds=lambda: 0.0), Buckets(3, seconds=lambda: 0.0)
        statuses = [world.post("/api/v1/previews/plan", json=start()).status_code for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        assert world.post("/api/v1/previews", json=start()).status_code == 202


@given(
    st.integers(0, MOST_OBJECTS + 5), st.integers(0, MOST_FIELDS + 5), st.text(st.characters(), max_size=3 * MOST_TEXT)
)
def test_a_difference_is_bounded_and_says_what_it_leaves_out(objects: int, fields: int, text: str) -> None:
    def made(number: int, value: str) -> Manifest:
        data = {f"f{one}": value for one in range(fields)}
        tree = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{number}"}, "data": data}
        return Manifest(tree, "test")

    before, after = ([made(number, value) for number in range(objects)] for value in ("", text + "x"))
    told = differences_data(compare(before, after))
    changed = objects if fields else 0
    assert len(told["objects"]) + told["objectsLeftOut"] == told["counts"]["changed"] == changed
    assert len(told["objects"]) <= MOST_OBJECTS
    for one in told["objects"]:
        assert len(one["fields"]) + one["fieldsLeftOut"] == fields
        assert all(len(field["after"]) <= MOST_TEXT + 1 for field in one["fields"])
