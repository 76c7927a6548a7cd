"""Stacks made and deleted in three accounts of moto, and accounts compared with what is rendered for them.

moto evaluates no policy, has no CloudFormation for some types, and no access entries: which, is a list here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from generator.errors import Reason, Stalled
from generator.yaml.writer import dump
from hub.actions.account_check import Checked, check_account, name_of
from hub.actions.account_repairs import repair
from hub.adapters.account.access import Access
from hub.output.exit_codes import CODES, UNHEALTHY
from hub.wiring.composing import utc_now
from worlds.accounts import REGION, account
from worlds.commands import rtb_hub
from worlds.iam import matches
from worlds.moto_accounts import NUMBERS, Accounts, moto_accounts

#: Types that moto's CloudFormation does not make; it warns of them, and the stack is made without.
SKIPPED = {
    "AWS::Budgets::Budget", "AWS::CertificateManager::Certificate", "AWS::EC2::SecurityGroupEgress",
    "AWS::EKS::AccessEntry", "AWS::EKS::FargateProfile", "AWS::ElastiCache::ParameterGroup",
    "AWS::ElastiCache::ReplicationGroup", "AWS::ElastiCache::SubnetGroup", "AWS::ElastiCache::User",
    "AWS::ElastiCache::UserGroup", "AWS::IAM::OIDCProvider", "AWS::SQS::QueuePolicy", "AWS::SecretsManager::Secret", "AWS::SNS::Topic",
    "AWS::CloudWatch::Alarm", "AWS::RDS::DBParameterGroup",
}  # fmt: skip
#: What moto tells nothing of, by kind.
UNREAD = {"AccessEntry", "Quota"}
#: moto keeps nothing of which queue may give messages up to which (`test_asking_accounts.py` has AWS's answer).
UNKEPT = ("Queue", "rtb-hub-pushes-dead")
#: Actions that are not called as their call is (Service Authorization Reference).
ACTIONS = {
    ("budgets", "describe_budget"): "budgets:ViewBudget",
    ("service-quotas", "get_service_quota"): "servicequotas:GetServiceQuota",
    ("elbv2", "describe_load_balancers"): "elasticloadbalancing:DescribeLoadBalancers",
    ("elbv2", "describe_tags"): "elasticloadbalancing:DescribeTags",
}
FILE = ("File", "environments/int/environment.yaml")
CONTROL = "rtb-hub-control-role"
#: moto never issues the one; a controller in the cluster makes the other (its records: test_account_record.py).
LATER = {("Certificate", "*.int.preview.example.com"), ("LoadBalancer", "previews-0")}
OPEN: Any = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
WORLD: Any = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


@pytest.fixture
def accounts() -> Iterator[Accounts]:
    with moto_accounts() as made:
        yield made


def checked(accounts: Accounts, name: str) -> dict[tuple[str, str], Checked]:
    with accounts.signed_in(name):
        access = accounts.access.setdefault(name, Access(REGION))
        found = check_account(account(name, accounts.environments), access, utc_now)
    return {(one.kind, one.name): one for one in found}


def by_hand(accounts: Accounts, name: str) -> None:
    """What moto's CloudFormation leaves out, made by its calls."""
    env = next(one for one in accounts.environments if one.name == name)
    aws = env.spec.aws
    assert aws is not None
    for (kind, called), one in checked(accounts, name).items():
        if one.state != "missing" or kind == "LoadBalancer":
            continue
        match kind:
            case "Secret":
                accounts.client(name, "secretsmanager").create_secret(Name=called)
            case "IdentityProvider":
                provider = {"Url": called, "ClientIDList": ["sts.amazonaws.com"]}
                accounts.client(name, "iam").create_open_id_connect_provider(**provider)
            case "FargateProfile":
                accounts.client(name, "eks").create_fargate_profile(
                    fargateProfileName=called, clusterName=env.spec.cluster.name, subnets=aws.pod_subnets,
                    podExecutionRoleArn=f"arn:aws:iam::{NUMBERS[name]}:role/rtb-preview-pods",
                    selectors=[{"namespace": "preview-*", "labels": {"rtb.hub/compute": "fargate"}}],
                )  # fmt: skip
            case "Certificate":
                accounts.client(name, "acm").request_certificate(DomainName=called, ValidationMethod="DNS")
            case "Budget":
                budget = {
                    "BudgetName": called,
                    "BudgetLimit": {"Amount": str(aws.budget), "Unit": "USD"},
                    "TimeUnit": "MONTHLY",
                    "BudgetType": "COST",
                }
                accounts.client(name, "budgets").create_budget(AccountId=NUMBERS[name], Budget=budget)
            case "Cache":
                accounts.client(name, "elasticache").create_replication_group(
                    ReplicationGroupId=called, ReplicationGroupDescription="a", Engine="valkey", CacheNodeType="cache.t4g.small",
                    TransitEncryptionEnabled=True, AtRestEncryptionEnabled=True, NumCacheClusters=2, AutomaticFailoverEnabled=True,
                )  # fmt: skip
            case "Alarm" | "QueuePolicy":
                objects = ((stack, x) for stack in accounts.stacks(name) for x in stack.objects)
                stack, made = next((s, x) for s, x in objects if (type(x).__name__, name_of(x)) == (kind, called))
                for command in repair(stack, made, "", None, None):
                    accounts.run(name, command)
            case other:
                raise AssertionError(f"moto made no {other} {called}: {one}")


