"""How this machine reaches others: which proxy, and whose certificates. No HTTP library is loaded for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.adapters.http.origin import LOOPBACK, Origin


@dataclass(frozen=True, slots=True)
class Network:
    """A proxy for each scheme, hosts that need none (separated by commas), and a file of certificates of authorities.

    A proxy's address may hold a user name and password.
    """

    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    direct: str = ""
    authorities: str | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Network:
        """As the process environment says: https_proxy, http_proxy, all_proxy, no_proxy, REQUESTS_CA_BUNDLE.

        Names in lower case win. http_proxy counts in lower case only where a CGI's request could have set the other.
        """

        def told(name: str) -> str:
            is_forged = name == "http_proxy" and "REQUEST_METHOD" in environ
            return environ.get(name) or ("" if is_forged else environ.get(name.upper(), ""))

        found = {scheme: told(f"{scheme}_proxy") or told("all_proxy") for scheme in ("http", "https")}
        proxies = {scheme: address for scheme, address in found.items() if address}
        return cls(proxies, told("no_proxy"), environ.get("REQUESTS_CA_BUNDLE") or None)

    def proxy_of(self, origin: Origin) -> str | None:
        """The address of the proxy for `origin`, None for a direct connection."""
        address = self.proxies.get(origin.scheme)
        if not address or origin.host in LOOPBACK:
            return None
        from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

        is_direct = proxy_bypass_environment(f"{origin.host}:{origin.port}", {"no": self.direct})
        return None if is_direct else address
