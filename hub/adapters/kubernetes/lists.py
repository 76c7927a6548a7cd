"""Lists of a cluster, page by page, and how one is refused. Sending is `hub.adapters.http`; all is read as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from generator.bootstrap.argocd import READER
from generator.errors import Fault, Reason, Stalled, Transient
from hub.adapters.http import Answer, Request, Sender
from hub.adapters.kubernetes import objects
from hub.adapters.kubernetes.resources import Resource
from hub.retrying import retried

PAGE = 500
#: 500 pods with everything that is said about each are some ten megabytes.
LIMIT_BYTES = 64 * 1024 * 1024
TIMEOUT_SECONDS = 30.0
MAX_PAGES = 400
_RESTARTS = 3
_GROUP = (
    f"put this identity into the group {READER} (on EKS: an access entry with that Kubernetes group) and apply"
    " argocd/<environment>/hub-reader.yaml, which gives the group its rights"
)


class NotServed(Exception):  # noqa: N818 - an answer, not an error: the API server does not know the kind
    """The API server does not know the kind."""


class Denied(Stalled):
    """Who asks is known, and may not read that kind."""


class _Expired(Transient):
    """A list that expired half-way has to be begun again."""


@dataclass(frozen=True, slots=True)
class Lists:
    """What a cluster lists. `context`: the name that people know it by. Safe for threads."""

    context: str
    sender: Sender

    def of(
        self, resource: Resource, namespace: str = "", *, fields: str = "", labels: str = ""
    ) -> list[dict[str, Any]]:
        """All objects, page by page. A list that expires half-way (410) is begun again, never stitched together.

        Raises `NotServed`, `Stalled` (ClusterRefused) and `Transient` (ClusterUnreachable).
        """
        selected = {"fieldSelector": fields, "labelSelector": labels}
        query = {"limit": str(PAGE)} | {name: value for name, value in selected.items() if value}
        again = replace(self.sender.parts.backoff, tries=_RESTARTS)
        return retried(lambda: list(self._pages(resource, namespace, dict(query))), on=_Expired, backoff=again)

    def must(self, resource: Resource, namespace: str = "", *, fields: str = "") -> list[dict[str, Any]]:
        """As `of`, of a kind that has to be there: a cluster that does not know it is `Stalled`."""
        try:
            return self.of(resource, namespace, fields=fields)
        except NotServed:
            if resource.group == "argoproj.io":
                remedy = "install Argo CD there, or name the context of the environment's own cluster"
                message = f"cluster {self.context} has no Argo CD: it does not serve {resource}"
            else:
                remedy = "Kubernetes 1.30 or later is needed"
                message = f"cluster {self.context} does not serve {resource}"
            raise Stalled(Reason.CLUSTER_REFUSED, Fault(message, remedy=remedy)) from None

    def _pages(self, resource: Resource, namespace: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        for _ in range(MAX_PAGES):
            answer = self._get(resource, namespace, query)
            items, meta = answer.get("items"), answer.get("metadata") or {}
            if not isinstance(items, list) or not isinstance(meta, dict):
                raise self.unreachable(f"its answer to a list of {resource} is no list")
            if not all(map(objects.is_object, items)):
                raise self.unreachable(f"its answer to a list of {resource} makes no sense")
            yield from items
            following = meta.get("continue")
            if not following:
                return
            query["continue"] = str(following)
        raise self.unreachable(f"the list of {resource} has more than {MAX_PAGES} pages")

    def _get(self, resource: Resource, namespace: str, query: Mapping[str, str]) -> dict[str, Any]:
        answer = self.sender.send(
            Request(
                route=resource.route(namespace),
                purpose=f"read cluster {self.context}",
                query=tuple(query.items()),
                timeout_seconds=TIMEOUT_SECONDS,
                limit_bytes=LIMIT_BYTES,
                may_repeat=True,
            )
        )
        return self._checked(answer, resource, namespace)

    def _checked(self, answer: Answer, resource: Resource, namespace: str) -> dict[str, Any]:
        if answer.status == 404:
            raise NotServed
        if answer.status == 410:
            message = f"cluster {self.context}: the list of {resource} changed faster than it could be read"
            raise _Expired(Reason.CLUSTER_UNREACHABLE, message)
        if answer.status in (401, 403):
            raise self.forbidden(answer, f"listing {resource}", namespace)
        if answer.status == 429 or answer.status >= 500:
            raise self.unreachable(f"it answers {answer.status} to a list of {resource}")
        if answer.status != 200 or not isinstance(answer.data, dict):
            raise self.unreachable(f"its answer ({answer.status}) to a list of {resource} makes no sense")
        return answer.data

    def forbidden(self, answer: Answer, doing: str, namespace: str = "", remedy: str = _GROUP) -> Stalled:
        """Why an answer of 401 or 403 does not allow `doing`; `remedy`: what would."""
        said = answer.data.get("message", "") if isinstance(answer.data, dict) else ""
        if answer.status == 401 or "system:anonymous" in str(said):
            message = f"cluster {self.context} does not accept the credentials it is asked with"
            return Stalled(Reason.CLUSTER_REFUSED, Fault(message, remedy=self.sender.peer.key_remedy))
        where = f" in namespace {namespace}" if namespace else ""
        message = f"cluster {self.context} does not allow {doing}{where}"
        return Denied(Reason.CLUSTER_REFUSED, Fault(message, remedy=remedy))

    def unreachable(self, why: str) -> Transient:
        """That a cluster cannot be read now."""
        fault = Fault(f"cannot read cluster {self.context}: {why}", remedy=self.sender.peer.remedy)
        return Transient(Reason.CLUSTER_UNREACHABLE, fault)
