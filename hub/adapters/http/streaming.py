"""An answer that is read line by line while it comes, such as a watch or a log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub.adapters.http.peer import Peer, failure_of
from hub.adapters.http.reading import TooLargeError, UnreadableError, parse_json, read_body
from hub.adapters.http.values import Answer, Request

if TYPE_CHECKING:
    import urllib3

_CHUNK_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Stream:
    """The answer to `request`. Its `limit_bytes` bound a line."""

    response: urllib3.BaseHTTPResponse
    request: Request
    peer: Peer

    @property
    def status(self) -> int:
        """Its status."""
        return self.response.status

    def answer(self) -> Answer:
        """The whole of it, for one that is a refusal. Raises `Unanswered`."""
        from urllib3.exceptions import HTTPError

        headers = {name.lower(): value for name, value in self.response.headers.items()}
        try:
            body = read_body(self.response, self.request.limit_bytes)
            return Answer(self.status, headers, body, parse_json(body))
        except (TooLargeError, UnreadableError):
            return Answer(self.status, headers)
        except HTTPError as err:
            raise failure_of(err).error(self.peer, self.request) from err

    def lines(self) -> Iterator[bytes]:
        """Its lines without their ends, as they come; of one that is too long the beginning.

        A last line that was cut off is given when the answer ends well, and not when it breaks off: `Unanswered`.
        """
        from urllib3.exceptions import HTTPError

        limit, rest, is_cut = self.request.limit_bytes, b"", False
        try:
            while piece := self.response.read1(_CHUNK_BYTES):
                *whole, rest = (rest + piece).split(b"\n")
                for line in whole:
                    if not is_cut:
                        yield line[:limit]
                    is_cut = False
                if len(rest) > limit:
                    if not is_cut:
                        yield rest[:limit]
                    rest, is_cut = b"", True
        except HTTPError as err:
            raise failure_of(err).error(self.peer, self.request) from err
        if rest and not is_cut:
            yield rest
