"""Stacks as files: reviewed, the same in both formats, and never more than AWS's own rules let them be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from generator.bootstrap.account import cloudformation, terraform
from generator.bootstrap.account import objects as o
from generator.bootstrap.account.facts import same
from generator.bootstrap.account.policy import UNSCOPED, Statement
from generator.bootstrap.account.render import FORMATS, account_files
from generator.yaml.writer import dump
from worlds.accounts import account, environments, every_stack, stacks
from worlds.builders import environment
from worlds.places import TESTS

GOLDEN = TESTS / "golden"
STACKS = every_stack()
IDS = [stack.name for stack in STACKS]
#: What a stack keeps that is gone for good when it is gone.
KEPT = {
    "AWS::ACM", "AWS::CertificateManager::Certificate", "AWS::ECR::Repository", "AWS::ElastiCache::ReplicationGroup",
    "AWS::IAM::OIDCProvider", "AWS::RDS::DBInstance", "AWS::SecretsManager::Secret",
}  # fmt: skip


def files() -> dict[str, str]:
    return {path: text for form in FORMATS for path, text in account_files(account("int"), form).items()}


def test_the_rendered_accounts_are_the_reviewed_ones(update_golden: bool) -> None:
    wanted = files()
    if update_golden:
        for path, text in wanted.items():
            (GOLDEN / path).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / path).write_text(text, encoding="utf-8")
    found = (path for path in (GOLDEN / "account").rglob("*") if path.is_file())
    assert {path.relative_to(GOLDEN).as_posix(): path.read_text(encoding="utf-8") for path in found} == wanted


def references(value: Any) -> Any:
    """A value with what only one format has taken off: how it names another object."""
    if isinstance(value, dict) and len(value) == 1 and ("Ref" in value or "Fn::GetAtt" in value):
        return f"<{value['Ref'] if 'Ref' in value else value['Fn::GetAtt'][0]}>"
    return value


def names(stack: o.Stack) -> dict[str, str]:
    return {terraform.snake(one.name): one.name for one in stack.objects}


def unreferenced(value: Any, known: Mapping[str, str]) -> Any:
    """The same of an expression of Terraform's."""
    found = re.fullmatch(r"\$\{[a-z0-9_]+\.([a-z0-9_]+)\.[a-z_]+\}", value) if isinstance(value, str) else None
    return f"<{known[found[1]]}>" if found else value


