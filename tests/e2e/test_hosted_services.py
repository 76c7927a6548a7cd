"""The hub's own services on a real control plane: scaled by a real KEDA, one killed, and a preview by a signed webhook."""

from __future__ import annotations

import shutil
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hosted_services import (
    LISTENER,
    NAMESPACE,
    POLLED_SECONDS,
    RESTS_SECONDS,
    WEBHOOK_SECRET,
    WORKER,
    HostedServices,
)
from state_repository import images
from test_leases import cut_short, has_entry
from toolchain import KEDA
from world import NotInTimeError, World

from conftest import FACTS, Record, needed, scratch
from generator.bootstrap.hub_services import JOBS_OF_ONE
from hub.store.jobs import JobRow
from worlds.builders import digest
from worlds.delivering import from_jira, issue
from worlds.jira_server import Issue
from worlds.jira_server.site import Comment
from worlds.node_producing import produce
from worlds.postgres import shared_server
from worlds.serving import job

FULL = "FULL-1"
RULE = f"""\
projects:
  JRN:
    startOn: {{statusIds: ["10"]}}
    environments: [int]
    images:
      web: {{repository: registry.example.com/web, digest: "{digest()}"}}
      api: {{repository: registry.example.com/api, digest: "{digest()}"}}
"""
STRICTLY = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict")


@pytest.fixture(scope="module")
def services(world: World, request: pytest.FixtureRequest) -> Iterator[HostedServices]:
    """KEDA and the services, up once for these scenarios."""
    needed((KEDA,))
    facts, begin = request.config.stash[FACTS], time.monotonic()
    with scratch(request, "services", "logs of services kept") as folder:
        with (
            shared_server(folder / "postgres") as server,
            server.database() as url,
            HostedServices(world, url, folder) as made,
        ):
            facts["KEDA and the hub's services up after"] = f"{time.monotonic() - begin:.0f} s"
            yield made
            peak = made.keda.memory_peak()
        facts["peak memory of KEDA"] = ", ".join(f"{name} {held >> 20} MiB" for name, held in peak.items())


@pytest.fixture(scope="module")
def configured(services: HostedServices) -> None:
    """The repository says what an issue starts."""

    def said(work: Path) -> None:
        (work / "hub").mkdir(exist_ok=True)
        (work / "hub" / "services.yaml").write_text(RULE, encoding="utf-8")

    services.world.push(said, message="say what starts")


@pytest.fixture
def until(services: HostedServices) -> Callable[..., float]:
    """As `World.until`, and says what is there of the services when it is not in time."""

    def wait(what: str, test: Callable[[], object], seconds: float = 90) -> float:
        try:
            return services.world.until(what, test, seconds)
        except NotInTimeError as error:
            raise NotInTimeError(f"{error}\n{services.seen()}") from error

    return wait


@pytest.fixture(scope="module")
def line(services: HostedServices) -> Iterator[None]:
    """stg has room for one preview, and has one: each further start is a commit that puts it in the waiting line."""
    world = services.world
    before: list[str] = []

    def filled(work: Path) -> None:
        path = work / "environments" / "stg" / "environment.yaml"
        before.append(path.read_text(encoding="utf-8"))
        tree = yaml.safe_load(before[0])
        tree["spec"].setdefault("limits", {})["previews"] = 1
        path.write_text(yaml.safe_dump(tree), encoding="utf-8")

    def emptied(work: Path) -> None:
        (work / "environments" / "stg" / "environment.yaml").write_text(before[0], encoding="utf-8")
        shutil.rmtree(work / "environments" / "stg" / "queue")

    world.hub("start", FULL, "--env", "stg", *images())
    world.push(filled, message="leave room for one")
    yield
    world.push(emptied, message="leave room for all, and send the line home")
    world.stop(FULL, "stg")


def wanted(number: int, prefix: str) -> dict[str, Any]:
    """A start as another program puts it."""
    name = f"{prefix.lower()}-{number}"
    said = job(f"op-{name}", issue=f"{prefix}-{number}", environment="stg").payload
    return {"name": "preview.start", "data": said, "opts": {"jobId": f"op-{name}", "attempts": 3}}


def test_the_api_server_takes_the_rendered_services_as_they_are(services: HostedServices) -> None:
    """Strictly, with KEDA's own definitions, and without a warning."""
    for redis in (True, False):
        for path in services.render(redis=redis):
            said = services.world.plane.kubectl(*STRICTLY, "-f", str(path), check=False).strip().splitlines()
            assert [one for one in said if not one.endswith("serverside-applied (server dry run)")] == [], path
            assert len(said) == len([tree for tree in yaml.safe_load_all(path.read_text()) if tree])


