"""The hub's own services on a real control plane: scaled by a real KEDA, one killed, and a preview by a signed webhook."""

from __future__ import annotations

import shutil
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
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
    SIGNING_SECRET,
    WEBHOOK_SECRET,
    WORKER,
    HostedServices,
)
from state_repository import git, images
from test_leases import cut_short, has_entry
from told import CODE, READ
from toolchain import KEDA
from world import NotInTimeError, World

from conftest import FACTS, Record, needed, scratch
from generator.bootstrap.hub_services import JOBS_OF_ONE
from generator.values.formats import parse_time
from hub.store import people, sessions
from hub.store.jobs import JobRow
from hub.store.people import Account
from hub.store.sessions import Beginning
from hub.views.messages.buttons import EXTEND
from reconcilers.messages.model import MessagePhase
from worlds.builders import digest
from worlds.delivering import from_jira, from_slack, issue
from worlds.jira_server import Issue
from worlds.node_producing import produce
from worlds.postgres import shared_server
from worlds.serving import job

FULL = "FULL-1"
STARTS = f"""
    startOn: {{statusIds: ["10"]}}
    environments: [int]
    images:
      web: {{repository: registry.example.com/web, digest: "{digest()}"}}
      api: {{repository: registry.example.com/api, digest: "{digest()}"}}
"""
RULE = f"""\
projects:
  JRN:{STARTS}
  TOLD:{STARTS}
    pullRequests: {{repositories: [{CODE}]}}
"""
FORM = "application/x-www-form-urlencoded"
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


# Before others put a line of previews there, which the worker would tell of, too.
@pytest.mark.usefixtures("configured")
def test_the_journey_of_an_issue_is_told_in_jira_slack_and_its_pull_request(
    services: HostedServices, until: Callable[..., float], record: Record
) -> None:
    """Told by the worker as it is rendered, which reads the cluster with the rights of the rendered reader alone."""
    world, kubelet, key = services.world, services.kubelet, "TOLD-1"
    kubelet.room[WORKER] = 5
    developer = linked(services, "dana", "U0DANA", "developer")
    world.plane.apply(worker_of(services, tells=True))
    try:
        until("a worker stays", lambda: services.replicas() == 1 and any(one.is_ready for one in kubelet.of(WORKER)))
        journey = services.told.begin(key)

        def told(phase: MessagePhase, since: str) -> None:
            for place, seconds in journey.until(phase, until).items():
                record(f"{since} → {place} says {phase}", seconds)

        body = issue(key)
        assert delivered(services, "jira", body, from_jira(body, name="1732700000-2", secret=WEBHOOK_SECRET)) == 202
        begin = time.monotonic()
        until("the issue tells of it", lambda: "Jira" in journey.seen())
        record("signed webhook → comment at the issue", time.monotonic() - begin)
        until(f"{key} is Healthy", lambda: world.is_healthy(key), 180)
        record("signed webhook → Healthy", time.monotonic() - begin)
        told("running", "Healthy")
        assert all("https://told-1." in text for text in journey.seen().values())

        soon = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
        world.push(lambda work: cut_short(work, key, soon), message="have a lease end soon")
        told("expiring soon", "end comes near")
        click = journey.click(EXTEND, developer)
        asked = from_slack(click, at=datetime.now(UTC), secret=SIGNING_SECRET, kind=FORM)
        assert delivered(services, "slack", click, {**asked, "X-Slack-Signature": "v0=" + "0" * 64}) == 401
        assert delivered(services, "slack", click, asked) == 200
        begin = time.monotonic()
        until("the lease is longer in Git", lambda: lease(services, key) == soon + timedelta(hours=4))
        record("signed click → lease longer in Git", time.monotonic() - begin)
        told("running", "lease longer")
        ends = format(lease(services, key), "%Y-%m-%d %H:%M UTC")
        assert all(ends in journey.seen()[place] for place in READ)
        until("who clicked is told", lambda: services.told.slack.ephemeral)

        expired(world, key)
        world.until_gone(key)
        told("removed", "gone")
        assert "https://told-1." not in journey.seen()["deployment"]
        assert services.told.violations() == []
    finally:
        world.plane.apply(worker_of(services, tells=False))


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
    services.told.jira.site.issues["JRN-1"] = Issue(status="10")
    body = issue("JRN-1")
    assert delivered(services, "jira", body, from_jira(body, secret="of-somebody")) == 401
    began, sent = time.monotonic(), datetime.now(UTC)
    assert delivered(services, "jira", body, from_jira(body, secret=WEBHOOK_SECRET)) == 202
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
    expired(world, "JRN-1")
    record("expired → gone", world.until_gone("JRN-1"))


def linked(services: HostedServices, name: str, user: str, role: str) -> str:
    """Somebody who is signed in, and whose account in Slack an admin linked; the account's id."""
    database = services.jobs.database
    with database.write() as connection:
        now = database.now(connection)
        person = people.known(connection, Account("oidc", name, name), now=now)
        people.link(connection, person, Account("slack", user, name), by="admin", now=now)
        sessions.begin(connection, Beginning(person, "browser", "oidc", name, (role,)), now=now)
    return user


def lease(services: HostedServices, key: str) -> datetime:
    """When the preview ends, as Git says."""
    project, number = key.lower().split("-")
    entry = f"main:environments/int/previews/{project}/{int(number) // 100 * 100}/{key.lower()}/preview.yaml"
    tree = yaml.safe_load(git("-c", "safe.directory=*", "-C", services.world.bare, "show", entry))
    return parse_time(tree["spec"]["lease"]["expiresAt"])


def expired(world: World, key: str) -> None:
    """Have the preview's lease end, and the reconciler see it."""
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    world.push(lambda work: cut_short(work, key, ends), message="cut a lease short")
    time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()))
    world.hub("reconcile", "--env", "int", "--only", "expiry")
    assert not has_entry(world, key)


def worker_of(services: HostedServices, *, tells: bool) -> Iterator[dict[str, Any]]:
    """The worker, and what scales it."""
    for tree in services.objects(tells=tells):
        if tree["kind"] in ("Deployment", "ScaledObject") and tree["metadata"]["name"] == WORKER:
            yield tree


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


def delivered(services: HostedServices, sender: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status that a delivery is answered with by a listener."""
    url = f"{services.listeners()[0].address(4000)}/api/webhook/{sender}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, dict(headers)), timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def row_of(services: HostedServices, name: str) -> JobRow:
    """The only job of that name about the issue of the webhook."""
    (found,) = (one for one in services.jobs.listed(limit=1000) if one.name == name and one.payload["issue"] == "JRN-1")
    return found
