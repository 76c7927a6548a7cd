"""Which cluster an environment's previews are in, and how this process reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from generator.model.environment import Environment
    from hub.adapters.http import SenderParts
    from hub.adapters.kubernetes.cluster import Cluster
    from hub.wiring.composing import Hub


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

    By a context of `contexts`, else the one around this process where the environment hosts the hub, else by AWS.
    """
    from hub.adapters.kubernetes import in_cluster

    context = contexts.get(environment.name)
    if context is not None:
        return by_context(context)
    if environment.spec.hub is not None and in_cluster.is_inside(environ):
        return in_cluster.own_cluster(environ, parts)
    from hub.adapters.kubernetes.aws import EksAccess, eks_cluster

    spec = environment.spec
    access = EksAccess(spec.cluster.name, spec.region, spec.cluster.role_arn, clock)
    return eks_cluster(spec, access, parts)


def own_cluster_of(hub: Hub, env: str, *, kubeconfig: str | None, repo: str | None) -> Cluster:
    """An environment's own cluster. Raises `ConfigError` (UnknownEnvironment, …) and what opening it raises."""
    return cluster_of(
        hub.repository(repo).state(env).environment,
        contexts=hub.settings.cluster_contexts,
        by_context=lambda context: hub.cluster(context, kubeconfig),
        environ=hub.settings.environ,
        parts=hub.sending,
        clock=hub.clock,
    )