def test_jobs_of_a_node_program_scale_the_worker_and_a_killed_one_loses_nothing(
    services: HostedServices, line: None, until: Callable[..., float], record: Record
) -> None:
    git, kubelet = services.world.git, services.kubelet
    jobs = [wanted(number, "NODE") for number in range(1, 5 * JOBS_OF_ONE // 2 + 1)]
    names = [one["opts"]["jobId"] for one in jobs]
    kubelet.room[WORKER] = 1  # for what listeners put when they begin
    until("no worker is there", services.rests, 180)
    kubelet.room[WORKER] = 0
    begin = time.monotonic()
    produce(services.node, services.valkey.port, "{figma-queue}", *jobs[:JOBS_OF_ONE])
    produce(services.node, services.valkey.port, "{jira-queue}", *jobs[JOBS_OF_ONE:])
    # The larger queue alone would make two: all are summed. Nobody works on them yet, so it stays so.
    until("3 are wanted", lambda: services.replicas() == 3)
    record(f"{len(jobs)} jobs put by Node → 3 workers wanted", time.monotonic() - begin)
    git.holds = released = threading.Event()
    try:
        kubelet.room[WORKER] = 1
        until("the only worker pushes what it has in hand", lambda: git.held > 0, 120)
        (one,) = kubelet.of(WORKER)
        assert sum(count for (_, state), count in services.jobs.counts().items() if state == "active") > 0
        one.process.kill()
        begin = time.monotonic()
        kubelet.room[WORKER] = 5
    finally:
        released.set()
        git.holds = None
    until("all jobs are done", lambda: services.have_done(names), 240)
    record("worker killed −9 → all jobs done", time.monotonic() - begin)
    assert kubelet.when(one.pod.metadata.name, "started again") is not None
    committed = Counter(name for name in services.operations() if name.startswith("op-node-"))
    assert committed == Counter(names), "each in one commit, and none in two"
    record("all jobs done → no worker", until("no worker is there", services.rests, 120))
    assert services.scaled_conditions()["Ready"] == "True"


@pytest.mark.usefixtures("configured")
def test_a_signed_webhook_of_jira_becomes_a_healthy_preview_that_expires(
    services: HostedServices, until: Callable[..., float], record: Record
) -> None:
    world, kubelet = services.world, services.kubelet
    kubelet.room[WORKER] = 5
    until("no worker is there", services.rests, 120)
    services.jira.site.issues["JRN-1"] = Issue(status="10")
    body, url = issue("JRN-1"), services.listeners()[0].address(4000) + "/api/webhook/jira"
    assert delivered(url, body, from_jira(body, secret="of-somebody")) == 401
    began, sent = time.monotonic(), datetime.now(UTC)
    assert delivered(url, body, from_jira(body, secret=WEBHOOK_SECRET)) == 202
    accepted = time.monotonic()
    until("JRN-1 is Healthy", lambda: world.is_healthy("JRN-1"), 180)
    healthy = time.monotonic()
    hint, start = row_of(services, "issue.hint"), row_of(services, "preview.start")
    assert hint.ended_at is not None
    assert start.ended_at is not None
    started = kubelet.when(WORKER, "started", since=began)
    assert started is not None
    committed = began + (start.ended_at - sent).total_seconds()
    record("signed webhook → 202", accepted - began)
    record("202 → worker's pod started, from 0", started - accepted)
    record("worker's pod started → issue read, start put", began + (hint.ended_at - sent).total_seconds() - started)
    record("start put → committed", (start.ended_at - hint.ended_at).total_seconds())
    record("committed → Healthy", healthy - committed)
    record("signed webhook → Healthy, from 0 workers", healthy - began)
    (listed,) = (one for one in world.hub("list", "-o", "json").json()["previews"] if one["issue"] == "JRN-1")
    assert listed["lease"]["requestedBy"] == "jira/JRN"
    assert start.id in services.operations()
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    world.push(lambda work: cut_short(work, "JRN-1", ends), message="cut a lease short")
    time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()))
    world.hub("reconcile", "--env", "int", "--only", "expiry")
    assert not has_entry(world, "JRN-1")
    record("expired → gone", world.until_gone("JRN-1"))


