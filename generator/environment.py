"""The environment: account, cluster, policy and limits, read from overlays below `environments/`.

`environments/base/environment.yaml` with `environments/<name>/environment.yaml` laid over it gives one `Environment`.
Merging and positions are `generator.overlay`'s; this module is the shape.
"""

from __future__ import annotations

from datetime import time, timedelta
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
from generator.office_hours import DAYS, OfficeTime, zone_of
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


class LeasePolicy(Model):
    """How long a preview lives: by default, at most, and when people are warned before its end."""

    ttl: Duration = Field(description="when nobody asks for another length")
    cap: Duration = Field(description="at most, extensions included")
    warn_before: Duration = Field(description="people are warned this long before the end")

    @model_validator(mode="after")
    def _ordered(self) -> LeasePolicy:
        if not duration(self.warn_before) < duration(self.ttl) <= duration(self.cap):
            raise ValueError(f"warnBefore {self.warn_before} < ttl {self.ttl} <= cap {self.cap} must hold")
        return self


class ExpiryPolicy(Model):
    """How many previews one run of the expiry reconciler removes at most. Above that it removes none, and asks.

    A wrong clock, or a wrong file, makes many entries look due at once.
    """

    max_removals: Annotated[int, Field(ge=1, le=10_000, description="previews that one run removes at most")] = 20
    max_share: Annotated[
        int,
        Field(ge=1, le=100, description="percent of the previews that one run removes at most; up to 3 may always go"),
    ] = 50


def _zone(name: str) -> str:
    zone_of(name)
    return name


Zone = Annotated[
    str, AfterValidator(_zone), Field(max_length=100, json_schema_extra={"examples": ["Asia/Seoul", "Europe/Berlin"]})
]
ClockTime = Annotated[
    str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", json_schema_extra={"examples": ["09:00", "18:00"]})
]
Day = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


class OfficeHours(Model):
    """When the office is open: what a lease with `officeHours` counts. Its pods run, and are billed, all the time."""

    time_zone: Zone = Field(description="of the IANA database")
    days: Annotated[list[Day], Field(min_length=1, max_length=7, description="days of the week, each once")]
    opens: ClockTime = Field(alias="from", description="on the clocks of the zone, in quotes")
    closes: ClockTime = Field(alias="to", description="on the same day, an hour after `from` at least")

    @model_validator(mode="after")
    def _ordered(self) -> OfficeHours:
        if len(set(self.days)) < len(self.days):
            raise ValueError("a day stands twice in days")
        opens, closes = (timedelta(hours=clock.hour, minutes=clock.minute) for clock in self._clocks())
        # A minute a week would put the end of a long lease beyond the calendar's.
        if closes - opens < timedelta(hours=1):
            raise ValueError(f"from {self.opens} is not before to {self.closes} by an hour at least")
        return self

    def _clocks(self) -> tuple[time, time]:
        return time.fromisoformat(self.opens), time.fromisoformat(self.closes)

    def office_time(self) -> OfficeTime:
        """The same, to count with."""
        return OfficeTime(zone_of(self.time_zone), frozenset(map(DAYS.index, self.days)), *self._clocks())

    def __str__(self) -> str:
        return f"{', '.join(self.days)} {self.opens}–{self.closes} {self.time_zone}"


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


class Approval(Model):
    """Who approves changes to a gated environment, how many of them, and how long a request may wait for them."""

    team: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]{0,38})/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$",
            description="whose approvals count, as the Git host names a team: `organisation/team`",
            examples=["acme/prd-approvers"],
        ),
    ]
    required: Annotated[int, Field(ge=1, le=10)] = Field(1, description="how many of the team must approve")
    deadline: Duration = Field("72h", description="a request that is not approved within this time is closed")
    checks: list[Text] = Field(
        default_factory=lambda: ["guard"], description="names that must have passed on the request, beside all others"
    )
    expiry_identity: Annotated[
        str | None,
        Field(
            pattern=r"^(app:[1-9][0-9]{0,11}|user:[A-Za-z0-9][A-Za-z0-9_.-]{0,99})$",
            description="the one account that may push past the review, to begin and end leases: a GitHub App by its"
            " id, or an account",
            examples=["app:12345", "user:expiry-bot"],
        ),
    ] = None


class ForgePolicy(Model):
    """Where requests to change a gated environment are reviewed. Keys to it are never here: see docs/FORGES.md."""

    kind: Literal["github", "gitea", "local"] = Field(description="gitea: Forgejo too; local: beside a bare repository")
    url: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$",
            max_length=200,
            description="github: the API, https://api.github.com by default; gitea: the repository's page",
            examples=["https://git.example.com/acme/preview-state"],
        ),
    ] = None
    repository: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$",
            description="github: the state repository, as owner/name",
            examples=["acme/preview-state"],
        ),
    ] = None
    machines: list[Text] = Field(
        default_factory=list, description="accounts of machines that the forge takes for people"
    )

    @model_validator(mode="after")
    def _whole(self) -> ForgePolicy:
        needed = {"github": self.repository, "gitea": self.url, "local": ""}[self.kind]
        if needed is None:
            raise ValueError(f"{self.kind} needs {'repository' if self.kind == 'github' else 'url'}")
        return self


class Secrets(Model):
    """The External Secrets store that references are read from; names must start with one of the prefixes."""

    store: DnsLabel = Field(description="a ClusterSecretStore of the External Secrets Operator")
    prefixes: Annotated[list[Text], Field(min_length=1, description="what names of secrets must start with")]


class Images(Model):
    """Which images may run. An empty `registries` allows any; `pinned` requires a digest."""

    pinned: bool = Field(description="true: by digest only")
    registries: list[Text] = Field(description="prefixes that images must start with; none = any")


class DriftPolicy(Model):
    """What the drift reconciler does about a preview that is not what today's templates render.

    A correction restarts the preview's pods. 50 a run keep one run's work in Argo CD to about a minute (100 previews in
    one commit were healthy after 104 s), so starts do not queue behind a roll-out, and a bad template shows early.
    """

    mode: Literal["correct", "report"] = Field(
        "correct", description="correct: written anew; a gated environment only reports, whatever this says"
    )
    per_run: Annotated[int, Field(ge=1, le=1000)] = Field(
        50, description="previews written anew in one run at most; the next run goes on"
    )


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
