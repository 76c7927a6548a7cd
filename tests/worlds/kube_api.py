"""An API server that lists what a test put there: paths, pages, selectors and refusals like the real one's."""

from __future__ import annotations

import http.server
import json
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "the-readers-token"
CREATED = "2026-11-23T01:00:00Z"
#: Kinds this server knows, by plural name with group.
SERVED = {
    "applications.argoproj.io", "applicationsets.argoproj.io", "appprojects.argoproj.io", "namespaces", "pods", "events",
    "validatingadmissionpolicies.admissionregistration.k8s.io", "validatingadmissionpolicybindings.admissionregistration.k8s.io",
    "deployments.apps", "statefulsets.apps", "jobs.batch", "ingresses.networking.k8s.io",
    "targetgroupbindings.elbv2.k8s.aws", "externalsecrets.external-secrets.io", "secretstores.external-secrets.io",
    "clustersecretstores.external-secrets.io", "persistentvolumeclaims", "replicasets.apps",
}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """One request as seen: method, `plural.group`, namespace, query."""

    method: str
    resource: str
    namespace: str
    query: Mapping[str, str]


@dataclass
class KubeApi:
    """`objects`: trees by `plural.group`. `answers`: status and body by resource, given once for each item in the list."""

    objects: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    answers: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    served: set[str] = field(default_factory=lambda: set(SERVED))
    page: int = 500
    requests: list[Request] = field(default_factory=list)
    log: bytes = b""
    told: dict[str, queue.Queue[bytes | None]] = field(default_factory=dict)
    refused: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    #: The tokens that are taken, and what is called before a request is refused for another.
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    refusing: Callable[[], None] = lambda: None
    agents: set[str] = field(default_factory=set)

    def __enter__(self) -> KubeApi:
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.agents.add(self.headers.get("user-agent", ""))
                if "watch=true" in self.path or "follow=true" in self.path:
                    api.stream(self)
                    return
                status, body = api.answer(self.command, self.path, self.headers.get("authorization", ""))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for lines in self.told.values():
            lines.put(None)
        self.server.daemon_threads = True
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def kubeconfig(self, path: Path, *contexts: str, token: str = TOKEN) -> Path:
        """A kubeconfig with these contexts, all of this server."""
        tree = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": self.url}}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in contexts or ("here",)],
        }
        path.write_text(json.dumps(tree), encoding="utf-8")
        return path

    def add(self, resource: str, name: str, namespace: str = "", **fields: Any) -> dict[str, Any]:
        """Put an object there; `meta` is laid over its metadata."""
        meta = {"name": name, "creationTimestamp": CREATED} | ({"namespace": namespace} if namespace else {})
        tree = {**fields, "metadata": {**meta, **fields.pop("meta", {})}}
        self.objects.setdefault(resource, []).append(tree)
        return tree

    def tell(self, resource: str, kind: str, tree: Mapping[str, Any], *, cut: bool = False) -> None:
        """An event of a watch of `resource` (`plural.group`); `cut`: the connection breaks in the middle of it."""
        line = json.dumps({"type": kind, "object": tree}).encode() + b"\n"
        self.told.setdefault(resource, queue.Queue()).put(line[: len(line) // 2] if cut else line)
        if cut:
            self.close(resource)

    def close(self, resource: str) -> None:
        """End the watches of `resource` that are open."""
        self.told.setdefault(resource, queue.Queue()).put(None)

    def stream(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        """A watch: what `tell` is given, until `close`. Only the end of the connection ends it, as with HTTP/1.0."""
        resource, namespace, query = self._asked(handler.path)
        self.requests.append(Request("WATCH", resource, namespace, query))
        if not self._is_known(handler.headers.get("authorization", "")):
            self.refused.setdefault(resource, []).insert(0, _status(401, "Unauthorized"))
        if self.refused.get(resource):
            status, body = self.refused[resource].pop(0)
            handler.send_response(status)
            handler.end_headers()
            handler.wfile.write(body)
            return
        handler.send_response(200)
        handler.end_headers()
        lines = self.told.setdefault(resource, queue.Queue())
        while (line := lines.get()) is not None:
            handler.wfile.write(line)
            handler.wfile.flush()

    def _asked(self, path: str) -> tuple[str, str, dict[str, str]]:
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        steps = parts.path.strip("/").split("/")
        group, rest = (steps[1], steps[3:]) if steps[0] == "apis" else ("", steps[2:])
        namespace = rest[1] if rest[0] == "namespaces" and len(rest) > 2 else ""
        plural = "/".join(rest[2::2]) if namespace else rest[0]
        return f"{plural}.{group}" if group else plural, namespace, query

    def answer(self, method: str, path: str, authorization: str) -> tuple[int, bytes]:
        resource, namespace, query = self._asked(path)
        self.requests.append(Request(method, resource, namespace, query))
        if not self._is_known(authorization):
            return _status(401, "Unauthorized")
        if self.answers.get(resource):
            return self.answers[resource].pop(0)
        if resource == "pods/log":
            return 200, self.log
        if resource not in self.served:
            return 404, b"404 page not found\n"
        return 200, json.dumps(self._listed(resource, namespace, query)).encode()

    def _is_known(self, authorization: str) -> bool:
        is_known = authorization in {f"Bearer {token}" for token in self.tokens}
        if not is_known:
            self.refusing()
        return is_known

    def _listed(self, resource: str, namespace: str, query: Mapping[str, str]) -> dict[str, Any]:
        found = [t for t in self.objects.get(resource, ()) if namespace in ("", t["metadata"].get("namespace"))]
        field_, _, value = query.get("fieldSelector", "").partition("=")
        if field_ == "metadata.name":
            found = [t for t in found if t["metadata"]["name"] == value]
        elif field_:
            assert (resource, field_) == ("events", "type"), "what the API server takes"
            found = [t for t in found if t.get("type") == value]
        label, _, value = query.get("labelSelector", "").partition("=")
        if label:
            found = [t for t in found if t["metadata"].get("labels", {}).get(label) == value]
        begin, limit = int(query.get("continue", 0)), min(int(query["limit"]), self.page)
        more = {"continue": str(begin + limit)} if begin + limit < len(found) else {}
        return {"kind": "List", "metadata": more, "items": found[begin : begin + limit]}


def refusal(status: int, message: str = "no") -> tuple[int, bytes]:
    """A refusal as the API server words it."""
    return _status(status, message)


def _status(status: int, message: str) -> tuple[int, bytes]:
    return status, json.dumps({"kind": "Status", "status": "Failure", "message": message, "code": status}).encode()
