"""What a worker of any queue is handed and gives back. State is in the database; an adapter brings wake-ups.

A handler takes a job and gives a future, at once: what only has to be committed needs no thread while it waits for its
commit. The future's result is a `Finished`; its `HubError` decides by its *kind* what becomes of the job:

* `Transient`, `Moved`: it is tried again, later and later, and is dead when it was of no use for `Pace.give_up`.
* `Waiting`: nothing is wrong; it is looked at again when it says so, or when somebody wakes it.
* all others: it is dead, with the faults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from hub.store.jobs import Job, JobRow


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take. `lease`: so long a job is held without being renewed, which is done every `renew`.

    `poll`: how often a worker looks for jobs that another process put. `first` and `most`: pauses before a job is tried
    again; they double. `give_up`: since the job was put. `stop`: so long a worker that ends waits for its jobs.
    """

    lease: timedelta = timedelta(seconds=20)
    renew: timedelta = timedelta(seconds=5)
    poll: timedelta = timedelta(milliseconds=500)
    first: timedelta = timedelta(seconds=1)
    most: timedelta = timedelta(minutes=5)
    give_up: timedelta = timedelta(hours=6)
    stop: timedelta = timedelta(seconds=25)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job that this worker holds. `is_held` says, at no cost, whether it still does: to be asked before acting.

    `attempts`: how often it was begun before; more than 0: look whether it has been done already.
    """

    row: JobRow
    attempts: int
    is_held: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Finished:
    """A job that was done. `follow_ups` are put in the transaction that says so."""

    result: Mapping[str, Any] = field(default_factory=dict)
    follow_ups: tuple[Job, ...] = ()


Handler = Callable[[Claimed], Future[Finished]]


class Worker(Protocol):
    """Works on jobs until it is told to stop."""

    def start(self) -> None:
        """Begin, in threads of its own."""

    def stop(self) -> bool:
        """Take no more jobs, wait for those that run (`Pace.stop` at most), and return whether all ended.

        The leases of those that did not run out by themselves, and another worker goes on with them.
        """

    @property
    def is_well(self) -> bool:
        """Whether it goes on, and its database answers."""
