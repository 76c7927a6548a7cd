"""A database whose pod goes: the preview says that its data went with it, and is filled again when asked."""

from __future__ import annotations

from state_repository import images
from world import World

from worlds.builders import COMPONENTS


def phase(world: World) -> tuple[str, str, str]:
    told = world.hub("show", "DB-1", "--env", "int", "--cluster", "admin", "-o", "json").json()
    return told["phase"], told["cause"], told["remedy"]


def test_a_database_that_lost_its_pod_is_told_and_filled_again(world: World) -> None:
    asked = ("DB-1", "--env", "int", "--blueprint", "web-api-postgres", *images(names=COMPONENTS["web-api-postgres"]))
    world.hub("start", *asked)
    world.until("DB-1 runs", lambda: world.is_healthy("DB-1"), 120)
    world.until("it reads running", lambda: phase(world)[0] == "running")
    world.plane.kubectl("-n", "preview-db-1", "delete", "pod", "-l", "preview.rtb-ai-hub/data=in-the-pod", "--wait")
    world.until("DB-1 is healthy for Argo CD", lambda: world.is_healthy("DB-1"))
    world.until("it says what is lost", lambda: phase(world)[0] == "failed")
    name, cause, remedy = phase(world)
    assert "the database was replaced after it was filled" in cause, name
    assert "--set seed.env.FILLED=2" in remedy
    world.hub("start", *asked, "--set", "seed.env.FILLED=2")
    world.until("it was filled again", lambda: phase(world)[0] == "running", 120)
    world.stop("DB-1", seconds=120)
