"""What a person asks of a log: apart from what answers it, since asking a server takes this alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for. `previous` None: the run before where the container is down between two tries."""

    component: str
    previous: bool | None = None
    tail: int = 100
    since_seconds: int | None = None
    is_followed: bool = False
