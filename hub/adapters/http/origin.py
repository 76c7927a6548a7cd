"""Where a server is: scheme, host, port and the path that everything of it lies below. No text of it holds a secret."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

#: Hosts that are reached without a network, so without TLS.
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_HOST = re.compile(r"\A[A-Za-z0-9]([A-Za-z0-9._-]{0,252}[A-Za-z0-9])?\.?\Z|\A[0-9A-Fa-f:.]{2,45}\Z")
_PREFIX = re.compile(r"\A(/[A-Za-z0-9._~:-]+)*\Z")
_PORTS = {"http": 80, "https": 443}


class OriginError(ValueError):
    """A text is no address of a server. The message does not repeat it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A server. `prefix` is empty or begins with '/' and does not end with it."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @classmethod
    def parse(cls, text: str, *, is_clear_allowed: bool = False) -> Origin:
        """The origin that an address names. Raises `OriginError`, which does not repeat the address.

        Credentials, a query or a fragment make it none. `is_clear_allowed`: http to other machines, not only to this.
        """
        try:
            parts = urlsplit(text)
            host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
        except ValueError as err:
            raise OriginError("the address cannot be read") from err
        if parts.username is not None or parts.password is not None or "@" in text:
            raise OriginError("the address holds a user name or password")
        if parts.query or parts.fragment:
            raise OriginError("the address holds a query or a fragment")
        prefix = parts.path.rstrip("/")
        if parts.scheme not in _PORTS or not _HOST.match(host) or not _PREFIX.match(prefix) or port == 0:
            raise OriginError("the address is none of a server")
        if parts.scheme == "http" and host not in LOOPBACK and not is_clear_allowed:
            raise OriginError("the address would send the key in clear")
        if any(step in (".", "..") for step in prefix.split("/")):
            raise OriginError("the address is none of a server")
        return cls(parts.scheme, host, port or _PORTS[parts.scheme], prefix)

    def __str__(self) -> str:
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{port}{self.prefix}"

    def target(self, url: str) -> str | None:
        """What of an absolute address lies below this origin, path and query; None when it is an address elsewhere."""
        try:
            parts = urlsplit(url)
            there = (parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme))
        except ValueError:
            return None
        is_below = parts.path.startswith(f"{self.prefix}/") and "@" not in parts.netloc
        if there != (self.scheme, self.host, self.port) or not is_below:
            return None
        path = parts.path.removeprefix(self.prefix)
        return f"{path}?{parts.query}" if parts.query else path


def without_secrets(address: str) -> str:
    """An address for people: without user name, password, query and fragment, whatever signs a password holds.

    A password may hold '@', '/', '?', '#' or spaces that should have been encoded. Where nobody can tell what belongs
    to it, only the scheme is left.
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        scheme, rest = "", address
    if "@" in rest and re.search(r"[?#]", rest):
        return f"{scheme}{separator}…"
    plain = re.split(r"[?#]", rest.rpartition("@")[2])[0]
    return f"{scheme}{separator}{plain}"
