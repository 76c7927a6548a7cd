"""Asking a preview's own page, as its readers do: through DNS, the load balancer and its certificate."""

from __future__ import annotations

from dataclasses import replace

from generator.errors import HubError, Reason
from hub.adapters.http import Origin, Peer, Request, Route, Sender, SenderParts, Unanswered

#: What the anchor of a load-balancer group answers for a host that has no rule (templates/argocd/platform).
NO_PREVIEW = b"There is no such preview."
TIMEOUT_SECONDS = 10.0
_LIMIT_BYTES = 1024 * 1024
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
