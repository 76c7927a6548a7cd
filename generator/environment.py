"""The environment: account, cluster, policy and limits, read from overlays below `environments/`.

`environments/base/environment.yaml` with `environments/<name>/environment.yaml` laid over it gives one `Environment`.
Merging and positions are `generator.overlay`'s; this module is the shape.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from generator.entry import Compute, Model
from generator.formats import (
    Branch,
    Cpu,
    DnsLabel,
    Domain,
    Duration,
    EnvironmentName,
    GitUrl,
    Image,
    Memory,
    SecretReference,
    Text,
)
from generator.quantities import duration


def _decimal(text: str) -> str:
    if Decimal(text) <= 0:
        raise ValueError("a price is above zero")
    return text


Price = Annotated[str, Field(pattern=r"^[0-9]{1,4}(\.[0-9]{1,6})?$"), AfterValidator(_decimal)]
SecurityGroup = Annotated[str, Field(pattern=r"^sg-[0-9a-f]{8,17}$")]
Certificate = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]{1,30}:[0-9]{12}:certificate/[0-9a-f-]{36}$")]
Cidr = Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$")]


class Cluster(Model):
    """The EKS cluster previews run in, and the role the hub assumes to read it."""

    name: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$")]
    kubernetes: Annotated[str, Field(pattern=r"^1\.3[1-7]$", description="minor version")]
    role_arn: Annotated[
        str, Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$", max_length=600)
    ]


class LeasePolicy(Model):
    """How long a preview lives: by default, at most, and when people are warned before its end."""

    ttl: Duration
    cap: Duration
    warn_before: Duration

    @model_validator(mode="after")
    def _ordered(self) -> LeasePolicy:
        if not duration(self.warn_before) < duration(self.ttl) <= duration(self.cap):
            raise ValueError(f"warnBefore {self.warn_before} < ttl {self.ttl} <= cap {self.cap} must hold")
        return self


class Limits(Model):
    """What one preview may ask for together, and how many previews there may be."""

    cpu: Cpu
    memory: Memory
    previews: Annotated[int, Field(ge=1, le=10_000)]


class Fargate(Model):
    """Fargate's regional vCPU quota (Service Quotas L-3032A538; 6 in a new account)."""

    quota_vcpu: Annotated[int, Field(ge=1, le=100_000)]


class Pricing(Model):
    """Fargate list prices of the region, with the date they were read."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    vcpu_hour: Price
    gb_hour: Price
    as_of: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    source: Text


class ComputePolicy(Model):
    """Where pods may run."""

    default: Compute
    allowed: Annotated[list[Compute], Field(min_length=1)]

    @model_validator(mode="after")
    def _default_is_allowed(self) -> ComputePolicy:
        if self.default not in self.allowed:
            raise ValueError(f"default {self.default!r} is not among allowed {self.allowed}")
        return self


class Exposure(Model):
    """The load-balancer groups (shards) previews are spread over: `<group>-0` … `<group>-<shards-1>`.

    An ALB takes 100 target groups, not adjustable (Elastic Load Balancing quotas), one for each exposed Service; the
    cap stays below it because the anchor and replacements need room.
    """

    group: Annotated[DnsLabel, Field(max_length=40)]
    shards: Annotated[int, Field(ge=1, le=50)]
    target_groups_per_shard: Annotated[int, Field(ge=1, le=95)]
    scheme: Literal["internal", "internet-facing"]
    certificates: Annotated[list[Certificate], Field(min_length=1, max_length=25)]


class ArgoCD(Model):
    """The Argo CD of the environment's account: its release, and how it sees the state repository.

    A project can confine previews to namespaces by name since 3.3 (`clusterResourceWhitelist[].name`).
    `webhook_secret` and `repository_credentials` name secrets in AWS Secrets Manager; the latter holds the keys of an
    Argo CD repository secret (githubAppID, githubAppPrivateKey, …; operator manual, declarative setup).
    """

    version: Annotated[str, Field(pattern=r"^3\.([3-9]|[1-9][0-9])\.[0-9]{1,3}$")]
    namespace: DnsLabel
    repository: GitUrl
    webhook_secret: SecretReference | None = None
    repository_credentials: SecretReference | None = None


class Isolation(Model):
    """Who may reach a preview: security groups on Fargate, address ranges of the load balancer on spot nodes."""

    security_groups: Annotated[list[SecurityGroup], Field(min_length=1, max_length=5)]
    load_balancer_cidrs: Annotated[list[Cidr], Field(min_length=1, max_length=20)]


class Secrets(Model):
    """The External Secrets store that references are read from; names must start with one of the prefixes."""

    store: DnsLabel
    prefixes: Annotated[list[Text], Field(min_length=1)]


class Images(Model):
    """Which images may run. An empty `registries` allows any; `pinned` requires a digest."""

    pinned: bool
    registries: list[Text]


class ComponentDefaults(Model):
    """An environment's own defaults for a component, over the blueprint's."""

    image: Image | None = None
    cpu: Cpu | None = None
    memory: Memory | None = None
    replicas: Annotated[int, Field(ge=1, le=10)] | None = None


class EnvironmentSpec(Model):
    """Everything an environment decides."""

    account: Annotated[str, Field(pattern=r"^[0-9]{12}$", description="AWS account, quoted: it may start with 0")]
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
    cluster: Cluster
    domain: Domain
    branch: Branch
    gated: bool = Field(description="true: changes only by a reviewed pull request")
    lease: LeasePolicy
    limits: Limits
    compute: ComputePolicy
    fargate: Fargate
    exposure: Exposure
    isolation: Isolation
    secrets: Secrets
    images: Images
    pricing: Pricing
    argocd: ArgoCD
    components: dict[DnsLabel, ComponentDefaults] = Field(default_factory=dict)


class EnvironmentMetadata(Model):
    """The environment's name: that of its folder."""

    name: EnvironmentName


class Environment(Model):
    """One environment, overlays merged."""

    api_version: Literal["environment.rtb-ai-hub/v1"] = "environment.rtb-ai-hub/v1"
    kind: Literal["Environment"] = "Environment"
    metadata: EnvironmentMetadata
    spec: EnvironmentSpec

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.metadata.name

    def as_tree(self) -> dict[str, Any]:
        """Plain data with file names of fields, defaults filled in."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