def in_cloudformation(stack: o.Stack) -> dict[str, Any]:  # noqa: PLR0912, PLR0915 - one case a kind
    """Of each object what both formats say: its policies, its names, rules and who is trusted."""
    found: dict[str, Any] = {}
    for name, resource in cloudformation.template(stack)["Resources"].items():
        p = resource["Properties"]
        match resource["Type"].removeprefix("AWS::"):
            case "IAM::Role":
                policies = {one["PolicyName"]: one["PolicyDocument"] for one in p["Policies"]}
                found[name] = (p["RoleName"], p["Path"], p["AssumeRolePolicyDocument"], policies)
            case "ECR::Repository":
                rules = json.loads(p["LifecyclePolicy"]["LifecyclePolicyText"])
                found[name] = (p["RepositoryName"], p["ImageTagMutability"], p["RepositoryPolicyText"], rules)
            case "EC2::SecurityGroup":
                rules = {rule_of(one, "Source") for one in p["SecurityGroupIngress"]}
                found[name] = (
                    p["GroupName"],
                    p["VpcId"],
                    rules | {rule_of(one, "Destination") for one in p["SecurityGroupEgress"]},
                )
            case "EC2::SecurityGroupIngress":
                found[name] = (references(p["GroupId"]), rule_of(p, "Source"))
            case "EC2::SecurityGroupEgress":
                found[name] = (references(p["GroupId"]), rule_of(p, "Destination"))
            case "EKS::FargateProfile":
                (selector,) = p["Selectors"]
                labels = {one["Key"]: one["Value"] for one in selector["Labels"]}
                found[name] = (
                    p["FargateProfileName"],
                    p["ClusterName"],
                    references(p["PodExecutionRoleArn"]),
                    p["Subnets"],
                    selector["Namespace"],
                    labels,
                )
            case "EKS::AccessEntry":
                found[name] = (p["ClusterName"], references(p["PrincipalArn"]), p["KubernetesGroups"])
            case "SecretsManager::Secret":
                found[name] = (p["Name"], "GenerateSecretString" in p)
            case "CertificateManager::Certificate":
                found[name] = (p["DomainName"], p["DomainValidationOptions"][0]["HostedZoneId"])
            case "Logs::LogGroup":
                found[name] = (p["LogGroupName"], p["RetentionInDays"])
            case "Budgets::Budget":
                told = [
                    (one["Notification"]["Threshold"], [s["Address"] for s in one["Subscribers"]])
                    for one in p["NotificationsWithSubscribers"]
                ]
                found[name] = (p["Budget"]["BudgetName"], str(p["Budget"]["BudgetLimit"]["Amount"]), told)
            case "IAM::OIDCProvider":
                found[name] = (p["Url"], p["ClientIdList"])
            case "SNS::Topic":
                found[name] = (p["TopicName"], {one["Endpoint"] for one in p["Subscription"]})
            case "CloudWatch::Alarm":
                dimensions = {one["Name"]: one["Value"] for one in p["Dimensions"]}
                found[name] = (
                    p["MetricName"],
                    dimensions,
                    p["Threshold"],
                    p["ComparisonOperator"],
                    p["EvaluationPeriods"],
                    p["TreatMissingData"],
                    references(p["AlarmActions"][0]),
                )
            case "SQS::Queue":
                allowed, given_up = p.get("RedriveAllowPolicy"), p.get("RedrivePolicy")
                dead = given_up and (references(given_up["deadLetterTargetArn"]), given_up["maxReceiveCount"])
                found[name] = (
                    p["QueueName"],
                    p["MessageRetentionPeriod"],
                    p["VisibilityTimeout"],
                    p["SqsManagedSseEnabled"],
                    dead,
                    allowed,
                )
            case "SQS::QueuePolicy":
                found[name] = (references(p["Queues"][0]), p["PolicyDocument"])
            case "Events::Rule":
                (target,) = p["Targets"]
                found[name] = (
                    p["Name"],
                    p["EventPattern"],
                    p["State"],
                    references(target["Arn"]),
                    references(target["DeadLetterConfig"]["Arn"]),
                    target["RetryPolicy"]["MaximumEventAgeInSeconds"],
                )
            case "RDS::DBSubnetGroup" | "ElastiCache::SubnetGroup":
                found[name] = (p.get("DBSubnetGroupName", p.get("CacheSubnetGroupName")), p["SubnetIds"])
            case "RDS::DBParameterGroup":
                found[name] = (p["Family"], p["Parameters"])
            case "ElastiCache::ParameterGroup":
                found[name] = (p["CacheParameterGroupFamily"], p["Properties"])
            case "RDS::DBInstance":
                found[name] = (
                    p["DBInstanceIdentifier"],
                    p["EngineVersion"],
                    p["DBInstanceClass"],
                    int(p["AllocatedStorage"]),
                    p["MultiAZ"],
                    p["DeletionProtection"],
                    p["PubliclyAccessible"],
                    p["StorageEncrypted"],
                    references(p["VPCSecurityGroups"][0]),
                    references(p["DBSubnetGroupName"]),
                    references(p["DBParameterGroupName"]),
                    p["ManageMasterUserPassword"],
                )
            case "ElastiCache::User":
                found[name] = (p["UserId"], p["UserName"], p["AccessString"], resource["DependsOn"][0])
            case "ElastiCache::UserGroup":
                found[name] = (p["UserGroupId"], [references(user) for user in p["UserIds"]])
            case "ElastiCache::ReplicationGroup":
                found[name] = (
                    p["ReplicationGroupId"],
                    p["EngineVersion"],
                    p["CacheNodeType"],
                    p["TransitEncryptionEnabled"],
                    p["AtRestEncryptionEnabled"],
                    references(p["SecurityGroupIds"][0]),
                    references(p["UserGroupIds"][0]),
                    references(p["CacheParameterGroupName"]),
                )
            case other:
                raise AssertionError(f"nothing compares {other}")
    return found


