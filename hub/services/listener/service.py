"""The listener as a process, from its start to its end. With Redis it has workers woken, too: it is always there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace

import uvicorn

from hub.queue.jobs import Jobs
from hub.services.binding import answers, bound
from hub.services.listener.app import make_app
from hub.services.listener.pushes import taking_pushes
from hub.services.listener.receiving import Receiver
from hub.services.listener.upkeep import kept_up
from hub.store import schema
from hub.wiring import Hub, watching
from hub.wiring.outside import open_pushes

_ENDS_SECONDS, _HEADER_BYTES, _AT_ONCE = 25, 16 * 1024, 100


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a listener listens. `metrics_port`: of health and figures, which the internet does not reach."""

    host: str = "127.0.0.1"
    port: int = 4000
    metrics_port: int | None = None


def serve(ours: Hub, asked: Listening, say: Callable[[str], None]) -> None:
    """Listen until SIGTERM or SIGINT, and answer what has begun; `say` is told a line for people now and then.

    Raises `ConfigError`: InUse for a port that is taken (InvalidValue: `metrics_port`), DatabaseRevision, InvalidValue
    for secrets that cannot be read and a Redis that evicts; `Transient` (DatabaseUnreachable).
    """
    ours, health = watching(ours, as_json=False, port=asked.metrics_port, host=asked.host)
    database = ours.database()
    try:
        schema.check(database)
        jobs, redis_url = Jobs(database), ours.settings.secret("redis_url")
        checks = {"database": answers(database)}
        receiver = Receiver(jobs, ours.settings.secret, ours.clock, ours.telemetry)
        for source in receiver.unset():
            say(f"deliveries of {source} are answered 503: its secret is not set (docs/reference/settings.md)")
        config = uvicorn.Config(
            make_app(receiver),
            log_config=None,
            access_log=False,
            server_header=False,
            limit_concurrency=_AT_ONCE,
            h11_max_incomplete_event_size=_HEADER_BYTES,
            timeout_graceful_shutdown=_ENDS_SECONDS,
        )
        with ExitStack() as stack:
            listening = stack.enter_context(bound(asked.host, asked.port))
            stack.enter_context(kept_up(receiver, ours.settings))
            stack.enter_context(taking_pushes(receiver, open_pushes(ours)))
            if redis_url is not None:
                from hub.queue.relay import relayed

                relay = stack.enter_context(relayed(jobs, redis_url, ours.telemetry))
                checks["redis"] = lambda: relay.is_well
            if health is not None:
                health = replace(health, options=("--metrics-port", "--host"))
                say(f"health and figures: {stack.enter_context(health.served(lambda: True, checks))}")
            say(f"listening at http://{asked.host}:{listening.getsockname()[1]}/api/webhook")
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        database.close()
