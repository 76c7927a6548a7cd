"""Load balancers of previews, and what a hosted zone says of a name.

The load balancer controller tags what it makes (aws-load-balancer-controller, pkg/deploy/tracking/provider.go):
`elbv2.k8s.aws/cluster` is the cluster's name, `ingress.k8s.aws/stack` is the Ingresses' group.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hub.adapters.account.access import Access

#: How many DescribeTags takes at once (Elastic Load Balancing, API reference).
_TAGGED_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Balancer:
    """A load balancer's own name, the zone that AWS keeps it in, and of which kinds its records are."""

    host: str
    zone: str
    kinds: tuple[str, ...]


def balancer(access: Access, cluster: str, group: str) -> Balancer | None:
    """The load balancer of a group of Ingresses of a cluster. Raises as `Access`."""
    found = {one["LoadBalancerArn"]: one for one in access.all("elbv2", "describe_load_balancers", "LoadBalancers")}
    arns = sorted(found)
    for begin in range(0, len(arns), _TAGGED_AT_ONCE):
        told = access.ask("elbv2", "describe_tags", ResourceArns=arns[begin : begin + _TAGGED_AT_ONCE]) or {}
        for one in told.get("TagDescriptions", []):
            tags = {tag["Key"]: tag.get("Value", "") for tag in one["Tags"]}
            if tags.get("elbv2.k8s.aws/cluster") == cluster and tags.get("ingress.k8s.aws/stack") == group:
                mine = found[one["ResourceArn"]]
                kinds = ("A", "AAAA") if "dualstack" in mine.get("IpAddressType", "") else ("A",)
                return Balancer(mine["DNSName"].lower(), mine["CanonicalHostedZoneId"], kinds)
    return None


def aliases(access: Access, zone: str, name: str) -> Mapping[str, str] | None:
    r"""What a name leads to, by kind of record: an alias, or else its values. None: there is no such zone.

    Raises as `Access`. Route 53 writes `*` as `\052`, ends names with a dot, and lists from where it is asked to.
    """
    asked = {"HostedZoneId": zone, "StartRecordName": name, "MaxItems": "20"}
    told = access.ask("route53", "list_resource_record_sets", **asked)
    if told is None:
        return None
    found = {}
    for one in told["ResourceRecordSets"]:
        if _plain(one["Name"]) == name and one["Type"] in ("A", "AAAA", "CNAME"):
            values = [one["Value"] for one in one.get("ResourceRecords", [])]
            alias = one.get("AliasTarget", {}).get("DNSName")
            found[one["Type"]] = _plain(alias).removeprefix("dualstack.") if alias else ", ".join(values)
    return found


def _plain(name: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), name).removesuffix(".").lower()
