"""What people and machines are told of requests that wait for room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.output.console import printable
from hub.output.remedies import fault_line
from reconcilers.lifecycle.queue_order import Place, queue_order_of
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.queue_files import QueuedRecord

if TYPE_CHECKING:
    from rich.console import Console

    from generator.model.queued import QueuedPreview

#: Why a place waits for nothing.
_NEXT = "there is capacity: it starts when its turn comes"


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """One request, its place and how many wait in its environment."""

    place: Place
    length: int

    @property
    def queued(self) -> QueuedPreview:
        """The request."""
        return self.place.waiting.queued

    @property
    def where(self) -> str:
        """Its place in words."""
        return f"{self.place.position} of {self.length} in the queue of {self.queued.spec.environment}"

    @property
    def why(self) -> list[str]:
        """Why it waits, with the numbers."""
        return [fault.message for fault in self.place.held] or [_NEXT]


def queue_positions(state: EnvironmentState) -> tuple[QueuePosition, ...]:
    """The line of an environment."""
    if not state.queue.waiting:
        return ()  # what thousands take is counted for those who wait only
    line = queue_order_of(state)
    return tuple(QueuePosition(place, len(line.places)) for place in line.places)


def describe_queued(queued: QueuedPreview) -> dict[str, Any]:
    """A request that waits, for machines."""
    spec, lease = queued.spec, queued.spec.lease
    return {
        "issue": spec.issue,
        "environment": spec.environment,
        "blueprint": spec.blueprint,
        "branch": spec.branch,
        "compute": spec.compute,
        "lease": {"requestedBy": lease.requested_by, "requestedAt": lease.requested_at, "ttl": lease.ttl},
        "components": {
            name: {"image": c.image, "replicas": c.replicas, "cpu": c.cpu, "memory": c.memory}
            for name, c in spec.components.items()
        },
    }


def describe_place(one: QueuePosition) -> dict[str, Any]:
    """A request and its place, for machines. `held` is empty when the next pass starts it."""
    held = [fault.message for fault in one.place.held]
    return {**describe_queued(one.queued), "position": one.place.position, "length": one.length, "held": held}


def describe_set_aside(record: QueuedRecord) -> dict[str, Any]:
    """A file of the queue that nobody waits for, and why, for machines."""
    return {"file": str(record.path), "faults": list(map(fault_line, record.faults))}


def tell_place(console: Console, one: QueuePosition) -> None:
    """A place in one line."""
    from rich.text import Text

    lease = one.queued.spec.lease
    head = Text.assemble((one.queued.spec.issue, "bold"), f" is {one.where} since {lease.requested_at}")
    console.print(Text.assemble(head, printable(f", for {lease.requested_by}: {'; '.join(one.why)}")))


def tell_facts(console: Console, facts: Iterator[tuple[str, str]]) -> None:
    """Names and values, one a line."""
    from rich.text import Text

    for name, value in facts:
        console.print(Text.assemble((f"  {name:<10}", "cyan"), printable(value)))


def facts_of_queued(queued: QueuedPreview) -> Iterator[tuple[str, str]]:
    """What was asked for, for people."""
    spec, lease = queued.spec, queued.spec.lease
    yield "blueprint", f"{spec.blueprint} on {spec.compute}"
    yield "branch", spec.branch or "–"
    yield "asked by", f"{lease.requested_by} at {lease.requested_at}"
    yield "lease", f"{lease.ttl} from when it starts"
