"""A process that may be killed at any write to its database, and what it is to be dead: nothing is written any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.store.database import Database
from worlds.faulty import Killed


@dataclass
class Life:
    """Whether a process is alive; `writes`: how many of its next writes are done before it is killed (None: all)."""

    is_over: bool = False
    writes: int | None = None

    def end(self) -> None:
        self.is_over = True


class MortalDatabase(Database):
    """A database as a process sees it that may be killed: after that it writes nothing any more."""

    def __init__(self, url: str, clock: Callable[[], datetime], life: Life) -> None:
        super().__init__(url, clock=clock)
        self._life = life

    @contextmanager
    def write(self) -> Iterator[Connection]:
        life = self._life
        if life.is_over:
            raise Killed
        with super().write() as connection:
            yield connection
        if life.writes is not None:
            life.writes -= 1
            if life.writes <= 0:
                life.end()
                raise Killed
