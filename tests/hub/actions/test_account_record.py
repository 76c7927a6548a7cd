"""The wildcard record of an environment, and the change that makes it right, in an account of moto."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from moto import mock_aws

from generator.errors import Reason, Transient
from generator.yaml.writer import dump
from hub.adapters.account.access import Access
from hub.adapters.account.names import Balancer, aliases, balancer
from hub.output.exit_codes import CODES, UNHEALTHY
from worlds.accounts import INT, REGION
from worlds.builders import environment
from worlds.commands import Ran, rtb_hub

NAME = "*.int.preview.example.com"
TAGS = {"elbv2.k8s.aws/cluster": "rtb-int", "ingress.k8s.aws/stack": "previews-0"}


@dataclass
class Zoned:
    """An account with the zone of int's previews. `load_balancer` makes one with tags; gives its name in DNS."""

    folder: Path
    zone: str
    subnets: list[str]
    elb: Any
    route53: Any

    def load_balancer(self, name: str, **tags: str) -> str:
        made = self.elb.create_load_balancer(
            Name=name, Subnets=self.subnets, Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
        )
        return str(made["LoadBalancers"][0]["DNSName"])

    def environment(self, **given: Any) -> None:
        aws = {**environment("int").as_tree()["spec"]["aws"], "zone": self.zone, **given.pop("aws", {})}
        (self.folder / "int").mkdir(exist_ok=True)
        tree = environment("int", aws={key: value for key, value in aws.items() if value is not None}, **given)
        (self.folder / "int" / "environment.yaml").write_text(dump(tree.as_tree()), encoding="utf-8")

    def record(self, *more: str) -> Ran:
        return rtb_hub("account", "record", "--env", "int", "--environments", self.folder, *more)


@pytest.fixture
def zoned(tmp_path: Path) -> Iterator[Zoned]:
    zone_id = "moto.route53.models.create_route53_zone_id"  # moto's do not begin as AWS's do
    keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "test")
    with mock.patch.dict("os.environ", keys), mock_aws(), mock.patch(zone_id, return_value="Z0000000000001"):
        role = {"RoleArn": f"arn:aws:iam::{INT}:role/admin", "RoleSessionName": "admin"}
        found = boto3.client("sts", REGION).assume_role(**role)["Credentials"]
        keys = {"AWS_ACCESS_KEY_ID": found["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"]}
        os.environ.update({**keys, "AWS_SESSION_TOKEN": found["SessionToken"]})
        session = boto3.Session(region_name=REGION)
        ec2, route53 = session.client("ec2"), session.client("route53")
        vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
                "SubnetId"
            ]
            for n, zone in enumerate("ab")
        ]
        zone = route53.create_hosted_zone(Name="int.preview.example.com", CallerReference="1")["HostedZone"]["Id"]
        made = Zoned(tmp_path, zone.rpartition("/")[2], subnets, session.client("elbv2"), route53)
        made.environment()
        yield made


