"""How an API server is asked, whoever says where it is and what signs a request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from generator.errors import Reason
from hub.adapters.http import Origin, Peer, Sender, SenderParts

#: How often a list is asked for, and within how many seconds again; the third time within twice as many.
TRIES, FIRST_SECONDS = 3, 1.0
#: A cluster that takes no new credentials either is not the reason for new ones with each request.
RENEWED_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Remedies:
    """What to do when an API server cannot be reached, when its certificate is not taken, and when it takes no key."""

    network: str
    certificate: str
    credentials: str


@dataclass(eq=False)
class Renewing:
    """Makes new what signs requests after a 401, once for all that were refused with the same. Safe for threads.

    `current` is what signs now, `make` makes it anew; what they raise is raised. `seconds` only go forward.
    """

    current: Callable[[], str | None]
    make: Callable[[], None]
    seconds: Callable[[], float]
    _made: float | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __call__(self, refused: str | None) -> None:
        """Told what was refused."""
        with self._lock:
            if self.current() != refused:
                return
            now = self.seconds()
            if self._made is None or now - self._made >= RENEWED_SECONDS:
                self._made = now
                self.make()


def api_server(  # noqa: PLR0913 - what a connection is made of
    origin: Origin,
    authorization: Callable[[], str | None],
    parts: SenderParts,
    *,
    pool: Any,
    remedies: Remedies,
    make: Callable[[], None] | None = None,
) -> Sender:
    """A sender to the API server at `origin` by a `pool` of urllib3's.

    `make` makes anew what `authorization` gives; None: that is read anew with each request.
    """
    from hub.adapters.http.transport import within_time

    peer = Peer(
        "kubernetes",
        unreachable=Reason.CLUSTER_UNREACHABLE,
        refused=Reason.CLUSTER_REFUSED,
        remedy=remedies.network,
        certificate_remedy=remedies.certificate,
        key_remedy=remedies.credentials,
    )
    patient = replace(parts, backoff=replace(parts.backoff, tries=TRIES, first_seconds=FIRST_SECONDS))
    sender = Sender(peer, origin, authorization, patient, pool=within_time(pool))
    return replace(sender, renew=Renewing(authorization, make, parts.seconds)) if make else sender
