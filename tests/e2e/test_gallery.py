"""Blueprints of a team's own run as previews: each of the documents' gallery, and a Compose file as it is imported."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from state_repository import ROOT, images
from test_life import DRY_RUN
from world import World

from conftest import Record

EXAMPLES = ROOT / "docs" / "examples"
GALLERY = sorted(path.name for path in (EXAMPLES / "blueprints").iterdir())
COMPOSE = "compose-file"


@pytest.fixture
def blueprints(world: World, record: Record) -> Iterator[Path]:
    """A folder of blueprints, and the same in the state repository: those of the gallery, and one that is imported."""
    folder = world.folder / "blueprints"
    shutil.copytree(EXAMPLES / "blueprints", folder)
    begin = time.monotonic()
    world.hub("blueprint", "import", EXAMPLES / "compose" / "docker-compose.yml", "--name", COMPOSE, "--to", folder)
    record("Compose file → blueprint", time.monotonic() - begin)
    world.push(lambda work: shutil.copytree(folder, work / "blueprints"), message="Add blueprints")
    yield folder
    world.push(lambda work: shutil.rmtree(work / "blueprints"), message="Remove blueprints")


def test_each_blueprint_of_the_gallery_runs_and_goes(world: World, blueprints: Path, record: Record) -> None:
    keys = {f"OWN-{number}": name for number, name in enumerate((*GALLERY, COMPOSE), 1)}
    begin = time.monotonic()
    world.hub_all(
        ["start", key, "--env", "int", "--blueprint", name, *images(names=without_image(blueprints / name))]
        for key, name in keys.items()
    )
    record(f"{len(keys)} blueprints → started in Git", time.monotonic() - begin)
    begin = time.monotonic()
    for key, name in keys.items():
        world.until(f"{key} ({name}) is Healthy", lambda key=key: world.is_healthy(key), 180)
        record("blueprint started in Git → Healthy, with all others", time.monotonic() - begin)
        pods = world.pods(key)
        assert pods
        assert {pod.status.phase for pod in pods} <= {"Running", "Succeeded"}
        if name == COMPOSE:
            assert {pod.metadata.name.partition("-")[0] for pod in pods} == {
                "web", "api", "migrate", "worker", "mailer", "db", "queue",
            }  # fmt: skip
    with world.clone("main") as work:
        manifests = [part for key in keys for part in ("-f", manifest_of(work, key))]
        said = world.plane.kubectl("apply", *DRY_RUN, *manifests).strip().splitlines()
    assert [line for line in said if not line.endswith("serverside-applied (server dry run)")] == []
    world.hub_all(["stop", key, "--env", "int"] for key in keys)
    record(f"{len(keys)} blueprints stopped in Git → gone", world.until_gone(*keys))


def without_image(folder: Path) -> tuple[str, ...]:
    """The components that an image is given to at each start."""
    components = yaml.safe_load((folder / "blueprint.yaml").read_text(encoding="utf-8"))["spec"]["components"]
    return tuple(name for name, one in components.items() if not {"image", "imageOf"} & one.keys())


def manifest_of(work: Path, key: str) -> str:
    """The manifest of a preview in a clone."""
    (found,) = work.glob(f"environments/int/previews/own/0/{key.lower()}/manifest.yaml")
    return str(found)