def test_the_change_that_is_printed_is_the_one_that_is_lacking(zoned: Zoned) -> None:
    """In one, since moto takes seconds of processor time to start."""
    before = zoned.record()
    assert (before.code, "its anchor Ingress makes it" in before.out) == (UNHEALTHY, True)
    zoned.load_balancer("others", **TAGS | {"elbv2.k8s.aws/cluster": "rtb-stg"})
    zoned.load_balancer("of-the-hub", **TAGS | {"ingress.k8s.aws/stack": "rtb-hub"})
    assert zoned.record("--output", "json").json()["changeBatch"] is None
    host = zoned.load_balancer("mine", **TAGS)

    told = zoned.record("--output", "json")
    assert (told.code, told.json()["zone"]) == (0, zoned.zone)
    (change,) = told.json()["changeBatch"]["Changes"]
    assert change["ResourceRecordSet"]["AliasTarget"]["DNSName"] == host.lower()
    people = zoned.record()
    (command,) = [line.strip() for line in people.out.splitlines() if line.strip().startswith("aws route53")]
    *_, zone, _, batch = shlex.split(command)
    assert (people.code, zone, json.loads(batch)) == (0, zoned.zone, told.json()["changeBatch"])

    zoned.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=json.loads(batch))
    again = zoned.record("--output", "json").json()
    assert (again["changeBatch"], [one["state"] for one in again["checks"]]) == (None, ["found"])

    change["ResourceRecordSet"]["AliasTarget"]["DNSName"] = "another.elb.amazonaws.com"
    zoned.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    (other,) = zoned.record("--output", "json").json()["checks"]
    assert (other["state"], other["differences"][0]["found"]) == ("differs", "another.elb.amazonaws.com")

    change["Action"] = "DELETE"
    cname = {"Name": NAME, "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "another.example.com"}]}
    changes = [change, {"Action": "CREATE", "ResourceRecordSet": cname}]
    zoned.route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    stuck = zoned.record("--output", "json")
    assert (stuck.code, stuck.json()["changeBatch"]) == (UNHEALTHY, None)
    assert stuck.json()["checks"][0]["repairs"] == [f"delete the CNAME of {NAME} in zone {zone}, then ask again"]

    zoned.environment(aws={"zone": None})
    elsewhere = zoned.record()
    assert (elsewhere.code, f"make {NAME} an alias of {host.lower()}" in elsewhere.out) == (0, True)
    zoned.environment(aws={"zone": "Z000000000000NONE"})
    gone = zoned.record()
    assert (gone.code, "correct aws.zone of environments/int/environment.yaml" in gone.out) == (UNHEALTHY, True)
    zoned.environment(exposure={**environment("int").as_tree()["spec"]["exposure"], "shards": 2})
    several = zoned.record()
    assert (several.code, "ExternalDNS" in several.err) == (CODES[Reason.INVALID_VALUE], True)


def test_what_cannot_be_read_is_told_so(zoned: Zoned) -> None:
    busy = Transient(Reason.CLUSTER_UNREACHABLE, "elasticloadbalancing:DescribeLoadBalancers: Throttling")
    with mock.patch.object(Access, "all", side_effect=busy):
        ran = zoned.record("--output", "json")
    assert (ran.code, ran.json()["changeBatch"], ran.json()["checks"][0]["state"]) == (UNHEALTHY, None, "unread")


class Answers:
    """An account with 45 load balancers, of which the last is ours and has addresses of both kinds."""

    def all(self, *_: object, **__: object) -> list[Any]:
        common = {"CanonicalHostedZoneId": "Z1", "IpAddressType": "dualstack"}
        return [{"LoadBalancerArn": f"arn:{n:02}", "DNSName": f"LB-{n}.example.com", **common} for n in range(45)]

    def ask(self, _service: str, operation: str, **given: Any) -> Any:
        if operation == "describe_tags":
            assert len(given["ResourceArns"]) <= 20
            tags = [{"Key": key, "Value": value} for key, value in TAGS.items()]
            return {
                "TagDescriptions": [
                    {"ResourceArn": arn, "Tags": tags if arn == "arn:44" else []} for arn in given["ResourceArns"]
                ]
            }
        alias = {"DNSName": "dualstack.LB-44.example.com."}
        after = {"Name": "a.int.preview.example.com.", "Type": "A", "AliasTarget": {"DNSName": "x."}}
        return {
            "ResourceRecordSets": [
                {"Name": r"\052.int.preview.example.com.", "Type": "AAAA", "AliasTarget": alias},
                after,
            ]
        }


def test_all_load_balancers_are_looked_at_and_route_53s_writing_is_read() -> None:
    access: Any = Answers()
    assert balancer(access, "rtb-int", "previews-0") == Balancer("lb-44.example.com", "Z1", ("A", "AAAA"))
    assert aliases(access, "Z1", NAME) == {"AAAA": "lb-44.example.com"}
