"""Looking into objects for policy: the pod specs they carry, and values that may have any type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.objects.manifest import Manifest

Path = tuple[str | int, ...]
#: On every pod of a preview: where it runs.
COMPUTE_LABEL = "rtb.hub/compute"
#: On pods whose data ends with them.
DATA_LABEL, DATA_IN_POD = "preview.rtb-ai-hub/data", "in-the-pod"
_TEMPLATE: Path = ("spec", "template")
#: (group, kind) → where its pod's template stands.
_TEMPLATES: Mapping[tuple[str, str], Path] = {
    ("", "Pod"): (),
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): _TEMPLATE,
    ("apps", "Deployment"): _TEMPLATE,
    ("apps", "StatefulSet"): _TEMPLATE,
    ("apps", "DaemonSet"): _TEMPLATE,
    ("apps", "ReplicaSet"): _TEMPLATE,
    ("batch", "Job"): _TEMPLATE,
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
}


def at(tree: Any, *path: str | int) -> Any:
    """What stands at `path` in `tree`, or None; never raises, whatever the types are."""
    for part in path:
        if isinstance(tree, dict):
            tree = tree.get(part)
        elif isinstance(tree, list) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
        else:
            return None
    return tree


def mapping(tree: Any, *path: str | int) -> Mapping[str, Any]:
    """The mapping at `path`, or an empty one."""
    found = at(tree, *path)
    return found if isinstance(found, dict) else {}


def items(tree: Any, *path: str | int) -> list[Any]:
    """The list at `path`, or an empty one."""
    found = at(tree, *path)
    return found if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod: its data, its path within the object, and whether it is a plain init container."""

    data: Mapping[str, Any]
    path: Path
    is_init: bool


@dataclass(frozen=True, slots=True)
class PodSpec:
    """A pod spec within an object, with its path there, its pod's labels and how many pods it makes."""

    manifest: Manifest
    path: Path
    spec: Mapping[str, Any]
    labels: Mapping[str, Any]
    replicas: int

    @property
    def is_fargate(self) -> bool:
        """Whether the pod is meant for Fargate, by its label."""
        return self.labels.get(COMPUTE_LABEL) == "fargate"

    def containers(self) -> Iterator[Container]:
        """All containers, init containers first. Sidecars (init containers that go on) do not count as init."""
        for field in ("initContainers", "containers"):
            for index, data in enumerate(items(self.spec, field)):
                if isinstance(data, Mapping):
                    is_init = field == "initContainers" and data.get("restartPolicy") != "Always"
                    yield Container(data, (*self.path, field, index), is_init)


def template_path(manifest: Manifest) -> Path | None:
    """Where the template of the object's pods stands; () for a Pod, None for a kind that makes none."""
    return _TEMPLATES.get(manifest.group_kind)


def pod_spec(manifest: Manifest) -> PodSpec | None:
    """The pod spec that `manifest` carries, if its kind has one."""
    template = template_path(manifest)
    if template is None:
        return None
    spec = at(manifest.data, *template, "spec")
    if not isinstance(spec, Mapping):
        return None
    labels = mapping(manifest.data, *template, "metadata", "labels")
    return PodSpec(manifest, (*template, "spec"), spec, labels, _at_once(manifest))


def _at_once(manifest: Manifest) -> int:
    """How many pods the object runs at once; of a CronJob those of one run, none while it is suspended."""
    if manifest.kind in ("Job", "CronJob") and at(manifest.data, "spec", "suspend") is True:
        return 0
    where = {"Pod": (), "Job": ("spec", "parallelism"), "CronJob": ("spec", "jobTemplate", "spec", "parallelism")}
    count = at(manifest.data, *path) if (path := where.get(manifest.kind, ("spec", "replicas"))) else None
    return max(0, count) if isinstance(count, int) and not isinstance(count, bool) else 1
