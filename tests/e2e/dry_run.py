"""Asking a real API server what it would do with a document: created, but for keeping it; unknown fields refused."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import yaml
from api_server import ApiServer

from worlds.public_manifests import Published

#: What judges an object by others that there are, or by this server's own ranges, is left out: each is judged alone.
ALONE = (
    "--runtime-config=api/all=true",
    "--disable-admission-plugins=NamespaceLifecycle,PodSecurity,Priority,RuntimeClass,ServiceAccount",
    "--allow-privileged",
    "--service-cluster-ip-range=10.0.0.0/12,fd00:10::/108",
    "--service-node-port-range=1-65535",
)
_QUESTION = "dryRun=All&fieldValidation=Strict&fieldManager=scenario"
_AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the server said: HTTP status, and why it refused. It looks for another of the name last, so 409 is taken."""

    status: int
    why: str

    @property
    def is_taken(self) -> bool:
        return self.status in (200, 201, 202, 409)

    @property
    def is_unserved(self) -> bool:
        """No such kind, or no such version of it."""
        return self.status == 0


class DryRun:
    """A server that is up, with the kinds it serves now."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._own = threading.local()
        self._opened: list[http.client.HTTPSConnection] = []
        self._served: dict[str, tuple[str, str, bool]] = {}

    def close(self) -> None:
        """Close all connections."""
        for connection in self._opened:
            connection.close()

    def keep(self, definitions: Iterable[str]) -> None:
        """Make these CustomResourceDefinitions, and wait for their kinds. Raises `RuntimeError` for one refused."""
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        for text in definitions:
            status, told = self._asked("POST", path, text.encode())
            if status != 201:
                raise RuntimeError(f"a definition is refused: {told.get('message')}")
        self._server.wait_for_definitions()

    def discover(self) -> None:
        """Learn which kinds are served."""
        groups = ["/api/v1"]
        groups += [f"/apis/{v['groupVersion']}" for g in self._get("/apis")["groups"] for v in g["versions"]]
        for path in groups:
            told = self._get(path)
            for one in told["resources"]:
                if "/" not in one["name"] and "create" in one["verbs"]:
                    self._served[f"{told['groupVersion']} {one['kind']}"] = (path, one["name"], one["namespaced"])

    def verdicts(self, documents: Iterable[Published]) -> list[Verdict]:
        """What it says of each, in their order."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self.verdict, documents))

    def verdict(self, one: Published) -> Verdict:
        """What it says of one document."""
        served = self._served.get(f"{one.api_version} {one.kind}")
        if served is None:
            return Verdict(0, f"{one.api_version} {one.kind} is not served")
        path, plural, is_namespaced = served
        place = f"{path}/namespaces/{quote(_namespace(one.text), safe='')}" if is_namespaced else path
        status, told = self._asked("POST", f"{place}/{plural}?{_QUESTION}", one.text.encode())
        if status in (401, 403, 429) or status > 500:
            raise RuntimeError(f"{one.source}: {status} {told}")
        return Verdict(status, str(told.get("message", "")) if status >= 400 else "")

    def _get(self, path: str) -> Any:
        status, told = self._asked("GET", path, b"")
        assert status == 200, (path, status, told)
        return told

    def _asked(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._server.token}", "Accept": "application/json"}
        connection = self._connection()
        try:
            connection.request(method, path, body, headers | {"Content-Type": "application/yaml"})
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException):  # it was idle for too long: a new one, once
            connection.close()
            connection.request(method, path, body, headers | {"Content-Type": "application/yaml"})
            answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def _connection(self) -> http.client.HTTPSConnection:
        """One for each thread, kept."""
        kept: http.client.HTTPSConnection | None = getattr(self._own, "connection", None)
        if kept is None:
            host, _, port = self._server.url.removeprefix("https://").partition(":")
            context = ssl.create_default_context(cafile=str(self._server.certificate))
            kept = self._own.connection = http.client.HTTPSConnection(host, int(port), timeout=60, context=context)
            self._opened.append(kept)
        return kept


def _namespace(text: str) -> str:
    """The namespace that a client would ask in; of one whose own is none, which the server tells, any other."""
    if "namespace:" not in text:
        return "default"
    try:
        data = yaml.load(text, yaml.CSafeLoader)
        named = data["metadata"]["namespace"]
    except (yaml.YAMLError, KeyError, TypeError, ValueError):
        return "default"
    return named if isinstance(named, str) and re.fullmatch(r"[a-z0-9-]+", named) else "default"
