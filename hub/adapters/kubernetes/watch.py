"""One watch of the API server: the changes of some objects, as they come.

A watch carries on where it broke off (bookmarks); one whose place is gone (410) begins again. It may miss what changed
in between: whoever needs what is there reads it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from generator.errors import HubError
from hub.adapters.http import Request
from hub.adapters.http.reading import UnreadableError, parse_json
from hub.adapters.kubernetes import objects
from hub.adapters.kubernetes.cluster import Cluster
from hub.adapters.kubernetes.fields import Tree, inner, text
from hub.adapters.kubernetes.resources import Resource

#: How long the API server keeps a watch open, and how much longer one that is silent is believed to live.
WATCH_SECONDS, SILENT_SECONDS = 240, 60.0
LINE_BYTES = 4 * 1024 * 1024
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_GONE = 410


@dataclass(frozen=True, slots=True)
class Watch:
    """Of objects of one kind in a namespace; of the one by `name` where that is given.

    `told` is called with ADDED, MODIFIED or DELETED and the object, by whoever runs it. It ends soon after `ended`.
    """

    cluster: Cluster
    resource: Resource
    namespace: str
    told: Callable[[str, dict[str, Any]], None]
    ended: threading.Event
    name: str = ""
    seconds: Callable[[], float] = time.monotonic

    def run(self) -> None:
        """Watch until it is ended, again and again. What keeps it from watching is not told."""
        version, pause = "", _FIRST_PAUSE
        while not self.ended.is_set():
            begun = self.seconds()
            with suppress(HubError):  # the next reading tells it
                version = self._stream(version)
            pause = _FIRST_PAUSE if self.seconds() - begun > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
            self.ended.wait(pause / 2)

    def _stream(self, version: str) -> str:
        """Follow it until it breaks off; the version from which the next goes on, empty to begin again."""
        with self.cluster.sender.stream(self._request(version)) as stream:
            if stream.status == _GONE:
                return ""
            if stream.status != 200:
                answer = stream.answer()
                if answer.status in (401, 403):
                    raise self.cluster.lists.forbidden(answer, f"watching {self.resource}")
                raise self.cluster.lists.unreachable(f"it answers {answer.status} to a watch of {self.resource}")
            for line in stream.lines():
                if self.ended.is_set():
                    break
                version = self._event(line, version)
                if not version:
                    break
        return version

    def _event(self, line: bytes, version: str) -> str:
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
            self.told(kind, tree)
        return version_of(tree) or version

    def _request(self, version: str) -> Request:
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH_SECONDS),
            **({"resourceVersion": version} if version else {}),
            **({"fieldSelector": f"metadata.name={self.name}"} if self.name else {}),
        }
        return Request(
            route=self.resource.route(self.namespace),
            purpose=f"watch cluster {self.cluster.context}",
            query=tuple(query.items()),
            timeout_seconds=WATCH_SECONDS + SILENT_SECONDS,
            limit_bytes=LINE_BYTES,
        )


def name_of(tree: Tree) -> str:
    """The name of an object."""
    return text(inner(tree, "metadata").get("name"))


def version_of(tree: Tree) -> str:
    """The version of an object, or of the moment that a bookmark is of."""
    return text(inner(tree, "metadata").get("resourceVersion"))
