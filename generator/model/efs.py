"""The file system of EFS that previews of an environment may keep files on. Part of the shape of `environment.yaml`."""

from __future__ import annotations

import hashlib

from pydantic import Field

from generator.model.entry import Model
from generator.values.aws import AccessPoint, FileSystem, SecurityGroup


class Efs(Model):
    """A file system and an access point of it, made beforehand: Fargate makes none (EKS, "Amazon EFS CSI driver").

    The access point decides as which user all previews read and write, and below which folder.
    """

    file_system: FileSystem = Field(description="id of the file system, with mount targets in the pods' zones")
    access_point: AccessPoint = Field(description="id of the access point; previews get folders of their own below it")
    security_group: SecurityGroup = Field(description="of the mount targets; previews reach it at port 2049")

    @property
    def handle(self) -> str:
        """What a volume of the CSI driver names it by."""
        return f"{self.file_system}::{self.access_point}"

    @property
    def claim(self) -> str:
        """The name of a preview's claim. With another access point it is another one: a volume cannot be changed."""
        return f"efs-{hashlib.sha256(self.handle.encode()).hexdigest()[:8]}"

    def volume(self, namespace: str) -> str:
        """The name of the volume that the claim of a preview is bound to; volumes are the cluster's."""
        return f"{namespace}-{self.claim}"
