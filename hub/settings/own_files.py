"""Files of a user's own that several processes may change: each by one at a time, and replaced whole."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@contextmanager
def changing(path: Path, read: Callable[[Path], T], data: Callable[[T], Any]) -> Iterator[T]:
    """What `read` gives, to be changed by one process at a time; its `data` is kept as JSON when the block ends well.

    Folder and file are for their owner only. Raises `OSError`, and what `read` raises.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        held = read(path)
        yield held
        target = path.resolve()  # a link stays one
        beside = target.with_suffix(".new")
        with os.fdopen(os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            json.dump(data(held), file, indent=2)
        beside.replace(target)
