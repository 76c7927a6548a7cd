"""Requests that wait for room: reading their files, and judging each by today's policy.

One that cannot be read, or could never start, is skipped with the reason: it stays, and others do not wait for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pydantic import ValidationError

from generator.errors import About, Fault, HubError, Location, Remedy, RemedyKind, declared
from generator.model.blueprint import TemplateLibrary
from generator.model.environment import Environment
from generator.model.queued import QueuedPreview
from generator.render.asked import Request
from generator.render.request import check_fits, check_policy, compute_of
from generator.values.formats import parse_time
from generator.values.model_faults import faults_of
from generator.values.naming import queue_file
from generator.yaml.reader import load
from reconcilers.capacity.capacity import Need, need_of, room_faults
from reconcilers.capacity.usage import Usage
from reconcilers.leases import length_of
from reconcilers.state.entries import must_be_small


@dataclass(frozen=True, slots=True)
class QueuedRecord:
    """One file of the queue: the request, or why it cannot be read."""

    path: PurePosixPath
    queued: QueuedPreview | None
    faults: tuple[Fault, ...] = ()

    @property
    def name(self) -> str:
        """The preview's name by its file."""
        return self.path.stem


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that may be started, and what it needs."""

    record: QueuedRecord
    queued: QueuedPreview
    need: Need


@dataclass(frozen=True, slots=True)
class Queue:
    """The line in its order (since when they wait, then key), and what is skipped, with its faults, by path."""

    waiting: tuple[Waiting, ...] = ()
    set_aside: tuple[QueuedRecord, ...] = field(default=())


def queued_record(path: PurePosixPath, text: bytes, environment: str) -> QueuedRecord:
    """What `text` at `path` says, or why it is not a request of this queue."""
    try:
        must_be_small(text, str(path))
        document = load(text, str(path))
        queued = QueuedPreview.model_validate(document.data)
        faults = tuple(_misplaced(queued, environment, path))
    except ValidationError as err:
        return QueuedRecord(path, None, faults_of(err, QueuedPreview, document.nearest_location))
    except Exception as err:  # noqa: BLE001 - the border of a request
        return QueuedRecord(path, None, declared(f"{path} cannot be read", err).faults)
    return QueuedRecord(path, None if faults else queued, faults)


def queue_of(
    records: Iterable[QueuedRecord], environment: Environment, library: TemplateLibrary, live: Iterable[str]
) -> Queue:
    """The line of an environment by today's policy. `live` are the names of the previews that are there."""
    waiting, set_aside, there = [], [], frozenset(live)
    for record in records:
        try:
            faults = record.faults or _faults(record, environment, library, there)
            need = None if record.queued is None or faults else _need(record.queued)
        except Exception as err:  # noqa: BLE001 - the border of a request
            faults, need = declared(f"{record.path} cannot be judged", err).faults, None
        if record.queued is None or need is None:
            set_aside.append(QueuedRecord(record.path, record.queued, faults))
        else:
            waiting.append(Waiting(record, record.queued, need))
    return Queue(in_order(waiting), tuple(set_aside))


def in_order(waiting: Iterable[Waiting]) -> tuple[Waiting, ...]:
    """The order of the line: since when they wait, then by key."""
    return tuple(sorted(waiting, key=lambda one: (parse_time(one.queued.spec.lease.requested_at), one.queued.key)))


def _faults(
    record: QueuedRecord, environment: Environment, library: TemplateLibrary, live: frozenset[str]
) -> tuple[Fault, ...]:
    """Why it could not be started however much room there were."""
    queued, where = record.queued, Location(str(record.path))
    if queued is None:
        return record.faults
    spec = queued.spec
    if environment.spec.gated:
        return (Fault(f"{environment.name} changes by review only: it has no queue", where),)
    if record.name in live:
        remedy = Remedy(RemedyKind.STOP_BOTH, About(environment.name, str(queued.key)))
        return (Fault(f"{queued.key} is live in {environment.name}", where, remedy=remedy),)
    try:
        blueprint = library.blueprint(spec.blueprint)
        check_fits(spec.components, blueprint)
        check_policy(spec.components, compute_of(Request(compute=spec.compute), environment, blueprint), environment)
        length_of(spec.lease.ttl, environment)
    except HubError as err:
        return err.faults
    return room_faults(_need(queued), Usage(), environment)


def _need(queued: QueuedPreview) -> Need:
    spec = queued.spec
    return need_of(spec.lease.requested_by, spec.components, spec.compute)


def _misplaced(queued: QueuedPreview, environment: str, path: PurePosixPath) -> Iterator[Fault]:
    where = Location(str(path))
    if queued.metadata.name != queued.key.name:
        yield Fault("is not the issue key in lower case", where, "metadata.name", allowed=queued.key.name)
    if queued.spec.environment != environment:
        yield Fault("is not the environment of its folder", where, "spec.environment", allowed=environment)
    if path != (home := queue_file(environment, queued.key)):
        yield Fault("stands in another request's file", where, "spec.issue", allowed=str(home))
