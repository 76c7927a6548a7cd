"""How an API server is asked, whoever says where it is and what signs a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from generator.errors import Reason
from hub.adapters.http import Origin, Peer, Sender, SenderParts

#: How often a list is asked for, and within how many seconds again; the third time within twice as many.
TRIES, FIRST_SECONDS = 3, 1.0


def api_server(
    origin: Origin,
    authorization: Callable[[], str | None],
    parts: SenderParts,
    *,
    pool: Any,
    remedies: tuple[str, str],
) -> Sender:
    """A sender to the API server at `origin` by a `pool` of urllib3's.

    `remedies`: what to do when it cannot be reached, and when its certificate is not taken.
    """
    from hub.adapters.http.transport import within_time

    remedy, certificate_remedy = remedies
    peer = Peer(
        "kubernetes",
        unreachable=Reason.CLUSTER_UNREACHABLE,
        refused=Reason.CLUSTER_REFUSED,
        remedy=remedy,
        certificate_remedy=certificate_remedy,
    )
    patient = replace(parts, backoff=replace(parts.backoff, tries=TRIES, first_seconds=FIRST_SECONDS))
    return Sender(peer, origin, authorization, patient, pool=within_time(pool))
