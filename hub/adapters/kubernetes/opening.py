"""A cluster that is opened when it is first read, for processes that begin before what opens it is there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from generator.errors import ConfigError, Stalled
from hub.adapters.kubernetes.cluster import Cluster, Recorded
from reconcilers.ports.cluster import ClusterState, NamespaceDetails
from reconcilers.ports.target_groups import Targets


class OpenedLater:
    """An environment's own cluster, opened when it is first read: what opens it may be away, or come later."""

    def __init__(self, environment: str, opening: Callable[[], Cluster]) -> None:
        self._environment, self._opening = environment, opening
        self._cluster: Cluster | None = None
        self._lock = threading.Lock()

    @property
    def context(self) -> str:
        """The cluster's name; that of its environment before it is opened."""
        return self._cluster.context if self._cluster else self._environment

    def observe(self, argocd: str, *, preview: str | None = None, with_set: bool = True) -> ClusterState:
        """See `Cluster`, as for all of these. What keeps it from being opened is `Stalled` or `Transient`, too."""
        return self.opened().observe(argocd, preview=preview, with_set=with_set)

    def inspect(self, argocd: str) -> ClusterState:
        """See `Cluster`."""
        return self.opened().inspect(argocd)

    def details(self, namespaces: Sequence[str]) -> Mapping[str, NamespaceDetails]:
        """See `Cluster`."""
        return self.opened().details(namespaces)

    def targets(self, namespace: str = "") -> Targets | None:
        """See `Cluster`."""
        return self.opened().targets(namespace)

    def record(self, argocd: str, preview: str, *, applications: str, is_asked: bool) -> Recorded:
        """See `Cluster`."""
        return self.opened().record(argocd, preview, applications=applications, is_asked=is_asked)

    def opened(self) -> Cluster:
        """The cluster itself. Raises `Stalled` and `Transient`, as all of these."""
        with self._lock:
            if self._cluster is None:
                try:
                    self._cluster = self._opening()
                except ConfigError as err:  # who reads a cluster is told as one that refuses is
                    raise Stalled(err.reason, err.faults) from err
            return self._cluster
