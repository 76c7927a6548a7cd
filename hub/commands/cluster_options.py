"""The options of commands that read a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import ConfigError, Fault, Reason

if TYPE_CHECKING:
    from hub.actions.cluster_phases import Clusters
    from hub.adapters.kubernetes.cluster import Cluster
    from hub.wiring import Hub


@dataclass(frozen=True, slots=True)
class Options:
    """`--cluster` and `--kubeconfig` as typed. `context` empty: the cluster that the environment names."""

    context: str = ""
    kubeconfig: str | None = None


def clusters_for(ours: Hub, at: Options | None) -> Clusters | None:
    """The clusters of a command about several environments: the one context that was named, or of each its own."""
    from hub.actions.cluster_phases import Clusters

    if at is None:
        return None
    if at.context:
        one = ours.cluster(at.context, at.kubeconfig)
        return Clusters(lambda _: one)
    from hub.wiring.clusters import OwnClusters

    return Clusters(OwnClusters(ours, at.kubeconfig), is_own=True)


def of_cluster(cluster: str | None, kubeconfig: str | None) -> Options | None:
    """The options of a command that reads a cluster only when one is named; None when none is.

    Raises `ConfigError` (InvalidValue) for a kubeconfig from which nothing would be read.
    """
    if cluster:
        return Options(cluster, kubeconfig)
    if kubeconfig is not None:
        remedy = "name its context with --cluster, or leave it out"
        fault = Fault("nothing is read from it without --cluster", field="--kubeconfig", remedy=remedy)
        raise ConfigError(Reason.INVALID_VALUE, fault)
    return None


def open_for(ours: Hub, at: Options, env: str, repo: str | None) -> Cluster:
    """The cluster of a command about one environment: the context that was named, else the environment's own."""
    if at.context:
        return ours.cluster(at.context, at.kubeconfig)
    from hub.wiring.clusters import own_cluster_of

    return own_cluster_of(ours, env, kubeconfig=at.kubeconfig, repo=repo)
