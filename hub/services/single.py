"""One service in a process of its own, as on Kubernetes: `rtb-hub serve worker`, `dashboard` and `auth`.

They share the database alone. The worker commits; the dashboard reads the state repository and puts jobs. Reconcilers
run elsewhere, as scheduled jobs.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from types import FrameType

from generator.errors import ConfigError, Fault, Reason
from hub.queue.jobs import Jobs
from hub.reconciling.observing import observing
from hub.reconciling.repeating import repeating
from hub.services.api.app import make_app
from hub.services.api.clusters import Clusters
from hub.services.api.context import Api
from hub.services.api.cookies import Cookies
from hub.services.api.sign_in import SignIn
from hub.services.auth.app import make_app as make_sign_in
from hub.services.auth.building import Means, build
from hub.services.auth.building import Place as SignInPlace
from hub.services.auth.providers.asking import Asking, peer
from hub.services.auth.sealing import sealed_by
from hub.services.auth.tidying import tidying
from hub.services.auth.verifying import Verifier
from hub.services.binding import answers, bound
from hub.services.screens.files import screens
from hub.services.serve import LOOPBACK, Server, assisted, feeding, served_by
from hub.services.slack.opening import slack_of
from hub.services.telling import telling
from hub.services.worker.service import looking_up, producers_of, working
from hub.store import schema
from hub.store.database import Database
from hub.telemetry import metrics
from hub.telemetry.serving import MetricsAddress
from hub.wiring import Hub, watching
from hub.wiring.clusters import looked_at
from hub.wiring.outside import open_sources
from hub.wiring.telling import open_telling

_SAMPLE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """Of which state repository (None: as for commands), and where it answers; `metrics_port` is the dashboard's."""

    repo: str | None
    host: str
    port: int
    metrics_port: int | None = None


def serve_worker(ours: Hub, asked: Place, say: Callable[[str], None]) -> None:
    """Work on jobs until SIGTERM or SIGINT, then end those in hand; it answers /healthz, /readyz and /metrics.

    Raises `ConfigError`: InvalidValue for a port that is taken and a Redis that evicts, DatabaseRevision; and what
    opening the state repository raises.
    """
    ours, health = _telling(ours, asked, asked.port, "--port")
    ends = threading.Event()
    with ExitStack() as stack:
        stack.enter_context(_signalled(ends))
        database = _checked(ours, stack)
        jobs, concurrency = Jobs(database), ours.settings.worker_concurrency
        worker = stack.enter_context(
            working(
                replace(ours).parts(asked.repo),
                jobs,
                concurrency=concurrency,
                telemetry=ours.telemetry,
                redis_url=ours.settings.secret("redis_url"),
                producers=producers_of(ours),
                issues=ours.issues(),
                deliveries=ours.deliveries,
                images=looking_up(ours, stack),
                sources=open_sources(ours),
                slack=slack_of(replace(ours), asked.repo, jobs),
            )
        )
        stack.enter_context(telling(open_telling(replace(ours), asked.repo, database), jobs, ours.telemetry))
        parts = {"database": answers(database), "worker": lambda: worker.is_well}
        if health is not None:
            url = stack.enter_context(health.served(lambda: worker.is_running, parts))
            say(f"working on jobs; health and figures: {url}")
        ends.wait()
        say("ending: jobs in hand are waited for")


def serve_dashboard(ours: Hub, asked: Place, say: Callable[[str], None]) -> None:
    """Serve the API and what browsers are shown until SIGTERM or SIGINT.

    On loopback it prints a link that signs in once; elsewhere callers need tokens. Raises as `serve_worker`, and
    InUse for `asked.port`.
    """
    ours, health = _telling(ours, asked, asked.metrics_port, "--metrics-port")
    is_loopback = asked.host == LOOPBACK
    with ExitStack() as stack:
        listening = stack.enter_context(bound(asked.host, asked.port))
        database = _checked(ours, stack)
        jobs, reader = Jobs(database), replace(ours)
        feed = stack.enter_context(feeding(reader, asked.repo, jobs))
        verifier = _verifier(ours)
        verify = verifier.caller if verifier is not None else None
        actor = ours.settings.actor if is_loopback else None
        sign_in = SignIn(database, _now, actor, verify, Cookies(ours.settings.public_url))
        checks = {"database": answers(database), "repository": lambda: feed.has_read and feed.error is None}
        if verifier is not None:
            checks["sign-in"] = lambda: verifier.is_well
        clusters = Clusters(_now, looked_at(replace(ours), asked.repo))
        own = replace(ours).repository(asked.repo)
        api = Api(
            feed,
            jobs,
            own,
            sign_in,
            _now,
            checks,
            ours.telemetry,
            starter=reader.starter,
            clusters=clusters,
            images=looking_up(ours, stack),
        )
        if health is not None:
            stack.enter_context(observing(ours, asked.repo))
            figures = partial(sample, api)
            stack.enter_context(repeating("figures", figures, every_seconds=_SAMPLE_SECONDS, telemetry=ours.telemetry))
            say(f"health and figures: {stack.enter_context(health.served(lambda: feed.is_running, checks))}")
        url = f"http://{asked.host}:{listening.getsockname()[1]}"

        def ready() -> None:
            say(f"{url} is ready: {own.store.location}")
            if sign_in.code is not None:
                say(f"sign in, once: {url}/api/auth/local?code={sign_in.code}")

        app = assisted(make_app(api, is_loopback=is_loopback, screens=screens()), api, listening.getsockname()[1])
        Server(served_by(app, ours.settings.proxies), api, ready).run(sockets=[listening])