def repaired(accounts: Accounts, name: str) -> list[str]:
    """Runs every command that is told for a difference; those that were run."""
    ran = []
    for key, one in checked(accounts, name).items():
        for command in one.repairs if one.state == "differs" and key != UNKEPT else ():
            value = command.replace("file://value.json", "{}")
            if not value.startswith("aws cloudformation") and value.startswith("aws "):
                accounts.run(name, value)
                ran.append(value)
    return ran


def states(accounts: Accounts, name: str) -> dict[tuple[str, str], str]:
    """All that is not as it is rendered, without what moto cannot tell."""
    return {
        key: one.state
        for key, one in checked(accounts, name).items()
        if one.state != "found" and key[0] not in UNREAD and key != UNKEPT
    }


def an_empty_one_lacks_all(accounts: Accounts, tmp_path: Path) -> None:
    for one in accounts.environments:
        (tmp_path / one.name).mkdir()
        (tmp_path / one.name / "environment.yaml").write_text(dump(one.as_tree()), encoding="utf-8")
    check = ("account", "check", "--env", "prd", "--environments", tmp_path)
    with accounts.signed_in("prd"):
        ran = rtb_hub(*check, "--output", "json")
        people = rtb_hub(*check)
    assert (ran.code, people.code) == (UNHEALTHY, UNHEALTHY)
    found = {(one["kind"], one["name"]): one for one in ran.json()["checks"]}
    assert {key: one["state"] for key, one in found.items() if one["state"] != "missing"} == {
        ("Cluster", "rtb-prd"): "found",
        ("Quota", "Fargate vCPU (L-3032A538)"): "unread",
        ("AccessEntry", f"arn:aws:iam::{NUMBERS['prd']}:role/rtb-hub-deployer"): "unread",
    }
    roles = [one for one in found.values() if one["kind"] == "Role"]
    assert len(roles) == 4
    deploy = "aws cloudformation deploy --stack-name rtb-preview-prd --template-file rtb-preview-prd.yaml --capabilities CAPABILITY_NAMED_IAM"
    assert all(one["repairs"] == [deploy] for one in roles)
    assert deploy in people.out
    assert people.out.splitlines()[-1].startswith("1 found, ")

    with accounts.signed_in("stg"):
        other = rtb_hub(*check)
    assert other.code == CODES[Reason.CLUSTER_REFUSED]
    assert f"these credentials are of account {NUMBERS['stg']}; prd is in {NUMBERS['prd']}" in other.err

    def refused(self: Access, service: str, operation: str, **arguments: Any) -> Any:
        if service == "iam":
            raise Stalled(Reason.CLUSTER_REFUSED, "iam:GetRole: AccessDenied")
        return asked(self, service, operation, **arguments)

    asked = Access.ask
    with mock.patch.object(Access, "ask", refused):
        unread = checked(accounts, "prd")
    assert {one.state for (kind, _), one in unread.items() if kind in ("Role", "IdentityProvider")} == {"unread"}
    assert not [one for (kind, _), one in unread.items() if kind == "Role" and "cloudformation" in str(one.repairs)]


