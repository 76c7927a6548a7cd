"""One preview, followed: read once, then kept up by watches, and read anew now and then.

A watch carries on where it broke off (bookmarks); one whose place is gone (410) begins again. What a watch missed, such
as an object that went in between, the next reading mends: watches make it quick, they are not what it rests on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from generator.errors import HubError
from hub.adapters.http import Request
from hub.adapters.http.reading import UnreadableError, parse_json
from hub.adapters.kubernetes import objects
from hub.adapters.kubernetes.cluster import Cluster, Recorded
from hub.adapters.kubernetes.fields import inner, text
from hub.adapters.kubernetes.resources import APPLICATIONS, WATCHED, Resource

#: How often everything is read anew.
AGAIN_SECONDS = 20.0
#: How long the API server keeps a watch open, and how much longer one that is silent is believed to live.
WATCH_SECONDS, SILENT_SECONDS = 240, 60.0
LINE_BYTES = 4 * 1024 * 1024
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_GONE = 410

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
        if self._last is None or self.seconds() - self._last[0] >= self.again:
            self._read()
        recorded = self._as_told()
        if self._lacks_targets(recorded):  # its Application went last, and was only watched
            self._read()
            recorded = self._as_told()
        if is_first:
            for resource in WATCHED:
                threading.Thread(target=self._watch, args=(resource,), daemon=True, name=f"watch {resource}").start()
        return recorded

    def _as_told(self) -> Recorded:
        assert self._last is not None  # noqa: S101 - `_read` has set it
        read = self._last[1]
        with self._lock:
            kept = {name: [*trees.values()] for name, trees in self._kept.items()}
        return replace(read, objects={**read.objects, **kept})

    def _lacks_targets(self, recorded: Recorded) -> bool:
        may_ask = self.cluster.groups is not None and not self.is_asked
        return may_ask and recorded.is_gone and recorded.targets is None

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
            self._kept = {name: {_key(tree): tree for tree in read.objects[name]} for name in names}
            for name, kind, tree in told:
                self._apply(name, kind, tree)
            self._last = (self.seconds(), read)

    def _apply(self, name: str, kind: str, tree: _Tree) -> bool:
        trees = self._kept.setdefault(name, {})
        before = trees.get(_key(tree))
        if kind == "DELETED":
            return trees.pop(_key(tree), None) is not None
        if before is not None and _version(before) == _version(tree):
            return False
        trees[_key(tree)] = tree
        return True

    def _watch(self, resource: Resource) -> None:
        version, pause = "", _FIRST_PAUSE
        while not self._ended.is_set():
            begun = self.seconds()
            with suppress(HubError):  # the next reading tells it
                version = self._stream(resource, version)
            pause = _FIRST_PAUSE if self.seconds() - begun > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
            self._ended.wait(pause / 2)

    def _stream(self, resource: Resource, version: str) -> str:
        """Follow one watch until it ends; the version from which the next goes on, empty to begin again."""
        with self.cluster.sender.stream(self._request(resource, version)) as stream:
            if stream.status == _GONE:
                return ""
            if stream.status != 200:
                answer = stream.answer()
                if answer.status in (401, 403):
                    raise self.cluster.lists.forbidden(answer, f"watching {resource}")
                raise self.cluster.lists.unreachable(f"it answers {answer.status} to a watch of {resource}")
            for line in stream.lines():
                if self._ended.is_set():
                    break
                version = self._event(resource, line, version)
                if not version:
                    break
        return version

    def _event(self, resource: Resource, line: bytes, version: str) -> str:
        try:
            told = parse_json(line)
        except UnreadableError:  # cut off in the middle: it comes again
            return version
        kind, tree = (text(told.get("type")), told.get("object")) if isinstance(told, dict) else ("", None)
        if not isinstance(tree, dict):
            return version
        if kind == "ERROR":
            return "" if tree.get("code") == _GONE else version
        if kind in ("ADDED", "MODIFIED", "DELETED") and objects.is_object(tree):
            with self._lock:
                if self._missed is not None:
                    self._missed.append((str(resource), kind, tree))
                is_news = self._apply(str(resource), kind, tree)
            if is_news:
                self._changed.set()
        return _version(tree) or version

    def _request(self, resource: Resource, version: str) -> Request:
        is_application = resource is APPLICATIONS
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH_SECONDS),
            **({"resourceVersion": version} if version else {}),
            **({"fieldSelector": f"metadata.name={self.preview}"} if is_application else {}),
        }
        return Request(
            route=resource.route(self.argocd if is_application else self.preview),
            purpose=f"watch cluster {self.cluster.context}",
            query=tuple(query.items()),
            timeout_seconds=WATCH_SECONDS + SILENT_SECONDS,
            limit_bytes=LINE_BYTES,
        )


def _key(tree: Mapping[str, Any]) -> str:
    return text(inner(tree, "metadata").get("name"))


def _version(tree: Mapping[str, Any]) -> str:
    return text(inner(tree, "metadata").get("resourceVersion"))
