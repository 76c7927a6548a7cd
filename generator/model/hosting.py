"""The hub's own services, in the environment whose cluster they run in.

Part of the shape of `environment.yaml`; `generator.model.environment` has the rest.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from generator.model.entry import Model
from generator.model.hosting_images import HubRegistry, registries_file
from generator.model.hosting_sign_in import HubSignIn
from generator.model.hosting_slack import HubSlack
from generator.model.registries import Host
from generator.values.aws import Certificate, Role
from generator.values.bounds import SecretPrefix
from generator.values.formats import DnsLabel, Domain
from generator.values.networks import Subnets

#: https://docs.aws.amazon.com/general/latest/gr/sqs-service.html
QUEUE_PATTERN = r"^https://sqs\.[a-z]{2}(-[a-z]+){1,3}-[0-9]\.amazonaws\.com(\.cn)?/[0-9]{12}/[A-Za-z0-9_-]{1,80}$"
#: The address of a page, without query and fragment.
PAGE_PATTERN = r"^https://[a-z0-9][a-z0-9.-]{0,252}(:[0-9]{1,5})?(/[A-Za-z0-9_.-]{1,100}){0,20}/?$"
#: Whose deliveries a listener can prove (`hub.services.listener`).
Sender = Literal["github", "jira", "slack"]


class HubJira(Model):
    """The Jira site whose issues the worker reads when Jira tells of a change."""

    url: Annotated[
        str, Field(pattern=r"^https://[a-z0-9][a-z0-9.-]{0,252}(:[0-9]{1,5})?(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,63})*$")
    ] = Field(description="of the site, such as https://example.atlassian.net; of Data Center with its context path")
    edition: Literal["cloud", "data-center"] = Field(
        "cloud", description="which Jira it is; data-center: 8.14 or later"
    )
    email: Annotated[str, Field(pattern=r"^[\x21-\x39\x3b-\x7e]{1,254}$")] | None = Field(
        None,
        description="of cloud: of the account that reads there; without `messages` it needs Browse Projects alone",
    )
    messages: Literal["en", "ko"] | None = Field(
        None,
        description="in which language previews are told of at their issues (messages.md); none = nothing is written",
    )

    @model_validator(mode="after")
    def _account_is_told(self) -> Self:
        if (self.email is None) == (self.edition == "cloud"):
            raise ValueError("an account of cloud has an e-mail address, and one of data-center none")
        return self


class HubServices(Model):
    """The hub's services in this environment's cluster; at most one environment of a repository has them."""

    host: Domain = Field(description="where people, CI and webhooks reach the hub; apart from `domain`")
    scheme: Literal["internal", "internet-facing"] = Field(description="who can reach the hub's load balancer")
    certificates: Annotated[list[Certificate], Field(min_length=1, max_length=25)] = Field(
        description="ACM, for `host`; of this account and region"
    )
    load_balancer_cidrs: Annotated[list[Subnets], Field(min_length=1, max_length=20)] = Field(
        description="the load balancer's subnets: whence services are reached"
    )
    secret_store: DnsLabel = Field(
        description="a ClusterSecretStore that the hub's namespace may use, and previews not"
    )
    secrets: SecretPrefix = Field(description="what names of the hub's secrets start with, such as `rtb/hub/`")
    webhooks: Annotated[list[Sender], Field(max_length=3)] = Field(
        default_factory=list, description="whose deliveries are taken; each needs its secrets"
    )
    redis: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,252}:[0-9]{1,5}$")] | None = Field(
        None,
        description="host:port of the Redis that BullMQ's queues are in, by TLS; none = the database's queue alone",
    )
    sign_in: HubSignIn | None = Field(None, description="by whom people sign in, and what they may; none = nobody can")
    jira: HubJira | None = Field(None, description="where issues are read; needed for deliveries of `jira`")
    slack: HubSlack | None = Field(None, description="where previews are told of in Slack; none = nowhere there")
    registries: Annotated[dict[Host, HubRegistry], Field(max_length=50)] = Field(
        default_factory=dict, description="host, as it stands in the names of images → how the worker asks it for tags"
    )
    ecr_queue: Annotated[str, Field(pattern=QUEUE_PATTERN)] | None = Field(
        None, description="the queue of SQS that tells the listener of pushes to ECR; needs `listenerRole`"
    )
    github_api: Annotated[str, Field(pattern=r"^https://[a-z0-9][a-z0-9.-]{0,252}(:[0-9]{1,5})?(/api/v3)?$")] | None = (
        Field(
            None,
            description="of the GitHub whose pull requests start previews; none: api.github.com, by an App's key",
        )
    )
    github_messages: Literal["en", "ko"] | None = Field(
        None,
        description="in which language previews are told of in pull requests of their code (messages.md), by the App"
        " that is the forge's key; none = nothing is written there",
    )
    gitea_messages: Literal["en", "ko"] | None = Field(
        None,
        description="in which language previews are told of in pull requests of their code on the Gitea or Forgejo that"
        " is the forge, by the hub's token there (messages.md); none = nothing is written there",
    )
    listener_role: Role | None = Field(None, description="IAM role of the listener's service account; of this account")
    worker_role: Role | None = Field(
        None,
        description="IAM role of the worker's service account; of this account. Where previews are told of, every"
        " environment's cluster is read by it, through its `cluster.roleArn`; none = messages tell what Git tells",
    )
    dashboard_role: Role | None = Field(
        None,
        description="IAM role of the dashboard's service account; of this account. By it every environment's cluster is"
        " looked at, through its `cluster.roleArn`; none = phases and figures of previews are not told",
    )
    reconciler_role: Role | None = Field(
        None,
        description="IAM role of the service accounts of the scheduled jobs that reconcile what is not gated; of this"
        " account. By it requests to previews are counted where `sleep.afterIdle` is set, through `cluster.roleArn`;"
        " none = nobody is idle, and the jobs say so",
    )
    monitoring: DnsLabel | None = Field(None, description="namespace whose pods may read /metrics; none = nobody")
    alerts: bool = Field(False, description="whether there is a PrometheusRule; it needs Prometheus' operator")
    runbooks: Annotated[str, Field(pattern=PAGE_PATTERN)] | None = Field(
        None,
        description="where people read docs/OPERATIONS.md, such as https://docs.example.com/OPERATIONS/: each alert"
        " links to its section there; none = alerts have no link",
    )

    @property
    def tells(self) -> bool:
        """Whether previews are told of anywhere: a worker then stays while there is no job."""
        of_jira, of_slack = (one.messages if one is not None else None for one in (self.jira, self.slack))
        return any(one is not None for one in (of_jira, of_slack, self.github_messages, self.gitea_messages))

    @model_validator(mode="after")
    def _issues_can_be_read(self) -> Self:
        if "jira" in self.webhooks and self.jira is None:
            raise ValueError("deliveries of jira are taken and its issues cannot be read; allowed: 'jira' beside them")
        return self

    @model_validator(mode="after")
    def _aws_can_be_asked(self) -> Self:
        """By roles of service accounts alone: the hub's pods reach no other source of AWS' credentials."""
        registries_file(self.registries, "/")
        of_ecr = [host for host, one in self.registries.items() if one.kind == "ecr"]
        if of_ecr and self.worker_role is None:
            raise ValueError(f"{of_ecr[0]} is asked as the worker, which has no role; allowed: 'workerRole' beside it")
        if self.ecr_queue is not None and self.listener_role is None:
            raise ValueError("the queue is read as the listener, which has no role; allowed: 'listenerRole' beside it")
        return self
