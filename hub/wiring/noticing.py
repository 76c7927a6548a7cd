"""Watches of the clusters that services look at: what makes them look at once, and not only every few seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from generator.errors import HubError

if TYPE_CHECKING:
    from hub.adapters.kubernetes.cluster import Cluster
    from hub.adapters.kubernetes.opening import OpenedLater
    from hub.wiring.composing import Hub

#: After so long a cluster is tried again that could not be opened.
_AGAIN_SECONDS: Final = 30.0


@dataclass
class Noticed:
    """The clusters by environment. `hub` is for it alone: it reads where an environment's Argo CD is."""

    hub: Hub
    repo: str | None
    clusters: Mapping[str, Cluster | OpenedLater]
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def noticing(self, changed: Callable[[], None]) -> Iterator[None]:
        """While it lasts, `changed` is called when what Argo CD says of a preview is another."""
        ends = threading.Event()
        for name in self.clusters:
            named = f"rtb-hub-noticing-{name}"
            threading.Thread(target=self._run, args=(name, changed, ends), name=named, daemon=True).start()
        try:
            yield
        finally:
            ends.set()

    def _run(self, name: str, changed: Callable[[], None], ends: threading.Event) -> None:
        from hub.adapters.kubernetes.cluster import Cluster
        from hub.adapters.kubernetes.noticing import notice

        while not ends.is_set():
            try:
                with self._turn:
                    argocd = self.hub.repository(self.repo).state(name).environment.spec.argocd.namespace
                found = self.clusters[name]
                cluster = found if isinstance(found, Cluster) else found.opened()
            except HubError:  # who reads it tells why it cannot be
                ends.wait(_AGAIN_SECONDS)
                continue
            notice(cluster, argocd, changed, ends)
