"""A stack as a CloudFormation template: data, made of the objects and of nothing that is text.

Nothing of it is interpolated: references are objects (`Ref`, `Fn::GetAtt`). The one exception is a dynamic reference to
a secret that AWS itself makes, by a name that has passed the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.bootstrap.account import objects as o
from generator.bootstrap.account.cloudformation_events import event_properties
from generator.bootstrap.account.cloudformation_stores import STORES, store_properties
from generator.bootstrap.account.images import lifecycle

Tree = dict[str, Any]
_TYPES: Mapping[type[o.Base], str] = {
    o.Role: "AWS::IAM::Role",
    o.IdentityProvider: "AWS::IAM::OIDCProvider",
    o.FargateProfile: "AWS::EKS::FargateProfile",
    o.SecurityGroup: "AWS::EC2::SecurityGroup",
    o.AccessEntry: "AWS::EKS::AccessEntry",
    o.Secret: "AWS::SecretsManager::Secret",
    o.Certificate: "AWS::CertificateManager::Certificate",
    o.LogGroup: "AWS::Logs::LogGroup",
    o.Budget: "AWS::Budgets::Budget",
    o.Repository: "AWS::ECR::Repository",
    o.Topic: "AWS::SNS::Topic",
    o.Alarm: "AWS::CloudWatch::Alarm",
    o.Queue: "AWS::SQS::Queue",
    o.QueuePolicy: "AWS::SQS::QueuePolicy",
    o.EventRule: "AWS::Events::Rule",
    o.CacheUser: "AWS::ElastiCache::User",
    o.CacheUsers: "AWS::ElastiCache::UserGroup",
    o.Cache: "AWS::ElastiCache::ReplicationGroup",
    o.Database: "AWS::RDS::DBInstance",
}
#: Where `Ref` does not give what is asked for: (type, what) → the attribute that does.
_ATTRIBUTES = {
    ("AWS::IAM::Role", "arn"): "Arn",
    ("AWS::EC2::SecurityGroup", "id"): "GroupId",
    ("AWS::SQS::Queue", "arn"): "Arn",
    ("AWS::RDS::DBInstance", "address"): "Endpoint.Address",
    ("AWS::ElastiCache::ReplicationGroup", "address"): "PrimaryEndPoint.Address",
}
_OPENINGS = {"in": "AWS::EC2::SecurityGroupIngress", "out": "AWS::EC2::SecurityGroupEgress"}


def template(stack: o.Stack) -> Tree:
    """The whole template. Objects that hold data stay when the stack goes, and when a change would replace them."""
    kinds = {one.name: type_of(one) for one in stack.objects}
    resources = {one.name: _resource(one, kinds, stack.tags) for one in stack.objects}
    tree: Tree = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": stack.description,
        "Resources": resources,
    }
    if stack.outputs:
        tree["Outputs"] = {
            one.name: {"Description": f"Goes to {one.goes_to}", "Value": _value(one.value, kinds)}
            for one in stack.outputs
        }
    return tree


def type_of(one: o.Object) -> str:
    """CloudFormation's type of an object."""
    if isinstance(one, o.Opening):
        return _OPENINGS[one.direction]
    if isinstance(one, o.Subnets | o.Parameters):
        return STORES[(type(one), one.of)]
    return _TYPES[type(one)]


