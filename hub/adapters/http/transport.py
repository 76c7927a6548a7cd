"""Connections, by urllib3: reused, through the proxy that the environment names, each answer within its time.

urllib3's time-out is for one piece of an answer, so that one that comes byte by byte never ends. Here what is left of
it when the request was sent is for the whole answer, headers and body.
"""

from __future__ import annotations

import http.client
import io
import logging
import socket
import time
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from hub.adapters.http.network import Network
from hub.adapters.http.origin import Origin

CONNECTIONS = 8


def open_pool(origin: Origin, network: Network) -> urllib3.PoolManager:
    """Connections to `origin`. None is opened yet."""
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its warnings and below name addresses with their queries
    settings: dict[str, Any] = {"maxsize": CONNECTIONS, "retries": False, "ca_certs": _authorities(network)}
    address = network.proxy_of(origin)
    if address is None:
        return within_time(urllib3.PoolManager(**settings))
    parts = urlsplit(address if "://" in address else f"http://{address}")
    plain = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], "", "", ""))
    if parts.username is not None:
        key = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        settings["proxy_headers"] = urllib3.make_headers(proxy_basic_auth=key)
    return within_time(urllib3.ProxyManager(plain, **settings))


def within_time(pool: urllib3.PoolManager) -> urllib3.PoolManager:
    """`pool`, whose answers are bounded in time as a whole. For one that another library made, too."""
    pool.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return pool


def _authorities(network: Network) -> str | None:
    """Where the certificates of authorities are; None: where OpenSSL looks by itself (SSL_CERT_FILE, the system's)."""
    if network.authorities:
        return network.authorities
    import ssl

    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        return None
    import certifi  # a container without certificates of its own

    return certifi.where()


class _Timed(io.RawIOBase):
    """What a socket receives until `deadline`, in seconds of the monotonic clock."""

    def __init__(self, sock: socket.socket, raw: socket.SocketIO, deadline: float) -> None:
        self._socket, self._raw, self._deadline = sock, raw, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        seconds = sock.gettimeout()  # the time-out of the request, set just before
        if seconds is not None:
            raw: Any = sock.makefile("rb", buffering=0)
            self.fp.close()
            self.fp = io.BufferedReader(_Timed(sock, raw, time.monotonic() + seconds))


class _Connection(HTTPConnection):
    response_class = _Response


class _TlsConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection
