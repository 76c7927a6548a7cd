"""What clusters tell of previews: asked when somebody looks, and kept for a moment, so that many who look ask once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from generator.errors import ConfigError, Fault, HubError, Reason, declared
from generator.values.formats import format_time
from generator.values.naming import IssueKey
from hub.actions.log_wish import Wish
from hub.actions.logs import chosen_log
from hub.actions.why import Recorder, why_in
from hub.adapters.kubernetes.cluster import Cluster
from hub.adapters.kubernetes.logs import LogAsked, log_lines
from hub.adapters.kubernetes.opening import OpenedLater
from hub.views import speaking
from hub.views.why import why_data
from reconcilers.health.phase import Phase
from reconcilers.state.environment import EnvironmentState

#: So long an answer is given again; and answers that are kept.
KEPT, _MOST = timedelta(seconds=5), 500


@dataclass(frozen=True, slots=True)
class Told:
    """What a cluster told at `at`: `phase`, and `unread` kinds with the reason. `phase` None: nothing, for `error`."""

    at: datetime
    phase: Phase | None
    unread: Mapping[str, str]
    error: HubError | None = None

    @property
    def is_read(self) -> bool:
        """Whether the cluster was read at all."""
        return self.phase is not None

    def data(self) -> dict[str, Any]:
        """The same for machines, in the language of who asks."""
        phase = self.phase or Phase("unknown", next(iter(self.unread.values()), ""))
        at = format_time(self.at.replace(microsecond=0))
        return {**speaking.phase_told(phase, why_data(phase, self.unread)), "isRead": self.is_read, "asOf": at}


@dataclass(eq=False)
class Clusters:
    """The clusters that are connected, by environment. One answer a preview is asked for at a time."""

    clock: Callable[[], datetime]
    connected: Mapping[str, Recorder] = field(default_factory=dict)
    _kept: dict[tuple[str, str], Told] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nobody asked yet."""
        self._lock = threading.Lock()
        self._asking: dict[tuple[str, str], threading.Lock] = {}

    def told(self, state: EnvironmentState, key: IssueKey) -> Told:
        """What is known of a preview. A cluster that cannot be read is told as that, and never as nothing there."""
        environment = state.environment.name
        cluster = self.connected.get(environment)
        if cluster is None:
            return self._unread(_unconnected(environment))
        place = environment, str(key)
        with self._lock:
            asking = self._asking.setdefault(place, threading.Lock())
        with asking:
            known = self._kept.get(place)
            if known is not None and self.clock() - known.at < KEPT:
                return known
            told = self._asked(state, key, cluster)
            self._keep(place, told)
            return told

    def log(self, environment: str, key: IssueKey, wish: Wish) -> tuple[LogAsked, Iterator[str]]:
        """Which log of a preview answers a wish, and its lines, which are read as they are taken.

        Raises `ConfigError` (NotFound) where no cluster is connected, what opening it raises, and as
        `hub.actions.logs.chosen_log` and `hub.adapters.kubernetes.logs.log_lines`.
        """
        cluster = self.connected.get(environment)
        if isinstance(cluster, OpenedLater):
            cluster = cluster.opened()
        if not isinstance(cluster, Cluster):
            raise _unconnected(environment)
        asked = chosen_log(key, wish, cluster=cluster, clock=self.clock)
        return asked, log_lines(cluster, asked)

    def _asked(self, state: EnvironmentState, key: IssueKey, cluster: Recorder) -> Told:
        try:
            answer = why_in(state, key, cluster=cluster, clock=self.clock)
        except Exception as err:  # noqa: BLE001 - the border of a cluster: what it says is no mistake of the caller's
            return self._unread(declared("the cluster cannot be read", err))
        return Told(self.clock(), answer.phase, answer.unread)

    def _unread(self, error: HubError) -> Told:
        return Told(self.clock(), None, {"cluster": error.words}, error)

    def _keep(self, place: tuple[str, str], told: Told) -> None:
        with self._lock:
            if len(self._kept) >= _MOST:
                self._kept.clear()
                self._asking = {one: lock for one, lock in self._asking.items() if lock.locked()}
            self._kept[place] = told


def _unconnected(environment: str) -> ConfigError:
    remedy = f"connect it at the hub with RTB_HUB_CLUSTERS={environment}=CONTEXT"
    return ConfigError(Reason.NOT_FOUND, Fault(f"no cluster is connected for {environment}", remedy=remedy))
