"""What `rtb-hub account render` needs to know of an environment's AWS account beside what previews need.

Part of the shape of `environment.yaml`; `generator.model.environment` has the rest. What these fields say of one
another, and of other environments, is `generator.bootstrap.account.checks`'.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from generator.model.entry import Model
from generator.values.aws import Account, Subnet
from generator.values.aws_limits import (
    CacheClass,
    DatabaseClass,
    EcrName,
    Email,
    GitHubBranch,
    GitHubRepository,
    Issuer,
    LogDays,
    Organization,
    RoleName,
    Vpc,
    Zone,
)
from generator.values.formats import DnsLabel


def _once(names: list[str]) -> list[str]:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(twice)} stands there twice")
    return names


class HubAccount(Model):
    """Where the hub runs, and as whom it reads clusters; the same in every environment."""

    account: Account = Field(description="AWS account that the hub's own cluster is in; one of the environments'")
    role: RoleName = Field("rtb-hub-control-role", description="IAM role that may assume each `cluster.roleArn`")
    namespace: DnsLabel = Field("rtb-hub", description="of the hub's service accounts, which the roles trust")


class GitHubDelivery(Model):
    """The repository whose workflow pushes the hub's images, by OIDC."""

    repository: GitHubRepository = Field(description="OWNER/NAME")
    branch: GitHubBranch = Field("main", description="the one branch whose jobs are trusted; pull requests never are")
    provider: Literal["make", "exists"] = Field(
        "make", description="an account has one OIDC provider of GitHub's: `exists` where it is there already"
    )


class SpotNodes(Model):
    """Karpenter's nodes for previews on spot; the controller, its queue and the nodes' role are Karpenter's own."""

    node_role: RoleName = Field(description="IAM role of Karpenter's nodes, without a path; of this account")
    cpu: Annotated[int, Field(ge=1, le=10_000)] = Field(32, description="vCPU of all of these nodes together at most")
    memory_gib: Annotated[int, Field(ge=1, le=100_000)] = Field(64, description="GiB of all of these nodes together")


class HubStores(Model):
    """Sizes of what the hub's services keep their state in; made where `hub` is."""

    database_class: DatabaseClass = Field("db.t4g.small", description="instance class of RDS")
    database_gib: Annotated[int, Field(ge=20, le=65_536)] = Field(20, description="disk of the database, in GiB")
    database_zones: Literal[1, 2] = Field(2, description="2: with a standby in another zone")
    cache_class: CacheClass = Field("cache.t4g.small", description="node type of ElastiCache, where `hub.redis` is")


class AwsAccount(Model):
    """What is made in this environment's account by `rtb-hub account render`, as far as no other field says it."""

    organization: Organization = Field(description="id of the AWS organisation; roles trust nobody outside it")
    hub: HubAccount = Field(description="where the hub runs, and as whom")
    oidc: Issuer = Field(description="issuer of this environment's cluster: `cluster.identity.oidc.issuer` of EKS")
    vpc: Vpc = Field(description="of the cluster")
    pod_subnets: Annotated[list[Subnet], AfterValidator(_once), Field(min_length=2, max_length=16)] = Field(
        description="private subnets of Fargate pods and of the hub's stores, in two zones at least"
    )
    zone: Zone | None = Field(
        None,
        description="public hosted zone of `domain`, in this account: a certificate is made; none = yours is used",
    )
    repositories: Annotated[list[EcrName], AfterValidator(_once), Field(min_length=1, max_length=200)] = Field(
        description="of ECR in the hub's account, whose images run as previews"
    )
    log_days: LogDays = Field(7, description="how long logs of previews on Fargate are kept")
    budget: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(
        None, description="USD a month of the whole account; mail at 50, 80 and 100 percent; none = no budget"
    )
    notify: Annotated[list[Email], AfterValidator(_once), Field(max_length=10)] = Field(
        default_factory=list, description="who gets mail of budgets and alarms"
    )
    github: GitHubDelivery | None = Field(None, description="who pushes the hub's images; none = no role for CI")
    spot: SpotNodes | None = Field(None, description="for previews on spot; none = no pool is rendered")
    stores: HubStores = Field(default_factory=HubStores, description="sizes of the hub's database and cache")
