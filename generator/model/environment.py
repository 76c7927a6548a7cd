"""The environment: account, cluster, policy and limits, read from overlays below `environments/`.

`environments/base/environment.yaml` with `environments/<name>/environment.yaml` laid over it gives one `Environment`.
Merging and positions are `generator.model.overlay`'s; this module is the shape.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails

from generator.model.across import contradictions
from generator.model.aws_account import AwsAccount
from generator.model.efs import Efs
from generator.model.entry import Compute, Model
from generator.model.hosting import HubServices
from generator.model.lifecycle import (
    Approval,
    DriftPolicy,
    ExpiryPolicy,
    ForgePolicy,
    LeasePolicy,
    OfficeHours,
    SleepPolicy,
)
from generator.model.reach import Exposure, Isolation
from generator.values.aws import Account, Region, Role, SecurityGroup
from generator.values.bounds import Registry, SecretPrefix, Storage
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
from generator.values.networks import Subnets


def _decimal(text: str) -> str:
    if Decimal(text) <= 0:
        raise ValueError("a price is above zero")
    return text


def _day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError as err:
        raise ValueError(f"{text[:80]!r} is not a day of the calendar; allowed: such as 2026-10-06") from err
    return text


Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_day)]
Price = Annotated[str, Field(pattern=r"^[0-9]{1,4}(\.[0-9]{1,6})?$"), AfterValidator(_decimal)]


class Cluster(Model):
    """The EKS cluster previews run in, and the role the hub assumes to read it."""

    name: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$", description="of the EKS cluster")]
    kubernetes: Annotated[
        str, Field(pattern=r"^1\.3[1-7]$", description="minor version that manifests are checked against")
    ]
    role_arn: Role = Field(description="IAM role that the hub assumes to read the cluster; of this account")
    security_group: SecurityGroup = Field(
        description="of the cluster, as EKS made it (`resourcesVpcConfig.clusterSecurityGroupId`)"
    )
    node_security_groups: Annotated[list[SecurityGroup], Field(max_length=10)] = Field(
        default_factory=list, description="where nodes have groups of their own, as terraform-aws-eks gives them"
    )


class Limits(Model):
    """What one preview may ask for together, and how many previews there may be."""

    cpu: Cpu = Field(description="of all pods of one preview")
    memory: Memory = Field(description="of all pods of one preview")
    storage: Memory = Field("20Gi", description="on the disks of all pods of one preview")
    previews: Annotated[int, Field(ge=1, le=10_000, description="previews at once")]
    previews_per_owner: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        None, description="previews at once of one person; none = as many as there may be"
    )


class Fargate(Model):
    """Fargate's regional vCPU quota (Service Quotas L-3032A538; 6 in a new account)."""

    quota_vcpu: Annotated[int, Field(ge=1, le=100_000, description="a start that would pass it is refused")]


class ListedPrice(Model):
    """Where AWS's price list has it."""

    service: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,60}$", description="service code, such as AmazonEKS")]
    usage: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9:._-]{1,120}$", description="usage type: APN2-AmazonEKS-Hours:perCluster"),
    ]
    operation: Annotated[str, Field(pattern=r"^[A-Za-z0-9:._-]{1,120}$")] | None = Field(
        None, description="where a usage type has prices of several: such as LoadBalancing:Application"
    )


class FixedCost(Model):
    """What an environment costs whether there are previews or not, at list price."""

    what: Text = Field(description="such as `load balancer`")
    hour: Price | None = Field(None, description="one of it for an hour, in quotes; none = not known")
    per: Literal["environment", "shard"] = Field("environment", description="shard: one for each load balancer")
    count: Annotated[int, Field(ge=1, le=10_000, description="how many of it, for each of `per`")] = 1
    as_of: Day | None = Field(None, description="when the price was read; none = `asOf` of all")
    source: Text | None = Field(None, description="where the price was read; none = AWS's list, else `source` of all")
    listed: ListedPrice | None = Field(None, description="where 'price --check' finds it")


class Pricing(Model):
    """Fargate list prices of the region, with the date they were read, and what is to be paid beside them."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code")]
    vcpu_hour: Price = Field(description="one vCPU for an hour, in quotes")
    gb_hour: Price = Field(description="one GB for an hour, in quotes")
    as_of: Day = Field(description="when the prices were read")
    source: Text = Field(description="where the prices were read")
    fixed: Annotated[tuple[FixedCost, ...], Field(strict=False, max_length=20)] = Field(
        (), description="told beside the price of a preview, and no part of it"
    )


class ComputePolicy(Model):
    """Where pods may run."""

    default: Compute = Field(description="when nobody asks for another")
    allowed: Annotated[list[Compute], Field(min_length=1, description="what may be asked for")]

    @model_validator(mode="after")
    def _default_is_allowed(self) -> ComputePolicy:
        if self.default not in self.allowed:
            raise ValueError(f"default {self.default!r} is not among allowed {self.allowed}")
        return self


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
    secret_store: DnsLabel = Field(
        "argocd-secrets", description="a ClusterSecretStore for those two alone; not the one that previews use"
    )
    load_balancer_cidrs: Annotated[list[Subnets], Field(max_length=20)] = Field(
        default_factory=list,
        description="subnets of the load balancer that webhooks come through; none = those of `isolation`",
    )
    repository_credentials: SecretReference | None = Field(
        None,
        description="name in AWS Secrets Manager of what Argo CD reads the repository with: the keys of an Argo CD"
        " repository secret (githubAppID, githubAppPrivateKey, …; operator manual, declarative setup)",
    )


class Secrets(Model):
    """The External Secrets store that references are read from; names must start with one of the prefixes."""

    store: DnsLabel = Field(description="a ClusterSecretStore of the External Secrets Operator")
    prefixes: Annotated[
        list[SecretPrefix],
        Field(min_length=1, max_length=20, description="what names of secrets must start with; none of Argo CD's do"),
    ]


class Images(Model):
    """Which images may run. An empty `registries` allows any; `pinned` requires a digest."""

    pinned: bool = Field(description="true: by digest only")
    registries: Annotated[list[Registry], Field(max_length=50)] = Field(
        description="registries, or repositories and what is below them, that images must be from; none = any"
    )


class ComponentDefaults(Model):
    """An environment's own defaults for a component, over the blueprint's."""

    image: Image | None = Field(None, description="such as the database's, which nobody wants to name each time")
    cpu: Cpu | None = Field(None, description="of one pod")
    memory: Memory | None = Field(None, description="of one pod")
    storage: Storage | None = Field(None, description="on the disk of one pod")
    replicas: Annotated[int, Field(ge=1, le=10)] | None = Field(None, description="number of pods")


class EnvironmentSpec(Model):
    """Everything an environment decides."""

    account: Account = Field(description="AWS account, quoted: it may start with 0")
    region: Region = Field(description="AWS region")
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
    sleep: SleepPolicy = Field(default_factory=SleepPolicy)
    efs: Efs | None = Field(None, description="where volumes of the kind efs are; none = there are none")
    hub: HubServices | None = Field(None, description="where the hub's own services run; none = not here")
    aws: AwsAccount | None = Field(
        None, description="what is rendered for the AWS account beside; none = that is refused"
    )
    components: dict[DnsLabel, ComponentDefaults] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_together(self) -> EnvironmentSpec:
        wrong = [
            InitErrorDetails(type="value_error", loc=path, input=value, ctx={"error": ValueError(message)})
            for path, value, message in contradictions(self)
        ]
        if wrong:
            raise ValidationError.from_exception_data("EnvironmentSpec", wrong)
        return self


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
