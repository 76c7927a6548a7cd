"""What the API tells beside the list: one preview in all its parts, environments, calendar, deliveries, the start's form."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.errors import Reason, Stalled, Transient
from generator.values.formats import format_time, parse_time
from hub.actions.inbox.inbox import Arrived, accept
from hub.actions.spent import Ran
from hub.adapters.kubernetes.cluster import Recorded
from hub.services.api.places import _mark, ending
from hub.services.api.snapshot import Wanted
from hub.services.api.statistics import _Days
from hub.store.database import Database
from worlds.api_world import ApiWorld
from worlds.serving import IMAGES

WAIT = {"Prefer": "wait=30"}


class TestOnePreview:
    def test_it_says_what_the_caller_may_do_and_why_not(self, world: ApiWorld) -> None:
        world.start(by="alice")
        may = {who: world.get("/api/v1/previews/int/RTB-1", by=who).json()["may"] for who in ("alice", "developer", "viewer", "ci")}  # fmt: skip
        assert may["alice"] == may["ci"] == dict.fromkeys(("extend", "stop", "revive", "sleep", "wake"))
        assert "is alice's" in may["developer"]["stop"]
        assert "the role developer" in may["viewer"]["extend"]

    def test_its_history_has_commits_and_what_led_to_none_a_page_at_a_time(self, world: ApiWorld) -> None:
        world.start()
        world.post("/api/v1/previews/int/RTB-1/extend", json={"by": "1h", "reason": "demo"}, headers=WAIT)
        world.post("/api/v1/previews/int/RTB-1/extend", json={"by": "900h0m", "ifEnds": "nonsense"})
        needless = world.post("/api/v1/previews/int/RTB-1/revive", json={"ttl": "900h"}, headers=WAIT).json()
        world.start(settings=[["web.replicas", "2"]])
        told = world.get("/api/v1/previews/int/RTB-1/history").json()
        actions = {(one["kind"], one["action"]) for one in told["events"]}
        assert actions == {("commit", "start"), ("commit", "extend"), ("commit", "update"), ("operation", "revive")}
        (none,) = (one for one in told["events"] if one["kind"] == "operation")
        assert (none["operation"]["id"], none["operation"]["state"]) == (needless["id"], "done")
        assert all(one["operation"]["state"] == "done" for one in told["events"] if one["kind"] == "commit")
        extended = next(one for one in told["events"] if one["action"] == "extend")
        assert (extended["why"], extended["who"], extended["details"]["By"]) == ("demo", "alice", "1h")
        seen, after = [], ""
        while True:
            page = world.get(f"/api/v1/previews/int/RTB-1/history?limit=1&after={after}").json()
            seen += page["events"]
            if not (after := page["next"] or ""):
                break
        assert seen == told["events"]
        assert world.get("/api/v1/previews/int/RTB-1/history?after=nothing").status_code == 422
        own = world.get("/api/v1/previews/int/RTB-1/history", by="ci").json()["events"]
        assert {one["operation"] for one in own} == {None}

    def test_the_difference_is_the_last_changes_or_the_open_requests(self, world: ApiWorld) -> None:
        world.start()
        first = world.get("/api/v1/previews/int/RTB-1/diff").json()
        assert (first["of"], first["action"], first["before"]) == ("last change", "start", None)
        assert first["counts"]["added"] == len(first["objects"]) > 5
        world.start(settings=[["web.replicas", "2"]], by="operator")
        second = world.get("/api/v1/previews/int/RTB-1/diff").json()
        assert (second["who"], second["action"], second["before"]) == ("operator", "update", first["after"])
        assert second["counts"]["changed"] == len(second["objects"]) > 0
        assert any(one["field"] == "spec.replicas" for part in second["objects"] for one in part["fields"])
        world.start("RTB-2", "prd")
        asked = world.get("/api/v1/previews/prd/RTB-2/diff").json()
        assert (asked["of"], asked["before"]) == ("open request", None)
        assert asked["after"] == world.api.snapshot.states["prd"].request_heads["rtb-2"]
        world.post("/api/v1/previews/int/RTB-1/stop", headers=WAIT)
        gone = world.get("/api/v1/previews/int/RTB-1/diff").json()
        assert (gone["action"], gone["after"], gone["counts"]["removed"]) == ("stop", None, len(first["objects"]))
        assert world.get("/api/v1/previews/int/RTB-77/diff").status_code == 404


class Cluster:
    """Tells what it is told to; counts how often it is asked."""

    def __init__(self, told: Recorded | Exception) -> None:
        self.told, self.asked = told, 0

    def record(self, argocd: str, preview: str, *, applications: str, is_asked: bool) -> Recorded:
        self.asked += 1
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


class TestCauses:
    def connect(self, world: ApiWorld, told: Recorded | Exception) -> Cluster:
        cluster = Cluster(told)
        world.api.clusters.connected = {"int": cluster}
        return cluster

    def test_without_a_cluster_it_says_that_nothing_is_known(self, world: ApiWorld) -> None:
        told = world.get("/api/v1/previews/int/RTB-1/causes").json()
        assert (told["isRead"], told["phase"], told["code"]) == (False, "unknown", None)
        assert told["unread"] == [{"resource": "cluster", "why": "no cluster is connected for int"}]

    def test_a_cluster_is_asked_once_by_many_who_look(self, world: ApiWorld) -> None:
        world.start()
        cluster = self.connect(world, Recorded({"applications.argoproj.io": [], "namespaces": [], "applicationsets.argoproj.io": []}, {"pods": "may not be read"}))  # fmt: skip
        told = [world.get("/api/v1/previews/int/RTB-1/causes").json() for _ in range(3)]
        assert cluster.asked == 1
        assert told[0] == told[2]
        assert (told[0]["isRead"], told[0]["phase"], told[0]["audience"]) == (True, "stuck", "platform")
        assert told[0]["steps"]
        assert told[0]["unread"] == [{"resource": "pods", "why": "may not be read"}]
        world.api.clusters.clock = lambda: datetime.now(UTC) + timedelta(seconds=6)
        world.get("/api/v1/previews/int/RTB-1/causes")
        assert cluster.asked == 2

    @pytest.mark.parametrize(
        "error",
        [
            Transient(Reason.CLUSTER_UNREACHABLE, "no route to it"),
            Stalled(Reason.CLUSTER_REFUSED, "no route to it"),
            KeyError("metadata"),
        ],
    )
    def test_a_cluster_that_cannot_be_read_is_unknown_and_not_empty(self, world: ApiWorld, error: Exception) -> None:
        world.start()
        self.connect(world, error)
        told = world.get("/api/v1/previews/int/RTB-1/causes").json()
        assert (told["isRead"], told["phase"]) == (False, "unknown")
        assert told["unread"][0]["resource"] == "cluster"


class TestPlaces:
    def test_environments_tell_what_is_taken_what_it_costs_and_what_is_frozen(self, world: ApiWorld) -> None:
        world.start(ttl="10h")
        world.post("/api/v1/freezes", by="operator", json={"scope": "int", "reason": "audit", "lasts": "2h"})
        begin = parse_time(world.get("/api/v1/previews").json()["previews"][0]["lease"]["requestedAt"])
        world.api.clock = lambda: begin + timedelta(hours=4)
        told = {one["name"]: one for one in world.get("/api/v1/environments").json()["environments"]}
        room = {(one["what"], one["where"]): (one["used"], one["limit"]) for one in told["int"]["room"]}
        assert room["previews", None] == (1, 20)
        assert room["fargateVcpu", None] == (0.5, 6)
        assert room["targetGroups", "previews-0"][0] == 2
        hour = float(told["int"]["spend"]["perHour"])
        assert hour > 0
        assert float(told["int"]["spend"]["soFar"]) == pytest.approx(4 * hour)
        assert float(told["int"]["spend"]["toCome"]) == pytest.approx(6 * hour)
        assert (told["stg"]["spend"]["perHour"], told["prd"]["gated"], told["int"]["gated"]) == ("0", True, False)
        assert ([one["reason"] for one in told["int"]["freezes"]], told["stg"]["freezes"]) == (["audit"], [])

    def test_what_awaits_a_review_is_told_with_who_and_when(self, world: ApiWorld) -> None:
        world.start("RTB-2", "prd", by="operator")
        (asked,) = world.get("/api/v1/queue").json()["approvals"]
        assert (asked["issue"], asked["action"], asked["requestedBy"]) == ("RTB-2", "start", "operator")
        assert (asked["branch"], asked["request"]) == ("preview/prd/rtb-2", None)
        assert world.get("/api/v1/summary").json()["approvals"] == 1

    def test_the_summary_is_the_callers_own(self, world: ApiWorld) -> None:
        world.start()
        world.start("RTB-2", by="developer")
        world.post("/api/v1/previews", json={"issue": "RTB-3", "environment": "int", "images": {"web": "x:y"}}, headers=WAIT)  # fmt: skip
        told = world.get("/api/v1/summary").json()
        assert (told["total"], told["mine"]["total"]) == (2, 1)
        assert (told["mine"]["failedOperations"], told["mine"]["openOperations"]) == (1, 0)
        assert told["may"]["start"] == {"int": None, "prd": None, "stg": None}
        assert "developer" in world.get("/api/v1/summary", by="viewer").json()["may"]["start"]["int"]

    def test_while_the_database_is_down_they_are_told_without_it(
        self, world: ApiWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.start()

        def down(_: Database) -> Any:
            raise Transient(Reason.DATABASE_UNREACHABLE, "gone")

        monkeypatch.setattr(Database, "read", down)
        summary = world.get("/api/v1/summary").json()
        assert (summary["total"], summary["freezes"], summary["mine"]["openOperations"]) == (1, None, None)
        assert world.get("/api/v1/environments").json()["environments"][0]["freezes"] is None
        assert world.get("/api/v1/queue").status_code == 200
        history = world.get("/api/v1/previews/int/RTB-1/history").json()
        assert ([one["action"] for one in history["events"]], "gone" in history["unread"]) == (["start"], True)


class TestWhoAsks:
    """People may share a browser, which shows again what it kept when it is told that nothing changed."""

    @pytest.mark.parametrize("path", ["previews?requester=me", "calendar?requester=me", "previews/int/RTB-1"])
    def test_what_was_told_another_is_told_anew(self, world: ApiWorld, path: str) -> None:
        world.start(by="alice")
        first = world.get(f"/api/v1/{path}", by="alice")
        known = {"If-None-Match": first.headers["ETag"]}
        other = world.get(f"/api/v1/{path}", by="developer", headers=known)
        assert (other.status_code, other.json() != first.json()) == (200, True)

    def test_what_is_the_same_for_all_is_not(self, world: ApiWorld) -> None:
        known = {"If-None-Match": world.get("/api/v1/previews", by="alice").headers["ETag"]}
        assert world.get("/api/v1/previews", by="developer", headers=known).status_code == 304

    def test_a_calendar_that_begins_now_is_told_anew_as_time_goes_on(self, world: ApiWorld) -> None:
        world.start(ttl="30h")
        known = {"If-None-Match": world.get("/api/v1/calendar").headers["ETag"]}
        later = datetime.now(UTC) + timedelta(hours=1)
        world.api.clock = lambda: later
        assert world.get("/api/v1/calendar", headers=known).json()["from"] == format_time(later.replace(microsecond=0))
        span = f"calendar?from={format_time(later.replace(microsecond=0))}"
        known = {"If-None-Match": world.get(f"/api/v1/{span}").headers["ETag"]}
        assert world.get(f"/api/v1/{span}", headers=known).status_code == 304


class TestCalendar:
    def test_what_ends_when_by_the_readers_days(self, world: ApiWorld) -> None:
        for issue, ttl in (("RTB-1", "30h"), ("RTB-2", "3h"), ("RTB-3", "5h")):
            world.start(issue, ttl=ttl, by="alice" if issue != "RTB-3" else "developer")
        told = world.get("/api/v1/calendar").json()
        assert [one["issue"] for one in told["events"]] == ["RTB-2", "RTB-3", "RTB-1"]
        assert sum(one["count"] for one in told["days"]) == told["total"] == 3
        ends = [parse_time(one["at"]) for one in told["events"]]
        for offset in (-840, 0, 540):
            days = {one["day"] for one in world.get(f"/api/v1/calendar?offsetMinutes={offset}").json()["days"]}
            assert days == {(at + timedelta(minutes=offset)).date().isoformat() for at in ends}
        assert world.get("/api/v1/calendar?requester=me").json()["total"] == 2
        span = f"from={format_time(ends[0])}&to={format_time(ends[1])}"
        assert [one["issue"] for one in world.get(f"/api/v1/calendar?{span}").json()["events"]] == ["RTB-2"]

    @pytest.mark.parametrize(
        "query",
        [
            "from=today", "from=2026-11-27T00:00:00Z&to=2026-11-27T00:00:00Z", "from=2026-01-01T00:00:00Z&to=2026-12-01T00:00:00Z",
            "from=9999-12-31T00:00:00Z", "from=0001-01-01T00:00:00Z&to=0001-01-02T00:00:00Z", "offsetMinutes=99999", "after=x",
            "limit=0", "limit=201", "env=qa",
        ],
    )  # fmt: skip
    def test_what_is_no_span_is_refused(self, idle: ApiWorld, query: str) -> None:
        assert idle.get(f"/api/v1/calendar?{query}").status_code in {404, 422}

    @settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 5)), max_size=12, unique=True), st.integers(1, 4))
    def test_pages_are_the_whole_in_order_though_rows_go(
        self, idle: ApiWorld, places: list[tuple[int, int]], limit: int
    ) -> None:
        """A cursor is a place and not a row: what goes meanwhile takes nothing else with it."""
        from bisect import bisect_right

        from worlds.listed import listed_at

        begin = datetime(2026, 11, 27, tzinfo=UTC)
        rows = [listed_at(idle.api.snapshot, number, begin + timedelta(hours=hours)) for number, hours in places]
        snapshot = type(idle.api.snapshot)(begin, {}, idle.api.snapshot.states, tuple(sorted(rows, key=lambda one: one.key)))  # fmt: skip
        every = list(ending(snapshot, Wanted(), begin, begin + timedelta(days=9)))
        assert sorted(map(_mark, every)) == list(map(_mark, every))
        seen: list[str] = []
        left, after = every, ""
        while page := left[bisect_right(left, after, key=_mark) :][:limit]:
            seen += map(_mark, page)
            after = _mark(page[-1])
            left = [one for one in left if _mark(one) != after]  # the row of the cursor goes
        assert seen == list(map(_mark, every))


class TestStatistics:
    def test_each_day_has_what_happened_and_what_it_cost(self, world: ApiWorld) -> None:
        """A preview of four hours, stopped, costs those; one that runs costs until now, each day its own part."""
        for issue in ("RTB-1", "RTB-2"):
            world.start(issue)
        world.post("/api/v1/previews/int/RTB-2/extend", json={"by": "1h"}, headers=WAIT)
        bad = {
            "issue": "RTB-3",
            "environment": "int",
            "blueprint": "web",
            "images": {"web": "registry.example.com/w:x"},
        }
        world.post("/api/v1/previews", json=bad, headers=WAIT)
        begin = {one["issue"]: parse_time(one["lease"]["requestedAt"]) for one in world.get("/api/v1/previews").json()["previews"]}  # fmt: skip
        hour = float(world.get("/api/v1/previews/int/RTB-1").json()["preview"]["price"]["perHour"])
        later = begin["RTB-1"] + timedelta(hours=40)
        world.api.clock = lambda: later
        told = world.get("/api/v1/statistics?days=5").json()
        days = {one["day"]: one for one in told["days"]}
        assert (len(days), list(days), told["isPartial"]) == (5, sorted(days), False)
        today = days[begin["RTB-1"].date().isoformat()]
        assert [today[name] for name in ("starts", "stops", "extensions", "revivals", "failures")] == [2, 0, 1, 0, 1]
        assert (today["timeToCommit"]["count"], today["timeToUrl"]) == (2, None)
        assert 0 <= today["timeToCommit"]["median"] <= today["timeToCommit"]["p95"]
        ran = sum((later - at).total_seconds() / 3600 for at in begin.values())
        assert sum(float(one["spend"].get("USD", 0)) for one in days.values()) == pytest.approx(ran * hour, abs=1e-4)
        midnight = datetime(later.year, later.month, later.day, tzinfo=UTC)
        on_last = (later - max(midnight, begin["RTB-1"])).total_seconds() / 3600
        assert float(told["days"][-1]["spend"]["USD"]) == pytest.approx(2 * on_last * hour, abs=1e-3)

    def test_what_is_gone_is_counted_until_it_went(self, world: ApiWorld) -> None:
        world.start()
        world.post("/api/v1/previews/int/RTB-1/stop", headers=WAIT)
        for _ in range(2):
            told = world.get("/api/v1/statistics?days=2&env=int").json()["days"]
            assert sum(one["stops"] for one in told) == 1
        assert [ran is not None and ran.end is not None for ran in world.api.past.known.values()] == [True]
        assert sum(one["starts"] for one in world.get("/api/v1/statistics?days=2&env=stg").json()["days"]) == 0

    @pytest.mark.parametrize("query", ["days=0", "days=93", "env=qa", "offsetMinutes=841"])
    def test_what_is_no_span_is_refused(self, idle: ApiWorld, query: str) -> None:
        assert idle.get(f"/api/v1/statistics?{query}").status_code in {404, 422}

    @given(
        st.integers(0, 19 * 86400).map(lambda seconds: datetime(2026, 11, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
        st.integers(0, 20 * 86400),
        st.integers(-840, 840),
    )
    def test_the_parts_of_days_are_the_whole(self, begin: datetime, seconds: int, offset: int) -> None:
        days = _Days(date(2026, 10, 30), timedelta(minutes=offset))
        days.ran(Ran(begin, begin + timedelta(seconds=seconds), "USD", Decimal("0.36")), begin + timedelta(days=90))
        whole = sum((one["USD"] for one in days.spend.values()), Decimal(0))
        assert abs(whole - Decimal(seconds) * Decimal("0.0001")) < Decimal("0.000001")


class TestDeliveries:
    def test_they_are_listed_shown_and_read_again(self, idle: ApiWorld) -> None:
        body = json.dumps(
            {"action": "labeled", "pull_request": {"number": 7}, "repository": {"full_name": "acme/web"}}
        ).encode()
        headers = {"x-github-event": "pull_request", "content-type": "application/json"}
        names = []
        for number in range(3):
            arrived = Arrived("github", {**headers, "x-github-delivery": f"guid-{number}"}, body, "secret")
            names.append(accept(idle.serving.jobs, arrived).id)
        page = idle.get("/api/v1/deliveries?limit=2&source=github", by="operator").json()
        rest = idle.get(f"/api/v1/deliveries?limit=2&after={page['next']}", by="operator").json()
        assert [one["id"] for one in page["deliveries"] + rest["deliveries"]] == names[::-1]
        assert rest["next"] is None
        shown = idle.get(f"/api/v1/deliveries/{names[0]}", by="operator").json()
        assert (shown["body"], shown["verifiedBy"], shown["jobState"]) == (body.decode(), "secret", "pending")
        again = idle.post(f"/api/v1/deliveries/{names[0]}/replay", by="operator")
        assert (again.status_code, again.json()["state"], len(again.json()["jobs"])) == (202, "processed", 1)
        assert idle.get("/api/v1/audit", by="operator").json()["entries"][0]["action"] == "replay"
        for method, path in (("GET", "none"), ("POST", "none/replay")):
            assert idle.call(method, f"/api/v1/deliveries/{path}", by="operator").status_code == 404


class TestAudit:
    def test_it_is_of_somebody_an_action_and_an_outcome(self, idle: ApiWorld) -> None:
        for issue in ("RTB-1", "RTB-2"):
            body = {"issue": issue, "environment": "int", "images": IMAGES}
            for who in ("alice", "viewer"):
                idle.post("/api/v1/previews", by=who, json=body)

        def entries(query: str) -> list[tuple[str, str, str]]:
            told = idle.get(f"/api/v1/audit?{query}", by="operator").json()["entries"]
            return [(one["who"], one["action"], one["outcome"]) for one in told]

        started, refused = ("alice", "preview.start", "allowed"), ("viewer", "POST /api/v1/previews", "refused")
        assert entries("") == [refused, started] * 2
        assert entries("who=alice") == entries("action=preview.start") == entries("outcome=allowed") == [started] * 2
        assert entries("who=viewer&outcome=refused&limit=1") == [refused]
        assert entries("who=viewer&outcome=allowed") == entries("who=ali") == []
        first = idle.get("/api/v1/audit?who=alice&limit=1", by="operator").json()
        rest = idle.get(f"/api/v1/audit?who=alice&limit=1&after={first['next']}", by="operator").json()
        assert [one["entries"][0]["object"] for one in (first, rest)] == ["int/RTB-2", "int/RTB-1"]
        assert idle.get("/api/v1/audit?outcome=maybe", by="operator").status_code == 422


class TestForm:
    def test_the_schema_takes_what_a_start_takes_and_nothing_else(self, idle: ApiWorld) -> None:
        assert [one["name"] for one in idle.get("/api/v1/blueprints").json()["blueprints"] if one["isDefault"]] == ["web-api"]  # fmt: skip
        for one in idle.get("/api/v1/blueprints").json()["blueprints"]:
            for env in ("", "int", "prd"):
                told = idle.get(f"/api/v1/blueprints/{one['name']}?env={env}").json()
                form = jsonschema_rs.Draft202012Validator(told["schema"])
                images = {name: IMAGES["web"] for name, part in told["components"].items() if part["required"]}
                good = {"issue": "RTB-1", "environment": "int", "blueprint": one["name"], "images": images}
                form.validate(
                    {**good, "settings": {"web": {"cpu": "500m", "env": {"A": "no"}}} if "web" in images else {}}
                )
                for bad in (
                    {"images": {}},
                    {"issue": "rtb"},
                    {"environment": "qa"},
                    {"settings": {"zz": {}}},
                    {"x": 1},
                ):
                    assert not form.is_valid({**good, **bad}), bad
                plan = idle.post("/api/v1/previews/plan", json=good).json()
                assert plan["refused"] is None, plan["refused"]

    def test_defaults_are_those_of_the_environment(self, idle: ApiWorld) -> None:
        told = idle.get("/api/v1/blueprints/web-api?env=int").json()["schema"]["properties"]
        spec = idle.api.snapshot.states["int"].environment.spec
        assert told["ttl"]["default"] == spec.lease.ttl
        assert told["compute"] == {"enum": list(spec.compute.allowed), "default": spec.compute.default}
        assert told["settings"]["properties"]["web"]["properties"]["cpu"]["default"] == "250m"

    @pytest.mark.parametrize("path", ["nothing", "web-api?env=qa", "x" * 64])
    def test_what_is_not_there_is_refused(self, idle: ApiWorld, path: str) -> None:
        assert idle.get(f"/api/v1/blueprints/{path}").status_code in {404, 422}
