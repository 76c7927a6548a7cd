"""What every registry of images must do: run over ECR's API (moto) and a real registry by the distribution protocol."""

from __future__ import annotations

from typing import Protocol

import pytest

from generator.errors import ConfigError, Reason
from reconcilers.ports.images import PLATFORM, FoundImage, ImageName, ImageRegistry, pinned
from worlds.registry import Image, several, single

ARM = {"os": "linux", "architecture": "arm64", "variant": "v8"}
AMD = {"os": "linux", "architecture": "amd64"}
NOWHERE = "sha256:" + "0" * 64


class RegistryWorld(Protocol):
    """A registry, called `host` in names of images; `registry` acts as the hub."""

    registry: ImageRegistry
    host: str

    def push(self, repository: str, tag: str, image: Image) -> str:
        """Put an image; its digest."""


class RegistryContract:
    """Inherit it, and give a `world` fixture."""

    def found(self, world: RegistryWorld, repository: str, reference: str) -> object:
        name = ImageName(world.host, repository, reference)
        return world.registry.look([name])[name]

    def test_a_single_image_has_its_digest_and_the_platform_of_its_configuration(self, world: RegistryWorld) -> None:
        digest = world.push("web", "one", single())
        assert self.found(world, "web", "one") == FoundImage(digest, (PLATFORM,))
        assert self.found(world, "web", digest) == FoundImage(digest, (PLATFORM,))

    def test_a_list_has_its_own_digest_and_its_platforms(self, world: RegistryWorld) -> None:
        unknown = {"os": "unknown", "architecture": "unknown"}
        image = several((single("arm64", variant="v8"), ARM), (single(), AMD), (single(salt="attested"), unknown))
        digest = world.push("web", "many", image)
        assert self.found(world, "web", "many") == FoundImage(digest, (PLATFORM, "linux/arm64/v8"))

    def test_what_is_not_there_is_none_and_then_it_is(self, world: RegistryWorld) -> None:
        world.push("web", "one", single())
        assert self.found(world, "web", "later") is None
        assert self.found(world, "nowhere", "one") is None
        assert self.found(world, "web", NOWHERE) is None
        digest = world.push("web", "later", single(salt="later"))
        assert self.found(world, "web", "later") == FoundImage(digest, (PLATFORM,))

    def test_a_tag_that_moved_is_told_as_it_is_now(self, world: RegistryWorld) -> None:
        world.push("web", "one", single())
        self.found(world, "web", "one")
        digest = world.push("web", "one", single(salt="moved"))
        assert self.found(world, "web", "one") == FoundImage(digest, (PLATFORM,))

    def test_an_image_for_arm_alone_is_refused_with_what_is_there(self, world: RegistryWorld) -> None:
        world.push("web", "arm", single("arm64", variant="v8"))
        found = self.found(world, "web", "arm")
        assert isinstance(found, FoundImage)
        with pytest.raises(ConfigError, match="linux/arm64/v8") as raised:
            pinned(f"{world.host}/web:arm", found)
        assert (raised.value.reason, raised.value.faults[0].allowed) == (Reason.IMAGE_UNFIT, PLATFORM)

    def test_a_chart_is_no_image(self, world: RegistryWorld) -> None:
        digest = world.push("web", "chart", single(kind="application/vnd.cncf.helm.config.v1+json"))
        assert self.found(world, "web", "chart") == FoundImage(digest, ())

    def test_several_are_looked_up_together(self, world: RegistryWorld) -> None:
        image = single()
        digest = world.push("web", "one", image)
        assert world.push("web", "two", image) == digest
        other = world.push("api", "one", single(salt="api"))
        names = [ImageName(world.host, repository, tag) for repository, tag in
                 (("web", "one"), ("web", "two"), ("web", "none"), ("api", "one"))]  # fmt: skip
        found = world.registry.look(names)
        told = [one.digest if isinstance(one, FoundImage) else one for one in (found[name] for name in names)]
        assert told == [digest, digest, None, other]
