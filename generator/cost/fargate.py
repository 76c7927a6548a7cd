"""Fargate sizing: from what a pod asks for to the size that EKS gives it and AWS bills.

Source: EKS User Guide, "Understand Fargate Pod configuration details": the larger of the largest init container and the
sum of the ordinary ones, plus 256 MiB of memory for the Kubernetes components, rounded up to the next combination.
The guide's GB are taken as GiB.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from generator.errors import ConfigError, Fault, Reason
from generator.values.quantities import GIB, MIB

#: What Fargate adds to every pod for kubelet, kube-proxy and containerd.
OVERHEAD_BYTES = 256 * MIB

#: vCPU → memory sizes in GB, in the order they are tried.
COMBINATIONS: Mapping[Decimal, tuple[Decimal, ...]] = {
    Decimal("0.25"): (Decimal("0.5"), Decimal(1), Decimal(2)),
    Decimal("0.5"): tuple(map(Decimal, range(1, 5))),
    Decimal(1): tuple(map(Decimal, range(2, 9))),
    Decimal(2): tuple(map(Decimal, range(4, 17))),
    Decimal(4): tuple(map(Decimal, range(8, 31))),
    Decimal(8): tuple(map(Decimal, range(16, 61, 4))),
    Decimal(16): tuple(map(Decimal, range(32, 121, 8))),
}


@dataclass(frozen=True, slots=True)
class ContainerRequest:
    """What one container requests; 0 where it requests nothing."""

    millicores: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class PodRequests:
    """What the containers of one pod request. Sidecars (init containers that go on running) count as containers."""

    containers: tuple[ContainerRequest, ...]
    init_containers: tuple[ContainerRequest, ...] = ()

    @property
    def millicores(self) -> int:
        """CPU the pod needs at once."""
        return max([sum(c.millicores for c in self.containers), *(c.millicores for c in self.init_containers)])

    @property
    def memory_bytes(self) -> int:
        """Memory the pod needs at once, without Fargate's own."""
        return max([sum(c.memory_bytes for c in self.containers), *(c.memory_bytes for c in self.init_containers)])


@dataclass(frozen=True, slots=True)
class FargateSize:
    """A combination of the table: what is provisioned, enforced and billed."""

    vcpu: Decimal
    gb: Decimal


@dataclass(frozen=True, slots=True)
class PodGroup:
    """Equal pods: what they belong to, how many, what each requests, and where they run (`fargate`, `spot`, …)."""

    name: str
    replicas: int
    requests: PodRequests
    compute: str


@lru_cache(1000)
def billed_size(pod: PodRequests) -> FargateSize:
    """The size Fargate gives `pod`. Raises `ConfigError` (OverLimit) when it is larger than the largest."""
    vcpu = Decimal(pod.millicores) / 1000
    # A pod that asks for nothing gets the smallest size, without the overhead being added up to the next.
    memory = pod.memory_bytes and pod.memory_bytes + OVERHEAD_BYTES
    gb = Decimal(memory) / GIB
    for cpu_size, memory_sizes in COMBINATIONS.items():
        if cpu_size >= vcpu:
            for memory_size in memory_sizes:
                if memory_size >= gb:
                    return FargateSize(cpu_size, memory_size)
    fault = Fault(
        f"a pod of {pod.millicores}m CPU and {pod.memory_bytes // MIB}Mi fits no Fargate size",
        field="resources",
        allowed="at most 16 vCPU and 120 GB, 256Mi of which Fargate needs itself",
        remedy="ask for less, or run it elsewhere",
    )
    raise ConfigError(Reason.OVER_LIMIT, fault)
