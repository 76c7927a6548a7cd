"""Sending a request to one server: within bounds, again where that is harmless, counted, and told without secrets.

What holds, each with a test in tests/hub/adapters/http/test_sender.py:

* A request that may not be repeated is sent again only where the server cannot have acted on it: there was no
  connection, or it said that it takes no more for now.
* A redirect is an answer like another and is not followed: a key goes to the server that it was given for and nowhere
  else.
* The key is asked for with each attempt, so a file that was changed counts at once. After a 401 a new one is made,
  once, and the request or stream repeated with it where it is another.
* An answer that is too large, too slow, cut off or no JSON is a `Transient` of this call, whatever was sent.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from generator.errors import Fault, HubError, Stalled, Waiting
from hub import USER_AGENT
from hub.adapters.http.network import Network
from hub.adapters.http.origin import Origin
from hub.adapters.http.peer import WORDS, Failed, Peer, failure_of
from hub.adapters.http.reading import TooLargeError, UnreadableError, count_of, parse_json, pause_of, read_body
from hub.adapters.http.streaming import Stream
from hub.adapters.http.values import JSON, Answer, Call, Limit, Request, unobserved
from hub.retrying import Backoff

if TYPE_CHECKING:
    import urllib3

CONNECT_SECONDS = 5.0
#: Shorter ones are no secrets, and would stand in any answer.
_SHORTEST_KEY = 8
_KEY = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")


def no_key() -> None:
    """Nothing signs a request."""


def kept(_: str | None) -> None:
    """A key that was refused is kept: none can be made."""


@dataclass(slots=True)
class _Tally:
    """What one call comes to. `key`: what the last attempt was signed with."""

    begin: float
    attempts: int = 0
    waited: float = 0.0
    received: int = 0
    outcome: str = "no-credentials"
    remaining: int | None = None
    key: str | None = field(default=None, repr=False)
    is_renewed: bool = False


@dataclass(frozen=True, slots=True)
class SenderParts:
    """What all senders of a process share. `seconds` only go forward. `observe` is told of each call, at its end."""

    network: Network = field(default=Network())
    backoff: Backoff = field(default=Backoff(tries=4, first_seconds=0.5, most_seconds=8.0), repr=False)
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC), repr=False)
    seconds: Callable[[], float] = field(default=time.monotonic, repr=False)
    observe: Callable[[Call], None] = field(default=unobserved, repr=False)


@dataclass(frozen=True, eq=False)
class Sender:
    """Sends requests to `origin`. Safe for threads.

    `pool` None: connections of its own. `authorization` gives the value of that header, None for none; `renew` is told
    which one a 401 refused, and may raise as `authorization`.
    `patience_seconds`: a server that wants to be left alone for longer is not waited for.
    """

    peer: Peer
    origin: Origin
    authorization: Callable[[], str | None] = field(default=no_key, repr=False)
    parts: SenderParts = SenderParts()
    patience_seconds: float = 10.0
    pool: urllib3.PoolManager | None = field(default=None, repr=False)
    renew: Callable[[str | None], None] = field(default=kept, repr=False)

    def send(self, request: Request) -> Answer:
        """The answer, of whatever status, after as many attempts as `request` and the server allow.

        Raises `Unanswered` for no answer that can be read, `Waiting` (`Peer.limited`) for a limit that lasts longer
        than is waited for, `Stalled` for a certificate that is not accepted or a key that is none, and what
        `authorization` raises.
        """
        tally = _Tally(self.parts.seconds())
        try:
            result = self._repeated(request, tally)
        finally:
            self.parts.observe(self._call(request, tally))
        if isinstance(result, Failed):
            raise result.error(self.peer, request) from result.cause
        return result

    @contextmanager
    def stream(self, request: Request) -> Iterator[Stream]:
        """An answer that is read as it comes; it ends after `request.timeout_seconds` at the latest.

        Raises as `send`; what breaks off while it is read is `Unanswered` of `Stream.lines`.
        """
        from urllib3.exceptions import HTTPError

        tally = _Tally(self.parts.seconds())
        try:
            response = self._streamed(request, tally)
        except HTTPError as err:
            failed = failure_of(err)
            tally.outcome = failed.failure
            self.parts.observe(self._call(request, tally))
            raise failed.error(self.peer, request) from err
        tally.outcome = f"{response.status:03d}"
        try:
            yield Stream(response, request, self.peer)
        finally:
            response.close()
            self.parts.observe(self._call(request, tally))

    @cached_property
    def _pool(self) -> urllib3.PoolManager:
        from hub.adapters.http.transport import open_pool

        return self.pool or open_pool(self.origin, self.parts.network)

    def _repeated(self, request: Request, tally: _Tally) -> Answer | Failed:
        while True:
            tally.attempts += 1
            result = self._attempt(request, tally)
            pause = self._pause(request, result, tally)
            if pause is None:
                return result
            if pause > 0:
                tally.waited += pause
                self.parts.backoff.sleep(pause)

    def _pause(self, request: Request, result: Answer | Failed, tally: _Tally) -> float | None:
        """How long to wait before the next attempt; None: this one was the last."""
        is_last = tally.attempts >= self.parts.backoff.tries
        if isinstance(result, Failed):
            may_repeat = (request.may_repeat or result.is_settled) and not result.is_final
            return self.parts.backoff.seconds(tally.attempts) if may_repeat and not is_last else None
        if result.status == 401 and not tally.is_renewed:
            tally.is_renewed = True
            return 0.0 if self._has_another_key(tally.key) else None
        now = self.parts.clock()
        if limit := self.peer.limits(result, now):
            return self._limited(request, limit, tally, is_last=is_last)
        if result.status < 500 or is_last or not request.may_repeat or self.peer.settles(result):
            return None
        named = pause_of(result.headers.get("retry-after"), now) or 0.0
        return max(named, self.parts.backoff.seconds(tally.attempts)) if named <= self.patience_seconds else None

    def _has_another_key(self, refused: str | None) -> bool:
        self.renew(refused)
        return self.authorization() != refused

    def _limited(self, request: Request, limit: Limit, tally: _Tally, *, is_last: bool) -> float | None:
        if not is_last and not limit.is_named:
            return self.parts.backoff.seconds(tally.attempts)
        seconds = max(limit.seconds, 1.0)
        if not is_last and seconds <= self.patience_seconds:
            return seconds
        if self.peer.limited is None:
            return None
        message = f"cannot {request.purpose}: it limits requests for another {seconds:.0f} s"
        fault = Fault(message, remedy="it goes on by itself")
        raise Waiting(self.peer.limited, fault, retry_after_seconds=seconds)

    def _attempt(self, request: Request, tally: _Tally) -> Answer | Failed:
        from urllib3.exceptions import HTTPError

        headers = self._headers(request, tally)
        try:
            response = self._response(request, headers)
            try:
                body = read_body(response, request.limit_bytes)
            except (HTTPError, TooLargeError):
                response.close()  # what is left of it is never read
                raise
        except TooLargeError as err:
            failed = Failed("too-large", WORDS["too-large"], err)
        except HTTPError as err:
            failed = failure_of(err)
        else:
            response.release_conn()
            return self._read(request, response, body, tally)
        tally.outcome = failed.failure
        return failed

    def _streamed(self, request: Request, tally: _Tally) -> urllib3.BaseHTTPResponse:
        while True:
            tally.attempts += 1
            response = self._response(request, self._headers(request, tally) | {"Accept-Encoding": "identity"})
            if response.status != 401 or tally.is_renewed:
                return response
            tally.is_renewed = True
            try:
                is_another = self._has_another_key(tally.key)
            except HubError:
                response.close()
                raise
            if not is_another:
                return response
            response.close()

    def _response(self, request: Request, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        """The beginning of an answer, its body still to be read."""
        from urllib3 import Timeout

        whole = request.timeout_seconds
        return self._pool.request(
            request.method,
            f"{self.origin}{request.target}",
            body=request.body,
            headers=headers,
            timeout=Timeout(connect=min(CONNECT_SECONDS, whole), read=whole, total=whole),
            retries=False,
            redirect=False,
            preload_content=False,
        )

    def _read(
        self, request: Request, response: urllib3.BaseHTTPResponse, body: bytes, tally: _Tally
    ) -> Answer | Failed:
        headers = {name.lower(): value for name, value in response.headers.items()}
        tally.received += len(body)
        body = _without_key(body, tally.key)
        tally.outcome = f"{response.status:03d}"
        tally.remaining = count_of(headers.get(self.peer.remaining))
        data = None
        if request.is_json:
            try:
                data = parse_json(body)
            except UnreadableError as err:
                if response.status < 300:
                    tally.outcome = "unreadable"
                    return Failed("unreadable", WORDS["unreadable"], err)
        return Answer(response.status, headers, body, data)

    def _headers(self, request: Request, tally: _Tally) -> dict[str, str]:
        tally.outcome = "no-credentials"
        headers = {
            "Accept": request.accept,
            "Accept-Encoding": "gzip",
            "User-Agent": USER_AGENT,
            **({"Content-Type": JSON} if request.body is not None else {}),
            **dict(request.headers),
        }
        tally.key = self.authorization()
        if tally.key is None:
            return headers
        if not _KEY.fullmatch(tally.key):
            remedy = "a key is one line of printable signs: fix the file that holds it, or create a new key"
            message = f"cannot {request.purpose}: the key for it is empty, or holds what no key does"
            raise Stalled(self.peer.refused, message, remedy=remedy)
        return {**headers, "Authorization": tally.key}

    def _call(self, request: Request, tally: _Tally) -> Call:
        return Call(
            system=self.peer.system,
            operation=request.route.template,
            method=request.method,
            outcome=tally.outcome,
            seconds=self.parts.seconds() - tally.begin,
            waited_seconds=tally.waited,
            attempts=tally.attempts,
            sent_bytes=len(request.body or b"") * tally.attempts,
            received_bytes=tally.received,
            remaining=tally.remaining,
        )


def _without_key(body: bytes, key: str | None) -> bytes:
    """An answer without the key it was asked with: a server that repeats it must not have it quoted in an error."""
    secret = (key or "").rpartition(" ")[2].encode()
    return body.replace(secret, b"***") if len(secret) >= _SHORTEST_KEY else body
