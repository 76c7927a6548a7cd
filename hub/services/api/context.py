"""What the routes share, and how a request gets at it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Request

from generator.errors import Reason, Transient, Waiting
from hub.actions.images import ImageFinder
from hub.actions.repository import Repository
from hub.queue.jobs import Jobs
from hub.services.api.access import Access, CallerOf, RightOf, audit_entry, authorised
from hub.services.api.clusters import Clusters
from hub.services.api.feed import Feed
from hub.services.api.limits import LOGS_AT_A_TIME, PLANS_AT_A_TIME
from hub.services.api.past import Past
from hub.services.api.sign_in import SignIn
from hub.services.api.snapshot import NOTHING_READ, Snapshot
from hub.telemetry.telemetry import SILENT, Telemetry
from reconcilers.lifecycle.start import Starter

__all__ = ["Api", "ApiOf", "CallerOf", "Data", "RightOf", "api_of", "audit_entry", "authorised", "or_none"]
T = TypeVar("T")


@dataclass(eq=False)
class Api:
    """Of one process. `starter` plans starts; `clusters` are those that are connected.

    `images` finds what tags name; None: nobody looks.

    `checks`: what `/readyz` names, each with whether it is well.
    """

    feed: Feed
    jobs: Jobs
    repository: Repository
    sign_in: SignIn
    clock: Callable[[], datetime]
    starter: Starter = field(kw_only=True)
    clusters: Clusters = field(kw_only=True)
    images: ImageFinder | None = field(default=None, kw_only=True)
    checks: dict[str, Callable[[], bool]] = field(default_factory=dict)
    telemetry: Telemetry = SILENT
    #: How many logs are read, and plans made, at a time.
    reading_logs: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(LOGS_AT_A_TIME))
    planning: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(PLANS_AT_A_TIME))
    streams: dict[str, int] = field(default_factory=dict)
    past: Past = field(default_factory=Past)
    #: Who asked for what stands on a request branch, by its commit.
    requesters: dict[str, str] = field(default_factory=dict)
    #: Set when the process is to end: streams end then.
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    access: Access = field(init=False)

    def __post_init__(self) -> None:
        """Access is by what the rest is by."""
        self.access = Access(self.sign_in, self.jobs.database, self.telemetry)

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot now: take it once a request. Raises `Waiting`, or why the first one cannot be read."""
        found = self.feed.snapshot
        if found is NOTHING_READ:
            if self.feed.error is not None:
                raise self.feed.error
            why = "the state repository was not read yet"
            raise Waiting(Reason.REPOSITORY_UNREACHABLE, why, retry_after_seconds=1)
        return found


def api_of(request: Request) -> Api:
    """The process's parts."""
    return cast("Api", request.app.state.api)


def or_none(read: Callable[[], T]) -> T | None:
    """What the database says; None: it does not answer, and all else is told all the same."""
    try:
        return read()
    except Transient as err:
        if err.reason is not Reason.DATABASE_UNREACHABLE:
            raise
        return None


ApiOf = Annotated[Api, Depends(api_of)]
Data = dict[str, Any]
