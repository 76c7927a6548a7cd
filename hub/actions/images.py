"""From tags to digests: what Git holds names an image for ever.

Who asks at the same time asks together: while a registry is being asked, what is wanted of it next collects, each
image once, and goes in one batch. Nobody is given an answer to a question that was put before their own: a tag may
have been pushed in between.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from generator.errors import ConfigError, Fault, HubError, Reason, declared
from generator.values.formats import image_digest
from reconcilers.ports.images import FoundImage, ImageName, ImageRegistry, image_name, pinned

#: Registries that are asked at a time, and how long is waited for others who want something of the same one.
_THREADS, _COLLECT_SECONDS = 8, 0.05


def _collected() -> None:
    time.sleep(_COLLECT_SECONDS)


class Registries(Protocol):
    """The registries that may be asked, by the images of theirs."""

    def knows(self, name: ImageName) -> bool:
        """Whether an image's registry may be asked for it."""

    def of(self, name: ImageName) -> ImageRegistry:
        """The registry of an image. Raises `ConfigError` (RegistryRefused) for one that may not be asked."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Images by component, each with its digest; and those that are not there (yet), as they were asked for."""

    images: Mapping[str, str]
    lacking: Mapping[str, str]


class ImageFinder:
    """Looks images up. Safe for threads. `close` it in the end."""

    def __init__(self, registries: Registries, collect: Callable[[], None] | None = None) -> None:
        """Nothing is asked yet, and no thread runs. `collect` waits before a registry is asked."""
        self.registries, self._collect = registries, collect or _collected
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="rtb-hub-registry")
        self._lock = threading.Lock()
        self._wanted: dict[str, dict[ImageName, Future[FoundImage | None]]] = {}
        self._busy: set[str] = set()

    def find(self, name: ImageName) -> Future[FoundImage | None]:
        """The image, None where it is not there; or the `HubError` that keeps that from being told."""
        with self._lock:
            wanted = self._wanted.setdefault(name.host, {})
            future = wanted.setdefault(name, Future())
            if name.host not in self._busy:
                self._busy.add(name.host)
                self._pool.submit(self._look, name.host)
        return future

    def close(self) -> None:
        """Ask nothing more. What was asked is waited for."""
        self._pool.shutdown(wait=True)

    def _look(self, host: str) -> None:
        while True:
            self._collect()
            with self._lock:
                wanted = self._wanted.pop(host, {})
                if not wanted:
                    self._busy.discard(host)
                    return
            self._answer(wanted)

    def _answer(self, wanted: Mapping[ImageName, Future[FoundImage | None]]) -> None:
        asked: list[ImageName] = []
        for name, future in wanted.items():
            try:
                self.registries.of(name)
                asked.append(name)
            except HubError as err:
                future.set_exception(err)
        if not asked:
            return
        try:
            looked = self.registries.of(asked[0]).look(asked)
        except Exception as err:  # noqa: BLE001 - who waits must hear of it, whatever it is
            looked = dict.fromkeys(asked, declared(f"looking up {asked[0]}", err))
        for name in asked:
            found = looked[name]
            if isinstance(found, HubError):
                wanted[name].set_exception(found)
            else:
                wanted[name].set_result(found)


def _to_look_up(images: Mapping[str, str], finder: ImageFinder | None) -> dict[str, ImageName]:
    """Of images by component, those without a digest whose registry may be asked. Raises `ConfigError` (InvalidValue).

    The others are left to the environment's policy, which says whether a tag will do.
    """
    if finder is None:
        return {}
    names = {component: image_name(text) for component, text in images.items() if image_digest(text) is None}
    return {component: name for component, name in names.items() if finder.registries.knows(name)}


def resolve(images: Mapping[str, str], finder: ImageFinder | None) -> Future[Resolved]:
    """Images by component with their digests, their tags kept for people.

    The future's error: every `ConfigError` of a kind together (ImageUnfit, RegistryRefused), else the first other.
    """
    done: Future[Resolved] = Future()
    try:
        names = _to_look_up(images, finder)
    except ConfigError as err:
        done.set_exception(err)
        return done
    if finder is None or not names:
        done.set_result(Resolved(dict(images), {}))
        return done
    futures = {component: finder.find(name) for component, name in names.items()}

    def ended() -> None:
        try:
            done.set_result(_resolved(images, futures))
        except BaseException as err:  # noqa: BLE001 - who waits must hear of it, whatever it is
            done.set_exception(err)

    _when_all(futures.values(), ended)
    return done


def resolve_now(images: Mapping[str, str], finder: ImageFinder | None) -> Mapping[str, str]:
    """As `resolve`, for who does not wait. Raises, too, `ConfigError` (ImageNotThere) for what is not there."""
    found = resolve(images, finder).result()
    if found.lacking:
        remedy = "push it first, check its name, or start it through a server, which waits for it"
        faults = [
            Fault(f"there is no image {text}", field=f"images.{component}", remedy=remedy)
            for component, text in sorted(found.lacking.items())
        ]
        raise ConfigError(Reason.IMAGE_NOT_THERE, faults)
    return found.images


def _resolved(images: Mapping[str, str], futures: Mapping[str, Future[FoundImage | None]]) -> Resolved:
    made, lacking = dict(images), {}
    faults: dict[Reason, list[Fault]] = {}
    others: list[BaseException] = []
    for component, future in sorted(futures.items()):
        try:
            found = future.result()
            if found is None:
                lacking[component] = images[component]
            else:
                made[component] = pinned(images[component], found)
        except ConfigError as err:
            faults.setdefault(err.reason, []).extend(_of(component, fault) for fault in err.faults)
        except HubError as err:
            others.append(err)
    for reason, some in faults.items():
        raise ConfigError(reason, some)
    if others:
        raise others[0]
    return Resolved(made, lacking)


def _of(component: str, fault: Fault) -> Fault:
    return Fault(fault.message, field=f"images.{component}", allowed=fault.allowed, remedy=fault.remedy)


def _when_all(futures: Iterable[Future[FoundImage | None]], told: Callable[[], None]) -> None:
    """Call `told` once all have ended, in the thread of the last."""
    waits = {*futures}
    left, lock = len(waits), threading.Lock()

    def one_ended(_: Future[FoundImage | None]) -> None:
        nonlocal left
        with lock:
            left -= 1
            is_last = left == 0
        if is_last:
            told()

    for future in waits:
        future.add_done_callback(one_ended)
