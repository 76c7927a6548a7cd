"""One sender for HTTP: what the adapters of forges and clusters, and all that come, call others by.

Importing it loads no HTTP library: that waits for the first request.
"""

from hub.adapters.http.network import Network
from hub.adapters.http.origin import Origin, OriginError, without_secrets
from hub.adapters.http.peer import Peer, Unanswered
from hub.adapters.http.sender import Sender, SenderParts
from hub.adapters.http.values import Answer, Call, Limit, Request, Route, Secret, unobserved

__all__ = [
    "Answer",
    "Call",
    "Limit",
    "Network",
    "Origin",
    "OriginError",
    "Peer",
    "Request",
    "Route",
    "Secret",
    "Sender",
    "SenderParts",
    "Unanswered",
    "unobserved",
    "without_secrets",
]
