"""Which cluster an environment's previews are in, and how this process reads it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from generator.model.environment import Environment
    from hub.adapters.http import SenderParts
    from hub.adapters.kubernetes.cluster import Cluster
    from hub.adapters.kubernetes.opening import OpenedLater
    from hub.wiring.composing import Hub


#: By which a pod knows that it has a role in AWS (IRSA, pod identity).
_IDENTITIES = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI")


def cluster_of(  # noqa: PLR0913 - what it is chosen among
    environment: Environment,
    *,
    contexts: Mapping[str, str],
    by_context: Callable[[str], Cluster],
    environ: Mapping[str, str],
    parts: SenderParts,
    clock: Callable[[], datetime],
) -> Cluster:
    """An environment's own cluster. Raises what opening it raises.

    By a context of `contexts`, else the one around this process where the environment hosts the hub, else by AWS. AWS
    is asked for target groups as well, but for a context's, and from a pod that has no role there.
    """
    from hub.adapters.kubernetes import in_cluster

    context = contexts.get(environment.name)
    if context is not None:
        return by_context(context)
    from hub.adapters.kubernetes.aws import EksAccess
    from hub.adapters.kubernetes.eks import eks_cluster
    from hub.adapters.kubernetes.target_groups import AwsTargetGroups

    spec = environment.spec
    access = EksAccess(spec.cluster.name, spec.region, spec.cluster.role_arn, clock)
    if spec.hub is not None and in_cluster.is_inside(environ):
        around = in_cluster.own_cluster(environ, parts)
        has_identity = any(environ.get(name) for name in _IDENTITIES)
        return replace(around, groups=AwsTargetGroups(access)) if has_identity else around
    return eks_cluster(spec, access, parts)


class OwnClusters:
    """Environments' own clusters, each opened once: those that share one share what reads it."""

    def __init__(self, hub: Hub, kubeconfig: str | None) -> None:
        self._hub, self._kubeconfig = hub, kubeconfig
        self._opened: dict[tuple[str, ...], Cluster] = {}

    def __call__(self, environment: Environment) -> Cluster:
        """The cluster of an environment. Raises what opening it raises."""
        hub, spec = self._hub, environment.spec
        contexts = hub.settings.cluster_contexts
        context = contexts.get(environment.name)
        place = ("context", context) if context is not None else (spec.region, spec.cluster.name, spec.cluster.role_arn)
        if place not in self._opened:
            self._opened[place] = cluster_of(
                environment,
                contexts=contexts,
                by_context=lambda context: hub.cluster(context, self._kubeconfig),
                environ=hub.settings.environ,
                parts=hub.sending,
                clock=hub.clock,
            )
        return self._opened[place]


def own_cluster_of(hub: Hub, env: str, *, kubeconfig: str | None, repo: str | None) -> Cluster:
    """An environment's own cluster. Raises `ConfigError` (UnknownEnvironment, …) and what opening it raises."""
    return OwnClusters(hub, kubeconfig)(hub.repository(repo).state(env).environment)


def looked_at(hub: Hub, repo: str | None) -> dict[str, Cluster | OpenedLater]:
    """The clusters that services look at, by environment: those of contexts, and environments' own.

    `hub` is for them alone: they are opened in several threads, and read the repository one after the other. Raises
    what opening a context raises.
    """
    from hub.adapters.kubernetes.opening import OpenedLater

    own, turn = OwnClusters(hub, None), threading.Lock()

    def opening(name: str) -> Cluster:
        with turn:
            environment = hub.repository(repo).state(name).environment
        return own(environment)

    opened: dict[str, Cluster | OpenedLater] = {
        name: OpenedLater(name, partial(opening, name)) for name in hub.settings.observed_environments
    }
    return opened | {name: hub.cluster(context, None) for name, context in hub.settings.cluster_contexts.items()}
