"""Serving figures to Prometheus, and whether the process goes on to whoever asks: over HTTP, beside other work."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
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
_TEXT, _JSON = ("Content-Type", "text/plain; charset=utf-8"), ("Content-Type", "application/json")
_NONE: Mapping[str, Callable[[], bool]] = {}


class _Handler(WSGIRequestHandler):
    timeout = _REQUEST_SECONDS

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        """Log nothing: whoever scrapes asks every few seconds."""


@dataclass(frozen=True, slots=True)
class MetricsAddress:
    """Where to serve the figures of `registry`. `port` 0: any that is free; `options` are what name port and host."""

    registry: CollectorRegistry
    port: int
    host: str = LOOPBACK
    options: tuple[str, str] = ("--metrics-port", "--metrics-address")

    @contextmanager
    def served(self, is_well: Callable[[], bool], parts: Mapping[str, Callable[[], bool]] = _NONE) -> Iterator[str]:
        """Serve /metrics, and /healthz by `is_well` (200 or 503), within; gives the URL of the figures.

        With `parts`, /readyz too: it names each, and is 200 where all are well.

        Raises `ConfigError` (InvalidValue) when the port is in use or may not be taken, or the address is not here.
        """
        server = self._bound(is_well, parts)
        thread = threading.Thread(target=server.serve_forever, name="rtb-hub-metrics", daemon=True)
        thread.start()
        try:
            host = f"[{self.host}]" if ":" in self.host else self.host
            yield f"http://{host}:{server.server_port}/metrics"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _bound(self, is_well: Callable[[], bool], parts: Mapping[str, Callable[[], bool]]) -> WSGIServer:
        try:
            family = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0][0]
            kind = type("_Server", (ThreadingWSGIServer,), {"address_family": family})
            return make_server(self.host, self.port, _app(self.registry, is_well, parts), kind, _Handler)
        except (OSError, OverflowError, UnicodeError) as err:
            why = getattr(err, "strerror", None) or str(err)
            fault = Fault(
                f"cannot serve metrics at {self.host} port {self.port}: {why}",
                field=self.options[0],
                remedy=f"name a port that is free (0: any) above 1023, and with {self.options[1]} an address of this"
                " machine; 'ss -ltn' lists the ports in use",
            )
            raise ConfigError(Reason.INVALID_VALUE, fault) from err


def _app(
    registry: CollectorRegistry, is_well: Callable[[], bool], parts: Mapping[str, Callable[[], bool]]
) -> Callable[..., Iterable[bytes]]:
    figures = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/metrics":
                return figures(environ, start)  # type: ignore[no-any-return]
            case "/healthz":
                start("200 OK" if (well := is_well()) else "503 Service Unavailable", [_TEXT])
                return [b"ok\n" if well else b"the loop does not go on\n"]
            case "/readyz" if parts:
                states = {name: "ok" if check() else "down" for name, check in parts.items()}
                state = "ok" if all(one == "ok" for one in states.values()) else "down"
                start("200 OK" if state == "ok" else "503 Service Unavailable", [_JSON])
                return [json.dumps({"status": state, "parts": states}).encode()]
        start("404 Not Found", [_TEXT])
        return [b"there are /metrics and /healthz\n"]

    return answer
