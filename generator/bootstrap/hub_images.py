"""What the worker is given to ask registries of images: a file of settings, and passwords by reference."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from generator.model.hosting import HubServices
from generator.model.hosting_images import registries_file
from generator.yaml.writer import dump

FILE = "registries.yaml"


def image_variables(hub: HubServices, folder: str) -> Mapping[str, str]:
    """Of the worker; its file of registries lies in `folder`."""
    found = {"RTB_HUB_REGISTRIES": f"{folder}/{FILE}"} if hub.registries else {}
    return found if hub.github_api is None else {**found, "RTB_HUB_GITHUB_API": hub.github_api}


def image_secrets(hub: HubServices) -> Sequence[str]:
    """The properties of the secret `registries`, each a registry's password, sorted."""
    return sorted({one.password for one in hub.registries.values() if one.password is not None})


def registries_of(hub: HubServices, folder: str) -> Mapping[str, str] | None:
    """File, text and its checksum of what the worker reads, with passwords in `folder`; None: no registry is asked."""
    if not hub.registries:
        return None
    text = dump(registries_file(hub.registries, folder))
    return {"file": FILE, "text": text, "sum": hashlib.sha256(text.encode()).hexdigest()[:16]}


def image_ports(hub: HubServices) -> Iterator[int]:
    """Of every host that looking up an image connects to."""
    for own, one in hub.registries.items():
        for host in one.hosts(own):
            _, _, port = host.partition(":")
            yield int(port or 443)
