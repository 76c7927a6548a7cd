"""What falls due goes, whoever is down, and what went comes back: leases on a real control plane."""

from __future__ import annotations

import re
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from state_repository import git, images
from world import World

from conftest import Record
from generator.values.formats import format_time, parse_time

ARGO = ("argocd-repo-server", "argocd-application-controller", "argocd-applicationset-controller")


def start_with_end(world: World, *keys: str, seconds: int) -> datetime:
    """Previews started as ever, and then their leases cut short past the hub; when they end."""
    for key in keys:
        world.hub("start", key, "--env", "int", *images())
    for key in keys:
        world.until(f"{key} is Healthy", lambda key=key: world.is_healthy(key))
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
    world.push(lambda work: [cut_short(work, key, ends) for key in keys], message="cut leases short")
    return ends


def cut_short(work: Path, key: str, ends: datetime) -> None:
    (entry,) = work.glob(f"environments/int/previews/*/*/{key.lower()}/preview.yaml")
    text = entry.read_text(encoding="utf-8")
    entry.write_text(re.sub(r"expiresAt: .*", f'expiresAt: "{format_time(ends)}"', text), encoding="utf-8")


def removals(world: World, key: str) -> list[datetime]:
    """When the entry was removed, by each commit that did so."""
    folder = f"environments/int/previews/*/*/{key.lower()}/preview.yaml"
    found = git(
        "-c", "safe.directory=*", "-C", world.bare, "log", "main", "--diff-filter=D", "--format=%ct", "--", folder
    )
    return [datetime.fromtimestamp(int(line), UTC) for line in found.split()]


def has_entry(world: World, key: str) -> bool:
    listed = git("-c", "safe.directory=*", "-C", world.bare, "ls-tree", "-r", "--name-only", "main")
    return f"/{key.lower()}/preview.yaml" in listed


def test_what_falls_due_while_watched_goes_and_revive_brings_it_back(world: World, record: Record) -> None:
    with world.running("reconcile", "--watch", "--env", "int", "--only", "expiry") as watcher:
        ends = start_with_end(world, "DUE-1", seconds=15)
        world.until("the entry is removed", lambda: not has_entry(world, "DUE-1"), 90)
        world.until_gone("DUE-1")
        record("due → gone from the cluster, watched", (datetime.now(UTC) - ends).total_seconds())
        (committed,) = removals(world, "DUE-1")
        record("due → removal committed, watched", (committed - ends).total_seconds())
        assert ends <= committed
        assert watcher.poll() is None, "the watcher goes on"
    assert watcher.returncode == 0, "it ends by SIGTERM as asked"
    begin = time.monotonic()
    world.hub("revive", "DUE-1", "--env", "int")
    world.until("it is Healthy again", lambda: world.is_healthy("DUE-1"), 60)
    record("revive → Healthy", time.monotonic() - begin)
    told = world.hub("show", "DUE-1", "--env", "int", "--output", "json").json()
    assert parse_time(told["lease"]["expiresAt"]) > datetime.now(UTC) + timedelta(hours=23)
    world.stop("DUE-1")


def test_two_watchers_and_one_killed_in_the_middle_change_nothing(world: World) -> None:
    keys = [f"TWICE-{number}" for number in range(1, 4)]
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(world.running("reconcile", "--watch", "--env", "int", "--only", "expiry"))
            for _ in range(2)
        )
        ends = start_with_end(world, *keys, seconds=12)
        time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()))
        one.kill()
        for key in keys:
            world.until_gone(key)
        assert other.poll() is None
    assert [len(removals(world, key)) for key in keys] == [1, 1, 1]
    git("-c", "safe.directory=*", "-C", world.bare, "fsck", "--strict")


def test_what_fell_due_while_argo_cd_was_down_goes_when_it_is_back(world: World, record: Record) -> None:
    start_with_end(world, "CAUGHT-1", seconds=1)
    for name in ARGO:
        world.plane.processes[name].kill()
    try:
        time.sleep(1)
        world.hub("reconcile", "--env", "int", "--only", "expiry")
        assert not has_entry(world, "CAUGHT-1")
        assert world.app("CAUGHT-1") is not None
        assert world.namespace("CAUGHT-1") is not None, "a commit is no proof of removal"
    finally:
        for name in ARGO:
            world.argo.launch(name)
    record("Argo CD is back → what fell due is gone", world.until_gone("CAUGHT-1"))


def test_a_manifest_edited_by_hand_is_put_right(world: World, record: Record) -> None:
    world.start("EDIT-1")

    def edit(work: Path) -> None:
        (manifest,) = work.glob("environments/int/previews/edit/0/edit-1/manifest.yaml")
        text = manifest.read_text(encoding="utf-8")
        assert "replicas: 1" in text
        manifest.write_text(text.replace("replicas: 1", "replicas: 0"), encoding="utf-8")

    world.push(edit)
    world.until("Argo CD follows the edit", lambda: not world.pods("EDIT-1"), 60)
    told = world.hub("reconcile", "--env", "int", "--only", "drift", "--dry-run").out
    assert "edit-1" in told
    begin = time.monotonic()
    world.hub("reconcile", "--env", "int", "--only", "drift")
    world.until("its pods are back", lambda: world.runs("EDIT-1", "a") and world.is_healthy("EDIT-1"), 60)
    record("drift reconciled → Healthy", time.monotonic() - begin)
    world.stop("EDIT-1")
