"""Looks at the clusters that are connected, every half minute, and tells the figures of their previews."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime

from generator.errors import HubError
from hub.actions.cluster_phases import phases, read_environment
from hub.actions.repository import Repository
from hub.reconciling.repeating import repeating
from hub.telemetry import metrics
from hub.telemetry.telemetry import Telemetry
from hub.wiring import Hub
from hub.wiring.clusters import looked_at
from reconcilers.health.figures import Figures, Track
from reconcilers.ports.git import ClusterReader

EVERY_SECONDS = 30.0


@dataclass
class Observing:
    """Clusters by environment. What cannot be read leaves the figures of the look before, and their age tells it."""

    repository: Repository
    clusters: Mapping[str, ClusterReader]
    telemetry: Telemetry
    clock: Callable[[], datetime]
    _tracks: dict[str, Track] = field(default_factory=dict)

    def look(self) -> None:
        """Look at each once. Nothing is raised: one that cannot be read keeps no other from being told."""
        for environment, cluster in self.clusters.items():
            try:
                self._environment(environment, cluster)
            except HubError as err:
                self.telemetry.count_refusal(err)

    def _environment(self, environment: str, cluster: ClusterReader) -> None:
        reading = read_environment(cluster, self.repository.state(environment))
        if reading.error is not None:
            raise reading.error
        now = self.clock()
        seen, told = phases(cluster, reading, reading.names, now=now, store=self.repository.store)
        track = self._tracks.setdefault(environment, Track())
        tell(self.telemetry, environment, track.figures(seen, told, now=now), now)


def tell(telemetry: Telemetry, environment: str, found: Figures, now: datetime) -> None:
    """Tell the figures of an environment; a phase or cause that no preview has any more is 0."""
    for phase in metrics.PHASE.values or ():
        telemetry.gauge(metrics.PHASES, found.phases.get(phase, 0), environment=environment, phase=phase)
    for layer in metrics.LAYER.values or ():
        for audience in metrics.AUDIENCE.values or ():
            count = found.causes.get((layer, audience), 0)
            telemetry.gauge(metrics.CAUSES, count, environment=environment, layer=layer, audience=audience)
    telemetry.gauge(metrics.UNCLASSIFIED, found.unclassified, environment=environment)
    telemetry.gauge(metrics.OLDEST_STUCK, found.oldest_stuck.total_seconds(), environment=environment)
    telemetry.gauge(metrics.EXPIRY_LAG, found.expiry_lag.total_seconds(), environment=environment)
    telemetry.gauge(metrics.SET_STOPPED, int(found.is_set_stopped), environment=environment)
    telemetry.gauge(metrics.LAST_OBSERVATION, now.timestamp(), environment=environment)
    for compute, seconds in found.starts:
        telemetry.observe(metrics.START_SECONDS, seconds, environment=environment, compute=compute)
    for seconds in found.gone:
        telemetry.observe(metrics.GONE_SECONDS, seconds, environment=environment)


def observing(ours: Hub, repo: str | None) -> AbstractContextManager[None]:
    """Look again and again in a thread, as long as this lasts, at the clusters that are connected.

    Without clusters there is nothing to look at. The thread has a repository of its own. Raises what opening a context
    raises.
    """
    own = replace(ours)
    clusters = looked_at(own, repo)
    if not clusters:
        return nullcontext()
    watched = Observing(own.repository(repo), clusters, own.telemetry, own.clock)
    return repeating("observing", watched.look, every_seconds=EVERY_SECONDS, telemetry=watched.telemetry)
