"""What a LimitRange gives containers that do not say how much disk they may use counts as if they said it."""

from __future__ import annotations

from typing import Any

from generator.objects.manifest import Manifest
from generator.validate.policy import PolicySettings
from worlds.validating import VALIDATOR

NAMESPACE = "preview-rtb-1"


def findings(
    limit: dict[str, Any], *, hard: str = "3Gi", init: dict[str, Any] | None = None, **resources: Any
) -> set[str]:
    """`RULE FIELD` of what concerns disk in a preview of a pod with two containers, and a namespace's limits.

    `init`: what an init container of the pod is given.
    """
    containers = [{"name": name, "image": "a", "resources": dict(resources)} for name in ("a", "b")]
    before = [{"name": "c", "image": "a", "resources": init}] if init is not None else []
    spec = {"containers": containers, "initContainers": before}
    trees = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec},
        {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "a"}, "spec": {"limits": [limit]}},
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "a"},
            "spec": {"hard": {"requests.cpu": "9", "requests.memory": "9Gi", "requests.ephemeral-storage": hard}},
        },
    ]
    settings = PolicySettings(NAMESPACE)
    found = VALIDATOR.validate([Manifest(tree, "f") for tree in trees], kubernetes=["1.34"], settings=settings)
    return {f"{f.rule} {f.field[-1]}" for f in found if "ephemeral" in str(f.field)}


def test_a_default_of_the_namespace_is_a_bound() -> None:
    assert findings({"type": "Container", "default": {"ephemeral-storage": "1Gi"}}) == set()
    assert findings({"type": "Container", "defaultRequest": {"ephemeral-storage": "1Gi"}}) == {
        "policy/storage ephemeral-storage"
    }
    assert findings({"type": "Pod", "max": {"ephemeral-storage": "1Gi"}}) == {"policy/storage ephemeral-storage"}
    assert findings({"type": "Container", "default": {"cpu": "1"}}) == {"policy/storage ephemeral-storage"}


def test_it_counts_in_the_quota() -> None:
    defaults = {"type": "Container", "default": {"ephemeral-storage": "2Gi"}}
    quota = "policy/quota requests.ephemeral-storage"
    assert findings(defaults) == {quota}
    assert findings(defaults | {"defaultRequest": {"ephemeral-storage": "1Gi"}}) == set()
    assert findings(defaults, requests={"ephemeral-storage": "1Gi"}, limits={"ephemeral-storage": "1Gi"}) == set()
    assert findings(defaults, limits={"ephemeral-storage": "3Gi"}) == {quota}
    assert findings(defaults, requests={"ephemeral-storage": 0}, limits={"ephemeral-storage": "3Gi"}) == set()


def test_an_init_container_counts_where_it_needs_more_than_the_others() -> None:
    small = {"type": "Container", "default": {"ephemeral-storage": "1Gi"}}
    assert findings(small, init={}) == set()
    assert findings(small, init={"limits": {"ephemeral-storage": "3Gi"}}) == set()
    assert findings(small, init={"limits": {"ephemeral-storage": "4Gi"}}) == {"policy/quota requests.ephemeral-storage"}


def test_a_request_above_the_limit_by_default_is_refused() -> None:
    """The LimitRange's limit is set first, and the API server then takes no request above it."""
    small = {"type": "Container", "default": {"ephemeral-storage": "1Gi"}}
    assert findings(small, requests={"ephemeral-storage": "1Gi"}) == set()
    assert findings(small, requests={"ephemeral-storage": "1025Mi"}) == {"policy/storage ephemeral-storage"}
    assert findings(small, requests={"ephemeral-storage": "1025Mi"}, limits={"ephemeral-storage": "1025Mi"}) == set()