def asks_no_more_than_an_auditor_may(accounts: Accounts) -> None:
    """docs/MULTI_ACCOUNT_AWS.md, "Compare", says by which policy of AWS's, which moto has as AWS published it."""
    asked = set()

    def recorded(self: Access, service: str, operation: str, ask: Any) -> Any:
        asked.add(ACTIONS.get((service, operation)) or f"{service}:{xform(operation)}")
        return whole(self, service, operation, ask)

    whole = Access._asked
    with mock.patch.object(Access, "_asked", recorded):
        checked(accounts, "int")
    (document,) = [json.loads(aws_managed_policies_data)["SecurityAudit"]["Document"]]
    allowed = [
        one for s in document["Statement"] for one in (s["Action"] if isinstance(s["Action"], list) else [s["Action"]])
    ]
    beyond = {one for one in asked if not any(matches(pattern.lower(), one.lower()) for pattern in allowed)}
    assert len(asked) >= 25
    assert beyond == {"sts:GetCallerIdentity", "budgets:ViewBudget"}  # the first needs no right


def xform(operation: str) -> str:
    return "".join(word.capitalize() for word in operation.split("_"))


def are_made_and_completed(accounts: Accounts) -> None:
    for name in NUMBERS:
        accounts.deploy(name)
    assert accounts.warned <= SKIPPED
    assert accounts.warned >= {"AWS::EKS::FargateProfile", "AWS::EKS::AccessEntry", "AWS::SecretsManager::Secret"}
    by_hand(accounts, "int")
    repaired(accounts, "int")
    assert set(states(accounts, "int")) <= LATER | {FILE}
    (difference,) = checked(accounts, "int")[FILE].differences
    assert (difference.fact, difference.found) == ("isolation.securityGroups", "sg-01000000000000001")
    tree = accounts.environments[0].as_tree()
    tree["spec"]["isolation"]["securityGroups"] = [difference.wanted]
    accounts.environments[0] = type(accounts.environments[0]).model_validate(tree)
    assert FILE not in states(accounts, "int")


