"""The API: reads from one snapshot, writes as operations, errors as problems, rights for every route."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema_rs
import pytest

from generator.errors import Reason, Transient
from hub.output.exit_codes import CODES
from hub.output.http_statuses import STATUSES
from hub.services.api.limits import Buckets
from hub.services.api.rights import RIGHTS, ROLES
from hub.store.database import Database
from hub.store.tables import AUDIT
from worlds.api_world import PEOPLE, URL, ApiWorld, api_world
from worlds.serving import IMAGES, Serving


def audited(world: ApiWorld) -> list[tuple[str, str, str, str | None]]:
    with world.serving.database.read() as connection:
        rows = connection.execute(AUDIT.select().order_by(AUDIT.c.id)).all()
    return [(one.who, one.action, one.outcome, one.reason) for one in rows]


#: Open to everybody, and answered by what they are proved with: a code, a cookie.
HAVE_PROOFS = ("/api/auth/local", "/api/auth/refresh", "/api/auth/logout")
#: Pages for a browser, which the description of the API leaves out (test_slack_linking).
PAGES = (("GET", "/api/auth/slack"), ("POST", "/api/auth/slack/confirm"), ("POST", "/api/auth/slack/unlink"))


class TestRights:
    def test_every_route_has_a_right_and_every_right_a_route(self, idle: ApiWorld) -> None:
        described = idle.get("/api/v1/openapi.json", by=None).json()
        routes = {(method.upper(), path) for path, one in described["paths"].items() for method in one}
        assert routes | {("GET", "/api/v1/openapi.json"), *PAGES} == set(RIGHTS)

    def test_a_route_without_a_right_answers_nobody(self, idle: ApiWorld) -> None:
        idle.app.add_api_route("/api/v1/new", lambda: {"secret": 1}, methods=["GET"])
        assert idle.get("/api/v1/new", by="admin").status_code == 403

    @pytest.mark.parametrize("who", [None, *PEOPLE])
    def test_who_may_call_what(self, idle: ApiWorld, who: str | None) -> None:
        """A caller without the right gets 401 or 403 from each route, and nobody else does."""
        fills = {
            "{env}": "int",
            "{key}": "RTB-9",
            "{operation_id}": "op-9",
            "{freeze_id}": "f",
            "{token_id}": "t",
            "{job_id}": "j",
            "{session_id}": "s",
            "{person_id}": "p",
            "{provider}": "github",
        }
        for (method, path), right in RIGHTS.items():
            if path.endswith("/events"):
                continue
            fills["{env}"] = "prd" if who == "asks-prd" else "int"
            for name, text in fills.items():
                path = path.replace(name, text)  # noqa: PLW2901
            body = {} if method in ("POST", "PUT") else None
            status = idle.call(method, path, by=who, json=body).status_code
            caller = PEOPLE.get(who or "")
            may = right.is_open or (caller is not None and caller.may(right))
            refused = status == 403 if caller else status == 401
            assert refused is not may or path in HAVE_PROOFS, f"{who} {method} {path}: {status}"

    @pytest.mark.parametrize(
        ("who", "path", "allowed"),
        [
            ("ci", "/api/v1/audit", "people with the role operator"), ("viewer", "/api/v1/audit", "the role operator"),
            ("int-only", "/api/v1/previews", "the scope preview:read"),
        ],
    )  # fmt: skip
    def test_a_refusal_says_who_may(self, idle: ApiWorld, who: str, path: str, allowed: str) -> None:
        assert [one["allowed"] for one in idle.get(path, by=who).json()["faults"]] == [allowed]

    def test_roles_contain_one_another(self) -> None:
        for right in RIGHTS.values():
            may = [PEOPLE[role].may(right) for role in ROLES]
            assert may == sorted(may)

    @pytest.mark.parametrize(
        ("who", "status"), [("alice", 404), ("developer", 403), ("viewer", 403), ("operator", 404), ("admin", 404)]
    )
    def test_a_developer_changes_only_their_own(self, world: ApiWorld, who: str, status: int) -> None:
        world.start(by="alice")
        for deed, body in (("extend", {"by": "1h"}), ("stop", {}), ("revive", {})):
            told = world.post(f"/api/v1/previews/int/RTB-1/{deed}", by=who, json=body)
            assert (told.status_code == 403) == (status == 403), told.text

    @pytest.mark.parametrize(
        ("owner", "is_theirs"),
        [("jira/RTB", True), ("github/RTB", True), ("alice", False), ("jira", False), (None, True)],
    )
    def test_what_a_rule_started_is_every_developers(self, owner: str | None, is_theirs: bool) -> None:
        right = RIGHTS["POST", "/api/v1/previews/{env}/{key}/stop"]
        assert PEOPLE["developer"].owns(right, owner) is is_theirs
        assert PEOPLE["operator"].owns(right, owner)

    @pytest.mark.parametrize(
        ("who", "environment", "status"),
        [
            ("ci", "int", 202), ("ci", "prd", 403), ("asks-prd", "prd", 202), ("asks-prd", "int", 403),
            ("int-only", "int", 202), ("int-only", "stg", 403), ("reader", "int", 403), ("viewer", "int", 403),
            ("developer", "prd", 202),
        ],
    )  # fmt: skip
    def test_where_who_may_start(self, idle: ApiWorld, who: str, environment: str, status: int) -> None:
        body = {"issue": "RTB-1", "environment": environment, "images": IMAGES}
        told = idle.post("/api/v1/previews", by=who, json=body)
        assert told.status_code == status, told.text
        if status == 403:
            assert (who, "refused", "NotAllowed") in {(who, *rest[1:]) for who, *rest in audited(idle)}

    def test_a_service_sees_its_own_operations(self, idle: ApiWorld) -> None:
        body = {"issue": "RTB-1", "environment": "int", "images": IMAGES}
        own, other = (idle.post("/api/v1/previews", by=who, json=body).json()["id"] for who in ("ci", "alice"))
        assert idle.get(f"/api/v1/operations/{own}", by="ci").status_code == 200
        assert idle.get(f"/api/v1/operations/{other}", by="ci").status_code == 404
        assert [one["id"] for one in idle.get("/api/v1/operations", by="ci").json()["operations"]] == [own]
        assert [one["id"] for one in idle.get("/api/v1/operations", by="viewer").json()["operations"]] == [other, own]


def test_the_document_says_what_every_route_refuses_with(idle: ApiWorld) -> None:
    told = idle.get("/api/v1/openapi.json", by=None).json()
    assert told["openapi"] == "3.1.0"
    for path, one in told["paths"].items():
        for method, route in one.items():
            assert {"4XX", "422", "5XX"} <= set(route["responses"]), f"{method} {path}"
            assert "application/problem+json" in route["responses"]["422"]["content"]
    schema = {**told["components"]["schemas"]["Problem"], "components": told["components"]}
    refused = idle.get("/api/v1/previews/int/RTB-9").json()
    jsonschema_rs.Draft202012Validator(schema).validate(refused)


class TestWrites:
    def test_a_preview_is_started_listed_extended_and_stopped(self, world: ApiWorld) -> None:
        done = world.start()
        assert (done["state"], done["result"]["change"], done["requestedBy"]) == ("done", "created", "alice")
        (told,) = world.get("/api/v1/previews").json()["previews"]
        assert (told["issue"], told["url"]) == ("RTB-1", done["result"]["url"])
        wait = {"Prefer": "wait=30", "If-Match": f'"{told["lease"]["expiresAt"]}"'}
        extended = world.post("/api/v1/previews/int/RTB-1/extend", json={"by": "1h"}, headers=wait).json()
        again = world.post("/api/v1/previews/int/RTB-1/extend", json={"by": "1h"}, headers=wait).json()
        assert [one["result"]["change"] for one in (extended, again)] == ["extended", "unchanged"]
        stopped = world.post("/api/v1/previews/int/RTB-1/stop", headers={"Prefer": "wait=30"})
        assert stopped.json()["result"]["change"] == "removed"
        assert world.get("/api/v1/previews").json()["previews"] == []
        revived = world.post("/api/v1/previews/int/RTB-1/revive", headers={"Prefer": "wait=30"})
        assert revived.json()["result"]["change"] == "revived"
        events = world.get("/api/v1/previews/int/RTB-1/history").json()["events"]
        actions = [one["action"] for one in events if one["kind"] == "commit"]
        assert actions == ["revive", "stop", "extend", "start"]

    def test_without_waiting_it_is_kept_and_its_place_is_told(self, idle: ApiWorld) -> None:
        told = idle.post("/api/v1/previews", json={"issue": "RTB-1", "environment": "int", "images": IMAGES})
        assert (told.status_code, told.json()["state"]) == (202, "queued")
        assert idle.get(told.headers["Location"]).json() == told.json()
        assert audited(idle) == [("alice", "preview.start", "allowed", None)]

    def test_what_came_to_an_error_is_its_problem(self, world: ApiWorld) -> None:
        body = {
            "issue": "RTB-1",
            "environment": "int",
            "images": {"web": "registry.example.com/web:latest"},
            "blueprint": "web",
        }
        told = world.post("/api/v1/previews", json=body, headers={"Prefer": "wait=30"})
        assert (told.status_code, told.headers["content-type"]) == (422, "application/problem+json")
        assert told.json()["operation"]["state"] == "failed"
        assert told.json()["faults"][0]["field"] == "components.web.image"
        assert told.json()["requestId"] == told.headers["X-Request-Id"]

    def test_one_key_is_one_operation(self, idle: ApiWorld) -> None:
        body = {"issue": "RTB-1", "environment": "int", "images": IMAGES}
        key = {"Idempotency-Key": "run-1"}
        ids = {idle.post("/api/v1/previews", by="ci", json=body, headers=key).json()["id"] for _ in range(3)}
        assert len(ids) == 1
        other = idle.post("/api/v1/previews", by="ci", json={**body, "issue": "RTB-2"}, headers=key)
        assert (other.status_code, other.json()["faults"][0]["field"]) == (422, "Idempotency-Key")
        assert idle.post("/api/v1/previews", by="alice", json=body, headers=key).json()["id"] not in ids
        assert len(idle.serving.jobs.listed()) == 2

    def test_a_service_names_its_request(self, idle: ApiWorld) -> None:
        body = {"issue": "RTB-1", "environment": "int", "images": IMAGES}
        told = idle.client.post("/api/v1/previews", json=body, headers={"Authorization": "Bearer ci"})
        assert (told.status_code, told.json()["faults"][0]["field"]) == (422, "Idempotency-Key")

    def test_a_freeze_refuses_starts_and_not_stops(self, world: ApiWorld) -> None:
        world.start()
        made = world.post("/api/v1/freezes", by="operator", json={"scope": "int", "reason": "audit", "lasts": "2h"})
        assert made.status_code == 201
        told = world.post("/api/v1/previews", json={"issue": "RTB-2", "environment": "int", "images": IMAGES})
        assert (told.status_code, told.json()["reason"]) == (409, "Frozen")
        assert "audit (operator)" in told.json()["detail"]
        assert world.post("/api/v1/previews/int/RTB-1/stop").status_code == 202
        assert world.call("DELETE", f"/api/v1/freezes/{made.json()['id']}", by="operator").status_code == 204
        assert world.get("/api/v1/freezes").json()["freezes"] == []
        assert (
            world.post("/api/v1/previews", json={"issue": "RTB-2", "environment": "int", "images": IMAGES}).status_code
            == 202
        )

    def test_fifty_open_operations_are_enough(self, idle: ApiWorld) -> None:
        statuses = [
            idle.post(
                "/api/v1/previews", json={"issue": f"RTB-{n}", "environment": "int", "images": IMAGES}
            ).status_code
            for n in range(1, 52)
        ]
        assert statuses == [202] * 50 + [429]

    def test_a_dead_job_is_listed_and_run_again(self, world: ApiWorld) -> None:
        body = {
            "issue": "RTB-1",
            "environment": "int",
            "blueprint": "web",
            "images": {"web": "registry.example.com/w:x"},
        }
        failed = world.post("/api/v1/previews", json=body, headers={"Prefer": "wait=30"}).json()["operation"]["id"]
        jobs = world.get("/api/v1/jobs?state=dead", by="operator").json()
        assert [one["id"] for one in jobs["jobs"]] == [failed]
        assert jobs["counts"] == [{"queue": "jira-queue", "state": "dead", "count": 1}]
        assert world.get(f"/api/v1/jobs/{failed}", by="operator").json()["error"]["reason"] == "ImageNotPinned"
        assert world.get("/api/v1/jobs/op-none", by="operator").status_code == 404
        assert world.post(f"/api/v1/jobs/{failed}/retry", by="operator").status_code == 202
        world.serving.ended(failed, "dead")
        assert ("operator", "retry", "allowed", None) in audited(world)


class TestReads:
    def test_a_page_a_total_and_what_there_is_of_what(self, world: ApiWorld) -> None:
        for issue, environment in (("RTB-1", "int"), ("RTB-2", "int"), ("RTB-2", "stg"), ("ABC-1", "int")):
            world.start(issue, environment, by="alice" if issue != "ABC-1" else "developer")
        seen, after = [], ""
        while True:
            page = world.get(f"/api/v1/previews?limit=2&after={after}").json()
            seen += [(one["issue"], one["environment"]) for one in page["previews"]]
            assert page["total"] == 4
            if not (after := page["next"] or ""):
                break
        assert seen == [("ABC-1", "int"), ("RTB-1", "int"), ("RTB-2", "int"), ("RTB-2", "stg")]
        assert page["facets"]["env"] == {"int": 3, "stg": 1}
        assert page["facets"]["project"] == {"RTB": 3, "ABC": 1}
        for query, count in (
            ("env=stg", 1),
            ("project=ABC", 1),
            ("requester=me", 3),
            ("text=abc", 1),
            ("phase=expired", 0),
        ):
            assert world.get(f"/api/v1/previews?{query}").json()["total"] == count, query
        by_owner = world.get("/api/v1/previews?sort=owner&reverse=true&limit=1").json()
        assert (by_owner["previews"][0]["issue"], by_owner["next"]) == ("ABC-1", "ABC-1/int")
        assert world.get("/api/v1/previews?sort=owner&after=RTB-9/int").status_code == 422
        assert world.get("/api/v1/summary").json()["facets"]["env"] == {"int": 3, "stg": 1}

    def test_who_has_it_already_is_told_so_and_no_more(self, world: ApiWorld) -> None:
        tag = world.get("/api/v1/previews").headers["ETag"]
        assert world.get("/api/v1/previews", headers={"If-None-Match": tag}).status_code == 304
        world.start()
        changed = world.get("/api/v1/previews", headers={"If-None-Match": tag})
        assert (changed.status_code, changed.headers["ETag"] != tag) == (200, True)

    def test_it_says_when_it_was_looked_at_last(self, world: ApiWorld) -> None:
        world.start()
        before = world.get("/api/v1/previews")
        later = datetime.now(UTC) + timedelta(minutes=1)
        world.api.feed.clock = lambda: later
        world.api.feed.refresh()
        after = world.get("/api/v1/previews")
        assert before.json()["asOf"] < after.json()["asOf"] == later.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert before.headers["ETag"] == after.headers["ETag"]

    def test_a_lease_that_nears_its_end_is_another_phase_though_nobody_wrote(self, world: ApiWorld) -> None:
        world.start(ttl="8h")
        tags = []
        for hours, phase in ((0, "active"), (7.9, "expiring soon"), (9, "expired")):
            world.api.feed.clock = lambda hours=hours: datetime.now(UTC) + timedelta(hours=hours)  # type: ignore[misc]
            world.api.feed.refresh()
            told = world.get("/api/v1/previews")
            assert told.json()["facets"]["phase"] == {phase: 1}
            tags.append(told.headers["ETag"])
        assert len({*tags}) == 3

    def test_one_preview_its_manifest_and_what_is_not_there(self, world: ApiWorld) -> None:
        world.start()
        assert world.get("/api/v1/previews/int/RTB-1").json()["preview"]["issue"] == "RTB-1"
        manifest = world.get("/api/v1/previews/int/RTB-1/manifest")
        assert "kind: Namespace" in manifest.text
        for path, status, reason in (
            ("int/RTB-2", 404, "PreviewNotFound"), ("nowhere/RTB-1", 404, "UnknownEnvironment"),
            ("int/rtb_1", 422, "InvalidIssueKey"), ("int/RTB-2/manifest", 404, "PreviewNotFound"),
        ):  # fmt: skip
            told = world.get(f"/api/v1/previews/{path}")
            assert (told.status_code, told.json()["reason"]) == (status, reason)

    def test_environments_and_the_line(self, world: ApiWorld) -> None:
        told = {one["name"]: one for one in world.get("/api/v1/environments").json()["environments"]}
        assert (set(told), told["prd"]["gated"]) == ({"int", "stg", "prd"}, True)
        assert world.get("/api/v1/queue").json()["queue"] == []

    def test_an_environment_that_cannot_be_read_keeps_its_previews(self, world: ApiWorld) -> None:
        from worlds.commands import commit_file

        world.start()
        commit_file(world.serving.path, "environments/int/environment.yaml", "spec: [")
        world.api.feed.refresh()
        told = world.get("/api/v1/previews").json()
        assert [one["issue"] for one in told["previews"]] == ["RTB-1"]
        assert (told["stale"], told["unreadable"][0]["environment"]) == (["int"], "int")


class TestBadInput:
    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b"{", "cannot be read as JSON"),
            (b'{"issue": "RTB-1", "issue": "RTB-2"}', "a key stands twice"),
            (b"[" * 100_000, "nested too deeply"),
            (b'{"issue": NaN}', "is no number"),
            (b"\xff\xfe", "cannot be read as JSON"),
            (b'{"a": "' + b"x" * (1 << 20) + b'"}', "more than 1048576 bytes"),
        ],
        ids=["truncated", "a key twice", "deep", "NaN", "not UTF-8", "huge"],
    )
    def test_a_body_that_cannot_be_read(self, idle: ApiWorld, body: bytes, words: str) -> None:
        told = idle.post("/api/v1/previews", content=body, headers={"Content-Type": "application/json"})
        assert (told.status_code, told.json()["reason"]) == (422, "InvalidValue")
        assert words in told.json()["detail"]

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"issue": "ＲＴＢ-1"}, "issue"),
            ({"imagse": {}}, "imagse"),
            ({"ttl": "1"}, "ttl"),
            ({"environment": "../x"}, "environment"),
        ],
        ids=["a wide key", "no such field", "no length", "a path"],
    )
    def test_every_fault_is_told_by_its_field(self, idle: ApiWorld, changed: dict[str, Any], field: str) -> None:
        told = idle.post("/api/v1/previews", json={"issue": "RTB-1", "environment": "int", **changed})
        assert (told.status_code, [one["field"] for one in told.json()["faults"]]) == (422, [field])

    def test_what_is_not_there_and_another_method(self, idle: ApiWorld) -> None:
        assert idle.get("/api/v1/nothing").json()["reason"] == "NotFound"
        assert idle.call("PUT", "/api/v1/previews").status_code == 405

    def test_a_mistake_of_ours_says_nothing_of_itself(self, idle: ApiWorld) -> None:
        idle.api.feed.snapshot = None  # type: ignore[assignment]
        told = idle.get("/api/v1/previews")
        assert (told.status_code, told.json()["reason"]) == (500, "Unexpected")
        assert "NoneType" not in told.text

    def test_every_reason_has_a_status(self) -> None:
        assert set(STATUSES) == set(Reason) == set(CODES)
        assert all(400 <= status < 600 for status in STATUSES.values())

    def test_too_many_requests_are_refused_and_more_come_with_time(self) -> None:
        clock = [0.0]
        bucket = Buckets(60, seconds=lambda: clock[0])
        for _ in range(60):
            bucket.take("a")
        with pytest.raises(Exception, match="more than 60 requests a minute"):
            bucket.take("a")
        bucket.take("b")
        clock[0] = 1.0
        bucket.take("a")

    def test_writes_are_fewer(self, idle: ApiWorld) -> None:
        idle.api.access.writes = Buckets(60, seconds=lambda: 0.0)
        statuses = {idle.post("/api/v1/jobs/x/retry", by="operator").status_code for _ in range(61)}
        assert statuses == {404, 429}


class TestSignIn:
    def test_the_link_works_once_and_its_cookie_is_no_other_sites(self, idle: ApiWorld) -> None:
        code = idle.api.sign_in.code
        assert idle.get("/api/auth/local?code=wrong", by=None).status_code == 401
        told = idle.get(f"/api/auth/local?code={code}&next=//evil.example", by=None, follow_redirects=False)
        assert (told.status_code, told.headers["location"]) == (303, f"{URL}/")
        access, refresh = (one.lower() for one in told.headers.get_list("set-cookie"))
        assert access.startswith("rtb-access=")
        assert re.search(r"httponly; max-age=\d+; path=/; samesite=lax$", access)
        assert refresh.startswith("rtb-refresh=")
        assert re.search(r"httponly; max-age=\d+; path=/; samesite=strict$", refresh)
        assert idle.get(f"/api/auth/local?code={code}", by=None).status_code == 401
        assert idle.get("/api/auth/me", by=None).json()["name"] == "alice"
        forged = idle.post("/api/v1/freezes", by=None, json={"scope": "*", "reason": "x", "lasts": "1h"})
        assert forged.status_code == 403
        for origin, status in ((None, 201), ("http://127.0.0.1:3000", 201), ("http://evil.example", 403)):
            headers = {"X-RTB-Request": "1", **({"Origin": origin} if origin else {})}
            body = {"scope": "*", "reason": "x", "lasts": "1h"}
            assert idle.post("/api/v1/freezes", by=None, json=body, headers=headers).status_code == status

    def test_the_links_code_gives_a_token(self, idle: ApiWorld) -> None:
        secret = idle.post("/api/auth/local", by=None, json={"code": idle.api.sign_in.code}).json()["token"]
        told = idle.client.get("/api/auth/me", headers={"Authorization": f"Bearer {secret}"})
        assert told.json()["role"] == "admin"

    def test_a_session_of_an_ended_serve_is_told_as_one(self, idle: ApiWorld) -> None:
        told = idle.get("/api/auth/me", by=None, headers={"Cookie": "rtb-hub-local=rtbl_of-another-process"})
        (fault,) = told.json()["faults"]
        assert told.status_code == 401
        assert "sign-in has ended" in fault["message"]
        assert "prints a new link" in fault["remedy"]

    def test_a_service_token_is_shown_once_used_and_revoked(self, idle: ApiWorld) -> None:
        body = {"name": "ci-main", "scopes": ["preview:read"], "environments": ["int"], "days": 1}
        made = idle.post("/api/auth/tokens", by="admin", json=body).json()
        secret = {"Authorization": f"Bearer {made['token']}"}
        assert idle.client.get("/api/auth/me", headers=secret).json()["scopes"] == ["preview:read"]
        (listed,) = idle.get("/api/auth/tokens", by="admin").json()["tokens"]
        assert made["token"] not in json.dumps(listed)
        assert listed["prefix"] == made["token"][:11]
        assert idle.call("DELETE", f"/api/auth/tokens/{made['id']}", by="admin").status_code == 204
        assert idle.client.get("/api/auth/me", headers=secret).status_code == 401
        assert idle.call("DELETE", f"/api/auth/tokens/{made['id']}", by="admin").status_code == 404

    def test_an_expired_token_is_refused(self, idle: ApiWorld) -> None:
        made = idle.post(
            "/api/auth/tokens", by="admin", json={"name": "x", "scopes": ["preview:read"], "days": 1}
        ).json()
        later = datetime.now(UTC) + timedelta(days=2)
        idle.serving.database._clock = lambda: later
        assert idle.client.get("/api/auth/me", headers={"Authorization": f"Bearer {made['token']}"}).status_code == 401

    @pytest.mark.parametrize("header", ["Bearer", "Basic x", "Bearer nobody", "Bearer rtbh_x", "x"])
    def test_a_strange_token_is_nobodys(self, idle: ApiWorld, header: str) -> None:
        told = idle.client.get("/api/auth/me", headers={"Authorization": header})
        assert (told.status_code, told.headers["WWW-Authenticate"]) == (401, "Bearer")

    def test_on_loopback_only_its_own_names_are_answered_to(self, serving: Serving) -> None:
        with api_world(serving, works=False, is_loopback=True) as world:
            for host, status in (
                ("127.0.0.1:3000", 200),
                ("localhost", 200),
                ("[::1]:3000", 200),
                ("evil.example:3000", 403),
            ):
                assert world.get("/healthz", by=None, headers={"Host": host}).status_code == status, host


class TestPages:
    def test_the_way_to_a_preview(self, world: ApiWorld) -> None:
        done = world.start()
        told = world.get("/preview/rtb-1", follow_redirects=False)
        assert (told.status_code, told.headers["Location"]) == (303, done["result"]["url"])
        assert world.get("/preview/RTB-1/int", follow_redirects=False).status_code == 303
        assert world.get("/preview/RTB-2").status_code == 404
        world.start(environment="stg")
        several = world.get("/preview/RTB-1")
        assert 'href="/preview/RTB-1/stg"' in several.text

    def test_one_that_starts_looks_again_by_itself(self, idle: ApiWorld) -> None:
        idle.post("/api/v1/previews", json={"issue": "RTB-1", "environment": "int", "images": IMAGES})
        told = idle.get("/preview/RTB-1")
        assert (told.status_code, 'http-equiv="refresh"' in told.text, "is starting" in told.text) == (200, True, True)
        assert "default-src 'none'" in told.headers["Content-Security-Policy"]

    def test_one_that_awaits_a_review_says_so(self, world: ApiWorld) -> None:
        world.start(environment="prd")
        assert "awaits a review" in world.get("/preview/RTB-1/prd").text

    @pytest.mark.parametrize("key", ["<script>", "RTB-1<x>", "..", "RTB-0"])
    def test_no_other_text_comes_back_as_a_page(self, idle: ApiWorld, key: str) -> None:
        told = idle.get(f"/preview/{key}")
        assert told.status_code in {404, 422}
        assert "text/html" not in told.headers["content-type"]

    def test_health_names_what_is_down(self, idle: ApiWorld) -> None:
        assert idle.get("/readyz", by=None).json() == {"status": "ok", "parts": {"database": "ok"}}
        idle.api.checks["repository"] = lambda: False
        told = idle.get("/readyz", by=None)
        assert (told.status_code, told.json()["parts"]["repository"]) == (503, "down")
        assert idle.get("/healthz", by=None).status_code == 200


def test_while_the_database_is_down_reads_go_on_and_writes_are_to_be_asked_again(
    world: ApiWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.start()

    def down(_: Database) -> Any:
        raise Transient(Reason.DATABASE_UNREACHABLE, "gone")

    monkeypatch.setattr(Database, "write", down)
    monkeypatch.setattr(Database, "read", down)
    assert [one["issue"] for one in world.get("/api/v1/previews").json()["previews"]] == ["RTB-1"]
    told = world.post("/api/v1/previews/int/RTB-1/stop")
    assert (told.status_code, told.json()["reason"], told.headers["Retry-After"]) == (503, "DatabaseUnreachable", "5")
    monkeypatch.undo()
    assert world.post("/api/v1/previews/int/RTB-1/stop", headers={"Prefer": "wait=30"}).json()["state"] == "done"
