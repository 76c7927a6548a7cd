"""`rtb-hub serve …` as a process of its own, and asking it over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from worlds.places import ROOT


class Process:
    """`rtb-hub serve …`. `say` gives the next line it says."""

    def __init__(self, folder: Path, *arguments: str, **environ: str) -> None:
        given = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "HOME": str(folder), **environ}
        self.log = (folder / f"log-{arguments[0]}").open("w+", encoding="utf-8")
        command = [sys.executable, "-m", "hub.cli.main", "serve", *arguments]
        self.process = subprocess.Popen(command, env=given, stdout=subprocess.PIPE, stderr=self.log, text=True)

    def say(self, pattern: str) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(pattern, line)
        assert found is not None, line + Path(self.log.name).read_text()
        return found[1]

    def end(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.stdout is not None
        code = self.process.wait(60)
        self.process.stdout.close()
        self.log.close()
        return code


def call(port: str, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
    try:
        text = json.dumps(body) if body is not None else None
        connection.request(method, path, text, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers
    finally:
        connection.close()
