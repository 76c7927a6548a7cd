"""The line of those who wait for room: who may start, who is held back and by what, and what that leaves for others.

The order is strict: nobody starts past one who is held back by lack of room, however small, so that a large preview is
not kept out for ever by small ones. One who is held back by its owner's own limit alone keeps nobody waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.errors import Fault, Remedy, RemedyKind
from generator.model.environment import Environment
from generator.values.naming import IssueKey
from reconcilers.capacity.capacity import OWN_LIMIT, Room, freest_shard, room_faults
from reconcilers.capacity.usage import Usage
from reconcilers.state.environment import EnvironmentState
from reconcilers.state.queue_files import Waiting


@dataclass(frozen=True, slots=True)
class Place:
    """One place in the line, counted from 1. `held` says why it waits; empty: the next pass starts it."""

    position: int
    waiting: Waiting
    held: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class QueueOrder:
    """The places in order, what those take that may start, and the first whom all behind it wait for."""

    places: tuple[Place, ...]
    taken: Usage
    first: Place | None

    def place(self, key: IssueKey) -> Place | None:
        """The place of one preview."""
        return next((place for place in self.places if place.waiting.queued.key == key), None)


def held_back(faults: Sequence[Fault]) -> bool:
    """Whether lack of room holds it back, not its owner's own limit alone."""
    return any(fault.field != OWN_LIMIT for fault in faults)


def queue_order_of(state: EnvironmentState) -> QueueOrder:
    """The whole line of an environment."""
    return _walked(state.queue.waiting, state.usage, state.environment)


def room_for(key: IssueKey, state: EnvironmentState) -> Room:
    """What a preview finds that asks now, or whose turn it is: nothing that those ahead of it in line wait for."""
    waiting = state.queue.waiting
    ahead = next((waiting[:n] for n, one in enumerate(waiting) if one.queued.key == key), waiting)
    line = _walked(ahead, state.usage, state.environment)
    others = state.usage.minus(state.share(key.name))
    return Room(others, line.taken, _told(line, state.environment) if line.first else None)


def _walked(waiting: Sequence[Waiting], usage: Usage, environment: Environment) -> QueueOrder:
    places, taken = [], Usage()
    first: Place | None = None
    for position, one in enumerate(waiting, 1):
        held = room_faults(one.need, usage.plus(taken), environment)
        if first and not held:
            held = (Fault(f"{first.waiting.queued.key} is before it in the queue"),)
        place = Place(position, one, held)
        places.append(place)
        if not held:
            taken = taken.plus(one.need.on(freest_shard(usage.plus(taken), environment)))
        elif first is None and held_back(held):
            first = place
    return QueueOrder(tuple(places), taken, first)


def _told(line: QueueOrder, environment: Environment) -> Fault:
    held = [place for place in line.places if place.held]
    key, why = held[0].waiting.queued.key, "; ".join(fault.message for fault in held[0].held)
    who = f"{key} is" if len(held) == 1 else f"{len(held)} previews, {key} first, are"
    return Fault(
        f"{who} queued for {environment.name}: {why}",
        field="queue",
        remedy=Remedy(RemedyKind.WAIT_TOO),
    )
