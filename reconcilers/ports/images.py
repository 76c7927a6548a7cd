"""Registries of images, as the core needs them: which digest a tag names now, and for which platforms that is.

What a name in Docker's form means: https://github.com/distribution/reference (a first part with '.' or ':' is a host,
else the name is Docker Hub's, below `library/` where it has one part).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from generator.errors import ConfigError, Fault, HubError, Reason
from generator.values.formats import check_image

DOCKER_HUB = "docker.io"
#: What previews run on: Fargate takes no Arm (domain facts A.9), and the spot pools are x86-64.
PLATFORM = "linux/amd64"
_PARTS = re.compile(r"(?P<name>[^@]+?)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class ImageName:
    """An image as a registry is asked for it. `reference`: a tag, or `sha256:…`."""

    host: str
    repository: str
    reference: str

    @property
    def is_digest(self) -> bool:
        """Whether it names one image for ever."""
        return ":" in self.reference

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}{'@' if self.is_digest else ':'}{self.reference}"


def image_name(text: str) -> ImageName:
    """The image that a reference names: its digest if it has one, else its tag, else `latest`.

    Raises `ConfigError` (InvalidValue) for a text that is no reference.
    """
    try:
        check_image(text)
    except ValueError as err:
        raise ConfigError(Reason.INVALID_VALUE, Fault.saying(err, field="image")) from err
    parts = _PARTS.fullmatch(text)
    assert parts is not None  # noqa: S101 - check_image takes less
    first, _, rest = parts["name"].partition("/")
    is_host = bool(rest) and ("." in first or ":" in first or first == "localhost")
    host, repository = (first, rest) if is_host else (DOCKER_HUB, parts["name"])
    if not is_host and "/" not in repository:
        repository = f"library/{repository}"
    return ImageName(host.lower(), repository, parts["digest"] or parts["tag"] or "latest")


@dataclass(frozen=True, slots=True)
class FoundImage:
    """What a registry has: the digest of a manifest, or of a list of them, and the platforms that are in it.

    A platform is `os/architecture` or `os/architecture/variant`, sorted; none: it is no image that a container runs.
    """

    digest: str
    platforms: tuple[str, ...]


#: For each image that was asked for: what is there, None for nothing (yet), or why that cannot be told.
Looked = Mapping[ImageName, FoundImage | HubError | None]


class ImageRegistry(Protocol):
    """One registry, by its host. Safe for threads.

    The errors that stand for an image, and which no other image suffers from: `Stalled` (RegistryRefused) for what the
    hub may not see or the registry will not tell, `Transient` (RegistryUnreachable) for no answer, one that makes no
    sense, or a limit. A repository that is not there is an image that is not there: it may be made by the first push.
    """

    def look(self, wanted: Collection[ImageName]) -> Looked:
        """Each of `wanted`, all of this registry's host, as it is now. Never raises a `HubError`: it stands there."""


def pinned(text: str, found: FoundImage) -> str:
    """The reference with the digest that was found; its tag stays, for people.

    Raises `ConfigError` (ImageUnfit) where no platform in it is one that previews run on, saying what is.
    """
    if not any(one == PLATFORM or one.startswith(f"{PLATFORM}/") for one in found.platforms):
        there = ", ".join(found.platforms[:20]) or "no platform, as of something that is no image of a container"
        remedy = f"have it built for {PLATFORM} too (docker buildx build --platform {PLATFORM} …)"
        message = f"{text} cannot run in a preview: it has {there}"
        raise ConfigError(Reason.IMAGE_UNFIT, Fault(message, field="image", allowed=PLATFORM, remedy=remedy))
    return f"{text.partition('@')[0]}@{found.digest}"
