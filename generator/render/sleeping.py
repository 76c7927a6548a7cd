"""The manifests of a preview that sleeps: no pods run, schedules pause, and everything else is as it is when awake.

Nothing is removed: namespace, address, Secrets, finished Jobs and volumes stay, so that waking changes these same
objects back, and a Job that ran once does not run again. What would lose data without its pod runs on.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from generator.objects.manifest import Manifest
from generator.objects.pods import DATA_IN_POD, DATA_LABEL, PodSpec, at, pod_spec

Tree = dict[str, Any]
#: KEDA, "Scaling Deployments, StatefulSets & Custom Resources", pause autoscaling; "Scaling Jobs", the same.
_PAUSED_REPLICAS, _PAUSED = "autoscaling.keda.sh/paused-replicas", "autoscaling.keda.sh/paused"


def asleep(manifests: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """`manifests` in their order, as they are while the preview sleeps."""
    every = tuple(manifests)
    awake = {(m.kind, m.identity.name) for m in every if (pod := pod_spec(m)) is not None and keeps_data(pod)}
    return tuple(_asleep(manifest, awake) for manifest in every)


def keeps_data(pod: PodSpec) -> bool:
    """Whether data ends with the pod: by its label, or because its claims are deleted when it is scaled down."""
    retention = at(pod.manifest.data, "spec", "persistentVolumeClaimRetentionPolicy", "whenScaled")
    return pod.labels.get(DATA_LABEL) == DATA_IN_POD or retention == "Delete"


def _asleep(manifest: Manifest, awake: set[tuple[str, str]]) -> Manifest:
    change = _CHANGES.get(manifest.group_kind)
    if change is None or (manifest.kind, manifest.identity.name) in awake or _target(manifest.data) in awake:
        return manifest
    tree: Tree = copy.deepcopy(dict(manifest.data))
    change(tree)
    return Manifest(tree, manifest.source)


def _target(tree: Mapping[str, Any]) -> tuple[str, str]:
    """Kind and name of what an object scales; its kind is a Deployment where it does not say (KEDA)."""
    reference = "spec", "scaleTargetRef"
    return str(at(tree, *reference, "kind") or "Deployment"), str(at(tree, *reference, "name") or "")


def _no_pods(tree: Tree) -> None:
    tree.setdefault("spec", {})["replicas"] = 0


def _suspended(tree: Tree) -> None:
    tree.setdefault("spec", {})["suspend"] = True


def _annotated(name: str, value: str) -> Callable[[Tree], None]:
    def change(tree: Tree) -> None:
        tree["metadata"]["annotations"] = {**(tree["metadata"].get("annotations") or {}), name: value}

    return change


#: A HorizontalPodAutoscaler stands still by itself where there are no pods (Kubernetes, "Horizontal Pod Autoscaling").
_CHANGES: Final[Mapping[tuple[str, str], Callable[[Tree], None]]] = {
    ("apps", "Deployment"): _no_pods,
    ("apps", "StatefulSet"): _no_pods,
    ("apps", "ReplicaSet"): _no_pods,
    ("", "ReplicationController"): _no_pods,
    ("batch", "CronJob"): _suspended,
    ("keda.sh", "ScaledObject"): _annotated(_PAUSED_REPLICAS, "0"),
    ("keda.sh", "ScaledJob"): _annotated(_PAUSED, "true"),
}
