"""Policy on a preview's volumes of EFS: the one that its environment names, and of it the preview's own folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from generator.model.efs import Efs
from generator.objects.findings import Finding, Path
from generator.objects.manifest import Manifest
from generator.objects.pods import PodSpec, at, items

RULE = "policy/volume"
_VOLUME = ("", "PersistentVolume")
#: The driver of EFS (kubernetes-sigs/aws-efs-csi-driver, "Static Provisioning").
_DRIVER = "efs.csi.aws.com"


def check(manifests: Sequence[Manifest], pods: Sequence[PodSpec], namespace: str, efs: Efs | None) -> Iterator[Finding]:
    """Every breach among a preview's objects. `efs`: what its environment names, None: nothing."""
    for manifest in manifests:
        if manifest.group_kind == _VOLUME:
            yield from _volume(manifest, namespace, efs)
    for pod in pods:
        yield from _mounts(pod, f"{namespace.removeprefix('preview-')}/")


def _volume(manifest: Manifest, namespace: str, efs: Efs | None) -> Iterator[Finding]:
    if efs is None:
        remedy = "the environment names no file system: set efs in its file, or take no volume"
        yield Finding.of(manifest, RULE, "is not allowed", ("kind",), remedy)
        return
    expected: dict[Path, str | None] = {
        ("metadata", "name"): efs.volume(namespace),
        ("spec", "persistentVolumeReclaimPolicy"): "Retain",
        ("spec", "claimRef", "namespace"): namespace,
        ("spec", "claimRef", "name"): efs.claim,
        ("spec", "csi", "driver"): _DRIVER,
        ("spec", "csi", "volumeHandle"): efs.handle,
        # Both may name another folder or mount target to the driver ("path", "mounttargetip").
        ("spec", "csi", "volumeAttributes"): None,
        ("spec", "mountOptions"): None,
    }
    for path, value in expected.items():
        if (found := at(manifest.data, *path)) != value:
            message = "is missing" if found is None else f"is {str(found)[:80]!r}"
            remedy = f"a preview has one volume, as it is rendered: {value or 'without it'}"
            yield Finding.of(manifest, RULE, message, path, remedy)


def _mounts(pod: PodSpec, own: str) -> Iterator[Finding]:
    """Containers see their preview's folder alone: the access point is all previews'."""
    claimed = [at(one, "name") for one in items(pod.spec, "volumes") if at(one, "persistentVolumeClaim") is not None]
    for container in pod.containers():
        for index, mount in enumerate(items(container.data, "volumeMounts")):
            if at(mount, "name") in claimed and not str(at(mount, "subPath") or "").startswith(own):
                path = (*container.path, "volumeMounts", index, "subPath")
                remedy = f"mount the preview's own folder: {own}…"
                yield Finding.of(pod.manifest, RULE, "is not below the preview's own folder", path, remedy)
