"""The jobs of a database: what every adapter of the queue, the API and commands share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection

from hub.store import jobs as rows
from hub.store.database import Database
from hub.store.jobs import Job, JobRow, State


class Jobs:
    """Puts and lists jobs. Whoever works on them in this process is told when there is something new."""

    def __init__(self, database: Database) -> None:
        """Nobody listens yet."""
        self.database = database
        self._listeners: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def listen(self, told: Callable[[], None]) -> Callable[[], None]:
        """Have `told` called, from any thread, when a job was put or changed; gives what ends that."""
        with self._lock:
            self._listeners.append(told)

        def end() -> None:
            with self._lock:
                self._listeners.remove(told)

        return end

    def notify(self) -> None:
        """Tell the listeners: call it once the transaction that `put_in` was part of has ended."""
        with self._lock:
            listeners = tuple(self._listeners)
        for told in listeners:
            told()

    def put(self, job: Job) -> bool:
        """Put a job. False: one of its id is known already. Raises as `Database.write`."""
        with self.database.write() as connection:
            is_new = self.put_in(connection, job)
        self.notify()
        return is_new

    def put_in(self, connection: Connection, job: Job) -> bool:
        """As `put`, in a transaction of the caller's, who calls `notify` after it."""
        return rows.add(connection, self.database, job, now=self.database.now(connection))

    def get(self, job_id: str) -> JobRow | None:
        """One job."""
        with self.database.read() as connection:
            return rows.get(connection, job_id)

    def listed(self, *, state: State | None = None, below: int | None = None, limit: int = 50) -> list[JobRow]:
        """Jobs, the newest first; see `hub.store.jobs.listed`."""
        with self.database.read() as connection:
            return rows.listed(connection, state=state, below=below, limit=limit)

    def counts(self) -> Mapping[tuple[str, State], int]:
        """How many there are, by queue and state."""
        with self.database.read() as connection:
            return rows.counts(connection)

    def retry(self, job_id: str) -> bool:
        """Have a dead job run again. False: it is not there, or not dead."""
        with self.database.write() as connection:
            is_again = rows.retry(connection, job_id, now=self.database.now(connection))
        self.notify()
        return is_again

    def wake(self, keys: Sequence[str]) -> int:
        """Have what waits of these keys (`int/RTB-123`) be looked at now; how many."""
        with self.database.write() as connection:
            woken = rows.wake(connection, keys, now=self.database.now(connection))
        self.notify()
        return woken
