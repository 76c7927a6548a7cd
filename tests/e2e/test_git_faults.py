"""What happens to previews when the repository is broken, gone, rewritten or emptied, and how it goes on."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from state_repository import images
from world import GONE_SECONDS, World

from conftest import Record

INT = "environments/int/previews"


def set_is_stopped(world: World, env: str = "int") -> bool:
    return world.set_conditions(env).get("ErrorOccurred", {}).get("status") == "True"


def remedies(world: World) -> list[str]:
    """What doctor tells an administrator to do, line by line."""
    told = world.hub("doctor", "--env", "int", "--cluster", "admin", "--output", "json", code=4).json()
    return [line for finding in told["findings"] for line in finding["remedy"]]


def wake(world: World, lines: list[str]) -> None:
    """Run the commands that doctor printed for waking the set."""
    commands = [line for line in lines if line.startswith("kubectl ")]
    assert len(commands) == 2, lines
    for command in commands:
        world.plane.kubectl(*shlex.split(command)[1:])


@pytest.fixture(scope="module")
def outage(world: World) -> Iterator[str]:
    """The uid of a namespace of prd that was there. Its set then waits for Argo CD's own three minutes: `int` goes on."""
    world.start("AWAY-1", "prd")
    namespace = world.namespace("AWAY-1").metadata.uid
    world.git.is_down = True
    try:
        world.refresh("prd")
        world.until("the set cannot read", lambda: set_is_stopped(world, "prd"), 90)
        world.hub("start", "AWAY-2", "--env", "prd", *images(), code=34)
        assert world.app("AWAY-1") is not None
    finally:
        world.git.is_down = False
    world.hub("start", "AWAY-2", "--env", "prd", *images())
    world.merge_request("AWAY-2")
    for env in ("int", "stg"):  # polled just then
        if set_is_stopped(world, env):
            world.wake(env)
    yield namespace
    for key in ("AWAY-1", "AWAY-2"):
        world.stop(key, "prd")


def test_with_the_repository_unreachable_nothing_is_removed(world: World, outage: str) -> None:
    assert world.is_healthy("AWAY-1")
    assert world.namespace("AWAY-1").metadata.uid == outage


def test_a_malformed_entry_freezes_the_set_and_doctor_knows_the_way_out(world: World, record: Record) -> None:
    world.start("FROZEN-1")

    def write(work: Path) -> None:
        folder = work / INT / "frozen/0/frozen-2"
        folder.mkdir(parents=True)
        (folder / "preview.yaml").write_text("spec: [not an entry\n")

    world.push(write)
    try:
        world.until("the set is stopped", lambda: set_is_stopped(world))
        world.hub("start", "FROZEN-3", "--env", "int", *images())
        world.hub("stop", "FROZEN-1", "--env", "int")
        world.start("BESIDE-1", "stg")  # another environment's set goes on, and time passes
        assert world.app("FROZEN-3") is None
        assert world.app("FROZEN-1") is not None
        world.stop("BESIDE-1", "stg")

        text = world.hub("doctor", "--env", "int", "--cluster", "reader", code=4).out
        assert f"{INT}/frozen/0/frozen-2/preview.yaml" in text
        told = remedies(world)
        assert any("rtb-hub stop FROZEN-2 --env int" in line for line in told), told
    finally:
        world.hub("stop", "FROZEN-2", "--env", "int")
    wake(world, told)
    took = world.until(
        "the set goes on", lambda: world.is_healthy("FROZEN-3") and world.is_gone("FROZEN-1"), GONE_SECONDS
    )
    record("set woken after a malformed entry → all caught up", took)
    world.stop("FROZEN-3")


def test_with_the_branch_gone_nothing_is_removed_and_all_goes_on(world: World) -> None:
    world.start("BRANCH-1")
    uid = world.namespace("BRANCH-1").metadata.uid
    head = world.head("main")
    git(world, "update-ref", "-d", "refs/heads/main")
    try:
        world.refresh()
        world.until("the set cannot read", lambda: set_is_stopped(world), 90)
        time.sleep(5)
        assert world.app("BRANCH-1") is not None
    finally:
        git(world, "update-ref", "refs/heads/main", head)
    world.hub("start", "BRANCH-2", "--env", "int", *images())
    wake(world, remedies(world))
    world.until("it goes on", lambda: world.is_healthy("BRANCH-2"), 30)
    assert world.namespace("BRANCH-1").metadata.uid == uid
    world.stop("BRANCH-1")
    world.stop("BRANCH-2")


def test_history_rewritten_to_an_older_state_is_followed_unless_the_branch_refuses(world: World) -> None:
    world.start("OLD-1")
    older = world.head("main")
    world.start("OLD-2")
    newer = world.head("main")
    with world.clone("main") as work:
        pushed = subprocess.run(
            ["git", "-C", work, "push", "--force", "origin", f"{older}:refs/heads/main"],
            check=False,
            capture_output=True,
            text=True,
        )
        gone = subprocess.run(
            ["git", "-C", work, "push", "origin", ":refs/heads/main"], check=False, capture_output=True, text=True
        )
    assert pushed.returncode != 0, "the branch's rules let history be rewritten"
    assert gone.returncode != 0, "the branch's rules let it be deleted"
    assert world.head("main") == newer

    git(world, "update-ref", "refs/heads/main", older)  # past all rules, on the server itself
    world.announce("refs/heads/main", newer, older, [f"{INT}/old/0/old-2/preview.yaml"])
    world.until_gone("OLD-2")
    assert world.is_healthy("OLD-1")
    git(world, "update-ref", "refs/heads/main", newer)
    world.announce("refs/heads/main", older, newer, [f"{INT}/old/0/old-2/preview.yaml"])
    world.until("it comes back with the history", lambda: world.is_healthy("OLD-2"), 120)
    world.stop("OLD-1")
    world.stop("OLD-2")


def test_a_folder_emptied_takes_its_previews_and_a_revert_brings_them_back(world: World) -> None:
    """What Argo CD does with an empty list is what it is told: nothing but review and rules of the branch prevent it."""
    for key in ("EMPTY-1", "EMPTY-2"):
        world.start(key)

    def remove(work: Path) -> None:
        subprocess.run(["git", "-C", work, "rm", "-r", "-q", INT], check=True)

    def revert(work: Path) -> None:
        subprocess.run(["git", "-C", work, "revert", "--no-commit", "HEAD"], check=True)

    world.push(remove)
    world.until_gone("EMPTY-1", "EMPTY-2")
    assert world.all_apps("int") == {}
    anchor = world.plane.kubectl("get", "ingress", "-n", "rtb-platform", "-o", "name")
    assert anchor, "the anchor keeps the load balancer's name"
    world.push(revert)
    world.until("all are back", lambda: world.is_healthy("EMPTY-1") and world.is_healthy("EMPTY-2"), 120)
    for key in ("EMPTY-1", "EMPTY-2"):
        world.stop(key)


def test_after_an_outage_all_goes_on_by_itself(world: World, outage: str) -> None:
    """Last of this file, for it takes three minutes from the outage on."""
    world.until("it goes on", lambda: world.is_healthy("AWAY-2"), 200)
    assert world.namespace("AWAY-1").metadata.uid == outage


def git(world: World, *arguments: str) -> None:
    subprocess.run(["git", "-c", "safe.directory=*", "-C", world.bare, *arguments], check=True)
