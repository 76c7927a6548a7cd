"""A registry by the OCI distribution protocol, such as GitHub's, GitLab's, Harbor, Docker Hub.

https://github.com/opencontainers/distribution-spec (v1.1, "Pull"). What is known of a digest stays known: an image that
was seen is asked for by HEAD afterwards, which Docker Hub does not count as a pull. Redirects are followed for
configurations alone, to hosts that are named for it, and without a key; what comes is compared with its digest.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from generator.errors import ConfigError, Fault, HubError, Reason, Transient
from generator.model.registries import RegistryRule
from hub.adapters.http import Answer, Origin, OriginError, Peer, Request, Route, Sender, SenderParts
from hub.adapters.http.values import Method
from hub.adapters.registry.challenges import challenge_of
from hub.adapters.registry.manifests import (
    LIMIT_BYTES,
    MEDIA_TYPES,
    SenselessError,
    read_config,
    read_manifest,
)
from hub.adapters.registry.tokens import Credentials, Tokens, refused
from hub.settings.secret_files import text_of
from reconcilers.ports.images import DOCKER_HUB, FoundImage, ImageName, Looked

PEER = Peer(
    "registry",
    unreachable=Reason.REGISTRY_UNREACHABLE,
    refused=Reason.REGISTRY_REFUSED,
    limited=Reason.REGISTRY_UNREACHABLE,
    remedy="check the network, and that the registry is well; it is tried again",
)
_ACCEPT = ", ".join(MEDIA_TYPES)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
#: Docker Hub's API has a name of its own.
_APIS = {DOCKER_HUB: "registry-1.docker.io"}
#: Platforms by digest: they never change.
_MOST_KNOWN = 2000
_MOST_REDIRECTS = 3


@dataclass(eq=False)
class OciRegistry:
    """The registry at `origin`, which names of images call `host`. Implements `reconcilers.ports.images`."""

    host: str
    origin: Origin
    rule: RegistryRule
    parts: SenderParts
    _known: OrderedDict[str, tuple[str, ...]] = field(default_factory=OrderedDict, repr=False)
    _elsewhere: dict[Origin, Sender] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Nothing is asked yet."""
        rule = self.rule
        path, name = Path(rule.password_file or ""), rule.username
        shown = Credentials(name, lambda: _password(path)) if name else None
        self._sender = Sender(PEER, self.origin, parts=self.parts)
        self._tokens = Tokens(self.origin, PEER, self.parts, shown, frozenset(rule.token_hosts))

    def look(self, wanted: Collection[ImageName]) -> Looked:
        """See `reconcilers.ports.images.ImageRegistry`. One after another: a batch is seldom of many tags."""
        found: dict[ImageName, FoundImage | HubError | None] = {}
        for name in wanted:
            try:
                found[name] = self._look(name)
            except SenselessError as err:
                why = f"cannot read {name}: {err}"
                found[name] = Transient(Reason.REGISTRY_UNREACHABLE, Fault(why, remedy=PEER.remedy))
            except HubError as err:
                found[name] = err
        return found

    def _look(self, name: ImageName) -> FoundImage | None:
        if self._known:
            told = self._told(name)
            if told is not None:
                return told
        answer = self._ask("GET", name, "manifests", name.reference)
        if answer.status == 404:
            return None
        told_digest = name.reference if name.is_digest else answer.headers.get("docker-content-digest")
        manifest = read_manifest(answer.body, told=told_digest if _is_digest(told_digest) else None)
        platforms = self._known.get(manifest.digest)
        if platforms is None:
            platforms = manifest.platforms
            if manifest.config is not None:
                platforms = read_config(self._blob(name, manifest.config), told=manifest.config)
            self._known[manifest.digest] = platforms
            while len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        return FoundImage(manifest.digest, platforms)

    def _told(self, name: ImageName) -> FoundImage | None:
        """What HEAD tells, where its digest is one that was seen before; else None."""
        if name.is_digest and name.reference not in self._known:
            return None
        digest = self._ask("HEAD", name, "manifests", name.reference).headers.get("docker-content-digest", "")
        platforms = self._known.get(digest)
        return None if platforms is None else FoundImage(digest, platforms)

    def _blob(self, name: ImageName, digest: str) -> bytes:
        """A configuration, wherever the registry keeps it. Raises `SenselessError` where it has none."""
        answer = self._ask("GET", name, "blobs", digest)
        for _ in range(_MOST_REDIRECTS):
            if answer.status < 300:
                return answer.body
            if answer.status not in (301, 302, 303, 307, 308):
                break
            answer = self._followed(name, answer.headers.get("location", ""))
        raise SenselessError(f"its configuration is not there (status {answer.status})")

    def _followed(self, name: ImageName, location: str) -> Answer:
        """What a redirect leads to, asked without a key."""
        try:
            parts = urlsplit(location)
            origin = Origin.parse(f"{parts.scheme}://{parts.netloc}") if parts.netloc else self.origin
        except (OriginError, ValueError) as err:
            raise refused(f"{self.host} sends us to no server for {name.repository} ({err})", PEER.remedy) from err
        at = str(origin).partition("://")[2]
        if origin != self.origin and at not in self.rule.blob_hosts:
            why = f"{self.host} keeps the configuration of {name} at {at}, which is not named for it"
            raise refused(why, f"if that is right, add {at} to its blobHosts")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not path.isascii() or not path.isprintable() or " " in path:
            raise refused(f"{self.host} sends us to no address for {name.repository}", PEER.remedy)
        request = self._request("GET", Route("/redirected", path), name)
        sender = self._elsewhere.setdefault(origin, Sender(PEER, origin, parts=self.parts))
        return self._answered(sender.send(request), name)

    def _ask(self, method: Method, name: ImageName, kind: str, reference: str) -> Answer:
        """The answer, a status of 404 included. Signed in anew once, if it asks who we are."""
        # Both are of the letters that names of images have, so nothing is to be quoted.
        route = Route(f"/v2/{{}}/{kind}/{{}}", f"/v2/{name.repository}/{kind}/{reference}")
        key = self._tokens.held(name.repository)
        answer = self._sender.send(self._request(method, route, name, key))
        if answer.status == 401:
            told = answer.headers.get("www-authenticate", "")
            key = self._tokens.answer(challenge_of(told), name.repository)
            if key is not None:
                answer = self._sender.send(self._request(method, route, name, key))
        return self._answered(answer, name)

    def _request(self, method: Method, route: Route, name: ImageName, key: str | None = None) -> Request:
        return Request(
            route=route,
            method=method,
            purpose=f"look up {name}",
            headers=(("Authorization", key),) if key else (),
            accept=_ACCEPT if route.template != "/redirected" else "*/*",
            limit_bytes=LIMIT_BYTES,
            may_repeat=True,
        )

    def _answered(self, answer: Answer, name: ImageName) -> Answer:
        status = answer.status
        if status in (401, 403):
            who = f"its user {self.rule.username}" if self.rule.username else "who shows no password"
            raise refused(f"{self.host} does not let {who} see {name.repository}", "give it the right to pull there")
        if status >= 500 or status in (408, 429):
            why = f"cannot look up {name}: {self.host} answers {status}"
            raise Transient(Reason.REGISTRY_UNREACHABLE, Fault(why, remedy=PEER.remedy))
        if status in (400, 405, 406, 410, 415):
            raise refused(f"{self.host} refuses {name} (status {status})", "check the name, and that it is a registry")
        return answer


def open_oci(host: str, rule: RegistryRule, parts: SenderParts) -> OciRegistry:
    """The registry that names of images call `host`. Nothing is asked yet. TLS always, but to this machine."""
    try:
        origin = Origin.parse(f"http://{host}")
    except OriginError:
        origin = Origin.parse(f"https://{_APIS.get(host, host)}")
    return OciRegistry(host, origin, rule, parts)


def _password(path: Path) -> str:
    found = text_of(path, "passwordFile")
    if found is None:
        fault = Fault(f"{path} is empty", field="passwordFile", remedy="put the password into the file")
        raise ConfigError(Reason.INVALID_VALUE, fault)
    return found


def _is_digest(text: str | None) -> bool:
    return text is not None and _DIGEST.fullmatch(text) is not None