def differences_are_told_and_repaired(accounts: Accounts) -> None:
    iam, ec2 = accounts.client("int", "iam"), accounts.client("int", "ec2")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    anything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.update_assume_role_policy(RoleName=CONTROL, PolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName=CONTROL, PolicyName="more", PolicyDocument=json.dumps(anything))
    iam.put_role_policy(RoleName="rtb-hub-ci", PolicyName="images", PolicyDocument=json.dumps(anything))
    policy = iam.create_policy(PolicyName="wide", PolicyDocument=json.dumps(anything))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="rtb-preview-pods", PolicyArn=policy)
    filters = [{"Name": "group-name", "Values": ["rtb-previews-int"]}]
    group = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=OPEN)
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=WORLD)
    accounts.client("int", "logs").put_retention_policy(logGroupName="/rtb/previews/int", retentionInDays=1)
    accounts.client("int", "ecr").set_repository_policy(repositoryName="web", policyText=json.dumps(trust))
    accounts.client("int", "ecr").put_image_tag_mutability(repositoryName="api", imageTagMutability="MUTABLE")
    accounts.client("int", "rds").modify_db_instance(DBInstanceIdentifier="rtb-hub", DeletionProtection=False)

    queue = accounts.client("int", "sqs").get_queue_url(QueueName="rtb-hub-pushes")["QueueUrl"]
    everybody = {"Version": "2012-10-17", "Statement": [{**trust["Statement"][0], "Action": "sqs:SendMessage"}]}
    accounts.client("int", "sqs").set_queue_attributes(
        QueueUrl=queue,
        Attributes={"VisibilityTimeout": "5", "Policy": json.dumps(everybody), "KmsMasterKeyId": "alias/aws/sqs"},
    )
    accounts.client("int", "events").disable_rule(Name="rtb-hub-pushes")
    elsewhere = {"Id": "queue", "Arn": f"arn:aws:sqs:{REGION}:{NUMBERS['stg']}:rtb-hub-pushes"}
    accounts.client("int", "events").put_targets(Rule="rtb-hub-pushes", Targets=[elsewhere, {**elsewhere, "Id": "1"}])
    accounts.client("int", "cloudwatch").disable_alarm_actions(AlarmNames=["rtb-hub-pushes-dead"])
    topic = f"arn:aws:sns:{REGION}:{NUMBERS['int']}:rtb-hub-alarms"
    (subscribed,) = accounts.client("int", "sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    accounts.client("int", "sns").unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])

    told = checked(accounts, "int")
    facts = {key: {d.fact for d in one.differences} for key, one in told.items() if one.state == "differs"}
    facts = {key: found for key, found in facts.items() if key not in LATER and key != UNKEPT}
    assert facts == {
        ("Role", CONTROL): {"trust", "policy more"},
        ("Role", "rtb-hub-ci"): {"policy images"},
        ("Role", "rtb-preview-pods"): {"attached policies"},
        ("SecurityGroup", "rtb-previews-int"): {"rule"},
        ("LogGroup", "/rtb/previews/int"): {"days"},
        ("Repository", "web"): {"policy"},
        ("Repository", "api"): {"tags"},
        ("Database", "rtb-hub"): {"deletion protection"},
        ("Queue", "rtb-hub-pushes"): {"encrypted", "hides"},
        ("QueuePolicy", "rtb-hub-pushes"): {"policy"},
        ("EventRule", "rtb-hub-pushes"): {"state", "targets"},
        ("Alarm", "rtb-hub-pushes-dead"): {"tells"},
        ("Topic", "rtb-hub-alarms"): {"confirmed"},
    }
    assert {d.found for d in told["SecurityGroup", "rtb-previews-int"].differences} == {
        "out -1 -1 to 0.0.0.0/0", "in tcp 22 from 0.0.0.0/0",
    }  # fmt: skip
    assert len(repaired(accounts, "int")) == 18
    assert set(states(accounts, "int")) <= LATER


def what_was_deleted_past_its_stack_is_told_so(accounts: Accounts) -> None:
    iam = accounts.client("prd", "iam")
    iam.delete_role_policy(RoleName="rtb-preview-secrets", PolicyName="secrets")
    iam.delete_role(RoleName="rtb-preview-secrets")
    gone = checked(accounts, "prd")["Role", "rtb-preview-secrets"]
    assert gone.state == "missing"
    assert gone.repairs[0].startswith("it was deleted past its stack")
    iam.create_role(RoleName="rtb-preview-secrets", AssumeRolePolicyDocument="{}")  # moto deletes no stack without it


def are_deleted(accounts: Accounts) -> None:
    accounts.client("int", "rds").modify_db_instance(DBInstanceIdentifier="rtb-hub", DeletionProtection=False)
    for name in reversed(NUMBERS):
        accounts.delete(name)
        assert accounts.client(name, "iam").list_roles()["Roles"] == []
        assert (
            accounts.client(name, "cloudformation").list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]
            == []
        )


def test_accounts_from_nothing_to_nothing(accounts: Accounts, tmp_path: Path) -> None:
    """In one, since moto takes seconds of processor time to start."""
    an_empty_one_lacks_all(accounts, tmp_path)
    are_made_and_completed(accounts)
    asks_no_more_than_an_auditor_may(accounts)
    differences_are_told_and_repaired(accounts)
    what_was_deleted_past_its_stack_is_told_so(accounts)
    are_deleted(accounts)
