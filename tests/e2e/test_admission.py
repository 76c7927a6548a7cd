"""What the admission policies do to everybody else: nothing. They see every object of the cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from world import World

TRACKING = "argocd.argoproj.io/tracking-id"
_PLACES = ("preview-tools", "others")
_GROUP = "rbac.authorization.k8s.io"


def of_others(tracked: str | None) -> Iterator[dict[str, Any]]:
    """Objects of all scopes that other people's Applications bring; `tracked`: by which, None for none."""

    def one(api: str, kind: str, name: str, namespace: str = "", **fields: Any) -> dict[str, Any]:
        group = api.partition("/")[0] if "/" in api else ""
        note = {TRACKING: f"{tracked}:{group}/{kind}:{namespace or 'argocd'}/{name}"} if tracked else {}
        meta = {"name": name, "annotations": note, **({"namespace": namespace} if namespace else {})}
        return {"apiVersion": api, "kind": kind, "metadata": meta, **fields}

    ending = tracked or "untracked"
    for place in _PLACES:
        yield one("v1", "Namespace", f"{place}-{ending}")
        yield one("v1", "ConfigMap", "of-others", f"{place}-{ending}")
        yield one("apps/v1", "Deployment", "of-others", f"{place}-{ending}", spec=_deployment())
    yield one("v1", "ConfigMap", f"of-{ending}", "default")
    yield one(f"{_GROUP}/v1", "ClusterRole", f"others-{ending}", rules=[])
    yield one("networking.k8s.io/v1", "IngressClass", f"others-{ending}", spec={"controller": "example.com/others"})
    yield one("storage.k8s.io/v1", "StorageClass", f"others-{ending}", provisioner="example.com/others")
    plural = f"things{ending.replace('-', '')}"
    yield one("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"{plural}.example.com", spec=_definition(plural))
    # Of the group that the guard against deletion looks at, but not what it guards.
    yield one("argoproj.io/v1alpha1", "AppProject", f"others-{ending}", "argocd", spec={})
    yield one("argoproj.io/v1alpha1", "AppProject", "rtb-platform", f"others-{ending}", spec={})


def _deployment() -> dict[str, Any]:
    labels = {"app": "others"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "x", "image": "example.com/x"}]}}
    return {"replicas": 0, "selector": {"matchLabels": labels}, "template": pod}


def _definition(plural: str) -> dict[str, Any]:
    schema = {"openAPIV3Schema": {"type": "object"}}
    names = {"kind": plural.capitalize(), "plural": plural, "singular": plural}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    return {"group": "example.com", "scope": "Cluster", "names": names, "versions": [version]}


@pytest.mark.parametrize("tracked", [None, "tools", "preview-dashboards"])
def test_objects_of_others_are_created_updated_and_deleted(world: World, tracked: str | None) -> None:
    """Tracked and untracked, cluster-scoped and namespaced; an Application of others may be called like ours."""
    objects = [*of_others(tracked)]
    if tracked and tracked.startswith("preview-"):  # what cannot be told from a preview's may not enter preview-*
        objects = [tree for tree in objects if not _place(tree).startswith("preview-")]
    world.plane.apply(objects)
    for tree in objects:
        tree["metadata"]["labels"] = {"changed": "true"}
    world.plane.apply(objects)
    for tree in reversed(objects):
        world.plane.kubectl("delete", "--wait=false", "-f", "-", stdin=json.dumps(tree))


def _place(tree: dict[str, Any]) -> str:
    meta = tree["metadata"]
    return str(meta["name"] if tree["kind"] == "Namespace" else meta.get("namespace", ""))


def test_controllers_put_untracked_objects_beside_a_preview(world: World) -> None:
    """As the load balancer controller and kube-controller-manager do."""
    world.start("BESIDE-1")
    meta = {"name": "made-beside", "namespace": "preview-beside-1"}
    tree = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
    world.plane.apply([tree])
    world.plane.apply([{**tree, "data": {"changed": "true"}}])
    world.plane.kubectl("delete", "-n", "preview-beside-1", "configmap", "made-beside")
    world.plane.kubectl("annotate", "namespace", "preview-beside-1", "example.com/note=x")
    world.stop("BESIDE-1")


def test_nobody_takes_over_a_previews_namespace_or_what_is_in_it(world: World) -> None:
    """Created and updated; by another preview, and by an Application of others. The Namespace is cluster-scoped."""
    world.start("OWN-1")
    place = "preview-own-1"
    for tracker in ("preview-thief-1", "tools"):
        refused = f"must be tracked by the Application {place}, not by {tracker}"
        note = f"{TRACKING}={tracker}:/x:{place}/x"
        commands = (
            ("annotate", "--overwrite", "namespace", place, note),
            ("annotate", "--overwrite", "-n", place, "service/web", note),
        )
        for command in commands:
            assert refused in world.plane.kubectl(*command, check=False), command
        meta = {"name": "taken", "annotations": {TRACKING: f"{tracker}:/Namespace:preview-taken-1/preview-taken-1"}}
        for tree in (
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {**meta, "name": "preview-taken-1"}},
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**meta, "namespace": place}},
        ):
            said = world.plane.kubectl("create", "-f", "-", stdin=json.dumps(tree), check=False)
            assert "must be tracked by the Application preview-" in said
    assert world.is_healthy("OWN-1")
    world.stop("OWN-1")


def test_a_collection_of_what_is_guarded_cannot_be_deleted_either(world: World) -> None:
    for plural in ("applicationsets", "appprojects"):
        with pytest.raises(Exception, match="every preview would go with it"):
            world.apps.delete_collection_namespaced_custom_object("argoproj.io", "v1alpha1", "argocd", plural)
        assert "previews-int" in world.plane.kubectl("-n", "argocd", "get", plural, "-o", "name")
