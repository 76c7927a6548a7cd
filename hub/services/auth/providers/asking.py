"""Asking a provider over HTTP: bounded in time and size, to addresses that may be asked, with errors of ours."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from generator.errors import Fault, Reason, Transient
from hub.adapters.http import Answer, Origin, OriginError, Peer, Request, Route, Sender, SenderParts
from hub.adapters.http.values import JSON
from hub.retrying import Backoff
from hub.services.auth.providers.port import RefusedError

SECONDS: Final = 5.0
_BYTES, _LIMITED = 512 * 1024, 429
_TRIES = Backoff(tries=2, first_seconds=0.2, most_seconds=0.5)


def peer(system: str, setting: str) -> Peer:
    """Whom is asked, named by the setting that names them."""
    return Peer(
        system,
        Reason.PROVIDER_UNREACHABLE,
        Reason.PROVIDER_REFUSED,
        limited=Reason.PROVIDER_UNREACHABLE,
        remedy=f"who is signed in goes on for an hour; check {setting} and the network if it lasts",
    )


@dataclass(frozen=True)
class Asking:
    """Asks one provider, whose addresses may be on several hosts, as its discovery document says.

    `is_clear_allowed`: by http to other machines too, for what is public and of one's own cluster.
    """

    peer: Peer
    parts: SenderParts = field(default_factory=SenderParts)
    is_clear_allowed: bool = False

    def get(self, url: str, purpose: str, *, token: str | None = None) -> Any:
        """The JSON at an address. Raises `RefusedError`, and as `Sender.send`."""
        answer = self._well(self._send(url, purpose, authorization=f"Bearer {token}" if token else None), purpose)
        if answer.status >= 300:
            raise RefusedError(f"cannot {purpose}: it was answered {answer.status}")
        return answer.data

    def visit(self, url: str, purpose: str) -> Answer:
        """The answer to a browser that goes to an address, of whatever status. Raises as `Sender.send`."""
        return self._send(url, purpose, accept="text/html")

    def post(
        self, url: str, purpose: str, fields: Mapping[str, str], *, basic: tuple[str, str] | None = None
    ) -> Answer:
        """The answer to a form, of a status below 500. `basic`: who asks (RFC 6749, 2.3.1).

        Raises `Transient` (ProviderUnreachable), and as `Sender.send`.
        """
        authorization = None
        if basic is not None:
            pair = ":".join(quote(one, safe="") for one in basic)
            authorization = "Basic " + base64.b64encode(pair.encode()).decode()
        return self._well(
            self._send(url, purpose, body=urlencode(fields).encode(), authorization=authorization), purpose
        )

    def _well(self, answer: Answer, purpose: str) -> Answer:
        """An answer of a provider that is well: one that is not refuses nobody."""
        if answer.status >= 500 or answer.status == _LIMITED:
            fault = Fault(f"cannot {purpose}: it was answered {answer.status}", remedy=self.peer.remedy)
            raise Transient(Reason.PROVIDER_UNREACHABLE, fault)
        return answer

    def _send(
        self,
        url: str,
        purpose: str,
        *,
        body: bytes | None = None,
        authorization: str | None = None,
        accept: str = JSON,
    ) -> Answer:
        origin, path, query = place_of(url, is_clear_allowed=self.is_clear_allowed and authorization is None)
        sender = Sender(
            self.peer,
            origin,
            lambda: authorization,
            SenderParts(self.parts.network, _TRIES, self.parts.clock, self.parts.seconds, self.parts.observe),
            patience_seconds=1.0,
        )
        headers = (("Content-Type", "application/x-www-form-urlencoded"),) if body is not None else ()
        return sender.send(
            Request(
                route=Route(path, path),
                purpose=f"{purpose} at {origin}",
                method="POST" if body is not None else "GET",
                query=query,
                headers=headers,
                body=body,
                accept=accept,
                timeout_seconds=SECONDS,
                limit_bytes=_BYTES,
                may_repeat=body is None,
            )
        )


def place_of(url: str, *, is_clear_allowed: bool = False) -> tuple[Origin, str, tuple[tuple[str, str], ...]]:
    """Where an address is: https, or http on this machine. Raises `RefusedError` for anything else."""
    try:
        parts = urlsplit(url)
        origin = Origin.parse(f"{parts.scheme}://{parts.netloc}", is_clear_allowed=is_clear_allowed)
    except (OriginError, ValueError) as err:
        raise RefusedError(f"the provider names an address that is not asked: {err}") from err
    return origin, parts.path or "/", tuple(parse_qsl(parts.query))