@pytest.mark.usefixtures("configured")
def test_an_issue_says_what_becomes_of_its_preview(
    services: HostedServices, until: Callable[..., float], record: Record
) -> None:
    """Told by the worker as it is rendered, which reads the cluster with the rights of the rendered reader alone."""
    world, kubelet = services.world, services.kubelet
    kubelet.room[WORKER] = 5
    issue_of = services.jira.site.issues["JRN-2"] = Issue(status="10")
    world.plane.apply(worker_of(services, tells=True))
    try:
        until("a worker stays", lambda: services.replicas() == 1 and any(one.is_ready for one in kubelet.of(WORKER)))
        body, url = issue("JRN-2"), services.listeners()[0].address(4000) + "/api/webhook/jira"
        assert delivered(url, body, from_jira(body, name="1732700000-2", secret=WEBHOOK_SECRET)) == 202
        began = time.monotonic()
        until("the issue tells of it", lambda: len(issue_of.comments) == 1)
        record("202 → comment at the issue", time.monotonic() - began)
        (comment,) = issue_of.comments.values()
        until("JRN-2 is Healthy", lambda: world.is_healthy("JRN-2"), 180)
        healthy = time.monotonic()
        until("the comment says that it runs", lambda: phase_of(comment) == "running")
        record("Healthy → comment says running", time.monotonic() - healthy)
        assert "https://jrn-2." in str(comment.body)
        (link,) = issue_of.links.values()
        assert link["object"]["title"].endswith("running")
        ends = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
        world.push(lambda work: cut_short(work, "JRN-2", ends), message="cut another lease short")
        time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()))
        world.hub("reconcile", "--env", "int", "--only", "expiry")
        world.until_gone("JRN-2")
        gone = time.monotonic()
        until("the comment says that it is removed", lambda: phase_of(comment) == "removed")
        record("gone → comment says removed", time.monotonic() - gone)
        assert issue_of.comments == {comment.id: comment}, "one, whatever became of the preview"
        assert [one["id"] for one in issue_of.links.values()] == [link["id"]]
        assert services.jira.site.violations == []
    finally:
        world.plane.apply(worker_of(services, tells=False))


def worker_of(services: HostedServices, *, tells: bool) -> Iterator[dict[str, Any]]:
    """The worker, and what scales it."""
    for tree in services.objects(tells=tells):
        if tree["kind"] in ("Deployment", "ScaledObject") and tree["metadata"]["name"] == WORKER:
            yield tree


def phase_of(comment: Comment) -> str:
    return str(comment.body["content"][0]["content"][0]["attrs"]["text"])


def test_without_redis_the_database_scales_the_worker_and_one_stays_when_it_is_silent(
    services: HostedServices, line: None, until: Callable[..., float], record: Record
) -> None:
    kubelet, plane = services.kubelet, services.world.plane
    kubelet.room[WORKER] = 0
    plane.kubectl("-n", NAMESPACE, "delete", "deployment", LISTENER)  # they would hand the jobs to Redis
    until("no listener is there", lambda: not services.listeners())
    plane.apply(
        tree
        for tree in services.objects(redis=False)
        if tree["kind"] in ("Deployment", "ScaledObject") and tree["metadata"]["name"] == WORKER
    )
    until("no worker is there", services.rests, 120)
    begin = time.monotonic()
    jobs = [wanted(number, "ROWS") for number in range(1, 5 * JOBS_OF_ONE // 2 + 1)]
    names = [one["opts"]["jobId"] for one in jobs]
    for one in jobs:
        services.jobs.put(job(one["opts"]["jobId"], issue=one["data"]["issue"], environment="stg"))
    until("3 are wanted", lambda: services.replicas() == 3)
    record(f"{len(jobs)} jobs put into the database → 3 workers wanted", time.monotonic() - begin)
    services.say("ALTER ROLE rtb_hub_scaler NOLOGIN")
    try:
        services.say("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rtb_hub_scaler'")
        record("database silent to KEDA → 1 worker wanted", until("1 is wanted", lambda: services.replicas() == 1))
        until("KEDA says so", lambda: services.scaled_conditions()["Fallback"] == "True")
        time.sleep(
            RESTS_SECONDS + 2 * POLLED_SECONDS
        )  # so long after the last job that it knows of, none would be left
        assert services.replicas() == 1
    finally:
        services.say("ALTER ROLE rtb_hub_scaler LOGIN")
    record("database answers KEDA → 3 workers wanted", until("3 are wanted", lambda: services.replicas() == 3))
    kubelet.room[WORKER] = 5
    until("all jobs are done", lambda: services.have_done(names), 240)
    committed = Counter(name for name in services.operations() if name.startswith("op-rows-"))
    assert committed == Counter(names)
    record("all jobs done → no worker, by the database", until("no worker is there", services.rests, 120))


def delivered(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status that a delivery is answered with."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def row_of(services: HostedServices, name: str) -> JobRow:
    """The only job of that name about the issue of the webhook."""
    (found,) = (one for one in services.jobs.listed(limit=1000) if one.name == name and one.payload["issue"] == "JRN-1")
    return found