def rule_of(p: Mapping[str, Any], end: str) -> tuple[Any, ...]:
    peer = p.get("CidrIp", p.get("CidrIpv6")) or references(p[f"{end}SecurityGroupId"])
    return (end, p["IpProtocol"], p["FromPort"], p["ToPort"], peer)


def in_terraform(stack: o.Stack) -> dict[str, Any]:  # noqa: PLR0912, PLR0915 - one case a kind
    """The same, read off a module."""
    known, resources = names(stack), terraform.module(stack)["resource"]
    found: dict[str, Any] = {}

    def of(kind: str, part: str) -> list[Mapping[str, Any]]:
        return [a for n, a in resources.get(kind, {}).items() if part in json.dumps(a)]

    def rules(kind: str) -> dict[str, tuple[Any, ...]]:
        end = "Source" if "ingress" in kind else "Destination"
        return {
            n: (
                unreferenced(a["security_group_id"], known),
                (
                    end,
                    a["ip_protocol"],
                    a["from_port"],
                    a["to_port"],
                    a.get("cidr_ipv4", a.get("cidr_ipv6"))
                    or unreferenced(a.get("referenced_security_group_id"), known),
                ),
            )
            for n, a in resources.get(kind, {}).items()
        }

    every_rule = rules("aws_vpc_security_group_ingress_rule") | rules("aws_vpc_security_group_egress_rule")
    for kind, named in resources.items():
        for short, a in named.items():
            name = known.get(short, "")
            match kind:
                case "aws_iam_role":
                    policies = {
                        one["name"]: json.loads(one["policy"])
                        for one in of("aws_iam_role_policy", f"aws_iam_role.{short}.id")
                    }
                    found[name] = (a["name"], a["path"], json.loads(a["assume_role_policy"]), policies)
                case "aws_ecr_repository":
                    policy = json.loads(resources["aws_ecr_repository_policy"][short]["policy"])
                    lifecycle = json.loads(resources["aws_ecr_lifecycle_policy"][short]["policy"])
                    found[name] = (a["name"], a["image_tag_mutability"], policy, lifecycle)
                case "aws_security_group":
                    own = {rule for n, (group, rule) in every_rule.items() if group == f"<{name}>" and n not in known}
                    found[name] = (a["name"], a["vpc_id"], own)
                case "aws_vpc_security_group_ingress_rule" | "aws_vpc_security_group_egress_rule":
                    if name:
                        found[name] = every_rule[short]
                case "aws_eks_fargate_profile":
                    found[name] = (
                        a["fargate_profile_name"],
                        a["cluster_name"],
                        unreferenced(a["pod_execution_role_arn"], known),
                        a["subnet_ids"],
                        a["selector"]["namespace"],
                        a["selector"]["labels"],
                    )
                case "aws_eks_access_entry":
                    found[name] = (a["cluster_name"], unreferenced(a["principal_arn"], known), a["kubernetes_groups"])
                case "aws_secretsmanager_secret":
                    found[name] = (a["name"], short in resources.get("aws_secretsmanager_secret_version", {}))
                case "aws_acm_certificate":
                    found[name] = (a["domain_name"], resources["aws_route53_record"][short]["zone_id"])
                case "aws_cloudwatch_log_group":
                    found[name] = (a["name"], a["retention_in_days"])
                case "aws_budgets_budget":
                    found[name] = (
                        a["name"],
                        a["limit_amount"],
                        [(one["threshold"], one["subscriber_email_addresses"]) for one in a["notification"]],
                    )
                case "aws_iam_openid_connect_provider":
                    found[name] = (a["url"], a["client_id_list"])
                case "aws_sns_topic":
                    found[name] = (
                        a["name"],
                        {one["endpoint"] for one in of("aws_sns_topic_subscription", f"aws_sns_topic.{short}.arn")},
                    )
                case "aws_cloudwatch_metric_alarm":
                    found[name] = (
                        a["metric_name"],
                        a["dimensions"],
                        a["threshold"],
                        a["comparison_operator"],
                        a["evaluation_periods"],
                        a["treat_missing_data"],
                        unreferenced(a["alarm_actions"][0], known),
                    )
                case "aws_sqs_queue":
                    written = re.fullmatch(
                        r"\$\{jsonencode\(\{deadLetterTargetArn = (\S+), maxReceiveCount = (\d+)\}\)\}",
                        a.get("redrive_policy", ""),
                    )
                    dead = (unreferenced(f"${{{written[1]}}}", known), int(written[2])) if written else None
                    allowed = json.loads(a["redrive_allow_policy"]) if "redrive_allow_policy" in a else None
                    found[name] = (
                        a["name"],
                        a["message_retention_seconds"],
                        a["visibility_timeout_seconds"],
                        a["sqs_managed_sse_enabled"],
                        dead,
                        allowed,
                    )
                case "aws_sqs_queue_policy":
                    found[name] = (unreferenced(a["queue_url"], known), json.loads(a["policy"]))
                case "aws_cloudwatch_event_rule":
                    target = resources["aws_cloudwatch_event_target"][short]
                    found[name] = (
                        a["name"],
                        json.loads(a["event_pattern"]),
                        a["state"],
                        unreferenced(target["arn"], known),
                        unreferenced(target["dead_letter_config"]["arn"], known),
                        target["retry_policy"]["maximum_event_age_in_seconds"],
                    )
                case "aws_db_subnet_group" | "aws_elasticache_subnet_group":
                    found[name] = (a["name"], a["subnet_ids"])
                case "aws_db_parameter_group" | "aws_elasticache_parameter_group":
                    found[name] = (a["family"], {one["name"]: one["value"] for one in a["parameter"]})
                case "aws_db_instance":
                    found[name] = (
                        a["identifier"],
                        a["engine_version"],
                        a["instance_class"],
                        a["allocated_storage"],
                        a["multi_az"],
                        a["deletion_protection"],
                        a["publicly_accessible"],
                        a["storage_encrypted"],
                        unreferenced(a["vpc_security_group_ids"][0], known),
                        unreferenced(a["db_subnet_group_name"], known),
                        unreferenced(a["parameter_group_name"], known),
                        a["manage_master_user_password"],
                    )
                case "aws_elasticache_user":
                    secret = a["passwords_wo"][0].split(".")[2]
                    found[name] = (a["user_id"], a["user_name"], a["access_string"], known[secret])
                case "aws_elasticache_user_group":
                    found[name] = (a["user_group_id"], [unreferenced(user, known) for user in a["user_ids"]])
                case "aws_elasticache_replication_group":
                    found[name] = (
                        a["replication_group_id"],
                        a["engine_version"],
                        a["node_type"],
                        a["transit_encryption_enabled"],
                        a["at_rest_encryption_enabled"],
                        unreferenced(a["security_group_ids"][0], known),
                        unreferenced(a["user_group_ids"][0], known),
                        unreferenced(a["parameter_group_name"], known),
                    )
                case (
                    "aws_iam_role_policy"
                    | "aws_ecr_lifecycle_policy"
                    | "aws_ecr_repository_policy"
                    | "aws_sns_topic_subscription"
                    | "aws_cloudwatch_event_target"
                    | "aws_secretsmanager_secret_version"
                    | "aws_route53_record"
                    | "aws_acm_certificate_validation"
                ):
                    pass  # read with what they are about
                case other:
                    raise AssertionError(f"nothing compares {other}")
    return found


