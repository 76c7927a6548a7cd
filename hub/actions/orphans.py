"""What is left over of previews in an environment's cluster, or missing there. Nothing is deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from generator.values.naming import NAMESPACE_PREFIX
from hub.actions.cluster_phases import read_environment
from hub.actions.removed import with_removals
from hub.actions.repository import Repository
from reconcilers.doctor.orphans import Orphan, orphans
from reconcilers.health.phase import Seen
from reconcilers.ports.git import ClusterReader


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, how many previews were looked at, and by namespace the kinds that could not be read."""

    orphans: tuple[Orphan, ...]
    looked_at: int
    unread: tuple[str, ...] = ()


def find_orphans(
    environment: str, *, repository: Repository, cluster: ClusterReader, clock: Callable[[], datetime]
) -> Found:
    """Of one environment. Raises `ConfigError` (UnknownEnvironment), and what keeps the cluster from being read."""
    state = repository.state(environment)
    reading = read_environment(cluster, state)
    if reading.error is not None:
        raise reading.error
    now = clock()
    seen = with_removals({name: reading.seen(name) for name in reading.names}, state, repository.store, now=now)
    going = [name for name, one in seen.items() if one.entry is None or _is_going(one)]
    there = [NAMESPACE_PREFIX + name for name in going if seen[name].namespace is not None]
    inside = cluster.details(there) if there else {}
    argocd = state.environment.spec.argocd.namespace
    unread = sorted({kind for details in inside.values() for kind in details.unread})
    return Found(tuple(orphans(seen, inside, argocd=argocd, now=now)), len(seen), tuple(unread))


def _is_going(seen: Seen) -> bool:
    return any(one is not None and one.deleting_since for one in (seen.application, seen.namespace))
