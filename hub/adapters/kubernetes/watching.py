"""One preview, followed: read once, then kept up by watches, and read anew now and then.

What a watch missed, such as an object that went in between, the next reading mends: watches make it quick, they are not
what it rests on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from generator.errors import HubError
from hub.adapters.kubernetes.cluster import Cluster, Recorded
from hub.adapters.kubernetes.resources import APPLICATIONS, NAMESPACES, WATCHED, Resource
from hub.adapters.kubernetes.watch import Watch, name_of, version_of

#: How often everything is read anew; and a namespace, which nobody watches, once its Application is gone.
AGAIN_SECONDS, LEFT_SECONDS = 20.0, 3.0

_Tree = dict[str, Any]


@dataclass
class Followed:
    """What is there of one preview (`preview-rtb-123`). `again`: how often all of it is read. Used as a context."""

    cluster: Cluster
    argocd: str
    preview: str
    applications: str
    is_asked: bool = True
    again: float = AGAIN_SECONDS
    seconds: Callable[[], float] = time.monotonic
    _kept: dict[str, dict[str, _Tree]] = field(default_factory=dict, repr=False)
    _missed: list[tuple[str, str, _Tree]] | None = field(default=None, repr=False)
    _last: tuple[float, Recorded] | None = field(default=None, repr=False)
    _changed: threading.Event = field(default_factory=threading.Event, repr=False)
    _ended: threading.Event = field(default_factory=threading.Event, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __enter__(self) -> Followed:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._changed.set()

    def wait(self, seconds: float) -> None:
        """Wait for a change, at most so long."""
        self._changed.wait(seconds)

    def recorded(self) -> Recorded:
        """What is there now: read anew when it is old, else as the watches tell. Raises as `Cluster.record`."""
        self._changed.clear()
        is_first = self._last is None
        if self._is_old():
            self._read()
        recorded = self._as_told()
        if self._went_since(recorded):  # what went with it, or goes, nobody watches
            self._read()
            recorded = self._as_told()
        if is_first:
            for resource in WATCHED:
                threading.Thread(target=self._watch(resource).run, daemon=True, name=f"watch {resource}").start()
        return recorded

    def _as_told(self) -> Recorded:
        assert self._last is not None  # noqa: S101 - `_read` has set it
        read = self._last[1]
        with self._lock:
            kept = {name: [*trees.values()] for name, trees in self._kept.items()}
        return replace(read, objects={**read.objects, **kept})

    def _is_old(self) -> bool:
        if self._last is None:
            return True
        at, read = self._last
        is_left = bool(read.objects.get(str(NAMESPACES))) and not read.objects.get(str(APPLICATIONS))
        return self.seconds() - at >= (min(self.again, LEFT_SECONDS) if is_left else self.again)

    def _went_since(self, recorded: Recorded) -> bool:
        """Whether a watch alone tells that its Application is gone."""
        name = str(APPLICATIONS)
        return self._last is not None and not recorded.objects.get(name) and bool(self._last[1].objects.get(name))

    def _read(self) -> None:
        with self._lock:
            self._missed = []
        try:
            read = self.cluster.record(
                self.argocd, self.preview, applications=self.applications, is_asked=self.is_asked
            )
        except HubError:
            with self._lock:
                self._missed = None
            raise
        with self._lock:
            told, self._missed = self._missed or [], None
            names = [str(resource) for resource in WATCHED if str(resource) in read.objects]
            self._kept = {name: {name_of(tree): tree for tree in read.objects[name]} for name in names}
            for name, kind, tree in told:
                self._apply(name, kind, tree)
            self._last = (self.seconds(), read)

    def _apply(self, name: str, kind: str, tree: _Tree) -> bool:
        trees = self._kept.setdefault(name, {})
        before = trees.get(name_of(tree))
        if kind == "DELETED":
            return trees.pop(name_of(tree), None) is not None
        if before is not None and version_of(before) == version_of(tree):
            return False
        trees[name_of(tree)] = tree
        return True

    def _watch(self, resource: Resource) -> Watch:
        name = str(resource)
        told = partial(self._told, name)
        if resource is APPLICATIONS:
            return Watch(self.cluster, resource, self.argocd, told, self._ended, self.preview, self.seconds)
        return Watch(self.cluster, resource, self.preview, told, self._ended, seconds=self.seconds)

    def _told(self, name: str, kind: str, tree: _Tree) -> None:
        with self._lock:
            if self._missed is not None:
                self._missed.append((name, kind, tree))
            is_news = self._apply(name, kind, tree)
        if is_news:
            self._changed.set()
