"""Starts by tags: looked up at a real registry before anything is rendered; what is not there yet is waited for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.queue_contract import QUICK
from generator.errors import ConfigError, Reason, Waiting
from generator.model.registries import RegistryRule
from hub.actions.images import ImageFinder
from hub.adapters.http import SenderParts
from hub.adapters.registry.configured import ConfiguredRegistries
from hub.queue.payloads import SCHEMA
from hub.services.worker.awaiting import GIVE_UP, not_there
from hub.services.worker.service import working
from hub.store.database import Database, sqlite_url
from hub.store.jobs import Job
from hub.store.schema import prepare
from worlds.builders import image
from worlds.commands import must, rtb_hub
from worlds.registry import RegistryServer, registry, single
from worlds.serving import Serving, faults, job

pytestmark = pytest.mark.timeout(1200)  # the first may build the registry


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryServer]:
    with registry(tmp_path_factory.mktemp("registry")) as made:
        yield made


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    url = sqlite_url(tmp_path / "hub.sqlite")
    database = Database(url)
    prepare(database)
    database.close()
    made = Serving(tmp_path / "state.git", url)
    yield made
    made.close()


@contextmanager
def worker(serving: Serving, server: RegistryServer, **rule: Any) -> Iterator[ImageFinder]:
    rules = {server.host: RegistryRule(kind="oci", **rule)}
    finder = ImageFinder(ConfiguredRegistries(rules, SenderParts()))
    with closing(finder), working(serving.parts(), serving.jobs, pace=QUICK, images=finder):
        yield finder


def pushed(job_id: str, repository: str, *tags: str) -> Job:
    said = {"schema": SCHEMA, "id": job_id, "repository": repository, "tags": [*tags],
            "requestedBy": {"kind": "service", "id": "ecr", "via": "ecr"}}  # fmt: skip
    return Job(job_id, "jira-queue", "image.hint", said)


def images_of(serving: Serving, issue: str = "RTB-1") -> Mapping[str, str]:
    told = must("show", issue, "--env", "int", "--repo", serving.path, "--output", "json").json()
    return {name: one["image"] for name, one in told["components"].items()}


def test_git_holds_the_digest_and_keeps_the_tag(serving: Serving, server: RegistryServer) -> None:
    web, api = server.push("web", "RTB-1-3f2a1b7", single()), server.push("team/api", "latest", single(salt="api"))
    names = {"web": f"{server.host}/web:RTB-1-3f2a1b7", "api": f"{server.host}/team/api"}
    with worker(serving, server):
        serving.put(job("op-1", images=names))
        assert (serving.ended("op-1").result or {})["change"] == "created"
        serving.put(job("op-2", images=names))
        assert (serving.ended("op-2").result or {})["change"] == "unchanged"
    assert images_of(serving) == {"web": f"{names['web']}@{web}", "api": f"{names['api']}@{api}"}


def test_an_image_that_comes_later_is_waited_for_and_its_push_wakes_the_start(
    serving: Serving, server: RegistryServer
) -> None:
    names = {"web": f"{server.host}/later:one", "api": image("api")}
    with worker(serving, server):
        serving.put(job("op-1", images=names))
        waits = serving.ended("op-1", "waiting")
        assert faults(waits)[0]["message"] == f"RTB-1 in int waits for its image: there is no {names['web']}"
        assert faults(waits)[0]["field"] == "images.web"
        assert (waits.error or {})["reason"] == "ImageNotThere"
        assert waits.run_at - waits.created_at >= timedelta(seconds=15)
        digest = server.push("later", "one", single(salt="later"))
        serving.put(pushed("ecr-1", f"{server.host}/later", "two"), pushed("ecr-2", f"{server.host}/later", "one"))
        assert [(serving.ended(name).result or {})["woken"] for name in ("ecr-1", "ecr-2")] == [0, 1]
        serving.ended("op-1")
    assert images_of(serving)["web"] == f"{names['web']}@{digest}"


def test_a_stop_does_not_wait_for_an_image(serving: Serving, server: RegistryServer) -> None:
    with worker(serving, server):
        serving.put(job("op-1", images={"web": image("web"), "api": image("api")}))
        serving.ended("op-1")
        serving.put(job("op-2", images={"web": f"{server.host}/never:one", "api": image("api")}))
        serving.ended("op-2", "waiting")
        serving.put(job("op-3", "preview.stop"))
        assert (serving.ended("op-3").result or {})["change"] == "removed"
        assert serving.ended("op-2", "superseded").result == {"by": "op-3"}


def test_what_cannot_run_or_may_not_be_asked_is_told_at_once(serving: Serving, server: RegistryServer) -> None:
    server.push("arm", "one", single("arm64"))
    with worker(serving, server, repositories=["arm", "web"]):
        serving.put(job("op-1", images={"web": f"{server.host}/arm:one", "api": image("api")}))
        unfit = serving.ended("op-1", "dead")
        before = len(server.asked())
        serving.put(
            job("op-2", images={"web": f"{server.host}/other:one", "api": image("api")}),
            job("op-3", images={"web": "169.254.169.254/latest/meta-data:x", "api": image("api")}),
        )
        dead = [serving.ended(name, "dead") for name in ("op-2", "op-3")]
    assert (unfit.error or {})["reason"] == "ImageUnfit"
    assert "it has linux/arm64" in faults(unfit)[0]["message"]
    assert faults(unfit)[0]["allowed"] == "linux/amd64"
    assert [(one.error or {})["reason"] for one in dead] == ["ImageNotPinned"] * 2
    assert len(server.asked()) == before


@pytest.mark.parametrize(
    ("waited", "pause"), [(0, 15.0), (61, 15.25), (1_199, 299.75), (1_300, 300.0), (3_599, 300.0), (3_600, None)]
)
def test_an_image_is_looked_for_less_and_less_and_given_up(waited: int, pause: float | None) -> None:
    lacking = {"web": "registry.example.com/web:one"}
    error = not_there("RTB-1 in int", lacking, waited=timedelta(seconds=waited))
    assert timedelta(seconds=3_600) == GIVE_UP
    assert error.reason is Reason.IMAGE_NOT_THERE
    assert "registry.example.com/web:one" in str(error)
    if pause is None:
        assert isinstance(error, ConfigError)
        assert "given up after 60 minutes" in str(error)
    else:
        assert isinstance(error, Waiting)
        assert (error.retry_after_seconds, error.awaited) == (pause, ("registry.example.com/web:one",))


def test_the_same_tag_is_asked_for_once_a_batch(
    serving: Serving, server: RegistryServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.push("batch", "one", single(salt="batch"))
    names = {"web": f"{server.host}/batch:one"}
    jobs = [job(f"op-{n}", issue=f"RTB-{n}", images=names, blueprint="web") for n in range(1, 101)]
    before = len(server.asked())
    serving.put(*jobs)
    with worker(serving, server):
        begin = time.perf_counter()
        results = [serving.ended(one.id).result or {} for one in jobs]
        took = time.perf_counter() - begin
    asked = len(server.asked()) - before
    assert {one["change"] for one in results} <= {"created", "queued"}
    assert asked < 50
    with capsys.disabled():
        print(
            f"\n100 starts by one tag: {asked} requests to the registry, {len(serving.subjects())} commits, {took:.1f} s"
        )


def test_the_command_looks_tags_up_too_and_waits_for_none(server: RegistryServer, tmp_path: Path) -> None:
    serving = Serving(tmp_path / "state.git", sqlite_url(tmp_path / "unused.sqlite"))
    digest = server.push("web", "one", single())
    file = tmp_path / "registries.yaml"
    file.write_text(f'registries:\n  "{server.host}": {{kind: oci}}\n')
    of_web = f"web={server.host}/web"
    common = ("--env", "int", "--image", f"api={image('api')}", "--repo", serving.path)
    settings = {"RTB_HUB_REGISTRIES": str(file)}
    lacking = rtb_hub("start", "RTB-1", *common, "--image", f"{of_web}:none", **settings)
    assert (lacking.code, lacking.out) == (28, "")
    assert f"there is no image {server.host}/web:none" in lacking.err
    must("start", "RTB-1", *common, "--image", f"{of_web}:one", **settings)
    assert images_of(serving)["web"] == f"{server.host}/web:one@{digest}"
    assert rtb_hub("diff", "RTB-1", *common, "--image", f"{of_web}:one", **settings).code == 0
    assert rtb_hub("start", "RTB-2", *common, "--image", f"{of_web}:one").code == 15
    file.write_text("registries: {ghcr.io: {kind: ecr}}\n")
    wrong = rtb_hub("start", "RTB-1", *common, "--image", f"{of_web}:one", **settings)
    assert (wrong.code, "is no registry of ECR" in wrong.err) == (82, True)
    serving.close()


def test_a_registry_is_resolved_quickly(server: RegistryServer, capsys: pytest.CaptureFixture[str]) -> None:
    from hub.adapters.registry.oci import open_oci
    from reconcilers.ports.images import ImageName

    for number in range(30):
        server.push("timed", f"t{number}", single(salt=str(number)))
    one = open_oci(server.host, RegistryRule(kind="oci"), SenderParts())
    names = [ImageName(server.host, "timed", f"t{number}") for number in range(30)]
    told = []
    for _ in range(2):
        times = []
        for name in names:
            begin = time.perf_counter()
            assert one.look([name])[name] is not None
            times.append(time.perf_counter() - begin)
        told.append(sorted(times)[15] * 1000)
    with capsys.disabled():
        print(f"\nper image, median of 30: {told[0]:.1f} ms when new, {told[1]:.1f} ms when known")
