"""Who reaches previews and whom they reach: load balancers, security groups, networks.

Part of the shape of `environment.yaml`; `generator.model.environment` has the rest.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from generator.model.entry import Model
from generator.values.aws import Attributes, Certificate, SecurityGroup, Subnet, Tags, TlsPolicy
from generator.values.formats import DnsLabel, Port
from generator.values.networks import Destination, Sources, Subnets

#: Without it AWS takes ELBSecurityPolicy-2016-08, which speaks TLS 1.0.
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
#: What holds unless `exposure.attributes` says otherwise: a header that is not one never reaches a preview.
ATTRIBUTES = {"routing.http.drop_invalid_header_fields.enabled": "true"}


def _once(names: list[str]) -> list[str]:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{', '.join(twice)} stands there twice")
    return names


class Exposure(Model):
    """The load-balancer groups (shards) previews are spread over: `<group>-0` … `<group>-<shards-1>`.

    An ALB takes 100 target groups, not adjustable (Elastic Load Balancing quotas), one for each exposed Service; the
    cap stays below it because the anchor and replacements need room.
    """

    group: Annotated[DnsLabel, Field(max_length=40, description="what the groups' names start with")]
    shards: Annotated[int, Field(ge=1, le=50, description="number of groups, each a load balancer")]
    target_groups_per_shard: Annotated[int, Field(ge=1, le=95, description="a start that would pass it is refused")]
    scheme: Literal["internal", "internet-facing"] = Field(description="who can reach the load balancers")
    certificates: Annotated[
        list[Certificate],
        AfterValidator(_once),
        Field(min_length=1, max_length=25, description="ACM, for `*.<domain>`; of this account and region"),
    ]
    subnets: (
        Annotated[
            list[Subnet],
            AfterValidator(_once),
            Field(min_length=2, max_length=20, description="one in each of two zones"),
        ]
        | None
    ) = Field(None, description="where the load balancers are; none = those that are tagged for it")
    ssl_policy: TlsPolicy = Field(TLS_POLICY, description="security policy of the load balancers, from TLS 1.2 on")
    inbound_cidrs: Annotated[list[Sources], AfterValidator(_once), Field(max_length=30)] = Field(
        default_factory=list, description="who may send to the load balancers; none = whoever reaches them"
    )
    attributes: Attributes = Field(
        default_factory=dict,
        description="attributes of the load balancers, over `routing.http.drop_invalid_header_fields.enabled`",
    )
    tags: Tags = Field(
        default_factory=dict, description="of what the load balancer controller makes, beside rtb-hub/environment"
    )


class EgressRule(Model):
    """Whom previews on spot nodes may send to. Metadata and credentials of nodes are never among them."""

    cidr: Destination = Field(description="addresses")
    ports: Annotated[list[Port], Field(min_length=1, max_length=20)] = Field(description="on which ports")
    protocol: Literal["TCP", "UDP"] = Field("TCP", description="by which protocol")


def _https() -> list[EgressRule]:
    return [EgressRule(cidr="0.0.0.0/0", ports=[443])]


class Isolation(Model):
    """Who may reach a preview, and whom it may: security groups on Fargate, network policies on spot nodes."""

    security_groups: Annotated[
        list[SecurityGroup],
        AfterValidator(_once),
        Field(min_length=1, max_length=5, description="of Fargate pods: the previews' own, never the cluster's"),
    ]
    load_balancer_cidrs: Annotated[
        list[Subnets],
        AfterValidator(_once),
        Field(min_length=1, max_length=20, description="the load balancers' subnets, for pods on spot nodes"),
    ]
    egress: Annotated[list[EgressRule], Field(max_length=20)] = Field(
        default_factory=_https,
        description="whom pods on spot nodes may send to beside DNS and their own namespace, as the security group"
        " has it on Fargate; by default HTTPS to anybody",
    )
