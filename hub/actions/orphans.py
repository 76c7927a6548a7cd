"""What is left over of previews in an environment's cluster and in AWS, or missing there. Nothing is deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from generator.values.naming import NAMESPACE_PREFIX
from hub.actions.cluster_phases import Reading, read_environment
from hub.actions.removed import with_removals
from hub.actions.repository import Repository
from reconcilers.doctor.orphans import Orphan, left_in_aws, orphans
from reconcilers.health.phase import Seen
from reconcilers.ports.git import ClusterReader
from reconcilers.state.environment import EnvironmentState


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, how many previews were looked at, and what could not be read: kinds, or why AWS does not tell.

    `is_aws_asked`: target groups were asked for.
    """

    orphans: tuple[Orphan, ...]
    looked_at: int
    unread: tuple[str, ...] = ()
    is_aws_asked: bool = False


def find_orphans(
    environment: str, *, repository: Repository, cluster: ClusterReader, clock: Callable[[], datetime]
) -> Found:
    """Of one environment. Raises `ConfigError` (UnknownEnvironment), and what keeps the cluster from being read."""
    state = repository.state(environment)
    reading, now = _read(cluster, state), clock()
    seen = with_removals({name: reading.seen(name) for name in reading.names}, state, repository.store, now=now)
    going = [name for name, one in seen.items() if one.entry is None or _is_going(one)]
    there = [NAMESPACE_PREFIX + name for name in going if seen[name].namespace is not None]
    inside = cluster.details(there) if there else {}
    argocd = state.environment.spec.argocd.namespace
    unread = sorted({kind for details in inside.values() for kind in details.unread})
    found = [*orphans(seen, inside, argocd=argocd, now=now)]
    targets = cluster.targets()
    if targets is not None and targets.unread:
        unread.append(targets.unread)
    elif targets is not None and [*left_in_aws(targets.found, _known(reading))]:
        again = _read(cluster, repository.state(environment))  # one that began since is none
        found += left_in_aws(targets.found, _known(reading) | _known(again))
    return Found(tuple(found), len(seen), tuple(unread), is_aws_asked=targets is not None)


def _read(cluster: ClusterReader, state: EnvironmentState) -> Reading:
    reading = read_environment(cluster, state)
    if reading.error is not None:
        raise reading.error
    return reading


def _known(reading: Reading) -> frozenset[str]:
    """Namespaces of previews that are there, or that something is known of."""
    names = (NAMESPACE_PREFIX + name for name in reading.names)
    return frozenset((*reading.cluster.namespaces, *reading.cluster.applications, *names))


def _is_going(seen: Seen) -> bool:
    return any(one is not None and one.deleting_since for one in (seen.application, seen.namespace))
