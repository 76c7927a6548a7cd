"""Volumes of a pod of manifests as a blueprint has them: empty folders that all containers share, and files."""

from __future__ import annotations

from typing import Any

from generator.values.bounds import check_storage
from hub.actions.importing.model import Leave, label_of
from hub.actions.importing.objects import Objects, Workload
from hub.actions.importing.trees import Read, mapping_at, mappings_at, text_at

_ENDS = "its content ends with the pod"


class Mounts:
    """What the containers of a workload mount."""

    def __init__(self, workload: Workload, objects: Objects, leave: Leave) -> None:
        self._volumes = {text_at(one, "name"): one for one in mappings_at(workload.pod, "volumes")}
        claims = mappings_at(workload.manifest.data, "spec", "volumeClaimTemplates")
        self._volumes |= {
            text_at(one, "metadata", "name"): {"persistentVolumeClaim": mapping_at(one, "spec")} for one in claims
        }
        self._objects, self._leave = objects, leave
        self._folders: dict[str, dict[str, Any]] = {}
        self._files: dict[str, str] = {}

    def fields(self) -> dict[str, Any]:
        """`volumes` and `files` of the component."""
        folders = {name: one for name, one in self._folders.items() if one["path"] not in self._files}
        told = {"volumes": folders, "files": self._files}
        return {key: one for key, one in told.items() if one}

    def of(self, container: Read, where: str) -> None:
        """Add what a container mounts."""
        for mount in mappings_at(container, "volumeMounts"):
            name, path = text_at(mount, "name"), text_at(mount, "mountPath").rstrip("/")
            volume = self._volumes.get(name, {})
            if not path:
                self._leave(f"{where}volumeMounts: {name}", "has no path in the container")
            elif "configMap" in volume:
                self._config_map(mapping_at(volume, "configMap"), mount, path)
            elif "emptyDir" in volume or "persistentVolumeClaim" in volume or "ephemeral" in volume:
                self._folder(volume, mount, path, where)
            else:
                kind = next((key for key in volume if key != "name"), "no volume")
                why = "secrets are variables here: see 'secrets'" if kind == "secret" else "pods of a preview have none"
                self._leave(f"{where}volumes: {name} ({kind})", why)

    def _folder(self, volume: Read, mount: Read, path: str, where: str) -> None:
        own = text_at(mount, "name")
        name = label_of(own, 63, "volume")
        if name in self._folders:
            if self._folders[name]["path"] != path:
                path_there = self._folders[name]["path"]
                self._leave(
                    f"{where}volumeMounts: {own}", f"every container of the pod has it at {path_there}, not {path}"
                )
            return
        if any(one["path"] == path for one in self._folders.values()):
            self._leave(f"{where}volumeMounts: {own}", f"another volume is at {path}")
            return
        self._folders[name] = {"path": path}
        if text_at(mount, "subPath"):
            self._leave(f"{where}volumeMounts: {own}", "the whole volume is there, not its 'subPath'")
        if "emptyDir" not in volume:
            self._leave(f"volumes: {own}", _ENDS)
        if text_at(volume, "emptyDir", "medium"):
            self._leave(f"volumes: {own}: medium", "is on the pod's disk")
        size = text_at(volume, "emptyDir", "sizeLimit")
        try:
            self._folders[name] |= {"size": check_storage(size)} if size else {}
        except ValueError:
            self._leave(f"volumes: {own}: sizeLimit", "is no size of a volume here")

    def _config_map(self, volume: Read, mount: Read, path: str) -> None:
        name = text_at(volume, "name")
        texts = self._objects.texts_of(name)
        if texts is None:
            self._leave(f"ConfigMap {name}", "is not among the manifests: put what it has into 'files'")
            return
        if mapping_at(self._objects.config_maps[name], "binaryData"):
            self._leave(f"ConfigMap {name}: binaryData", "files are text")
        items = mappings_at(volume, "items")
        keys = {text_at(one, "path"): text_at(one, "key") for one in items} if items else {key: key for key in texts}
        if part := text_at(mount, "subPath").strip("/"):
            below = {path: keys[part]} if part in keys else {}
        else:
            below = {f"{path}/{file}": key for file, key in keys.items()}
        for file, key in below.items():
            if key in texts:
                self._files[file] = texts[key]
