"""`status`, `wait`, `start --wait` and `logs` through a server: what they tell by its cluster is what they tell on the cluster itself."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from generator.errors import Reason, Transient
from hub.adapters.kubernetes.cluster import Recorded
from hub.adapters.kubernetes.opening import OpenedLater
from hub.output.exit_codes import CODES
from hub.services.api.limits import Buckets
from hub.store.tables import AUDIT
from worlds.api_world import ApiWorld, api_world
from worlds.commands import IMAGES, Ran, git, must, rtb_hub
from worlds.kube_api import KubeApi, refusal
from worlds.served import on_loopback
from worlds.serving import served

TARGET = "preview-rtb-123"
APPLICATIONS = "applications.argoproj.io"
OURS = {"labels": {"app.kubernetes.io/managed-by": "rtb-ai-hub", "preview.rtb-ai-hub/environment": "int"}}
OWNED = {"ownerReferences": [{"kind": "ApplicationSet", "name": "previews-int"}]}
UP = {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}
INT = ("--env", "int")


@dataclass
class Place:
    world: ApiWorld
    url: str
    cluster: KubeApi
    folder: Path

    def run(self, *arguments: object, by: str = "alice") -> Ran:
        token = {"RTB_HUB_SERVER_TOKEN": by, "HOME": str(self.folder)}
        return rtb_hub("--server", self.url, arguments[0], *INT, *arguments[1:], cwd=self.folder, **token)

    def local(self, *arguments: object) -> Ran:
        at = ("--repo", self.world.serving.path, "--cluster", "here", "--kubeconfig", self.folder / "config")
        return rtb_hub(*arguments, *INT, *at)

    def health(self, status: str) -> None:
        self.cluster.objects[APPLICATIONS][0]["status"]["health"]["status"] = status
        self.world.api.clusters._kept.clear()

    def pod(self, status: dict[str, Any]) -> None:
        owner = {"ownerReferences": [{"kind": "ReplicaSet", "name": "web-7d9f8b6c5"}]}
        status = {"phase": "Running", "containerStatuses": [{"name": "web", **status}]}
        self.cluster.add("pods", "web-7d9f8b6c5-a", TARGET, meta=owner, status=status)

    def audited(self) -> list[tuple[str, str, str]]:
        with self.world.serving.database.read() as connection:
            rows = connection.execute(AUDIT.select().order_by(AUDIT.c.id)).all()
        return [(one.who, one.object, one.outcome) for one in rows if one.action == "preview.logs"]


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """`request.param`: whether a worker does what is asked for."""
    (tmp_path / "elsewhere").mkdir()
    with served(tmp_path) as serving, KubeApi() as cluster:
        must("start", "RTB-123", *INT, *IMAGES, "--repo", serving.path)
        cluster.add(
            APPLICATIONS, TARGET, "argocd", spec={"project": "previews-int"}, meta=OWNED, status=copy.deepcopy(UP)
        )
        cluster.add("namespaces", TARGET, meta=OURS)
        config = cluster.kubeconfig(tmp_path / "elsewhere" / "config")
        with api_world(serving, works=getattr(request, "param", False)) as world, on_loopback(world.app) as address:
            world.api.clusters.connected = {"int": serving.hub.cluster("here", str(config))}
            yield Place(world, address, cluster, tmp_path / "elsewhere")


@pytest.mark.parametrize("output", ["table", "json", "yaml"])
def test_what_is_told_is_what_the_cluster_tells(place: Place, output: str) -> None:
    place.pod({"state": {"running": {}}})
    place.cluster.log = b"listening\n\x1b[2Jbad \xff\n"
    for arguments in (
        ("status", "RTB-123"), ("status", "RTB-9"), ("status", "rtb_1"), ("logs", "RTB-123", "web", "--since", "10m"),
        ("logs", "RTB-123", "web", "--tail", "7", "--previous"), ("logs", "RTB-123", "wep"), ("logs", "RTB-9", "web"),
    ):  # fmt: skip
        server, local = place.run(*arguments, "-o", output), place.local(*arguments, "-o", output)
        assert (server.code, server.out) == (local.code, local.out), (arguments, server.err)
        assert server.err == local.err or server.code != 0, arguments
    asked = [one.query for one in place.cluster.requests if one.resource == "pods/log"]
    assert (asked[0], asked[2], len(asked)) == (asked[1], asked[3], 4)
    place.health("Degraded")
    assert place.run("status", "RTB-123").out == place.local("status", "RTB-123").out != "running\n"


def test_it_is_watched_until_it_runs_or_is_gone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.actions.wait.EVERY_SECONDS", 0.05)
    told = place.run("status", "RTB-123", "--watch", "-o", "json").json()
    assert (told["phase"], told["issue"], told.keys()) == ("running", "RTB-123", {*told, "seconds"})
    assert place.run("status", "RTB-9", "--watch").out.endswith("removed\n")
    assert place.run("wait", "RTB-123").out.endswith("RTB-123 in int is running after 0 s\n")
    assert place.run("wait", "RTB-9", "--for", "removed", "-o", "json").json()["phase"] == "removed"
    place.health("Progressing")
    ran = place.run("status", "RTB-123", "--watch", "--timeout", "1s")
    assert (ran.code, "starting" in ran.out) == (CODES[Reason.NOT_IN_TIME], True)
    monkeypatch.setattr("hub.actions.wait.SURE_SECONDS", 0.0)
    assert place.run("wait", "RTB-9", "--timeout", "1m").code == CODES[Reason.PREVIEW_FAILED]


class Passing:
    """A cluster that cannot be reached the first few times."""

    def __init__(self, cluster: Any, failures: int) -> None:
        self.cluster, self.failures, self.asked = cluster, failures, 0

    def record(self, *given: Any, **named: Any) -> Recorded:
        self.asked += 1
        if self.asked <= self.failures:
            raise Transient(Reason.CLUSTER_UNREACHABLE, "no connection")
        return self.cluster.record(*given, **named)  # type: ignore[no-any-return]


def test_what_passes_does_not_end_the_waiting(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.actions.wait.EVERY_SECONDS", 0.05)
    monkeypatch.setattr("hub.services.api.clusters.KEPT", timedelta(0))
    clusters = place.world.api.clusters
    clusters.connected = {"int": Passing(clusters.connected["int"], 2)}
    ran = place.run("wait", "RTB-123")
    assert (ran.code, "unknown: no connection" in ran.out) == (0, True)


@pytest.mark.parametrize("command", ["why", "status"])
def test_a_cluster_that_cannot_be_reached_is_told_at_once(place: Place, command: str) -> None:
    unreachable = Passing(None, 9)
    place.world.api.clusters.connected = {"int": unreachable}
    ran = place.run(command, "RTB-123")
    assert (ran.code, unreachable.asked) == (CODES[Reason.CLUSTER_UNREACHABLE], 1)


def test_logs_are_for_developers_each_reading_is_audited_and_few_are_read_at_a_time(place: Place) -> None:
    place.pod({"state": {"running": {}}})
    place.cluster.log = b"listening\n"
    logs = ("logs", "RTB-123", "web")
    assert place.run(*logs, by="developer").code == 0
    assert place.run(*logs, by="viewer").code == CODES[Reason.NOT_ALLOWED]
    status = {
        who: place.world.get("/api/v1/previews/int/RTB-123/logs/web", by=who).status_code
        for who in ("ci", "int-only", "reader", "asks-prd", "admin")
    }
    assert status == {"ci": 200, "int-only": 200, "reader": 403, "asks-prd": 403, "admin": 200}
    assert place.world.get("/api/v1/previews/stg/RTB-123/logs/web", by="int-only").status_code == 403
    assert place.audited() == [
        (who, "int/RTB-123 web-7d9f8b6c5-a web", "allowed") for who in ("developer", "ci", "int-only", "admin")
    ]
    api = place.world.api
    api.access.logs = Buckets(1, seconds=lambda: 0.0)
    assert [place.world.get("/api/v1/previews/int/RTB-123/logs/web").status_code for _ in range(2)] == [200, 429]


def test_a_log_is_read_of_a_cluster_that_is_opened_when_it_is_asked(place: Place) -> None:
    place.pod({"state": {"running": {}}})
    place.cluster.log = b"listening\n"
    clusters = place.world.api.clusters
    opened: Any = clusters.connected["int"]
    clusters.connected = {"int": OpenedLater("int", lambda: opened)}
    assert place.run("logs", "RTB-123", "web").out == "listening\n"


def test_what_keeps_a_log_from_being_read_is_told(place: Place) -> None:
    place.pod({"state": {"running": {}}})
    place.cluster.answers["pods/log"] = [refusal(403)]
    ran = place.run("logs", "RTB-123", "web")
    assert (ran.code, "rtb-hub-logs" in ran.err) == (CODES[Reason.CLUSTER_REFUSED], True)
    place.world.api.clusters.connected = {}
    for command in (("logs", "RTB-123", "web"), ("status", "RTB-123")):
        ran = place.run(*command)
        assert (ran.code, "RTB_HUB_CLUSTERS=int=CONTEXT" in ran.err) == (CODES[Reason.NOT_FOUND], True)


@pytest.mark.parametrize("name", ["", ".", "..", "../int", "int/", "int?x", "\x1b[2J", "%2e%2e"])
def test_a_name_leads_to_no_other_route(place: Place, name: str) -> None:
    place.pod({"state": {"running": {}}})
    ran = place.run("logs", "RTB-123", name)
    assert (ran.code, "COMPONENT" in ran.err) == (CODES[Reason.INVALID_VALUE], True)
    for command in (("status", "RTB-123"), ("stop", "RTB-123"), ("show", "RTB-123"), ("logs", "RTB-123", "web")):
        ran = place.run(*command, "--env", name)  # the last one counts
        assert ran.code == CODES[Reason.UNKNOWN_ENVIRONMENT], (command, ran.err)


@pytest.mark.parametrize(
    "command",
    [
        ("wait", "RTB-1", "--url"), ("wait", "RTB-1", "--cluster", "x"), ("status", "RTB-1", "--cluster", "x"),
        ("logs", "RTB-1", "web", "--follow"), ("logs", "RTB-1", "web", "--kubeconfig", "x"),
    ],
)  # fmt: skip
def test_what_no_server_knows_is_refused(command: tuple[str, ...]) -> None:
    ran = rtb_hub("--server", "http://127.0.0.1:1", *command, *INT)
    assert (ran.code, "does not work through a server" in " ".join(ran.err.split())) == (2, True)


STARTED = ("start", "RTB-123", "--wait", *IMAGES, "--set", "web.env.A=b")


def starts(place: Place, where: str, *arguments: object) -> Ran:
    """`start --wait` on the repository and the cluster, or through the server."""
    return (place.local if where == "local" else place.run)(*STARTED, *arguments)


@pytest.mark.parametrize("where", ["local", "server"])
@pytest.mark.parametrize("place", [True], indirect=True)
def test_a_start_is_waited_for_until_it_runs(place: Place, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.actions.wait.EVERY_SECONDS", 0.05)
    ran = starts(place, where)
    assert ran.code == 0, ran.err
    assert "RTB-123 in int updated" in ran.out
    assert ran.out.endswith(f"RTB-123 in int is running after {ran.out.rpartition(' after ')[2]}")
    told = starts(place, where, "-o", "json").json()
    assert (told["change"], told["phase"], told["cause"]) == ("unchanged", "running", "")
    assert told["seconds"] < 600


@pytest.mark.parametrize("where", ["local", "server"])
@pytest.mark.parametrize("place", [True], indirect=True)
def test_a_start_that_does_not_come_up_is_told_with_its_cause(
    place: Place, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.actions.wait.EVERY_SECONDS", 0.05)
    monkeypatch.setattr("hub.actions.wait.SURE_SECONDS", 0.0)
    place.health("Progressing")
    late = starts(place, where, "--timeout", "1s", "-o", "json")
    assert (late.code, late.json()["change"]) == (CODES[Reason.NOT_IN_TIME], "updated")
    assert "phase" not in late.json()
    place.health("Degraded")
    failed = starts(place, where)
    assert failed.code == CODES[Reason.PREVIEW_FAILED]
    assert "is already up to date" in failed.out
    assert "[PreviewFailed]" in failed.err


@pytest.mark.parametrize("where", ["local", "server"])
@pytest.mark.parametrize("place", [True], indirect=True)
def test_what_others_have_to_let_start_is_not_waited_for(place: Place, where: str) -> None:
    prd = ("start", "RTB-7", "--wait", *IMAGES, "-o", "json")
    at = ("--repo", place.world.serving.path, "--cluster", "here", "--kubeconfig", place.folder / "config")
    server = ("--server", place.url)
    environ = {"RTB_HUB_SERVER_TOKEN": "alice", "HOME": str(place.folder)}
    asked = (*prd, "--env", "prd", *at) if where == "local" else (*server, *prd, "--env", "prd")
    ran = rtb_hub(*asked, cwd=place.folder, **environ)
    assert (ran.code, ran.json()["change"]) == (CODES[Reason.NOT_IN_TIME], "created")
    assert "it awaits a review, and is not waited for" in ran.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--queue",), "--wait cannot be used with --queue"),
        (("--timeout", "soon"), "--timeout: 'soon' is not a duration"),
        (("--cluster", "there"), "there"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_waited_for_starts_nothing(place: Place, arguments: tuple[str, ...], told: str) -> None:
    before = git(place.world.serving.path, "for-each-ref")
    at = ("--repo", place.world.serving.path, "--kubeconfig", place.folder / "config")
    ran = rtb_hub(*STARTED, *INT, *at, *(() if "--cluster" in arguments else ("--cluster", "here")), *arguments)
    assert ran.code != 0
    assert told in ran.err
    assert git(place.world.serving.path, "for-each-ref") == before
    alone = rtb_hub("start", "RTB-1", *INT, *IMAGES, "--cluster", "here", "--repo", place.world.serving.path)
    assert (alone.code, "are for --wait" in alone.err) == (2, True)