def _resource(one: o.Object, kinds: Mapping[str, str], tags: Mapping[str, str]) -> Tree:
    resource: Tree = {"Type": kinds[one.name]}
    if isinstance(one, o.CacheUser):
        resource["DependsOn"] = [one.secret]
    if one.keeps:
        resource |= {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    properties = _properties(one, kinds)
    if not isinstance(one, o.Opening | o.Budget | o.QueuePolicy):  # these have no tags
        properties["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
    return {**resource, "Properties": properties}


def _value(value: o.Value, kinds: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return value
    attribute = _ATTRIBUTES.get((kinds[value.of], value.what))
    return {"Ref": value.of} if attribute is None else {"Fn::GetAtt": [value.of, attribute]}


def _properties(one: o.Object, kinds: Mapping[str, str]) -> Tree:  # noqa: C901, PLR0912 - one case a kind
    match one:
        case o.Role():
            return {
                "RoleName": one.role_name,
                "Path": one.path,
                "Description": one.description,
                "MaxSessionDuration": 3600,
                "AssumeRolePolicyDocument": one.trust,
                "Policies": [
                    {"PolicyName": name, "PolicyDocument": policy} for name, policy in sorted(one.policies.items())
                ],
            }
        case o.IdentityProvider():
            return {"Url": one.url, "ClientIdList": [one.audience]}
        case o.FargateProfile():
            labels = [{"Key": key, "Value": value} for key, value in sorted(one.labels.items())]
            return {
                "FargateProfileName": one.profile_name,
                "ClusterName": one.cluster,
                "PodExecutionRoleArn": _value(one.role, kinds),
                "Subnets": list(one.subnets),
                "Selectors": [{"Namespace": one.namespace, "Labels": labels}],
            }
        case o.SecurityGroup():
            return {
                "GroupName": one.group_name,
                "GroupDescription": one.description,
                "VpcId": one.vpc,
                "SecurityGroupIngress": [_rule(rule, "Source", kinds) for rule in one.into],
                "SecurityGroupEgress": [_rule(rule, "Destination", kinds) for rule in one.out],
            }
        case o.Opening():
            end = "Source" if one.direction == "in" else "Destination"
            return {"GroupId": _value(one.group, kinds), **_rule(one.rule, end, kinds)}
        case o.AccessEntry():
            principal = _value(one.principal, kinds)
            return {
                "ClusterName": one.cluster,
                "PrincipalArn": principal,
                "KubernetesGroups": list(one.groups),
                "Type": "STANDARD",
            }
        case o.Secret():
            made = {"GenerateSecretString": {"PasswordLength": 48, "ExcludePunctuation": True}} if one.random else {}
            return {"Name": one.secret_name, "Description": one.description, **made}
        case o.Certificate():
            return {
                "DomainName": one.domain,
                "ValidationMethod": "DNS",
                "DomainValidationOptions": [{"DomainName": one.domain, "HostedZoneId": one.zone}],
            }
        case o.LogGroup():
            return {"LogGroupName": one.group_name, "RetentionInDays": one.days}
        case o.Budget():
            return _budget(one)
        case o.Repository():
            return {
                "RepositoryName": one.repository_name,
                "ImageTagMutability": "IMMUTABLE",
                "ImageScanningConfiguration": {"ScanOnPush": True},
                "LifecyclePolicy": {"LifecyclePolicyText": lifecycle(one)},
                "RepositoryPolicyText": one.policy,
            }
        case o.Topic() | o.Alarm() | o.Queue() | o.QueuePolicy() | o.EventRule():
            return event_properties(one, lambda value: _value(value, kinds))
        case _:
            return store_properties(one, lambda value: _value(value, kinds))


def _rule(rule: o.Rule, end: str, kinds: Mapping[str, str]) -> Tree:
    """`end`: Source or Destination, as the group's own side of the rule has it."""
    ports = {"IpProtocol": rule.protocol, "FromPort": rule.first, "ToPort": rule.last, "Description": rule.why}
    if rule.group is not None:
        return {**ports, f"{end}SecurityGroupId": _value(rule.group, kinds)}
    assert rule.network is not None  # noqa: S101 - a rule has one of both
    return {**ports, "CidrIpv6" if ":" in rule.network else "CidrIp": rule.network}


def _budget(one: o.Budget) -> Tree:
    subscribers = [{"SubscriptionType": "EMAIL", "Address": email} for email in one.emails]
    notices = [
        {
            "Notification": {
                "NotificationType": "ACTUAL",
                "ComparisonOperator": "GREATER_THAN",
                "Threshold": percentage,
                "ThresholdType": "PERCENTAGE",
            },
            "Subscribers": subscribers,
        }
        for percentage in one.percentages
    ]
    limit = {"Amount": one.dollars, "Unit": "USD"}
    budget = {"BudgetName": one.budget_name, "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit}
    return {"Budget": budget, "NotificationsWithSubscribers": notices}
