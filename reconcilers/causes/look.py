"""What was observed of one preview, joined: events to the objects they are about, pods to what made them.

An event counts when it is about this very object (by its uid, where both are known) and not older than the object.
Pods that end, and those of an older ReplicaSet, do not count. The order of objects and events does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from reconcilers.causes.model import Evidence, Ref
from reconcilers.ports.cluster import Application, Container, Event, NamespaceDetails, Pod, Workload

#: Repeated events of one object are told at most once in five minutes (client-go, events_cache.go).
RECENT = timedelta(minutes=6)
#: The end of a pod's name after its Deployment's: ReplicaSet, and five characters of its own (names/generate.go).
_OF_REPLICA_SET = re.compile(r"([bcdfghjklmnpqrstvwxz2456789]{5,10})-[bcdfghjklmnpqrstvwxz2456789]{5}")


@dataclass(frozen=True)
class Look:
    """One preview at one moment. `compute` is where its pods are to run, empty when that is not known."""

    details: NamespaceDetails
    now: datetime
    namespace: str = ""
    application: Application | None = None
    compute: str = ""
    _events: dict[tuple[str, str], list[Event]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for event in self.details.events:
            self._events.setdefault((event.kind, event.name), []).append(event)
        for events in self._events.values():
            events.sort(key=_newest_first)

    @cached_property
    def pods(self) -> tuple[Pod, ...]:
        """The pods that count, by name."""
        there = sorted((pod for pod in self.details.pods if pod.deleting_since is None), key=lambda pod: pod.name)
        newest = self._newest_templates(there)
        return tuple(pod for pod in there if newest.get(self.workload_of(pod)) in (None, self._template(pod)))

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        """Deployments, StatefulSets and Jobs, by kind and name."""
        return tuple(sorted(self.details.workloads, key=lambda one: (one.kind, one.name)))

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str], Workload]:
        return {(one.kind, one.name): one for one in self.workloads}

    def workload(self, kind: str, name: str) -> Workload | None:
        """One of them."""
        return self._by_name.get((kind, name))

    def workload_of(self, pod: Pod) -> str:
        """The name of the workload that a pod belongs to; its own name when nothing tells."""
        return self._owners.get(pod.name) or self._owner(pod)

    @cached_property
    def _owners(self) -> Mapping[str, str]:
        return {pod.name: self._owner(pod) for pod in self.details.pods}

    def _owner(self, pod: Pod) -> str:
        kind, owner = pod.owner
        if kind == "ReplicaSet":
            return owner.removesuffix(f"-{pod.template}") if pod.template else owner.rpartition("-")[0]
        if owner:
            return owner
        names = [one.name for one in self.workloads if pod.name.startswith(f"{one.name}-")]
        return max(names, key=len, default=pod.name)

    def pods_of(self, workload: Workload) -> tuple[Pod, ...]:
        """The pods of a workload that count."""
        return tuple(self._by_workload.get(workload.name, ()))

    def beside(self, pod: Pod) -> tuple[Pod, ...]:
        """The pods of the same workload that count, this one among them."""
        return tuple(self._by_workload.get(self.workload_of(pod), ()))

    @cached_property
    def _by_workload(self) -> Mapping[str, list[Pod]]:
        found: dict[str, list[Pod]] = {}
        for pod in self.pods:
            found.setdefault(self.workload_of(pod), []).append(pod)
        return found

    def _newest_templates(self, pods: Iterable[Pod]) -> dict[str, str]:
        latest: dict[str, tuple[bool, datetime, str]] = {}
        for pod in pods:
            name, template = self.workload_of(pod), self._template(pod)
            if not template:
                continue
            deployment = self.workload("Deployment", name)
            is_named = deployment is not None and deployment.newest == f"{name}-{template}"
            key = (is_named, pod.created, template)
            latest[name] = max(latest.get(name, key), key)
        return {name: template for name, (_, _, template) in latest.items()}

    def _template(self, pod: Pod) -> str:
        """What tells pods of one ReplicaSet from those of another: its label, or a part of its name."""
        name = self.workload_of(pod)
        if pod.template or self.workload("Deployment", name) is None:
            return pod.template
        found = _OF_REPLICA_SET.fullmatch(pod.name.removeprefix(f"{name}-"))
        return found.group(1) if found else ""

    def containers(self) -> Iterator[tuple[Pod, Container]]:
        """Containers that are not ready, of pods that are not over; an init container that has ended well is ready."""
        for pod in self.pods:
            if pod.phase not in ("Succeeded", "Failed"):
                for container in pod.containers:
                    if not container.is_ready and not (container.exit_code == 0 and container.is_init):
                        yield pod, container

    def events(
        self,
        kind: str,
        name: str,
        *reasons: str,
        uid: str = "",
        after: datetime | None = None,
        container: str = "",
    ) -> Iterator[Event]:
        """Events about one object, the newest first: of these reasons (all when none), seen after `after`."""
        for event in self._events.get((kind, name), ()):
            if reasons and event.reason not in reasons:
                continue
            if uid and event.uid and event.uid != uid:
                continue
            if after is not None and event.last is not None and event.last < after:
                continue
            if container and event.container and event.container != container:
                continue
            yield event

    def event(
        self,
        kind: str,
        name: str,
        *reasons: str,
        uid: str = "",
        after: datetime | None = None,
        container: str = "",
    ) -> Event | None:
        """The newest event of `events`."""
        return next(self.events(kind, name, *reasons, uid=uid, after=after, container=container), None)

    def is_recent(self, event: Event) -> bool:
        """False for what was last seen so long ago that it would have been seen again, were it still so."""
        return event.last is None or self.now - event.last <= RECENT


def _newest_first(event: Event) -> tuple[bool, float, str, str]:
    return event.last is None, -event.last.timestamp() if event.last else 0.0, event.reason, event.message


def of_event(event: Event) -> Evidence:
    """An event as evidence."""
    subject = Ref(event.kind, event.name, event.container)
    return Evidence("event", subject, event.reason, event.message, event.last)


def of_state(pod: Pod, container: Container, reason: str, message: str, at: datetime | None = None) -> Evidence:
    """A container's state as evidence."""
    return Evidence("state", Ref("Pod", pod.name, container.name), reason, message, at)
