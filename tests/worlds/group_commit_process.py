"""A process that starts previews from many threads through one committer, and prints each name once it is acknowledged."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from generator.errors import HubError
from hub.adapters.git.opening import open_store
from hub.adapters.git.store import Identity
from hub.retrying import Backoff
from hub.writing.committer import GroupCommitter
from hub.writing.writer import Writer
from reconcilers.lifecycle.batch import Submission
from reconcilers.lifecycle.start_or_wait import plan_start
from reconcilers.state.environment import EnvironmentState
from worlds.builders import LIBRARY, NOW, start_request
from worlds.planning import STARTER


def starting(key: str, env: str = "int", *, queue: bool = False, **fields: Any) -> Submission[Any]:
    """A start of a preview as a submission."""
    asked = replace(start_request(key, **{"blueprint": "web", **fields}), queue=queue)

    def plan(state: EnvironmentState, now: datetime) -> Any:
        return plan_start(asked, state, starter=STARTER, now=now)

    return Submission(env, asked.key, plan)


def writer(location: object, cache: Path) -> Writer:
    """A writer to a repository, as another machine would have it."""
    store = open_store(str(location), cache=cache, environ=os.environ, identity=Identity("rtb-hub", "hub@example.com"))
    return Writer(store, LIBRARY, lambda: NOW, Backoff(tries=40, first_seconds=0.01, most_seconds=0.2))


def start_many(committer: GroupCommitter, keys: list[str]) -> list[str]:
    """Start `keys`, a thread each; those that were acknowledged."""
    done: list[str] = []

    def one(key: str) -> None:
        try:
            committer.write(starting(key))
        except HubError:
            return
        done.append(key)
        sys.stdout.write(f"{key.lower()}\n")
        sys.stdout.flush()

    threads = [threading.Thread(target=one, args=[key]) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def main() -> None:
    location, cache, first, count = sys.argv[1:]
    with GroupCommitter(writer(location, Path(cache)), most=5) as shared:
        start_many(shared, [f"RTB-{n}" for n in range(int(first), int(first) + int(count))])