@pytest.mark.parametrize("stack", STACKS, ids=IDS)
def test_both_formats_hold_the_same_objects_and_policies(stack: o.Stack) -> None:
    theirs = in_terraform(stack)
    assert in_cloudformation(stack) == theirs
    assert set(theirs) == {one.name for one in stack.objects}


def statements(tree: Any) -> Iterator[Mapping[str, Any]]:
    """Every statement of every policy, wherever it stands in a file, in whatever text."""
    if isinstance(tree, str) and tree.startswith("{") and '"Statement"' in tree:
        yield from statements(json.loads(tree))
    if isinstance(tree, dict):
        if "Effect" in tree:
            yield tree
        for value in tree.values():
            yield from statements(value)
    if isinstance(tree, list):
        for value in tree:
            yield from statements(value)


def several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("write", [cloudformation.template, terraform.module], ids=["cloudformation", "terraform"])
@pytest.mark.parametrize("stack", STACKS, ids=IDS)
def test_nothing_is_allowed_on_anything(stack: o.Stack, write: Any) -> None:
    found = list(statements(write(stack)))
    assert len(found) >= 8
    for statement in found:
        actions = several(statement["Action"])
        assert not any("*" in action for action in actions), statement
        assert "*" not in several(statement.get("Resource", [])) or set(actions) <= UNSCOPED, statement
        if statement.get("Principal") == "*":
            assert statement["Condition"]["StringEquals"]["aws:PrincipalOrgID"] == "o-exampleorgid"


