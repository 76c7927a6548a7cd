"""Policy on one pod alone, whose image does not count: an equal pod is judged once (`generator.validate.known`)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from generator.objects.findings import Finding
from generator.objects.manifest import Manifest
from generator.objects.pods import PodSpec
from generator.validate import pod_policy
from generator.validate.known import content_of, known, unless_good, without_images


class Needs(NamedTuple):
    """What one pod needs at once: CPU, memory and disk, as quotas count them."""

    millicores: int
    memory_bytes: int
    storage_bytes: int


@dataclass(frozen=True, slots=True)
class KnownPod:
    """A pod, and what of it is judged: its spec with one image in all containers, without labels, with its content."""

    pod: PodSpec
    part: PodSpec
    content: bytes | None

    @classmethod
    def of(cls, pod: PodSpec) -> KnownPod:
        """The pod and its part."""
        spec = without_images(pod.spec)
        return cls(pod, replace(pod, spec=spec, labels={}, replicas=1), content_of(spec))

    def alone(self, claims: Collection[Manifest]) -> Iterator[Finding]:
        """Resources, Pod Security, and what Fargate refuses. `claims`: those of the pod's namespace in the set."""
        yield from unless_good("pod resources", self.content, pod_policy.resources(self.part))
        yield from unless_good("pod security", self.content, pod_policy.pod_security(self.part))
        if self.pod.is_fargate:
            static = {claim.identity.name: pod_policy.is_static(claim) for claim in claims}
            provisioned = frozenset(name for name, is_static in static.items() if not is_static)
            rules = ("pod fargate", self.pod.manifest.kind, provisioned)
            yield from unless_good(rules, self.content, pod_policy.fargate(self.part, provisioned))

    def storage(self, defaults: Mapping[str, int]) -> Iterator[Finding]:
        """Disk has a bound. `defaults` as for `pod_policy.storage`."""
        rules = ("pod storage", *sorted(defaults.items()))
        yield from unless_good(rules, self.content, pod_policy.storage(self.part, defaults))

    def needs(self, defaults: Mapping[str, int]) -> Needs:
        """What the pod needs at once. `defaults` as for `pod_policy.storage`."""
        return known(("pod needs", *sorted(defaults.items())), self.content, lambda: self._needs(defaults))

    def _needs(self, defaults: Mapping[str, int]) -> Needs:
        requests = pod_policy.requests_of(self.part)
        storage = pod_policy.storage_bytes(self.part, defaults)
        return Needs(requests.millicores, requests.memory_bytes, storage)
