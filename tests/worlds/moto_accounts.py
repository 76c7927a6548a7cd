"""Three accounts as moto has them, each with a network and a cluster, and the environments that are about them."""

from __future__ import annotations

import json
import os
import shlex
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import boto3
from botocore import xform_name
from moto import mock_aws
from moto.eks.models import eks_backends

from generator.bootstrap.account import cloudformation
from generator.bootstrap.account import objects as o
from generator.model.environment import Environment
from generator.yaml.writer import dump
from hub.adapters.account.access import Access
from worlds.accounts import HUB, INT, PRD, REGION, STG, account
from worlds.builders import environment

#: Options that the AWS CLI calls otherwise than the API does.
RENAMED = {("sns", "notification-endpoint"): "endpoint"}
NUMBERS = {"int": INT, "stg": STG, "prd": PRD}


@dataclass
class Accounts:
    """The three accounts. `warned`: types that moto's CloudFormation said it does not make."""

    sessions: dict[str, Any] = field(default_factory=dict)
    environments: list[Environment] = field(default_factory=list)
    warned: set[str] = field(default_factory=set)
    #: By account: what a check asks it by. Making clients takes most of a test's time.
    access: dict[str, Access] = field(default_factory=dict)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, name: str, service: str) -> Any:
        if (name, service) not in self._clients:
            self._clients[name, service] = self.sessions[name].client(service)
        return self._clients[name, service]

    def stacks(self, name: str) -> tuple[o.Stack, ...]:
        return account(name, self.environments).stacks

    def deploy(self, name: str) -> None:
        """Make an account's stacks, without outputs of what moto does not make."""
        for stack in self.stacks(name):
            tree = cloudformation.template(stack)
            del tree["Outputs"]
            if "Database" in tree["Resources"]:  # moto stumbles over a reference there
                del tree["Resources"]["Database"]["Properties"]["DBParameterGroupName"]
            for resource in tree["Resources"].values():
                for policy in resource["Properties"].get("Policies", []):  # moto keeps another text of what is no text
                    policy["PolicyDocument"] = json.dumps(policy["PolicyDocument"])
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                self.client(name, "cloudformation").create_stack(
                    StackName=stack.name, TemplateBody=dump(tree), Capabilities=["CAPABILITY_NAMED_IAM"]
                )
            self.warned |= {str(one.message).split()[3] for one in told if "Tried to parse" in str(one.message)}

    def delete(self, name: str) -> None:
        for stack in reversed(self.stacks(name)):
            self.client(name, "cloudformation").delete_stack(StackName=stack.name)

    @contextmanager
    def signed_in(self, name: str) -> Iterator[None]:
        """This process has an account's credentials, as a command finds them."""
        keys = self.sessions[name].get_credentials()
        found = {
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "AWS_SESSION_TOKEN": keys.token,
        }
        with mock.patch.dict(os.environ, found):
            yield

    def run(self, name: str, command: str) -> None:
        """Run a command of the AWS CLI by its calls' models."""
        _, service, operation, *words = shlex.split(command)
        client = self.client(name, service)
        called = client.meta.method_to_api_mapping[operation.replace("-", "_")]
        shape = client.meta.service_model.operation_model(called).input_shape
        members = {xform_name(member, "-"): member for member in shape.members}
        given: dict[str, Any] = {}
        while words:
            option = words.pop(0).removeprefix("--")
            option = RENAMED.get((service, option), option)
            values = []
            while words and not words[0].startswith("--"):
                values.append(words.pop(0))
            of = shape.members[members[option]]
            if of.type_name == "boolean":
                given[members[option]] = True
            elif of.type_name == "integer":
                given[members[option]] = int(values[0])
            elif of.type_name == "double":
                given[members[option]] = float(values[0])
            elif of.type_name in ("list", "map", "structure"):
                given[members[option]] = json.loads(values[0]) if values[0][0] in "[{" else values
            else:
                (given[members[option]],) = values
        getattr(client, operation.replace("-", "_"))(**given)


def _environment(name: str, session: Any) -> Environment:
    """A network and a cluster, and the environment that names them."""
    ec2, eks = session.client("ec2"), session.client("eks")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{n}.0/24")["Subnet"]["SubnetId"] for n in (0, 1)]
    group = ec2.create_security_group(GroupName="cluster", Description="cluster", VpcId=vpc)["GroupId"]
    tree = environment(name).as_tree()["spec"]
    cluster = {**tree["cluster"], "securityGroup": group}
    eks.create_cluster(
        name=cluster["name"],
        version=cluster["kubernetes"],
        roleArn=f"arn:aws:iam::{NUMBERS[name]}:role/cluster",
        resourcesVpcConfig={"subnetIds": subnets, "securityGroupIds": [group]},
    )
    made = eks_backends[NUMBERS[name]][REGION].clusters[cluster["name"]]
    made.identity = {"oidc": {"issuer": f"https://{tree['aws']['oidc']}"}}
    made.resources_vpc_config["vpcId"] = vpc
    given = {"aws": {**tree["aws"], "vpc": vpc, "podSubnets": subnets}, "cluster": cluster}
    own = {"hub": HUB, "sleep": {"afterIdle": "2h"}} if name == "int" else {}
    return environment(name, **given, **own)


@contextmanager
def moto_accounts() -> Iterator[Accounts]:
    """moto in this process, ended within."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
    with mock.patch.dict(os.environ, keys), mock_aws():
        accounts = Accounts()
        for name, number in NUMBERS.items():
            role = {"RoleArn": f"arn:aws:iam::{number}:role/admin", "RoleSessionName": "admin"}
            found = boto3.client("sts").assume_role(**role)["Credentials"]
            accounts.sessions[name] = boto3.Session(
                found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], REGION
            )
            accounts.environments.append(_environment(name, accounts.sessions[name]))
        yield accounts