@pytest.mark.parametrize(
    ("about", "made"),
    [
        ("any action", {"actions": ("ecr:*",), "resources": ("arn:aws:ecr:::a",)}),
        ("any service", {"actions": ("*",), "resources": ("arn:aws:ecr:::a",)}),
        ("any resource", {"actions": ("ecr:BatchGetImage",), "resources": ("*",)}),
        ("anybody", {"actions": ("ecr:BatchGetImage",), "principal": {"AWS": "*"}}),
        ("nobody, on nothing", {"actions": ("ecr:BatchGetImage",)}),
        ("nothing", {"actions": (), "resources": ("arn:aws:ecr:::a",)}),
    ],
)
def test_a_statement_for_too_much_cannot_be_made(about: str, made: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="One: "):
        Statement("One", **made)


@pytest.mark.parametrize("stack", STACKS, ids=IDS)
def test_what_holds_data_stays_when_its_stack_goes(stack: o.Stack) -> None:
    for name, resource in cloudformation.template(stack)["Resources"].items():
        kept = resource["Type"] in KEPT
        assert (resource.get("DeletionPolicy") == "Retain") == kept, name
        assert (resource.get("UpdateReplacePolicy") == "Retain") == kept, name
    resources = terraform.module(stack)["resource"]
    for one in stack.objects:
        arguments = resources[terraform.type_of(one)][terraform.snake(one.name)]
        assert arguments.get("lifecycle", {}).get("prevent_destroy", False) == one.keeps


@pytest.mark.parametrize("stack", STACKS, ids=IDS)
def test_what_is_used_is_replaced_before_it_goes(stack: o.Stack) -> None:
    """Else Terraform would end every preview on Fargate before there is another profile."""
    resources = terraform.module(stack)["resource"]
    used = {
        kind for kind, named in resources.items() for one in named.values()
        if one.get("lifecycle", {}).get("create_before_destroy")
    }  # fmt: skip
    assert used == {"aws_eks_fargate_profile", "aws_acm_certificate"} & resources.keys()


@pytest.mark.parametrize("stack", STACKS, ids=IDS)
def test_a_template_fits_into_a_call(stack: o.Stack) -> None:
    text = dump(cloudformation.template(stack))
    assert len(text.encode()) <= 51_200, "a template that is not in S3 (CloudFormation quotas)"


