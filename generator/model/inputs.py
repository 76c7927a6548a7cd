"""What of an environment rendering and policy can see, and digests of all that a preview's manifests are made from.

What all previews of a blueprint and an environment share (the *basis*) is digested once; a preview adds its own spec.
Templates get an `EnvironmentInputs` and never the `Environment`, so a field that is not here cannot change a manifest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from generator.model.efs import Efs
from generator.model.entry import Compute, Model, Preview
from generator.model.environment import Environment
from generator.model.reach import Isolation


class EnvironmentInputs(Model):
    """The fields of an environment that manifests, or whether they may be, depend on."""

    name: str
    account: str
    region: str
    domain: str
    kubernetes: str
    cpu: str
    memory: str
    storage: str
    isolation: Isolation
    secret_store: str
    efs: Efs | None = None
    # Policy on manifests and entries. None of these is ever printed.
    pinned: bool
    registries: list[str]
    secret_prefixes: list[str]
    compute: list[Compute]

    @classmethod
    def of(cls, environment: Environment) -> EnvironmentInputs:
        """Those of `environment`."""
        spec = environment.spec
        return cls(
            name=environment.name,
            account=spec.account,
            region=spec.region,
            domain=spec.domain,
            kubernetes=spec.cluster.kubernetes,
            cpu=spec.limits.cpu,
            memory=spec.limits.memory,
            storage=spec.limits.storage,
            isolation=spec.isolation,
            secret_store=spec.secrets.store,
            efs=spec.efs,
            pinned=spec.images.pinned,
            registries=spec.images.registries,
            secret_prefixes=spec.secrets.prefixes,
            compute=spec.compute.allowed,
        )


def basis_digest(environment: EnvironmentInputs, files: Mapping[str, str], *, generator: str) -> str:
    """Digest (`sha256:…`) of what all previews of a blueprint share: release, environment, and its files by path."""
    tree = environment.model_dump(mode="json")
    if environment.efs is None:
        del tree["efs"]  # as before there was such a field: nothing is rendered anew for it
    return _digest([generator, tree, dict(files)])


def files_digest(files: Mapping[str, str]) -> str:
    """Digest (`sha256:…`) of files by path."""
    return _digest(dict(files))


def inputs_digest(basis: str, preview: Preview) -> str:
    """Digest of all that one preview is rendered from: its basis, what was asked for, and by whom.

    The lease makes no difference (docs/adr/0018), nor does the order in which an entry has its fields, nor fields that
    say what is the default.
    """
    without = {"spec": {"rendered", "lease"}}
    tree = preview.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=without)
    return _digest([basis, preview.spec.lease.requested_by, tree])


def _digest(tree: Any) -> str:
    return "sha256:" + hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()
