"""`rtb-hub serve`: the hub in one process. SQLite in the data folder, the database's queue, reconcilers as a loop.

The same parts as on Kubernetes, put together here for one machine and one person: it answers on loopback only, and who
reads its output signs in by the link there. Nothing else has to run.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from fastapi.concurrency import run_in_threadpool

from generator.errors import ConfigError, Fault, Reason
from hub.queue.jobs import Jobs
from hub.reconciling.observing import observing
from hub.reconciling.registry import ReconcileTime
from hub.reconciling.round import Asked, Outcome, Round
from hub.reconciling.watch import Time, Watch
from hub.services.api.access import refused_without_token
from hub.services.api.app import make_app
from hub.services.api.clusters import Clusters
from hub.services.api.context import Api
from hub.services.api.feed import Feed
from hub.services.api.sign_in import SignIn
from hub.services.assistant.over_http import Assisted
from hub.services.auth.app import ROUTERS
from hub.services.auth.building import Means, Place, build
from hub.services.auth.context import Auth
from hub.services.auth.sealing import sealed_by, sealed_in
from hub.services.auth.tidying import tidying
from hub.services.binding import answers, bound
from hub.services.listener.app import Beside, webhooks
from hub.services.listener.pushes import taking_pushes
from hub.services.listener.receiving import Receiver
from hub.services.listener.upkeep import kept_up
from hub.services.screens.files import screens
from hub.services.slack.opening import slack_of
from hub.services.telling import telling
from hub.services.worker.service import looking_up, producers_of, working
from hub.store.database import Database
from hub.wiring import Hub
from hub.wiring.clusters import looked_at
from hub.wiring.databases import ready_database
from hub.wiring.outside import open_pushes, open_sources
from hub.wiring.telling import open_telling
from reconcilers.state.rereading import StateReader

LOOPBACK = "127.0.0.1"
#: An idle connection is kept longer than a load balancer keeps it (60 s): else that one uses what has ended.
_KEEPS_SECONDS = 75
#: A request that is not answered within is cut off when the process is to end.
_ENDS_SECONDS, _HEADER_BYTES = 5, 16 * 1024
#: The first look at the repository may take so long before the process says that it is ready.
_FIRST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Serving:
    """What a process serves: the state repository (None: as for commands), and its port (0: any that is free)."""

    repo: str | None = None
    port: int = 3000


def serve(ours: Hub, asked: Serving, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `say` is told a line for people now and then.

    Raises `ConfigError`: InUse for a port that is taken and a data folder that another process serves,
    DatabaseRevision; and what opening the state repository raises.
    """
    begin = ours.telemetry.seconds()
    with ExitStack() as stack:
        listening = stack.enter_context(bound(LOOPBACK, asked.port))
        stack.enter_context(only_one(ours.settings.data))
        database = stack.enter_context(ready_database(ours))
        url = ours.settings.public_url or f"http://{LOOPBACK}:{listening.getsockname()[1]}"
        auth = signing_in(ours, database, url)
        api = stack.enter_context(parts(ours, asked.repo, database, auth.access.sign_in))
        auth.access, auth.environments = api.access, lambda: api.snapshot.states
        stack.enter_context(tidying(auth))

        def ready() -> None:
            took = ours.telemetry.seconds() - begin
            say(f"{url} is ready after {took:.1f} s: {api.repository.store.location}")
            say(f"sign in, once: {url}/api/auth/local?code={api.sign_in.code}")
            say("Ctrl-C ends it")

        receiver = Receiver(api.jobs, ours.settings.secret, _now, ours.telemetry)
        stack.enter_context(kept_up(receiver, ours.settings))
        stack.enter_context(taking_pushes(receiver, open_pushes(ours)))
        own = make_app(api, is_loopback=True, screens=screens(), sign_in=ROUTERS)
        own.state.auth = auth
        app = Beside(assisted(own, api, listening.getsockname()[1]), webhooks(receiver))
        server = Server(served_by(app), api, ready)
        server.run(sockets=[listening])
        say("ending: jobs in hand are waited for")


def signing_in(ours: Hub, database: Database, url: str) -> Auth:
    """Sign-in on this machine: by the link, and by whom the settings name. Raises `ConfigError` (InvalidValue)."""
    settings = ours.settings
    sealed = sealed_by(settings.key_file) if settings.key_file is not None else sealed_in(settings.data)
    means = Means(database, _now, ours.sending, ours.telemetry)
    return build(settings, Place(url, settings.actor, sealed), means)


def assisted(app: Any, api: Api, port: int) -> Assisted:
    """An application with the assistants' tools beside it; it answers at a port of this machine."""
    return Assisted(app, port=port, refused=partial(refused_without_token, api.access))


