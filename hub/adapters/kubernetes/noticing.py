"""Notices that what Argo CD says of any preview of a cluster has changed: one watch, of which nothing is read but that.

What is there is read elsewhere, again and again: a watch that is away makes news later, and never wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.adapters.http import Request
from hub.adapters.kubernetes.fields import inner, text
from hub.adapters.kubernetes.resources import APPLICATIONS, Resource
from hub.adapters.kubernetes.watching import Followed

#: Applications whose words are remembered; of more, each event is news.
_MOST = 20_000


@dataclass
class Noticing(Followed):
    """Calls `changed` when an Application comes, goes, or has another health, sync or operation."""

    changed: Callable[[], None] = lambda: None
    _words: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    def run(self) -> None:
        """Watch until it is left (`with`)."""
        self._watch(APPLICATIONS)

    def _apply(self, name: str, kind: str, tree: dict[str, Any]) -> bool:
        del name
        key = text(inner(tree, "metadata").get("name"))
        before = self._words.pop(key, None)
        if kind == "DELETED":
            is_news = True
        else:
            word = _word(tree)
            is_news = word != before
            if len(self._words) < _MOST:
                self._words[key] = word
        if is_news:
            self.changed()
        return is_news

    def _request(self, resource: Resource, version: str) -> Request:
        found = super()._request(resource, version)
        query = tuple(one for one in found.query if one[0] != "fieldSelector")
        return Request(
            route=found.route,
            purpose=found.purpose,
            query=query,
            timeout_seconds=found.timeout_seconds,
            limit_bytes=found.limit_bytes,
        )


def _word(tree: Mapping[str, Any]) -> tuple[str, ...]:
    status = inner(tree, "status")
    return (
        text(inner(status, "health").get("status")),
        text(inner(status, "sync").get("status")),
        text(inner(status, "operationState").get("phase")),
        text(inner(tree, "metadata").get("deletionTimestamp")),
    )
