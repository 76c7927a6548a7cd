"""Started means running, stopped means gone: each blueprint, environment and compute, one by one and fifty at once."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import pytest
import yaml
from state_repository import images
from world import ENVIRONMENTS, World

from conftest import Record
from worlds.builders import COMPONENTS

RUNS = 5
MANY = 50
DRY_RUN = ("--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict")
COMBINATIONS = [
    (blueprint, env, compute)
    for blueprint in COMPONENTS
    for env in ENVIRONMENTS
    for compute in ("fargate", "spot")
    if (env, compute) != ("prd", "spot") and (blueprint, compute) != ("web-api-postgres", "spot")
]


def asked(blueprint: str, env: str, compute: str) -> list[str]:
    """Options of a preview with everything in it."""
    settings = ("--set", "web.env.LOG_LEVEL=debug", "--set", f"web.secrets.TOKEN=preview/{env}/app/web#token")
    return [*images(names=COMPONENTS[blueprint]), "--blueprint", blueprint, "--compute", compute, *settings]


def test_each_blueprint_environment_and_compute_runs_and_goes(world: World) -> None:
    keys = {f"ALL-{number}": combination for number, combination in enumerate(COMBINATIONS, 1)}
    for key, (blueprint, env, compute) in keys.items():
        world.hub("start", key, "--env", env, *asked(blueprint, env, compute))
        if env == "prd":
            world.merge_request(key)
    for key, (_, _, compute) in keys.items():
        world.until(f"{key} {keys[key]} is Healthy", lambda key=key: world.is_healthy(key), 180)
        pods = world.pods(key)
        assert pods
        assert {pod.spec.node_name for pod in pods} == {compute}
        assert {pod.status.phase for pod in pods} <= {"Running", "Succeeded"}
        labels = world.namespace(key).metadata.labels
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
        (quota,) = world.core.list_namespaced_resource_quota(f"preview-{key.lower()}").items
        assert quota.status.used["requests.cpu"] != "0"
    for key, (_, env, _) in keys.items():
        world.hub("stop", key, "--env", env)
        if env == "prd":
            world.merge_request(key)
    for key in keys:
        world.until_gone(key)


def test_the_api_server_takes_everything_that_is_rendered(world: World, tmp_path: Path) -> None:
    """Strictly, as a dry run, with the real custom resource definitions, and without a warning."""
    for number, (blueprint, env, compute) in enumerate(COMBINATIONS):
        manifest = world.hub("render", "DRY-1", "--env", env, *asked(blueprint, env, compute)).out
        (tmp_path / f"{number}.yaml").write_text(manifest)
    for env in ENVIRONMENTS:
        trees = yaml.safe_load_all(world.hub("argocd", "render", "--env", env).out)
        objects = [tree for tree in trees if tree and tree["kind"] != "Kustomization"]
        (tmp_path / f"argocd-{env}.yaml").write_text(yaml.safe_dump_all(objects))
    world.plane.kubectl("create", "namespace", "preview-dry-1")
    try:
        for path in sorted(tmp_path.glob("*.yaml")):
            said = world.plane.kubectl("apply", *DRY_RUN, "-f", str(path), check=False).strip().splitlines()
            lines = [line for line in said if "failed to migrate" not in line]  # of what was applied here before
            assert [line for line in lines if not line.endswith("serverside-applied (server dry run)")] == [], path
            assert len(lines) == len([tree for tree in yaml.safe_load_all(path.read_text()) if tree])
    finally:
        world.plane.kubectl("delete", "namespace", "preview-dry-1", "--wait=false")


def test_start_until_healthy_and_stop_until_gone(world: World, record: Record) -> None:
    for number in range(1, RUNS + 1):
        up = world.start(f"ONE-{number}")
        record("start command, with its push", up.command)
        record("start pushed → Healthy", up.then)
    for number in range(1, RUNS + 1):
        down = world.stop(f"ONE-{number}")
        record("stop command, with its push", down.command)
        record("stop pushed → gone", down.then)


@pytest.mark.parametrize("order", ["as rendered", "load balancer with the pods", "one wave"])
@pytest.mark.parametrize("compute", ["fargate", "spot"])
def test_by_order(world: World, record: Record, compute: str, order: str) -> None:
    """What the order costs: the same preview, its waves changed past the hub (docs/adr/0039)."""
    late = {"as rendered": (), "load balancer with the pods": ("Service", "Ingress"), "one wave": EARLY}[order]
    keys = [f"ORD{compute[0].upper()}{order[0].upper()}-{number}" for number in range(1, RUNS + 1)]
    for key in keys:
        world.push_rendered(key, lambda manifest: without_wave(manifest, late), more=("--compute", compute))
        record(
            f"start pushed → Healthy, {compute}, {order}",
            world.until(f"{key} is Healthy", lambda key=key: world.is_healthy(key)),
        )
        if order == "as rendered":
            made = min(pod.metadata.creation_timestamp for pod in world.pods(key))
            assert made >= world.stand_ins.addressed[f"preview-{key.lower()}"].replace(microsecond=0)
    record(f"stop pushed → gone, {compute}, {order}", *(took.then for took in world.stop_all(keys)))


EARLY = (
    "Namespace",
    "LimitRange",
    "ResourceQuota",
    "ServiceAccount",
    "SecurityGroupPolicy",
    "NetworkPolicy",
    "Service",
    "Ingress",
)


def without_wave(manifest: str, kinds: tuple[str, ...]) -> str:
    """The manifest with these kinds in the wave of the pods."""
    documents = manifest.split("---\n")
    moved = {n for n, d in enumerate(documents) if any(f"\nkind: {kind}\n" in d for kind in kinds)}
    return "---\n".join(
        re.sub(r'sync-wave: "-\d+"', 'sync-wave: "0"', d) if n in moved else d for n, d in enumerate(documents)
    )


def test_stop_and_start_of_one_key_at_once(world: World) -> None:
    world.start("SWAP-1")
    world.hub("stop", "SWAP-1", "--env", "int")
    world.hub("start", "SWAP-1", "--env", "int", *images("c"))
    world.until("SWAP-1 is made anew", lambda: world.is_healthy("SWAP-1") and world.runs("SWAP-1", "c"), 90)
    world.stop("SWAP-1")


def test_fifty_in_one_commit_and_fifty_removed(world: World, record: Record) -> None:
    keys = [f"MANY-{number}" for number in range(1, MANY + 1)]
    world.push(lambda work: world.render_all_into(work, keys))
    begin = time.monotonic()
    world.until("all are Healthy", lambda: sum(world.health_of("many-").values()) == MANY, 400)
    record(f"{MANY} in one commit, pushed → all Healthy", time.monotonic() - begin)
    world.push(lambda work: shutil.rmtree(work / "environments/int/previews/many"))
    begin = time.monotonic()
    world.until("all are gone", lambda: not world.health_of("many-") and not world.namespaces("many-"), 400)
    record(f"{MANY} removed in one commit, pushed → all gone", time.monotonic() - begin)
