"""The way to a preview: a redirect to its own host when it is up, else where it is on its way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from generator.values.naming import IssueKey
from hub.services.api.clusters import Clusters, Told
from reconcilers.causes import sets
from reconcilers.health.phase import Phase
from reconcilers.state.environment import EnvironmentState
from worlds.api_world import ApiWorld, api_world
from worlds.serving import IMAGES, Serving

WAIT = {"Prefer": "wait=30"}


class Saying(Clusters):
    """Every cluster says this phase."""

    phase: Phase

    def told(self, state: EnvironmentState, key: IssueKey) -> Told:
        return Told(self.clock(), self.phase, {})


def say(world: ApiWorld, phase: Phase) -> None:
    world.api.clusters = Saying(world.api.clock)
    world.api.clusters.phase = phase


def way(world: ApiWorld, path: str = "RTB-1") -> dict[str, Any]:
    told = world.get(f"/api/v1/way/{path}")
    assert told.status_code == 200, told.text
    return dict(told.json())


def steps(told: dict[str, Any]) -> str:
    return " ".join(f"{one['name']}:{one['state']}" for one in told["steps"])


def page(world: ApiWorld, path: str = "RTB-1") -> Any:
    return world.get(f"/preview/{path}", follow_redirects=False)


class TestReady:
    @pytest.mark.parametrize("phase", [None, Phase("running"), Phase("expiring soon"), Phase("unknown", "it runs")])
    def test_it_is_gone_to_on_its_own_host_alone(self, world: ApiWorld, phase: Phase | None) -> None:
        world.start()
        if phase is not None:
            say(world, phase)
        told = way(world, "rtb-1")
        assert (told["state"], told["isSeen"], told["environment"]) == ("ready", phase is not None, "int")
        assert steps(told) == "asked:done committed:done applied:done running:done"
        for path in ("rtb-1", "RTB-1/int"):
            answer = page(world, path)
            url = urlsplit(answer.headers["Location"])
            domain = world.api.snapshot.states["int"].environment.spec.domain
            assert (answer.status_code, url.scheme, url.hostname) == (303, "https", f"rtb-1.{domain}")
            assert (url.username, url.port, url.path, url.query) == (None, None, "/", "")

    def test_of_several_one_is_chosen(self, world: ApiWorld) -> None:
        world.start()
        world.start(environment="stg")
        told = way(world)
        assert (told["state"], told["url"]) == ("choose", None)
        assert [one["environment"] for one in told["choices"]] == ["int", "stg"]
        assert page(world).status_code == 200
        assert page(world, "RTB-1/stg").status_code == 303
        assert way(world, "RTB-1?env=stg")["state"] == "ready"


class TestOnItsWay:
    @pytest.mark.parametrize(
        ("phase", "state", "now"),
        [
            (Phase("starting", "Argo CD: not looked at yet"), "starting", "applied"),
            (Phase("stuck", "x", finding=sets.missing()), "stuck", "applied"),
            (Phase("stopping", "being removed"), "stopping", "applied"),
        ],
    )
    def test_its_cluster_says_how_far_it_is(self, world: ApiWorld, phase: Phase, state: str, now: str) -> None:
        world.start()
        say(world, phase)
        told = way(world)
        assert (told["state"], told["causes"]["phase"]) == (state, phase.name)
        assert [one["name"] for one in told["steps"] if one["state"] == "now"] == [now]
        assert page(world).status_code == 200

    def test_what_a_cluster_says_is_no_markup(self, world: ApiWorld) -> None:
        world.start()
        say(world, Phase("failed", "<script>alert(1)</script>"))
        assert "<script>" not in page(world).text
        assert "&lt;script&gt;" in page(world).text

    def test_one_that_was_asked_for_one_that_waits_and_one_to_be_reviewed(self, world: ApiWorld) -> None:
        large = [["web.cpu", "1"], ["api.cpu", "1"]]
        for issue in ("RTB-2", "RTB-3", "RTB-4"):
            world.start(issue, settings=large)
        world.start("RTB-5", settings=large)
        waits = way(world, "RTB-5")
        assert (waits["state"], waits["place"]["position"], steps(waits).split()[:2]) == ("waiting", 1, ["asked:done", "committed:now"])  # fmt: skip
        world.start("RTB-6", "prd")
        asked = way(world, "RTB-6")
        assert (asked["state"], asked["environment"]) == ("review", "prd")
        assert steps(asked) == "asked:done committed:done merged:now applied:to come running:to come"
        assert "awaits a review" in page(world, "RTB-6/prd").text

    def test_an_open_operation_is_a_start(self, serving: Serving) -> None:
        with api_world(serving, works=False) as idle:
            idle.post("/api/v1/previews", json={"issue": "RTB-1", "environment": "stg", "images": IMAGES})
            told = way(idle)
            assert (told["state"], told["environment"], told["operation"]["state"]) == ("starting", "stg", "queued")
            assert way(idle, "RTB-1?env=int")["state"] == "none"

    def test_a_start_that_failed_is_told_with_its_faults_for_a_day(self, world: ApiWorld) -> None:
        body = {
            "issue": "RTB-1",
            "environment": "int",
            "blueprint": "web",
            "images": {"web": "registry.example.com/w:x"},
        }
        world.post("/api/v1/previews", json=body, headers=WAIT)
        told = way(world)
        assert (told["state"], told["operation"]["error"]["reason"]) == ("failed", "ImageNotPinned")
        assert "is not pinned" in page(world).text
        world.api.clock = lambda: datetime.now(UTC) + timedelta(days=2)
        assert way(world)["state"] == "none"


class TestGone:
    def test_one_that_was_removed_comes_back_for_seven_days(self, world: ApiWorld) -> None:
        world.start()
        world.post("/api/v1/previews/int/RTB-1/stop", json={"reason": "done"}, headers=WAIT)
        told = way(world)
        assert (told["state"], told["revive"]["removedBy"], told["revive"]["why"]) == ("expired", "alice", "done")
        assert "can be brought back" in page(world).text
        say(world, Phase("stuck", "held"))
        assert way(world)["state"] == "stuck"
        world.api.clusters = Clusters(world.api.clock)
        world.api.clock = lambda: datetime.now(UTC) + timedelta(days=8)
        assert way(world)["state"] == "none"

    def test_what_never_was_is_not_there(self, world: ApiWorld) -> None:
        told = way(world)
        assert (told["state"], told["steps"], told["revive"]) == ("none", [], None)
        assert page(world).status_code == 404

    @pytest.mark.parametrize("path", ["RTB-1?env=qa", "RTB-1?env=//evil.example", "..", "x" * 10_000, "RTB-1%0d%0aX:1"])
    def test_what_is_no_preview_leads_nowhere(self, world: ApiWorld, path: str) -> None:
        for answer in (world.get(f"/api/v1/way/{path}"), page(world, path.replace("?env=", "/"))):
            assert answer.status_code in {404, 422}
            assert "location" not in answer.headers


class TestSleeping:
    def test_the_page_says_so_and_waking_leads_there(self, world: ApiWorld) -> None:
        world.start()
        slept = world.post("/api/v1/previews/int/RTB-1/sleep", headers=WAIT)
        assert slept.json()["result"]["change"] == "asleep"
        told = way(world)
        assert (told["state"], told["environment"]) == ("sleeping", "int")
        assert "sleeps: its pods do not run" in page(world).text
        woken = world.post("/api/v1/previews/int/RTB-1/wake", headers=WAIT)
        assert woken.json()["result"]["change"] == "awake"
        assert page(world).status_code == 303

    def test_a_cluster_that_says_so_is_believed(self, world: ApiWorld) -> None:
        world.start()
        say(world, Phase("sleeping", "asleep since 2026-11-23T02:00:00Z"))
        assert way(world)["state"] == "sleeping"

    def test_a_cluster_that_was_asked_before_is_not(self, world: ApiWorld) -> None:
        world.start()
        assert world.post("/api/v1/previews/int/RTB-1/sleep", headers=WAIT).status_code == 200
        say(world, Phase("running"))
        assert way(world)["state"] == "sleeping"
        assert page(world).status_code == 200
