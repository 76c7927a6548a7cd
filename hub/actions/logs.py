"""Which log of a preview is asked for: of the newest pod of a component, of the run that ended when it crashes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from generator.errors import ConfigError, Fault, Reason, Stalled, nearest
from generator.values.naming import IssueKey
from hub.actions.log_wish import Wish
from hub.adapters.kubernetes.logs import LogAsked
from reconcilers.causes.look import Look
from reconcilers.causes.starting_containers import NEVER_RAN
from reconcilers.ports.cluster import Container, Pod
from reconcilers.ports.git import ClusterReader


def chosen_log(key: IssueKey, wish: Wish, *, cluster: ClusterReader, clock: Callable[[], datetime]) -> LogAsked:
    """The log that answers a wish.

    Raises `ConfigError` (InvalidValue) for a component that has no pod, with those that have one; `Stalled`
    (PreviewFailed) for a container that never ran; what reading the cluster raises.
    """
    namespace = key.namespace
    details = cluster.details([namespace])[namespace]
    if "pods" in details.unread:
        raise Stalled(Reason.CLUSTER_REFUSED, details.unread["pods"])
    look = Look(details, clock(), namespace)
    pods = [pod for pod in look.details.pods if wish.component in (look.workload_of(pod), pod.name)]
    if not pods:
        known = sorted({look.workload_of(pod) for pod in details.pods})
        fault = Fault(
            f"{wish.component[:80]!r} has no pod in {namespace}",
            field="COMPONENT",
            allowed=", ".join(known) or "none: there is no pod",
            nearest=nearest(wish.component, known),
            remedy="the command 'why' tells why there is none",
        )
        raise ConfigError(Reason.INVALID_VALUE, fault)
    pod = max(pods, key=lambda one: (one.deleting_since is None, one.created, one.name))
    container = _container(pod, wish.component)
    is_down = not container.is_running and container.last_exit_code is not None and container.exit_code is None
    if {container.reason, container.last_reason} & NEVER_RAN and not container.is_running:
        told = container.last_message or container.message
        fault = Fault(f"container {container.name} of pod {pod.name} never ran, so there is no log: {told}"[:400])
        raise Stalled(Reason.PREVIEW_FAILED, fault, remedy="the command 'why' tells why, and what to do")
    return LogAsked(
        namespace=namespace,
        pod=pod.name,
        container=container.name,
        tail=wish.tail,
        since_seconds=wish.since_seconds,
        is_previous=is_down if wish.previous is None else wish.previous,
        is_followed=wish.is_followed,
    )


def _container(pod: Pod, component: str) -> Container:
    """The container that tells most: one that waits or fails before one that is ready, the component's own first."""
    if not pod.containers:
        fault = Fault(f"pod {pod.name} has no container yet, so there is no log")
        raise Stalled(Reason.PREVIEW_FAILED, fault, remedy="the command 'why' tells what it waits for")
    is_begun = [c for c in pod.containers if c.is_running or c.exit_code is not None or c.last_exit_code is not None]
    own = [c for c in is_begun or pod.containers if c.name == component and not c.is_init]
    return own[0] if own else min(is_begun or pod.containers, key=lambda c: (c.is_ready, c.is_init))
