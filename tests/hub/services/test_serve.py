"""`rtb-hub serve`, as a process of its own: with nothing but HTTP from signing in to the end."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from generator.errors import ConfigError, Reason
from hub.actions.start import start as start_action
from hub.services.binding import bound
from hub.services.serve import only_one
from hub.settings import load_settings
from hub.wiring import Hub
from worlds.builders import image, start_request
from worlds.commands import commit_file, git, rtb_hub
from worlds.places import ROOT
from worlds.repositories import state_repository


class Served:
    """A process that serves. `lines`: what it says."""

    def __init__(self, repo: Path, data: Path) -> None:
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "RTB_HUB_DATA": str(data), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "hub.cli.main", "serve", "--repo", str(repo), "--port", "0"]
        self.log = (data.parent / "log").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=self.log, text=True)
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline(), self.process.stdout.readline()]
        ready, link = (
            re.search(pattern, line) for pattern, line in zip((r":(\d+) is ready", r"(/api/\S+)$"), lines, strict=True)
        )
        assert ready is not None, Path(self.log.name).read_text()
        assert link is not None
        self.port, self.link = int(ready[1]), link[1]
        self.cookie = ""
        self.connections: list[http.client.HTTPConnection] = []

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.connections.append(connection)
        given = {"Cookie": self.cookie, "X-RTB-Request": "1", "Content-Type": "application/json", **headers}
        connection.request(method, path, json.dumps(body) if body is not None else None, given)
        return connection.getresponse()

    def json(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        with self.call(method, path, body, **headers) as answer:
            return json.load(answer)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        for one in self.connections:
            one.close()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.log.close()
        return code


ENTRY = "environments/int/previews/rtb/0/rtb-9/preview.yaml"
TIME = re.compile(r"[0-9-]{10}T[0-9:]{8}Z")


def nine_days_before(time: str) -> str:
    return (datetime.fromisoformat(time) - timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    repo = state_repository(tmp_path / "state.git")
    asked = replace(start_request("RTB-9", blueprint="web"), requested_by="alice")
    start_action(asked, "int", parts=Hub(load_settings({"HOME": str(tmp_path)})).parts(str(repo)))
    entry = git(repo, "show", f"main:{ENTRY}")
    commit_file(repo, ENTRY, TIME.sub(lambda found: nine_days_before(found[0]), entry))
    made = Served(repo, tmp_path / "data")
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.end()


def test_from_signing_in_to_the_end(served: Served, tmp_path: Path) -> None:
    assert served.json("GET", "/readyz")["status"] == "ok"
    with served.call("POST", "/api/webhook/github", {}) as not_set:
        assert not_set.status == 503, "webhooks are answered beside the API"
    with served.call("GET", served.link) as signed_in:
        served.cookie = (signed_in.headers["Set-Cookie"] or "").partition(";")[0]
    stream = served.call("GET", "/api/v1/events")
    seen: list[tuple[str, str]] = []
    is_seen = threading.Condition()

    def read() -> None:
        name = ""
        for line in stream:
            field, _, text = line.decode().strip().partition(": ")
            if field == "event":
                name = text
            elif field == "data":
                with is_seen:
                    told = json.loads(text)
                    seen.extend((name, one["issue"]) for one in told.get("previews", [told] if "issue" in told else []))
                    is_seen.notify_all()

    reader = threading.Thread(target=read)
    reader.start()
    body = {"issue": "RTB-1", "environment": "int", "blueprint": "web", "images": {"web": image("web")}}
    done = served.json("POST", "/api/v1/previews", body, Prefer="wait=30")
    assert done["result"]["change"] == "created", done
    with is_seen:
        assert is_seen.wait_for(lambda: {("changed", "RTB-1"), ("operation", "RTB-1")} <= {*seen}, 30), seen
    listed = served.json("GET", "/api/v1/previews")["previews"]
    assert [one["issue"] for one in listed] == ["RTB-1"], "what had expired is removed by the reconcilers"
    with served.call("GET", "/preview/RTB-1") as way:
        assert (way.status, way.headers["Location"]) == (303, done["result"]["url"])
    again = rtb_hub("serve", "--repo", tmp_path / "state.git", "--port", "0", RTB_HUB_DATA=str(tmp_path / "data"))
    assert (again.code, f"process {served.process.pid} serves" in again.err) == (72, True)
    taken = rtb_hub(
        "serve", "--repo", tmp_path / "state.git", "--port", str(served.port), RTB_HUB_DATA=str(tmp_path / "o")
    )
    assert (taken.code, "Address already in use" in taken.err) == (72, True)
    served.process.send_signal(signal.SIGTERM)
    reader.join(30)
    assert not reader.is_alive(), "the stream ended"
    stream.close()
    assert served.end() == 0


def test_a_port_and_a_folder_are_one_processs(tmp_path: Path) -> None:
    with bound("127.0.0.1", 0) as one, pytest.raises(ConfigError) as refused, bound(*one.getsockname()):
        pass
    assert refused.value.reason is Reason.IN_USE
    folder = tmp_path / "deep" / "data"
    with only_one(folder), pytest.raises(ConfigError, match=r"serves .* already"), only_one(folder):
        pass
    with only_one(tmp_path / "deep" / "data"):
        pass


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError) as refused, only_one(tmp_path / "file" / "data"):
        pass
    assert refused.value.faults[0].field == "RTB_HUB_DATA"