def serve_auth(ours: Hub, asked: Place, say: Callable[[str], None]) -> None:
    """Sign people in until SIGTERM or SIGINT: whom the settings name, and on loopback by a link that is printed.

    Raises `ConfigError`: InUse for a port that is taken, DatabaseRevision, InvalidValue for settings that are wrong.
    """
    ours, health = _telling(ours, asked, asked.metrics_port, "--metrics-port")
    settings, is_loopback = ours.settings, asked.host == LOOPBACK
    with ExitStack() as stack:
        listening = stack.enter_context(bound(asked.host, asked.port))
        url = settings.public_url or (f"http://{LOOPBACK}:{listening.getsockname()[1]}" if is_loopback else None)
        missing = [
            Fault("is missing: the sign-in service needs it", field=name)
            for name, value in (("RTB_HUB_PUBLIC_URL", url), ("RTB_HUB_KEY_FILE", settings.key_file))
            if value is None
        ]
        if url is None or settings.key_file is None:
            raise ConfigError(Reason.INVALID_VALUE, missing)
        database = _checked(ours, stack)
        sealed = sealed_by(settings.key_file)
        actor = settings.actor if is_loopback else None
        means = Means(database, _now, ours.sending, ours.telemetry)
        auth = build(settings, SignInPlace(url, actor, sealed), means)
        auth.keys.signing(_now())
        auth.checks = {"database": answers(database)}
        if health is not None:
            say(f"health and figures: {stack.enter_context(health.served(lambda: True, auth.checks))}")
        stack.enter_context(tidying(auth))

        def ready() -> None:
            here = f"http://{asked.host}:{listening.getsockname()[1]}"
            by = ", ".join(auth.providers) or ("the link alone" if is_loopback else "nobody: the settings name none")
            say(f"{here} is ready: people sign in at {url} by {by}")
            if auth.access.sign_in.code is not None:
                say(f"sign in, once: {url}/api/auth/local?code={auth.access.sign_in.code}")

        config = served_by(make_sign_in(auth, is_loopback=is_loopback), settings.proxies)
        Server(config, None, ready).run(sockets=[listening])


def _verifier(ours: Hub) -> Verifier | None:
    """Of access tokens, by the sign-in service's public keys; None: the settings name no such service."""
    settings = ours.settings
    if settings.public_url is None:
        return None
    url = settings.jwks_url or f"{settings.public_url}/api/auth/.well-known/jwks.json"
    asking = Asking(peer("sign-in", "RTB_HUB_JWKS_URL"), ours.sending, is_clear_allowed=True)
    return Verifier(lambda: asking.get(url, "read the public keys of sign-ins"), settings.public_url, _now)


def sample(api: Api) -> None:
    """Tell how old what is shown is, and to how many it is told as it changes."""
    api.telemetry.gauge(metrics.SSE_CLIENTS, sum(api.streams.values()))
    api.telemetry.gauge(metrics.SNAPSHOT_AGE, api.feed.age_seconds)


def _telling(ours: Hub, asked: Place, port: int | None, option: str) -> tuple[Hub, MetricsAddress | None]:
    """The hub of a process that stays, and where it serves figures; `option` names the port."""
    telling, health = watching(ours, as_json=False, port=port, host=asked.host)
    return telling, replace(health, options=(option, "--host")) if health is not None else None


def _checked(ours: Hub, stack: ExitStack) -> Database:
    """The database, closed with `stack`; its schema is this release's."""
    database = ours.database()
    stack.callback(database.close)
    schema.check(database)
    return database


@contextmanager
def _signalled(ends: threading.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set `ends` within, instead of ending the process."""

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        ends.set()

    before = {one: signal.signal(one, end) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _now() -> datetime:
    return datetime.now(UTC)
