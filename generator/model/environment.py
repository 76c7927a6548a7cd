"""The environment: account, cluster, policy and limits, read from overlays below `environments/`.

`environments/base/environment.yaml` with `environments/<name>/environment.yaml` laid over it gives one `Environment`.
Merging and positions are `generator.model.overlay`'s; this module is the shape.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from generator.model.entry import Compute, Model
from generator.model.lifecycle import Approval, DriftPolicy, ExpiryPolicy, ForgePolicy, LeasePolicy, OfficeHours
from generator.values.formats import (
    Branch,
    Cpu,
    DnsLabel,
    Domain,
    EnvironmentName,
    GitUrl,
    Image,
    Memory,
    SecretReference,
    Text,
)


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

    name: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$", description="of the EKS cluster")]
    kubernetes: Annotated[
        str, Field(pattern=r"^1\.3[1-7]$", description="minor version that manifests are checked against")
    ]
    role_arn: Annotated[
        str,
        Field(
            pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$",
            max_length=600,
            description="IAM role that the hub assumes to read the cluster",
        ),
    ]


class Limits(Model):
    """What one preview may ask for together, and how many previews there may be."""

    cpu: Cpu = Field(description="of all pods of one preview")
    memory: Memory = Field(description="of all pods of one preview")
    previews: Annotated[int, Field(ge=1, le=10_000, description="previews at once")]
    previews_per_owner: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        None, description="previews at once of one person; none = as many as there may be"
    )


class Fargate(Model):
    """Fargate's regional vCPU quota (Service Quotas L-3032A538; 6 in a new account)."""

    quota_vcpu: Annotated[int, Field(ge=1, le=100_000, description="a start that would pass it is refused")]


class Pricing(Model):
    """Fargate list prices of the region, with the date they were read."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code")]
    vcpu_hour: Price = Field(description="one vCPU for an hour, in quotes")
    gb_hour: Price = Field(description="one GB for an hour, in quotes")
    as_of: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="when the prices were read")]
    source: Text = Field(description="where the prices were read")


class ComputePolicy(Model):
    """Where pods may run."""

    default: Compute = Field(description="when nobody asks for another")
    allowed: Annotated[list[Compute], Field(min_length=1, description="what may be asked for")]

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

    group: Annotated[DnsLabel, Field(max_length=40, description="what the groups' names start with")]
    shards: Annotated[int, Field(ge=1, le=50, description="number of groups, each a load balancer")]
    target_groups_per_shard: Annotated[int, Field(ge=1, le=95, description="a start that would pass it is refused")]
    scheme: Literal["internal", "internet-facing"] = Field(description="who can reach the load balancers")
    certificates: Annotated[list[Certificate], Field(min_length=1, max_length=25, description="ACM, for `*.<domain>`")]


class ArgoCD(Model):
    """The Argo CD of the environment's account: its release, and how it sees the state repository.

    A project can confine previews to namespaces by name since 3.3 (`clusterResourceWhitelist[].name`).
    """

    version: Annotated[
        str, Field(pattern=r"^3\.([3-9]|[1-9][0-9])\.[0-9]{1,3}$", description="release of Argo CD in the account")
    ]
    namespace: DnsLabel = Field(description="where Argo CD is installed")
    repository: GitUrl = Field(description="the state repository as Argo CD reaches it")
    webhook_secret: SecretReference | None = Field(
        None, description="name in AWS Secrets Manager of the Git host's webhook secret"
    )
    repository_credentials: SecretReference | None = Field(
        None,
        description="name in AWS Secrets Manager of what Argo CD reads the repository with: the keys of an Argo CD"
        " repository secret (githubAppID, githubAppPrivateKey, …; operator manual, declarative setup)",
    )


class Isolation(Model):
    """Who may reach a preview: security groups on Fargate, address ranges of the load balancer on spot nodes."""

    security_groups: Annotated[
        list[SecurityGroup],
        Field(min_length=1, max_length=5, description="of Fargate pods; the cluster's own among them"),
    ]
    load_balancer_cidrs: Annotated[
        list[Cidr],
        Field(min_length=1, max_length=20, description="the load balancers' subnets, for pods on spot nodes"),
    ]


class Secrets(Model):
    """The External Secrets store that references are read from; names must start with one of the prefixes."""

    store: DnsLabel = Field(description="a ClusterSecretStore of the External Secrets Operator")
    prefixes: Annotated[list[Text], Field(min_length=1, description="what names of secrets must start with")]


class Images(Model):
    """Which images may run. An empty `registries` allows any; `pinned` requires a digest."""

    pinned: bool = Field(description="true: by digest only")
    registries: list[Text] = Field(description="prefixes that images must start with; none = any")


class ComponentDefaults(Model):
    """An environment's own defaults for a component, over the blueprint's."""

    image: Image | None = Field(None, description="such as the database's, which nobody wants to name each time")
    cpu: Cpu | None = Field(None, description="of one pod")
    memory: Memory | None = Field(None, description="of one pod")
    replicas: Annotated[int, Field(ge=1, le=10)] | None = Field(None, description="number of pods")


class EnvironmentSpec(Model):
    """Everything an environment decides."""

    account: Annotated[str, Field(pattern=r"^[0-9]{12}$", description="AWS account, quoted: it may start with 0")]
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$", description="AWS region")]
    cluster: Cluster
    domain: Domain = Field(description="previews are exposed at `<name>.<domain>`")
    branch: Branch = Field(description="branch of the state repository that the environment lives on")
    gated: bool = Field(description="true: changes only by a reviewed pull request")
    approval: Approval | None = Field(None, description="who approves changes, where they are gated")
    forge: ForgePolicy | None = Field(None, description="where they are reviewed; without it, by hand")
    lease: LeasePolicy
    expiry: ExpiryPolicy = Field(default_factory=ExpiryPolicy)
    office_hours: OfficeHours | None = Field(None, description="without it, no lease can count them")
    limits: Limits
    compute: ComputePolicy
    fargate: Fargate
    exposure: Exposure
    isolation: Isolation
    secrets: Secrets
    images: Images
    pricing: Pricing
    argocd: ArgoCD
    drift: DriftPolicy = Field(default_factory=DriftPolicy)
    components: dict[DnsLabel, ComponentDefaults] = Field(default_factory=dict)


class EnvironmentMetadata(Model):
    """The environment's name."""

    name: EnvironmentName = Field(description="that of its folder below `environments/`")


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