@contextmanager
def parts(ours: Hub, repo: str | None, database: Database, sign_in: SignIn) -> Iterator[Api]:
    """The parts of one process, running: worker, reconcilers, and what the API reads.

    Each has repositories of its own, since one that is open serves one thread at a time.
    """
    jobs = Jobs(database)
    reader, writes, loop = replace(ours), replace(ours), replace(ours)
    with ExitStack() as stack:
        feed = stack.enter_context(feeding(reader, repo, jobs))
        concurrency, images = ours.settings.worker_concurrency, looking_up(ours, stack)
        worker = stack.enter_context(
            working(
                writes.parts(repo),
                jobs,
                concurrency=concurrency,
                telemetry=ours.telemetry,
                redis_url=ours.settings.secret("redis_url"),
                producers=producers_of(ours),
                issues=ours.issues(),
                deliveries=ours.deliveries,
                images=images,
                sources=open_sources(ours),
                slack=slack_of(replace(ours), repo, jobs),
            )
        )
        reconcilers = stack.enter_context(reconciling(loop, repo, feed.look))
        stack.enter_context(observing(ours, repo))
        stack.enter_context(telling(open_telling(replace(ours), repo, database), jobs, ours.telemetry))
        checks = {
            "database": answers(database),
            "repository": lambda: feed.has_read and feed.error is None,
            "worker": lambda: worker.is_well,
            "reconcilers": reconcilers,
        }
        yield Api(
            feed,
            jobs,
            replace(ours).repository(repo),
            sign_in,
            _now,
            checks,
            ours.telemetry,
            starter=reader.starter,
            clusters=Clusters(_now, looked_at(replace(ours), repo)),
            images=images,
        )


@contextmanager
def feeding(ours: Hub, repo: str | None, jobs: Jobs) -> Iterator[Feed]:
    """The snapshot that the API reads, which is looked at anew while this lasts, and at once when a job ends."""
    repository = ours.repository(repo)
    states = StateReader(repository.store.location, ours.library, ours.entry_cache)
    feed = Feed(repository.store, states, jobs.database, _now, ours.telemetry)
    feed.start()
    unlisten = jobs.listen(feed.look)
    try:
        yield feed
    finally:
        unlisten()
        feed.stop()


@contextmanager
def reconciling(ours: Hub, repo: str | None, told: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    """The reconcilers as a loop, in a thread; gives whether it goes on. `told` is called after each round."""
    store, ends = ours.store(repo), threading.Event()
    asked = Asked()

    def look() -> tuple[Outcome, ...]:
        try:
            return Round(ours, store, asked, ReconcileTime(_now().replace(microsecond=0))).run()
        finally:
            told()

    def heads() -> dict[str, str]:
        return {branch: snapshot.commit for branch, snapshot in store.snapshots().items()}

    watch = Watch(look, heads, Time(ends.wait), ours.telemetry)

    def run() -> None:
        try:
            watch.run()
        except Exception as err:  # noqa: BLE001 - `readyz` says that it is down, and the log why
            ours.telemetry.unexpected("round", err)

    thread = threading.Thread(target=run, name="rtb-hub-reconcilers", daemon=True)
    thread.start()
    try:
        yield lambda: thread.is_alive() and watch.is_turning
    finally:
        ends.set()
        thread.join()


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """While it lasts, no other process serves this data folder. Raises `ConfigError` (InUse, InvalidValue)."""
    path = folder / "serve.lock"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as err:
        fault = Fault(
            f"{folder} cannot be used: {err.strerror}", field="RTB_HUB_DATA", remedy="name a folder of your own"
        )
        raise ConfigError(Reason.INVALID_VALUE, fault) from err
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            file.seek(0)
            holder = file.read(20).strip()
            who = f"process {holder}" if holder.isdecimal() else "another process"
            remedy = "end that one, or name another folder with RTB_HUB_DATA"
            raise ConfigError(Reason.IN_USE, Fault(f"{who} serves {folder} already", remedy=remedy)) from err
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def served_by(app: Any, proxies: str | None = None) -> uvicorn.Config:
    """How an application is served: bounded headers, and an end that does not wait for ever.

    `proxies`: subnets that are believed where a request comes from (RTB_HUB_PROXIES); None: nobody is.
    """
    return uvicorn.Config(
        app,
        proxy_headers=proxies is not None,
        forwarded_allow_ips=proxies or "",
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        h11_max_incomplete_event_size=_HEADER_BYTES,
        timeout_graceful_shutdown=_ENDS_SECONDS,
        timeout_keep_alive=_KEEPS_SECONDS,
    )


class Server(uvicorn.Server):
    """Tells when it is ready, ends event streams when it is to end, and leaves the rest of the end to its caller.

    `api` None: it has none.
    """

    def __init__(self, config: uvicorn.Config, api: Api | None, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._api, self._ready = api, ready
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and tell once there is something to answer from."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self._api is not None:
            await run_in_threadpool(self._api.feed.wait, _FIRST_SECONDS)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End; the second SIGINT does not wait. What this overrides raises the signal anew, past our own end."""
        del frame
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True
        if self._loop is not None and self._api is not None:
            self._loop.call_soon_threadsafe(self._api.ending.set)


def _now() -> datetime:
    return datetime.now(UTC)
