"""Who is asked, and what it means that no answer came.

Texts of the HTTP library's errors, which hold addresses, are not passed on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from generator.errors import Fault, HubError, Reason, Stalled, Transient
from hub.adapters.http.reading import pause_of
from hub.adapters.http.values import Answer, Failure, Limit, Request

#: A limit whose end the server did not name.
UNNAMED_LIMIT_SECONDS = 60.0
WORDS: dict[Failure, str] = {
    "no-connection": "no connection",
    "timeout": "no answer in time",
    "broken": "the connection broke",
    "tls": "no TLS connection",
    "too-large": "its answer is larger than any should be",
    "unreadable": "its answer makes no sense: it is no JSON",
}


class Unanswered(Transient):
    """No answer, or none that can be read. `may_have_acted`: the request may have had its effect."""

    def __init__(self, reason: Reason, fault: Fault, *, failure: Failure, may_have_acted: bool) -> None:
        super().__init__(reason, fault)
        self.failure, self.may_have_acted = failure, may_have_acted


def limit_of(answer: Answer, now: datetime) -> Limit | None:
    """The limit that refused a request: status 429, for as long as `Retry-After` says (RFC 6585, section 4)."""
    if answer.status != 429:
        return None
    seconds = pause_of(answer.headers.get("retry-after"), now)
    return Limit(UNNAMED_LIMIT_SECONDS, is_named=False) if seconds is None else Limit(seconds)


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is asked, and in which of the hub's words its failures are told.

    `system` names it to whoever counts. `limited` None: a limit is an answer like another. `limits` tells whether an
    answer is a limit, and `settles` whether one of 500 and more will not be another when it is asked for again in a
    moment. `remaining` is the header, in lower case, that says how many requests are left. `key_remedy`: what to do
    when it takes neither a key nor a new one.
    """

    system: str
    unreachable: Reason
    refused: Reason
    limited: Reason | None = None
    remedy: str = "try again"
    certificate_remedy: str = "let this machine trust its certificate authority (SSL_CERT_FILE), or check the address"
    limits: Callable[[Answer, datetime], Limit | None] = limit_of
    settles: Callable[[Answer], bool] = lambda _: False
    remaining: str = "x-ratelimit-remaining"
    key_remedy: str = "sign in anew"


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt without an answer. `is_settled`: the server cannot have acted. `is_final`: no other will be better."""

    failure: Failure
    why: str
    cause: Exception = field(repr=False)
    is_settled: bool = False
    is_final: bool = False

    def error(self, peer: Peer, request: Request) -> HubError:
        """The error that tells it."""
        message = f"cannot {request.purpose}: {self.why}"
        if self.is_final:
            return Stalled(peer.refused, Fault(message, remedy=peer.certificate_remedy))
        fault, may_have_acted = Fault(message, remedy=peer.remedy), not self.is_settled
        return Unanswered(peer.unreachable, fault, failure=self.failure, may_have_acted=may_have_acted)


def failure_of(err: Exception) -> Failed:
    """What an error of urllib3 means. Only its kind is told, and of a refused certificate what OpenSSL found wrong."""
    from urllib3 import exceptions as of

    match err:
        case of.ProxyError():
            return Failed("no-connection", "no connection through the proxy", err, is_settled=True)
        case of.NewConnectionError():
            return Failed("no-connection", WORDS["no-connection"], err, is_settled=True)
        case of.ConnectTimeoutError():
            return Failed("timeout", WORDS["timeout"], err, is_settled=True)
        case of.TimeoutError():
            return Failed("timeout", WORDS["timeout"], err)
        case of.SSLError():
            return _tls(err)
        case of.DecodeError():
            return Failed("unreadable", "its answer cannot be decoded", err)
        case _:
            return Failed("broken", WORDS["broken"], err)


def _tls(err: Exception) -> Failed:
    import ssl

    cause = err.args[0] if err.args else None
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = f"its certificate is not accepted: {cause.verify_message}"
        return Failed("tls", why, err, is_settled=True, is_final=True)
    reason = getattr(cause, "reason", None)
    return Failed("tls", f"{WORDS['tls']} ({reason})" if isinstance(reason, str) else WORDS["tls"], err)
