"""Connections to a cluster that may get another authority or address while a process lasts.

An EKS cluster's authority is rotated, and a cluster that is made anew under its name has another address as well.
Neither is told: a certificate is refused, or the address does not resolve any more.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse, PoolManager
from urllib3.exceptions import HTTPError, NameResolutionError, SSLError


class RenewingPool(PoolManager):
    """`known` is address and authority's certificate (PEM), `described` the same, asked anew where that may help.

    A request that nobody has received is sent once more when either has changed. Raises what `described` raises,
    and `ssl.SSLError` for a certificate that is none.
    """

    def __init__(self, known: tuple[str, str], described: Callable[[], tuple[str, str]]) -> None:
        super().__init__(ssl_context=ssl.create_default_context(cadata=known[1]), maxsize=10)
        self._known, self._described, self._renewing = known, described, threading.Lock()

    def urlopen(self, method: str, url: str, redirect: bool = True, **settings: Any) -> BaseHTTPResponse:  # type: ignore[override]
        """As urllib3's, by the address that is known now."""
        known = self._known
        try:
            return super().urlopen(method, self._here(url), redirect, **settings)
        except (SSLError, NameResolutionError) as err:
            if not _may_be_renewed(err) or not self._renew(known):
                raise
        return super().urlopen(method, self._here(url), redirect, **settings)

    def _here(self, url: str) -> str:
        parts = urlsplit(url)
        return f"{self._known[0]}{parts.path}{f'?{parts.query}' if parts.query else ''}"

    def _renew(self, known: tuple[str, str]) -> bool:
        """Whether there is another address or authority than those of `known`."""
        with self._renewing:
            if self._known is not known:  # somebody else did, meanwhile
                return True
            found = self._described()
            if found == known:
                return False
            self.connection_pool_kw["ssl_context"] = ssl.create_default_context(cadata=found[1])
            self._known = found
            self.clear()
            return True


def _may_be_renewed(err: HTTPError) -> bool:
    cause = err.args[0] if err.args else None
    return isinstance(err, NameResolutionError) or isinstance(cause, ssl.SSLCertVerificationError)
