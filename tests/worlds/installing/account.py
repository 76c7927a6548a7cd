"""The account of docs/INSTALL.md: what §1 says must be there, under the names of the shipped environment `int`.

moto has no access entries, no updates of add-ons and no quota of Fargate: AWS's answers to these stand here.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from unittest import mock

import boto3
from moto.eks.models import eks_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from generator.model.environment import Environment
from worlds.accounts import INT, REGION

KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
CLUSTER_GROUP = "sg-01000000000000002"


@dataclass
class Account:
    """moto at `url`, as `keys` of the account. `entries`: group of each access entry. `quota`: vCPU of Fargate."""

    url: str = ""
    keys: dict[str, str] = field(default_factory=dict)
    entries: dict[str, list[str]] = field(default_factory=dict)
    addons: dict[str, str] = field(default_factory=dict)
    quota: float = 6.0
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service, region_name=REGION, endpoint_url=self.url, aws_access_key_id=self.keys["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=self.keys["AWS_SECRET_ACCESS_KEY"], aws_session_token=self.keys["AWS_SESSION_TOKEN"],
            )  # fmt: skip
        return self._clients[service]

    def recorded(self, method: str, path: str, target: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to a call that moto lacks; None for all others."""
        if target.startswith("ServiceQuotasV20190624."):
            assert (body["ServiceCode"], body["QuotaCode"]) == ("fargate", "L-3032A538")
            if target.endswith(".GetServiceQuota"):
                return {"Quota": {"QuotaCode": "L-3032A538", "Value": self.quota}}
            self.quota = float(body["DesiredValue"])
            return {"RequestedQuota": {"Status": "PENDING", "DesiredValue": self.quota}}
        if path == "/clusters/rtb-int/access-entries" and method == "POST":
            self.entries[body["principalArn"]] = body["kubernetesGroups"]
            return {"accessEntry": {"clusterName": "rtb-int", **body}}
        if method == "DELETE" and (found := re.fullmatch(r"/clusters/rtb-int/access-entries/(.+)", path)):
            del self.entries[found[1]]
            return {}
        if method == "POST" and (found := re.fullmatch(r"/clusters/rtb-int/addons/([a-z-]+)/update", path)):
            self.addons[found[1]] = body["configurationValues"]
            return {"update": {"id": "1", "status": "InProgress", "type": "AddonUpdate"}}
        return None

    def push(self, repository: str, tag: str, digest: str) -> None:
        """An image for x86, as a build that pushed it would leave it."""
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "annotations": {"of": repository},
        }
        self.client("ecr").put_image(
            repositoryName=repository, imageTag=tag, imageManifest=json.dumps(manifest), imageDigest=digest
        )


def _app(answered: Callable[..., dict[str, Any] | None]) -> Any:
    moto = DomainDispatcherApplication(create_backend_app)

    def app(environ: dict[str, Any], start: Any) -> Any:
        method, path, target = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("HTTP_X_AMZ_TARGET", "")
        known = target.startswith("ServiceQuotas") or re.match("/clusters/[^/]+/(access-entries|addons)", path)
        if not known:
            return moto(environ, start)
        raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        told = answered(method, path, target, json.loads(raw or b"{}"))
        start("200 OK" if told is not None else "501 Not Implemented", [("Content-Type", "application/json")])
        return [json.dumps(told).encode()]

    return app


@contextmanager
def installed_account(env: Environment, cluster: str, authority: bytes) -> Iterator[Account]:
    """An account with a network, the previews' group, a zone, a queue, repositories and a cluster.

    `cluster`: the address of its API server; `authority`: who signed that server's certificate, PEM.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    made = Account()
    server = make_server("127.0.0.1", 0, _app(made.recorded), threaded=True)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        _reset(made.url)
        sts = boto3.client(
            "sts", region_name=REGION, endpoint_url=made.url, aws_access_key_id="test", aws_secret_access_key="test"
        )
        keys = sts.assume_role(RoleArn=f"arn:aws:iam::{INT}:role/admin", RoleSessionName="admin")["Credentials"]
        made.keys = {
            **KEYS, "AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"], "AWS_ENDPOINT_URL": made.url,
        }  # fmt: skip
        _prepare(made, env, cluster, authority)
        yield made
        _reset(made.url)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _reset(url: str) -> None:
    """Have moto forget all accounts."""
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")).close()


def _prepare(account: Account, env: Environment, address: str, authority: bytes) -> None:
    aws = env.spec.aws
    assert aws is not None
    ec2 = account.client("ec2")
    ec2.describe_vpcs()  # moto makes a default network when it is first asked, which takes names of its own
    ids = iter(aws.pod_subnets)
    groups = (*env.spec.isolation.security_groups, CLUSTER_GROUP)
    with ExitStack() as named:
        for target, made in (
            ("moto.ec2.models.vpcs.random_vpc_id", lambda **_: aws.vpc),
            ("moto.ec2.models.subnets.random_subnet_id", lambda **_: next(ids)),
            ("moto.route53.models.create_route53_zone_id", lambda **_: aws.zone),
        ):
            named.enter_context(mock.patch(target, made))
        ec2.create_vpc(CidrBlock="10.1.0.0/16")
        for number, zone in enumerate("ac"):
            ec2.create_subnet(VpcId=aws.vpc, CidrBlock=f"10.1.{number}.0/24", AvailabilityZone=f"{REGION}{zone}")
        account.client("route53").create_hosted_zone(Name=env.spec.domain, CallerReference="1")
    with mock.patch("moto.ec2.models.security_groups.random_security_group_id", side_effect=groups):
        for name in ("previews", "cluster"):
            ec2.create_security_group(GroupName=name, Description=name, VpcId=aws.vpc)
    cluster = env.spec.cluster
    account.client("eks").create_cluster(
        name=cluster.name, version=cluster.kubernetes, roleArn=f"arn:aws:iam::{INT}:role/cluster",
        resourcesVpcConfig={"subnetIds": list(aws.pod_subnets), "securityGroupIds": [CLUSTER_GROUP]},
    )  # fmt: skip
    made_cluster = eks_backends[INT][REGION].clusters[cluster.name]
    made_cluster.endpoint = address
    made_cluster.certificate_authority = {"data": base64.b64encode(authority).decode()}
    made_cluster.resources_vpc_config["clusterSecurityGroupId"] = CLUSTER_GROUP
    for name in (*aws.repositories, "rtb-hub", "rtb-auth"):
        account.client("ecr").create_repository(repositoryName=name)
    account.client("sqs").create_queue(QueueName="rtb-hub-pushes")