def values(tree: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """(Key, value) of everything that is no mapping and no list."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield from values(value, name)
    elif isinstance(tree, list):
        for value in tree:
            yield from values(value, key)
    else:
        yield key, tree


@pytest.mark.parametrize("write", [cloudformation.template, terraform.module], ids=["cloudformation", "terraform"])
def test_passwords_are_made_by_aws_and_stand_nowhere(write: Any) -> None:
    secret = re.compile("password|secret_?string|auth_?token", re.IGNORECASE)
    found = [(key, value) for stack in STACKS for key, value in values(write(stack)) if secret.search(key)]
    texts = [value for _, value in found if isinstance(value, str)]
    assert len(texts) >= 4
    assert all(
        value.startswith(("{{resolve:secretsmanager:rtb/hub/redis-password-", "${ephemeral.")) for value in texts
    )


def test_what_stands_in_a_file_is_never_evaluated() -> None:
    hostile = '${file("/etc/passwd")} %{ if true }'
    stack = o.Stack("s", hostile, "1" * 12, "ap-northeast-2", (o.Topic("Alarms", hostile, (hostile,)),))
    written = terraform.module(stack)
    (topic,) = written["resource"]["aws_sns_topic"].values()
    assert topic["name"] == '$${file("/etc/passwd")} %%{ if true }'
    assert "Fn::Sub" not in json.dumps(cloudformation.template(stack))


def test_objects_keep_their_names_when_others_come() -> None:
    """Else a stack would delete a repository and make it again."""
    env = environment("int")
    assert env.spec.aws is not None
    more = {**env.as_tree()["spec"]["aws"], "repositories": ["aaa", *env.spec.aws.repositories]}
    before, after = (stacks("int", [one, *environments()[1:]])[0] for one in (env, environment("int", aws=more)))
    kept = {one.name: one for one in before.objects if isinstance(one, o.Repository)}
    assert {name: one.repository_name for name, one in kept.items()}.items() <= {
        one.name: one.repository_name for one in after.objects if isinstance(one, o.Repository)
    }.items()


def test_a_profile_that_would_change_has_another_name() -> None:
    env = environment("stg")
    other = {**env.as_tree()["spec"]["aws"], "podSubnets": ["subnet-02000000000000001", "subnet-02000000000000009"]}
    found = [stacks("stg", [environments()[0], one])[0] for one in (env, environment("stg", aws=other))]
    names_ = [[x.profile_name for x in stack.objects if isinstance(x, o.FargateProfile)] for stack in found]
    assert names_[0] != names_[1]


def test_nodes_with_groups_of_their_own_answer_previews_that_ask_for_names() -> None:
    """CoreDNS runs on them: without these rules nothing on Fargate finds anything by its name."""
    groups = ["sg-02000000000000011", "sg-02000000000000012"]
    cluster = environment("stg").as_tree()["spec"]["cluster"]
    among = [environments()[0], environment("stg", cluster={**cluster, "nodeSecurityGroups": groups})]
    (stack,) = stacks("stg", among)
    (previews,) = [one for one in stack.objects if isinstance(one, o.SecurityGroup)]
    ways = {(one.protocol, one.first, one.group) for one in previews.out}
    into = {
        (x.rule.protocol, x.rule.first, x.group)
        for x in stack.objects
        if isinstance(x, o.Opening)
        if x.direction == "in"
    }
    for group in [*groups, cluster["securityGroup"]]:
        dns = {(protocol, 53, group) for protocol in ("tcp", "udp")}
        assert dns <= ways
        assert dns <= into
    assert not [one for one in into if one[2] in groups and one[1] != 53]


def test_policies_are_the_same_whatever_their_order() -> None:
    one = {"Statement": [{"Sid": "A", "Action": ["b", "a"]}, {"Action": "c", "Sid": "B"}]}
    other = {"Statement": [{"Sid": "B", "Action": ["c"]}, {"Action": ["a", "b"], "Sid": "A"}]}
    assert same(one, other)
    assert not same(one, {"Statement": [{"Sid": "A", "Action": ["b", "a"]}]})
    assert not same({"Action": "a"}, {"Action": ["a", "b"]})
