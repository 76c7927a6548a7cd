"""Notices that what Argo CD says of any preview of a cluster has changed: one watch, of which nothing is read but that.

What is there is read elsewhere, again and again: a watch that is away makes news later, and never wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.adapters.kubernetes.cluster import Cluster
from hub.adapters.kubernetes.fields import Tree, inner, text
from hub.adapters.kubernetes.resources import APPLICATIONS
from hub.adapters.kubernetes.watch import Watch, name_of

#: Applications whose words are remembered; of more, each event is news.
_MOST = 20_000


def notice(cluster: Cluster, argocd: str, changed: Callable[[], None], ended: threading.Event) -> None:
    """Call `changed` when an Application comes, goes, or has another health, sync or operation; until `ended`."""
    Watch(cluster, APPLICATIONS, argocd, _Words(changed).told, ended).run()


@dataclass(eq=False)
class _Words:
    """What was last said of each Application, by its name."""

    changed: Callable[[], None]
    _last: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def told(self, kind: str, tree: Tree) -> None:
        name, word = name_of(tree), _word(tree)
        before = self._last.pop(name, None)
        if kind != "DELETED" and len(self._last) < _MOST:
            self._last[name] = word
        if kind == "DELETED" or word != before:
            self.changed()


def _word(tree: Tree) -> tuple[str, ...]:
    status = inner(tree, "status")
    return (
        text(inner(status, "health").get("status")),
        text(inner(status, "sync").get("status")),
        text(inner(status, "operationState").get("phase")),
        text(inner(tree, "metadata").get("deletionTimestamp")),
    )
