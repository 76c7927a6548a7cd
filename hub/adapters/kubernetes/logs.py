"""The log of a container, as the kubelet has it (API reference: Pod, read log). Needs the role rtb-hub-logs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from generator.bootstrap.argocd import LOGS, READER
from generator.errors import Fault, Reason, Stalled
from hub.adapters.http import Request, Route
from hub.adapters.kubernetes.cluster import Cluster

_BIND = (
    f"an administrator binds the role {LOGS}, which nobody has by itself: kubectl create clusterrolebinding {LOGS}"
    f" --clusterrole={LOGS} --group={READER}"
)
LIMIT_BYTES = 4 * 1024 * 1024
LINE_BYTES = 64 * 1024
TIMEOUT_SECONDS, FOLLOW_SECONDS = 60.0, 4 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogAsked:
    """Which log: of a container of a pod. `tail` lines, of the last `since_seconds` where that is named.

    `is_previous`: of the run before. `is_followed`: goes on until the container ends.
    """

    namespace: str
    pod: str
    container: str
    tail: int = 100
    since_seconds: int | None = None
    is_previous: bool = False
    is_followed: bool = False


def log_lines(cluster: Cluster, asked: LogAsked) -> Iterator[str]:
    """The lines, as they come; bytes that are no text are replaced.

    Raises `Stalled` (ClusterRefused) where that is not allowed or there is no such log, `Transient`
    (ClusterUnreachable).
    """
    query = {
        "container": asked.container,
        "tailLines": str(asked.tail),
        **({} if asked.is_followed else {"limitBytes": str(LIMIT_BYTES)}),
        **({"sinceSeconds": str(asked.since_seconds)} if asked.since_seconds else {}),
        **({"previous": "true"} if asked.is_previous else {}),
        **({"follow": "true"} if asked.is_followed else {}),
    }
    request = Request(
        route=Route.of("/api/v1/namespaces/{}/pods/{}/log", asked.namespace, asked.pod),
        purpose=f"read a log in cluster {cluster.context}",
        query=tuple(query.items()),
        accept="text/plain, application/json",
        timeout_seconds=FOLLOW_SECONDS if asked.is_followed else TIMEOUT_SECONDS,
        limit_bytes=LINE_BYTES,
    )
    with cluster.sender.stream(request) as stream:
        if stream.status != 200:
            answer = stream.answer()
            if answer.status in (401, 403):
                raise cluster.lists.forbidden(answer, "reading logs", asked.namespace, _BIND)
            if answer.status in (400, 404):
                said = answer.data.get("message", "") if isinstance(answer.data, dict) else ""
                fault = Fault(f"there is no log: {said or answer.status}", remedy="the command 'why' tells why")
                raise Stalled(Reason.CLUSTER_REFUSED, fault)
            raise cluster.lists.unreachable(f"it answers {answer.status} to a read of a log")
        for line in stream.lines():
            yield line.decode("utf-8", "replace")
