"""Previews that never come up, changes made past Git, controllers that die: all is put right, or can be removed."""

from __future__ import annotations

from control_plane import BROKEN
from state_repository import images
from test_life import RUNS
from world import World

from conftest import Record

CONTROLLERS = ("argocd-repo-server", "argocd-application-controller", "argocd-applicationset-controller")


def start_broken(world: World, *keys: str) -> None:
    """Previews whose web image cannot be pulled, with their syncs long over."""
    for key in keys:
        world.hub("start", key, "--env", "int", "--image", f"web={BROKEN}", *images(names=("api",)))
    for key in keys:
        world.until(f"{key} cannot pull", lambda key=key: any(waits(pod) for pod in world.pods(key)))
        world.until(f"{key}: the sync is over", lambda key=key: operation(world, key) == "Succeeded")
        assert not world.is_healthy(key)


def waits(pod: object) -> bool:
    states = [status.state for status in pod.status.container_statuses or ()]  # type: ignore[attr-defined]
    return any(state.waiting and state.waiting.reason == "ImagePullBackOff" for state in states)


def operation(world: World, key: str) -> str | None:
    app = world.app(key) or {}
    return app.get("status", {}).get("operationState", {}).get("phase")  # type: ignore[no-any-return]


def test_a_preview_that_never_becomes_ready_is_repaired_by_a_second_start(world: World, record: Record) -> None:
    keys = [f"BAD-{number}" for number in range(1, RUNS + 1)]
    start_broken(world, *keys)
    for key in keys:
        record("repair of a broken preview, pushed → Healthy", world.start(key, seconds=30).then)
    world.stop_all(keys)


def test_a_preview_that_never_becomes_ready_is_removed_by_stop(world: World, record: Record) -> None:
    start_broken(world, "WORSE-1")
    record("stop of a broken preview, pushed → gone", world.stop("WORSE-1").then)


def test_what_is_deleted_or_changed_by_hand_comes_back(world: World, record: Record) -> None:
    world.start("DRIFT-1")
    kubectl, space = world.plane.kubectl, ("-n", "preview-drift-1")
    kubectl(*space, "delete", "deployment", "web")
    record("deleted Deployment is back", world.until("the Deployment is back", lambda: "web" in deployments(world)))
    kubectl(
        *space,
        "patch",
        "deployment",
        "web",
        "--type=json",
        "-p",
        '[{"op": "replace", "path": "/spec/replicas", "value": 0}]',
    )
    world.until("the edit is undone", lambda: deployments(world).get("web") == 1)
    world.until("it is Healthy again", lambda: world.is_healthy("DRIFT-1"))
    old = world.namespace("DRIFT-1").metadata.uid
    kubectl("delete", "namespace", "preview-drift-1", "--wait=false")

    def is_anew() -> bool:
        found = world.namespace("DRIFT-1")
        return found is not None and found.metadata.uid != old and world.is_healthy("DRIFT-1")

    record("deleted Namespace is back and Healthy", world.until("the Namespace is back", is_anew, 120))
    world.stop("DRIFT-1")


def deployments(world: World) -> dict[str, int]:
    from kubernetes import client

    found = client.AppsV1Api(world.api).list_namespaced_deployment("preview-drift-1").items
    return {deployment.metadata.name: deployment.spec.replicas for deployment in found}


def test_killed_controllers_in_the_middle_of_start_and_stop_converge(world: World, record: Record) -> None:
    for name in CONTROLLERS:
        key = f"KILL-{CONTROLLERS.index(name) + 1}"
        world.hub("start", key, "--env", "int", *images())
        world.plane.processes[name].kill()
        world.argo.launch(name)
        record(
            "start with a controller killed → Healthy",
            world.until(f"{key} with {name} killed", lambda key=key: world.is_healthy(key), 240),
        )
    for name in CONTROLLERS:
        key = f"KILL-{CONTROLLERS.index(name) + 1}"
        world.hub("stop", key, "--env", "int")
        world.plane.processes[name].kill()
        world.argo.launch(name)
        record(
            "stop with a controller killed → gone",
            world.until_gone(key, what=f"{key} with {name} killed"),
        )
