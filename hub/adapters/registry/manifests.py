"""What manifests and configurations of images say, whoever hands them over. Pure; nothing in them is believed.

https://github.com/opencontainers/image-spec (v1.1: manifest.md, image-index.md, config.md) and Docker's "Image Manifest
Version 2, Schema 2", which is alike.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hub.adapters.http.reading import UnreadableError, parse_json

#: The OCI distribution specification has registries take manifests of 4 MiB at least, and clients send no larger ones.
LIMIT_BYTES = 4 * 1024 * 1024
_OCI, _DOCKER = "application/vnd.oci.image", "application/vnd.docker.distribution.manifest"
LISTS = (f"{_OCI}.index.v1+json", f"{_DOCKER}.list.v2+json")
SINGLE = (f"{_OCI}.manifest.v1+json", f"{_DOCKER}.v2+json")
MEDIA_TYPES = (*LISTS, *SINGLE)
_CONFIGS = (f"{_OCI}.config.v1+json", "application/vnd.docker.container.image.v1+json")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_WORD = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
#: Lists have an entry for each platform, and one of what was built from; more than this is none that anybody made.
_MOST_ENTRIES = 1000


class SenselessError(ValueError):
    """What a registry handed over is no manifest, or not the one that was asked for. The message says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest: its digest, the platforms that it tells of, and the digest of the configuration that tells the rest.

    `config` None: there is none that would tell.
    """

    digest: str
    platforms: tuple[str, ...] = ()
    config: str | None = None


def digest_of(body: bytes) -> str:
    """The digest of these bytes."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def read_manifest(body: bytes, *, told: str | None = None) -> Manifest:
    """The manifest in `body`, a registry's answer. `told`: the digest that it should have. Raises `SenselessError`."""
    digest = digest_of(body)
    if told is not None and told != digest:
        raise SenselessError(f"its bytes have the digest {digest}, not {told[:71]}")
    tree = _tree(body)
    kind = tree.get("mediaType")
    if kind in LISTS or (kind is None and "manifests" in tree and "config" not in tree):
        return Manifest(digest, tuple(sorted({*_listed(tree.get("manifests"))})))
    config = tree.get("config")
    if tree.get("schemaVersion") != 2 or not isinstance(config, dict):
        raise SenselessError("it is neither a manifest of an image nor a list of them")
    if config.get("mediaType") not in _CONFIGS:
        return Manifest(digest)  # a chart, a signature, or something else that is kept in registries
    found = config.get("digest")
    if not isinstance(found, str) or not _DIGEST.fullmatch(found):
        raise SenselessError("its configuration has no digest")
    return Manifest(digest, config=found)


def read_config(body: bytes, *, told: str) -> tuple[str, ...]:
    """The platform that an image's configuration tells, as `FoundImage.platforms`. Raises `SenselessError`."""
    if digest_of(body) != told:
        raise SenselessError(f"its configuration has another digest than {told}")
    platform = _platform(_tree(body))
    return (platform,) if platform else ()


def _listed(entries: Any) -> Iterator[str]:
    if not isinstance(entries, list) or len(entries) > _MOST_ENTRIES:
        raise SenselessError("its list of manifests is none")
    for entry in entries:
        found = _platform(entry.get("platform")) if isinstance(entry, dict) else None
        if found and not found.startswith("unknown/"):  # BuildKit's attestations
            yield found


def _platform(tree: Any) -> str | None:
    if not isinstance(tree, dict):
        return None
    parts = [tree.get("os"), tree.get("architecture"), *([tree["variant"]] if tree.get("variant") else [])]
    if not all(isinstance(part, str) and _WORD.fullmatch(part) for part in parts):
        return None
    return "/".join(parts)


def _tree(body: bytes) -> dict[str, Any]:
    try:
        tree = parse_json(body)
    except UnreadableError as err:
        raise SenselessError("it is no JSON") from err
    if not isinstance(tree, dict):
        raise SenselessError("it is no JSON object")
    return tree
