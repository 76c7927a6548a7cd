"""Asking a preview's own page, as its readers do: through DNS, the load balancer and its certificate."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from generator.errors import HubError, Reason
from hub.adapters.http import Origin, Peer, Request, Route, Sender, SenderParts, Unanswered
from reconcilers.causes.exposure import Reached

#: What the anchor of a load-balancer group answers for a host that has no rule (templates/argocd/platform).
NO_PREVIEW = b"There is no such preview."
TIMEOUT_SECONDS = 10.0
_LIMIT_BYTES = 1024 * 1024
#: So long one who looks waits for an answer.
QUICK_SECONDS = 3.0
_PEER = Peer("preview", unreachable=Reason.NOT_IN_TIME, refused=Reason.PREVIEW_FAILED)


def why_not_served(host: str, path: str, parts: SenderParts, *, scheme: str = "https") -> str:
    """Why the page at `host` is not the preview's yet; empty when it is: any answer below 500 that is its own.

    A redirect counts as an answer and is not followed. Asked once: who calls it asks again.
    """
    try:
        origin = Origin.parse(f"{scheme}://{host}")
        sender = Sender(_PEER, origin, parts=replace(parts, backoff=replace(parts.backoff, tries=1)))
        route = Route("/{+}", path)
        purpose = f"ask {host}"
        asked = Request(
            route=route, purpose=purpose, accept="*/*", timeout_seconds=TIMEOUT_SECONDS, limit_bytes=_LIMIT_BYTES
        )
        answer = sender.send(asked)
    except Unanswered as err:
        return "" if err.failure == "too-large" else str(err.faults[0].message)
    except (HubError, ValueError) as err:
        return str(err)
    if answer.status >= 500:
        return f"{host} answers {answer.status}"
    if answer.status == 404 and answer.body.strip() == NO_PREVIEW:
        return f"{host} leads to a load balancer that does not know the preview yet"
    return ""


def reach(
    host: str,
    parts: SenderParts,
    *,
    at: datetime,
    scheme: str = "https",
    resolve: Callable[[str], Iterable[str]] | None = None,
) -> Reached:
    """Ask a preview's own address once, where it resolves: its root, at most three seconds, no redirect followed.

    Only `host` is asked, which the environment's domain and the issue key make. A name that leads to this machine or a
    link-local address (the cloud's metadata service) is not asked.
    """
    name = host.partition(":")[0]
    try:
        found = [*(resolve or _addresses)(name)]
    except OSError as err:
        return Reached(host, at, failure="unresolved", error=f"{name} does not resolve: {err.strerror or err}")
    if any(_is_elsewhere(address) for address in found):
        return Reached(host, at, failure="elsewhere", error=f"{name} leads to {found[0]}")
    sender = Sender(
        _PEER, Origin.parse(f"{scheme}://{host}"), parts=replace(parts, backoff=replace(parts.backoff, tries=1))
    )
    asked = Request(
        route=Route("/", "/"),
        purpose=f"ask {host}",
        accept="*/*",
        timeout_seconds=QUICK_SECONDS,
        limit_bytes=_LIMIT_BYTES,
    )
    try:
        answer = sender.send(asked)
    except Unanswered as err:
        told = str(err.faults[0].message)
        if err.failure == "too-large":
            return Reached(host, at, 200)
        return Reached(host, at, failure="certificate" if err.failure == "tls" else "no-answer", error=told)
    except HubError as err:
        return Reached(host, at, failure="certificate", error=err.words)
    if answer.status >= 500:
        return Reached(host, at, answer.status, "status", f"{host} answers {answer.status}")
    if answer.status == 404 and answer.body.strip() == NO_PREVIEW:
        return Reached(host, at, 404, "unknown-host", f"{host} leads to a load balancer that does not know the preview")
    return Reached(host, at, answer.status)


def _addresses(name: str) -> Iterable[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(name, 443, proto=socket.IPPROTO_TCP)]


def _is_elsewhere(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    return found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast
