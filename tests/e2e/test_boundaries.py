"""What a manifest may not do: reach beyond its namespace, into another preview's, or into prd from another branch."""

from __future__ import annotations

import pytest
import yaml
from world import World

FOREIGN = {
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
        "metadata": {"name": "evil", "namespace": "preview-evil-1"},
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


@pytest.mark.parametrize("what", FOREIGN)
def test_a_manifest_is_refused_as_a_whole_that_has(world: World, what: str) -> None:
    push_with(world, "EVIL-1", FOREIGN[what])
    world.until("it is refused", lambda: "not permitted in project" in sync_message(world, "EVIL-1"))
    namespace = world.namespace("EVIL-1")
    assert namespace is None, "something of it was applied"
    assert "evil" not in world.plane.kubectl("get", "clusterroles,namespaces", "-o", "name")
    assert "evil" not in world.plane.kubectl("get", "services", "-n", "kube-system", "-o", "name")
    world.stop("EVIL-1", seconds=90)


@pytest.mark.parametrize("existing", [False, True], ids=["new", "existing"])
def test_an_object_in_another_previews_namespace_is_refused_by_admission(world: World, existing: bool) -> None:
    world.start("VICTIM-1")
    before = world.plane.kubectl(
        "get", "service", "web", "-n", "preview-victim-1", "-o", "jsonpath={.metadata.resourceVersion}"
    )
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web" if existing else "intruder", "namespace": "preview-victim-1"},
        "spec": {"ports": [{"port": 9999}]},
    }
    push_with(world, "THIEF-1", service)
    expected = ("must be tracked by the Application preview-victim-1", "Shared resource")
    world.until("it is refused", lambda: any(words in sync_message(world, "THIEF-1") for words in expected))
    after = world.plane.kubectl(
        "get", "service", "web", "-n", "preview-victim-1", "-o", "jsonpath={.metadata.resourceVersion}"
    )
    assert after == before
    assert "intruder" not in world.plane.kubectl("get", "services", "-n", "preview-victim-1", "-o", "name")
    assert world.is_healthy("VICTIM-1")
    world.stop("THIEF-1", seconds=90)
    assert world.is_healthy("VICTIM-1")
    world.stop("VICTIM-1")


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
