"""Serving figures to Prometheus, and whether the process goes on to whoever asks: over HTTP, beside other work."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import ThreadingWSGIServer, make_wsgi_app

from generator.errors import ConfigError, Fault, Reason

LOOPBACK = "127.0.0.1"
#: Who does not finish a request is not waited for.
_REQUEST_SECONDS = 10
_TEXT = ("Content-Type", "text/plain; charset=utf-8")


class _Handler(WSGIRequestHandler):
    timeout = _REQUEST_SECONDS

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        """Log nothing: whoever scrapes asks every few seconds."""


@dataclass(frozen=True, slots=True)
class MetricsAddress:
    """Where to serve the figures of `registry`. `port` 0: any that is free."""

    registry: CollectorRegistry
    port: int
    host: str = LOOPBACK

    @contextmanager
    def served(self, is_well: Callable[[], bool]) -> Iterator[str]:
        """Serve /metrics, and /healthz by `is_well` (200 or 503), within; gives the URL of the figures.

        Raises `ConfigError` (InvalidValue) when the port is in use or may not be taken, or the address is not here.
        """
        server = self._bound(is_well)
        thread = threading.Thread(target=server.serve_forever, name="rtb-hub-metrics", daemon=True)
        thread.start()
        try:
            host = f"[{self.host}]" if ":" in self.host else self.host
            yield f"http://{host}:{server.server_port}/metrics"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _bound(self, is_well: Callable[[], bool]) -> WSGIServer:
        try:
            family = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0][0]
            kind = type("_Server", (ThreadingWSGIServer,), {"address_family": family})
            return make_server(self.host, self.port, _app(self.registry, is_well), kind, _Handler)
        except (OSError, OverflowError, UnicodeError) as err:
            why = getattr(err, "strerror", None) or str(err)
            fault = Fault(
                f"cannot serve metrics at {self.host} port {self.port}: {why}",
                field="--metrics-port",
                remedy="name a port that is free (0: any) above 1023, and with --metrics-address an address of this"
                " machine; 'ss -ltn' lists the ports in use",
            )
            raise ConfigError(Reason.INVALID_VALUE, fault) from err


def _app(registry: CollectorRegistry, is_well: Callable[[], bool]) -> Callable[..., Iterable[bytes]]:
    figures = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/metrics":
                return figures(environ, start)  # type: ignore[no-any-return]
            case "/healthz":
                start("200 OK" if (well := is_well()) else "503 Service Unavailable", [_TEXT])
                return [b"ok\n" if well else b"the loop does not go on\n"]
        start("404 Not Found", [_TEXT])
        return [b"there are /metrics and /healthz\n"]

    return answer
