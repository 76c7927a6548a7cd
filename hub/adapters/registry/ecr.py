"""Amazon ECR, by its API: `BatchGetImage`, in the registry's account.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html. Not `DescribeImages`, which tells no
platform: of a single manifest that is in its configuration, which `GetDownloadUrlForLayer` leads to. The digest is that
of the bytes that came, whatever `imageDigest` says beside them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from generator.errors import Fault, HubError, Reason, Transient
from generator.model.registries import RegistryRule, ecr_place
from hub.adapters.http import Origin, OriginError, Peer, Request, Route, Sender, SenderParts
from hub.adapters.http.origin import LOOPBACK
from hub.adapters.registry.aws import Account, Clients, failed
from hub.adapters.registry.manifests import (
    LIMIT_BYTES,
    MEDIA_TYPES,
    Manifest,
    SenselessError,
    read_config,
    read_manifest,
)
from hub.adapters.registry.tokens import refused
from reconcilers.ports.images import FoundImage, ImageName, Looked

#: What one call may ask for.
MOST_AT_ONCE = 100
_MOST_KNOWN = 2000
_REMEDY = "check the network and AWS; it is tried again"
_PEER = Peer("ecr", Reason.REGISTRY_UNREACHABLE, Reason.REGISTRY_REFUSED, Reason.REGISTRY_UNREACHABLE, _REMEDY)
_GONE = ("ImageNotFound", "ImageTagDoesNotMatchDigest")
#: A pull-through cache asks others, which may be slow or full.
_LATER = ("UpstreamTooManyRequests", "UpstreamUnavailable")
#: Where ECR keeps layers.
_BUCKETS = (".amazonaws.com", ".amazonaws.com.cn")


@dataclass(eq=False)
class EcrRegistry:
    """The registry of an account in a region, which names of images call `host`. See `reconcilers.ports.images`."""

    host: str
    account: str
    clients: Clients
    parts: SenderParts
    _known: OrderedDict[str, tuple[str, ...]] = field(default_factory=OrderedDict, repr=False)

    def look(self, wanted: Collection[ImageName]) -> Looked:
        """See `reconcilers.ports.images.ImageRegistry`. One call for a hundred tags of a repository."""
        found: dict[ImageName, FoundImage | HubError | None] = {}
        by_repository: dict[str, list[ImageName]] = {}
        for name in wanted:
            by_repository.setdefault(name.repository, []).append(name)
        for repository, names in by_repository.items():
            for begin in range(0, len(names), MOST_AT_ONCE):
                some = names[begin : begin + MOST_AT_ONCE]
                try:
                    found |= self._looked(repository, some)
                except HubError as err:
                    found |= dict.fromkeys(some, err)
        return found

    def _looked(self, repository: str, names: Sequence[ImageName]) -> Looked:
        answer = self._asked(repository, names)
        if answer is None:
            return dict.fromkeys(names, None)
        texts, failures = _by_reference(answer)
        found: dict[ImageName, FoundImage | HubError | None] = {}
        for name in names:
            text = texts.get(name.reference)
            if text is None and name.reference not in failures:
                text, failures = self._alone(name, failures)
            try:
                found[name] = self._read(name, text) if text is not None else _failure(name, failures)
            except SenselessError as err:
                found[name] = _senseless(name, err)
            except HubError as err:
                found[name] = err
        return found

    def _asked(self, repository: str, names: Sequence[ImageName]) -> Mapping[str, Any] | None:
        """The answer; None: there is no such repository."""
        wanted = [{"imageDigest" if one.is_digest else "imageTag": one.reference} for one in names]
        client = self.clients.get()
        try:
            answer: Mapping[str, Any] = client.batch_get_image(
                registryId=self.account, repositoryName=repository, imageIds=wanted, acceptedMediaTypes=[*MEDIA_TYPES]
            )
        except client.exceptions.RepositoryNotFoundException:
            return None
        except Exception as err:
            raise failed(f"look up images of {self.host}/{repository}", err) from err
        return answer

    def _alone(self, name: ImageName, failures: Mapping[str, str]) -> tuple[str | None, Mapping[str, str]]:
        """What is there of one image that the answer to several did not name as it was asked for."""
        answer = self._asked(name.repository, [name])
        images = [one for one in (answer or {}).get("images", ()) if isinstance(one.get("imageManifest"), str)]
        if len(images) == 1:
            return images[0]["imageManifest"], failures
        return None, {**failures, name.reference: "ImageNotFound"}

    def _read(self, name: ImageName, text: str) -> FoundImage:
        body = text.encode("utf-8", "surrogatepass")
        if len(body) > LIMIT_BYTES:
            raise SenselessError("it is larger than a manifest may be")
        manifest = read_manifest(body, told=name.reference if name.is_digest else None)
        platforms = self._known.get(manifest.digest)
        if platforms is None:
            platforms = self._platforms(name, manifest)
            self._known[manifest.digest] = platforms
            while len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        return FoundImage(manifest.digest, platforms)

    def _platforms(self, name: ImageName, manifest: Manifest) -> tuple[str, ...]:
        if manifest.config is None:
            return manifest.platforms
        try:
            answer = self.clients.get().get_download_url_for_layer(
                registryId=self.account, repositoryName=name.repository, layerDigest=manifest.config
            )
        except Exception as err:
            raise failed(f"read the configuration of {name}", err) from err
        return read_config(self._blob(name, str(answer.get("downloadUrl", ""))), told=manifest.config)

    def _blob(self, name: ImageName, url: str) -> bytes:
        """What is at an address of ECR's own storage; nowhere else is asked."""
        try:
            parts = urlsplit(url)
            origin = Origin.parse(f"{parts.scheme}://{parts.netloc}")
        except (OriginError, ValueError) as err:
            raise refused(f"{self.host} names no address for the configuration of {name}", _REMEDY) from err
        endpoint = self.clients.account.endpoint
        is_here = origin.host in LOOPBACK and endpoint is not None and urlsplit(endpoint).hostname in LOOPBACK
        if not origin.host.endswith(_BUCKETS) and not is_here:
            raise refused(f"{self.host} keeps the configuration of {name} at {origin.host}, not at AWS", _REMEDY)
        query = f"?{parts.query}" if parts.query else ""
        request = Request(
            route=Route("/layer", f"{parts.path or '/'}{query}"),
            purpose=f"read the configuration of {name}",
            accept="*/*",
            limit_bytes=LIMIT_BYTES,
            may_repeat=True,
        )
        answer = Sender(_PEER, origin, parts=self.parts).send(request)
        if answer.status != 200:
            raise SenselessError(f"its configuration is not there (status {answer.status})")
        return answer.body


