"""What the hub reaches from this machine: a front with TLS for a server that has none, and a proxy to known hosts alone."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Mapping
from typing import Self

_HEAD_SECONDS = 10


class _Server:
    """On a free port; started and ended by `with`."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result(30)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    async def _end(self) -> None:
        self._server.close()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


class TlsFront(_Server):
    """Takes TLS and passes on to `port`."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        super().__init__(context)
        self._behind = port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await _joined(reader, writer, self._behind)


class Proxy(_Server):
    """Takes CONNECT to `hosts` (`slack.com:443` → port of this machine); to any other it refuses."""

    def __init__(self, hosts: Mapping[str, int]) -> None:
        super().__init__()
        self._hosts = hosts

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_SECONDS)
            method, _, rest = head.decode("latin-1").partition(" ")
            port = self._hosts.get(rest.partition(" ")[0]) if method == "CONNECT" else None
            if port is not None:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _joined(reader, writer, port)
                return
            writer.write(b"HTTP/1.1 502 Nobody is there\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        writer.close()


async def _joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """Pass on between a connection and a port of this machine, until either has ended. Raises `OSError`."""
    behind, to = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.gather(_passed(reader, to), _passed(behind, writer))


async def _passed(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    """Pass on until either side has ended, then end the other."""
    try:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                to.write(data)
                await to.drain()
    finally:
        to.close()
