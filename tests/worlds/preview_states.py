"""What a cluster (`KubeApi`) has of previews."""

from __future__ import annotations

from typing import Any

from worlds.kube_api import KubeApi

APPLICATIONS = "applications.argoproj.io"


def there(cluster: KubeApi, issue: str, health: str = "Progressing") -> dict[str, Any]:
    """The Application of a preview in int, which is given back, and its namespace."""
    name = f"preview-{issue.lower()}"
    owner = {"ownerReferences": [{"kind": "ApplicationSet", "name": "previews-int"}]}
    status = {"sync": {"status": "Synced"}, "health": {"status": health}}
    cluster.add("namespaces", name, meta={"labels": {"app.kubernetes.io/managed-by": "rtb-ai-hub"}})
    return cluster.add(APPLICATIONS, name, "argocd", spec={"project": "previews-int"}, meta=owner, status=status)


def waits_for_its_image(cluster: KubeApi, issue: str) -> None:
    """A pod of it whose image is not there."""
    waits = {"name": "web", "state": {"waiting": {"reason": "ErrImagePull", "message": "manifest unknown"}}}
    cluster.add(
        "pods",
        "web-1",
        f"preview-{issue.lower()}",
        spec={"containers": [{"name": "web", "image": "i"}]},
        status={"phase": "Pending", "containerStatuses": [waits]},
    )