def open_ecr(host: str, rule: RegistryRule, parts: SenderParts, *, endpoint: str | None = None) -> EcrRegistry:
    """The registry at `host`, `ACCOUNT.dkr.ecr.REGION.amazonaws.com`. Nothing is asked yet, and boto3 not imported.

    `endpoint`: another address of AWS's services than its own.
    """
    account, region = ecr_place(host)
    return EcrRegistry(host, account, Clients("ecr", Account(region, rule.role_arn, endpoint), parts.seconds), parts)


def _by_reference(answer: Mapping[str, Any]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Manifests, and codes of failures, by the tags and digests that they are told by."""
    texts: dict[str, str] = {}
    for one in answer.get("images", ()):
        told, text = one.get("imageId", {}), one.get("imageManifest")
        if isinstance(text, str):
            texts |= {told[name]: text for name in ("imageTag", "imageDigest") if isinstance(told.get(name), str)}
    return texts, dict(_failures(answer))


def _failures(answer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in answer.get("failures", ()):
        told = one.get("imageId", {})
        for name in ("imageTag", "imageDigest"):
            if isinstance(told.get(name), str):
                yield told[name], str(one.get("failureCode", ""))[:80]


def _failure(name: ImageName, failures: Mapping[str, str]) -> HubError | None:
    code = failures[name.reference]
    if code in _GONE:
        return None
    if code in _LATER:
        fault = Fault(f"cannot look up {name}: ECR answers {code}", remedy=_REMEDY)
        return Transient(Reason.REGISTRY_UNREACHABLE, fault)
    return refused(f"{name.host} refuses {name}: {code}", "check the name, and the rights at the registry")


def _senseless(name: ImageName, err: SenselessError) -> HubError:
    return Transient(Reason.REGISTRY_UNREACHABLE, Fault(f"cannot read {name}: {err}", remedy=_REMEDY))
