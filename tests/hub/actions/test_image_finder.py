"""Looking images up together: each once a batch, and nobody is given an answer that is older than the question."""

from __future__ import annotations

import threading
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from generator.errors import ConfigError, HubError, Reason, Transient, Unexpected
from generator.model.registries import RegistryRule
from hub.actions.images import ImageFinder, Resolved, resolve
from hub.adapters.http import SenderParts
from hub.adapters.registry.configured import ConfiguredRegistries
from reconcilers.ports.images import FoundImage, ImageName, Looked, image_name
from worlds.builders import digest

NAME = ImageName("registry.example.com", "web", "one")


@dataclass
class Held:
    """A registry that answers when a test lets it. `asked`: each batch."""

    found: FoundImage | HubError | Exception | None = field(
        default_factory=lambda: FoundImage(digest(), ("linux/amd64",))
    )
    asked: list[list[ImageName]] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    free: threading.Event = field(default_factory=threading.Event)

    def knows(self, name: ImageName) -> bool:
        return name.host != "other.example.com"

    def of(self, name: ImageName) -> Held:
        if name.repository == "secret":
            raise ConfigError(Reason.REGISTRY_REFUSED, f"{name} may not be asked for")
        return self

    def look(self, wanted: Collection[ImageName]) -> Looked:
        self.asked.append(sorted(wanted))
        self.begun.set()
        assert self.free.wait(30)
        if isinstance(self.found, Exception) and not isinstance(self.found, HubError):
            raise self.found
        return dict.fromkeys(wanted, self.found)


def finder(held: Held) -> ImageFinder:
    return ImageFinder(held, collect=lambda: None)


def test_what_is_wanted_while_a_registry_is_asked_goes_in_one_batch_each_once() -> None:
    held, other = Held(), ImageName("registry.example.com", "api", "two")
    with closing(finder(held)) as one:
        first = one.find(NAME)
        assert held.begun.wait(30)
        rest = [one.find(NAME) for _ in range(99)] + [one.find(other)]
        held.free.set()
        assert {future.result(30) for future in (first, *rest)} == {held.found}
    assert held.asked == [[NAME], [other, NAME]]
    assert first not in rest


def test_registries_do_not_wait_for_each_other() -> None:
    held = Held()
    with closing(finder(held)) as one:
        first = one.find(NAME)
        assert held.begun.wait(30)
        held.begun.clear()
        second = one.find(ImageName("ghcr.io", "acme/web", "one"))
        assert held.begun.wait(30)
        held.free.set()
        assert first.result(30) == second.result(30)


@pytest.mark.parametrize(
    ("found", "kind"),
    [(Transient(Reason.REGISTRY_UNREACHABLE, "down"), Transient), (RuntimeError("a mistake"), Unexpected)],
)
def test_what_goes_wrong_is_heard_of_by_who_waits(found: Exception, kind: type[HubError]) -> None:
    held = Held(found)
    held.free.set()
    with closing(finder(held)) as one:
        with pytest.raises(kind):
            one.find(NAME).result(30)
        with pytest.raises(kind):
            resolve({"web": str(NAME)}, one).result(30)


def test_only_what_a_registry_can_tell_is_looked_up() -> None:
    held, pinned = Held(), f"registry.example.com/db@{digest()}"
    held.free.set()
    images = {"web": "registry.example.com/web:one", "db": pinned, "api": "other.example.com/api:one"}
    with closing(finder(held)) as one:
        found = resolve(images, one).result(30)
        assert found == Resolved({**images, "web": f"registry.example.com/web:one@{digest()}"}, {})
        held.found = None
        assert resolve(images, one).result(30) == Resolved(images, {"web": "registry.example.com/web:one"})
        with pytest.raises(ConfigError, match="may not be asked for") as raised:
            resolve({"web": "registry.example.com/secret:x"}, one).result(30)
    assert raised.value.faults[0].field == "images.web"
    assert resolve(images, None).result() == Resolved(images, {})
    assert held.asked == [[NAME]] * 2


def test_several_that_cannot_run_are_told_together() -> None:
    held = Held(FoundImage(digest(), ("linux/arm64", "windows/amd64")))
    held.free.set()
    with closing(finder(held)) as one, pytest.raises(ConfigError) as raised:
        resolve({"web": str(NAME), "api": "registry.example.com/api:two"}, one).result(30)
    assert raised.value.reason is Reason.IMAGE_UNFIT
    assert [fault.field for fault in raised.value.faults] == ["images.api", "images.web"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("web", ImageName("docker.io", "library/web", "latest")), ("acme/web:1", ImageName("docker.io", "acme/web", "1")),
        ("localhost/web:1", ImageName("localhost", "web", "1")),
        ("localhost:5000/a/b", ImageName("localhost:5000", "a/b", "latest")),
        ("ghcr.io/a/b:x@" + digest(), ImageName("ghcr.io", "a/b", digest())),
    ],
)  # fmt: skip
def test_a_reference_is_read_as_docker_does(text: str, name: ImageName) -> None:
    assert image_name(text) == name


def test_registries_that_are_not_named_are_none() -> None:
    rules = {"ghcr.io": RegistryRule(kind="oci", repositories=["acme/web", "team/"])}
    known = ConfiguredRegistries(rules, SenderParts())
    assert [known.knows(image_name(f"ghcr.io/{name}:x")) for name in ("acme/web", "team/a/b", "acme/webs", "teams/a")] == [
        True, True, False, False,
    ]  # fmt: skip
    for text in ("ghcr.io/acme/api:x", "169.254.169.254/latest:x", "web:x"):
        assert not known.knows(image_name(text))
        with pytest.raises(ConfigError) as raised:
            known.of(image_name(text))
        assert raised.value.reason is Reason.REGISTRY_REFUSED
