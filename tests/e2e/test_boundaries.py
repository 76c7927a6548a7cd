"""What a manifest may not do: reach beyond its namespace, into another preview's, or into prd from another branch."""

from __future__ import annotations

from typing import Any

import yaml
from world import World

from conftest import Record

FOREIGN: dict[str, dict[str, Any]] = {
    "a cluster role": {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "evil"},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
    },
    "a foreign Namespace": {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "evil"}},
    "an object in kube-system": {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "evil", "namespace": "kube-system"},
        "spec": {"ports": [{"port": 80}]},
    },
    "a kind that no blueprint renders": {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "evil", "namespace": "preview-evil-4"},
        "rules": [],
    },
}


def push_with(world: World, key: str, *more: object) -> None:
    """A preview whose manifest has objects of somebody's own, pushed past the hub."""
    world.push_rendered(key, lambda manifest: manifest + "---\n" + yaml.safe_dump_all(more))


def sync_message(world: World, key: str) -> str:
    status = (world.app(key) or {}).get("status", {})
    operation = status.get("operationState", {})
    results = [r.get("message", "") for r in operation.get("syncResult", {}).get("resources", ())]
    return " ".join([operation.get("message", ""), *results, *(c["message"] for c in status.get("conditions", ()))])


def test_a_manifest_that_reaches_beyond_its_namespace_is_refused_as_a_whole(world: World, record: Record) -> None:
    keys = {f"EVIL-{number}": tree for number, tree in enumerate(FOREIGN.values(), 1)}
    for key, tree in keys.items():
        push_with(world, key, tree)
    for key, tree in keys.items():
        refused = lambda key=key: "not permitted in project" in sync_message(world, key)  # noqa: E731
        world.until(f"{key} is refused: {tree['kind']} {tree['metadata']}", refused)
        assert world.namespace(key) is None, "something of it was applied"
    assert "evil" not in world.plane.kubectl("get", "clusterroles,namespaces", "-o", "name")
    assert "evil" not in world.plane.kubectl("get", "services", "-n", "kube-system", "-o", "name")
    took = world.stop_all(keys, seconds=150)
    record("stop of what cannot be applied, pushed → gone", *(one.then for one in took))


def test_an_object_in_another_previews_namespace_is_refused_by_admission(world: World) -> None:
    """A new one, and one that is the other preview's already."""
    world.start("VICTIM-1")
    before = services(world)
    for key, name in (("THIEF-1", "intruder"), ("THIEF-2", "web")):
        meta = {"name": name, "namespace": "preview-victim-1"}
        push_with(
            world, key, {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": [{"port": 9999}]}}
        )
    wanted = {"THIEF-1": "must be tracked by the Application preview-victim-1", "THIEF-2": "hared resource"}
    for key, words in wanted.items():
        world.until(f"{key} is refused", lambda key=key, words=words: words in sync_message(world, key))
    assert services(world) == before
    assert world.is_healthy("VICTIM-1")
    world.stop_all(wanted, seconds=150)
    assert services(world) == before
    assert world.is_healthy("VICTIM-1")
    world.stop("VICTIM-1")


def services(world: World) -> dict[str, str]:
    """Service → its version, in the victim's namespace."""
    found = world.core.list_namespaced_service("preview-victim-1").items
    return {service.metadata.name: service.metadata.resource_version for service in found}


def test_a_commit_to_main_below_prd_changes_nothing_in_prd(world: World) -> None:
    world.start("SAFE-1", "prd")
    world.push_rendered("SNEAK-1", env="prd")
    marker = world.start("MARK-1")  # Argo CD has read that commit when this one is up
    assert marker.then > 0
    assert world.app("SNEAK-1") is None
    assert set(world.all_apps("prd")) == {"preview-safe-1"}
    world.stop("MARK-1")
    world.stop("SAFE-1", "prd")


def test_neither_set_nor_project_can_be_deleted_by_mistake(world: World) -> None:
    world.start("KEEP-1")
    for what in ("applicationset/previews-int", "appproject/previews-int", "appproject/rtb-platform"):
        said = world.plane.kubectl("-n", "argocd", "delete", what, "--wait=false", check=False)
        assert "every preview would go with it" in said
    assert world.is_healthy("KEEP-1")
    world.stop("KEEP-1")
