"""What a webhook's 202 costs beside a route that only answers 202: both by the same server, in turn, over one connection.

The webhook's is proved, parsed and committed to SQLite with its job, synced to the disk, before it is answered.
"""

from __future__ import annotations

import http.client
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

import uvicorn
from fastapi import FastAPI, Response

from hub.queue.jobs import Jobs
from hub.services.binding import bound
from hub.services.listener.app import Beside, webhooks
from hub.services.listener.receiving import Receiver
from hub.store.database import Database, sqlite_url
from hub.store.schema import prepare
from worlds.delivering import NOW, SECRETS, from_jira, issue

ROUNDS = 500


def main(rounds: int = ROUNDS) -> tuple[float, float]:
    """Print both; their p95 in milliseconds, the bare route's first."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(sqlite_url(Path(folder) / "hub.sqlite"))
        prepare(database)
        try:
            bare, webhook = _timed(Receiver(Jobs(database), SECRETS.get, lambda: NOW), rounds)
        finally:
            database.close()
    print(f"{'answer, ms':<28}{'p50':>8}{'p95':>8}{'x bare p95':>12}")
    for title, took in (("a bare 202", bare), ("a webhook's 202", webhook)):
        print(f"{title:<28}{statistics.median(took):>8.2f}{_p95(took):>8.2f}{_p95(took) / _p95(bare):>12.1f}")
    return _p95(bare), _p95(webhook)


def _timed(receiver: Receiver, rounds: int) -> tuple[list[float], list[float]]:
    app = FastAPI()

    @app.post("/bare")
    async def bare() -> Response:
        return Response(status_code=202)

    server = uvicorn.Server(uvicorn.Config(Beside(app, webhooks(receiver)), log_config=None, access_log=False))
    with bound("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        connection = http.client.HTTPConnection("127.0.0.1", listening.getsockname()[1], timeout=30)
        body = issue()
        took: tuple[list[float], list[float]] = ([], [])
        for number in range(rounds):
            signed = from_jira(body, name=f"bench-{number}")
            took[0].append(_milliseconds(lambda: _post(connection, "/bare", body, {})))
            took[1].append(_milliseconds(lambda: _post(connection, "/api/webhook/jira", body, signed)))  # noqa: B023
        connection.close()
        server.should_exit = True
        thread.join()
    return took


def _post(connection: http.client.HTTPConnection, path: str, body: bytes, headers: Mapping[str, str]) -> None:
    connection.request("POST", path, body, dict(headers))
    answer = connection.getresponse()
    answer.read()
    if answer.status != 202:
        raise RuntimeError(f"{path} answers {answer.status}")


def _milliseconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


def _p95(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.95)]


if __name__ == "__main__":
    main()
