"""Objects of an account as facts, as `generator.bootstrap.account.facts` names them; None: there is no such one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from generator.bootstrap.account import objects as o
from generator.bootstrap.account.facts import Facts, GroupRule
from hub.adapters.account.access import Access
from hub.adapters.account.reading_events import alarm, event_rule, queue, queue_policy, topic

#: A certificate that ends sooner is told: ACM renews 60 days before, where its record is still there.
_RENEWED = timedelta(days=30)


def group_named(access: Access, vpc: str, name: str) -> str | None:
    """The id of a security group. Raises as `Access`."""
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": [name]}]
    found = access.all("ec2", "describe_security_groups", "SecurityGroups", Filters=filters)
    return str(found[0]["GroupId"]) if found else None


def rules_of(access: Access, group: str) -> frozenset[GroupRule]:
    """The rules of a group. Raises as `Access`."""
    filters = [{"Name": "group-id", "Values": [group]}]
    return frozenset(
        GroupRule(
            "out" if rule["IsEgress"] else "in",
            str(rule["IpProtocol"]),
            int(rule.get("FromPort", -1)),
            int(rule.get("ToPort", -1)),
            rule.get("CidrIpv4")
            or rule.get("CidrIpv6")
            or rule.get("PrefixListId")
            or rule["ReferencedGroupInfo"]["GroupId"],
        )
        for rule in access.all("ec2", "describe_security_group_rules", "SecurityGroupRules", Filters=filters)
    )


def issued(access: Access, domain: str) -> list[str]:
    """The ARNs of certificates of a domain that ACM has issued. Raises as `Access`."""
    listed = access.all("acm", "list_certificates", "CertificateSummaryList", CertificateStatuses=["ISSUED"])
    return sorted(str(found["CertificateArn"]) for found in listed if found.get("DomainName") == domain)


def read(access: Access, one: o.Object, now: datetime) -> Facts | None:
    """What AWS says of an object. Raises as `Access`, `KeyError` for a kind that is not read (`READ`)."""
    return READ[type(one)](access, one, now)


def _role(access: Access, one: o.Role, _now: datetime) -> Facts | None:
    told = access.ask("iam", "get_role", RoleName=one.role_name)
    if told is None:
        return None
    facts: dict[str, Any] = {"trust": _document(told["Role"]["AssumeRolePolicyDocument"]), "path": told["Role"]["Path"]}
    for name in access.all("iam", "list_role_policies", "PolicyNames", RoleName=one.role_name):
        policy = access.ask("iam", "get_role_policy", RoleName=one.role_name, PolicyName=name)
        facts[f"policy {name}"] = _document(policy["PolicyDocument"]) if policy else None
    attached = access.all("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=one.role_name)
    facts["attached policies"] = sorted(policy["PolicyArn"] for policy in attached)
    return facts


def _document(told: Any) -> Any:
    """A policy; what is no JSON is kept as it is, and is another than any that is rendered."""
    try:
        return json.loads(told) if isinstance(told, str) else told
    except ValueError:
        return told


def _provider(access: Access, one: o.IdentityProvider, _now: datetime) -> Facts | None:
    host = one.url.removeprefix("https://")
    for listed in (access.ask("iam", "list_open_id_connect_providers") or {}).get("OpenIDConnectProviderList", []):
        if str(listed["Arn"]).endswith(f":oidc-provider/{host}"):
            told = access.ask("iam", "get_open_id_connect_provider", OpenIDConnectProviderArn=listed["Arn"]) or {}
            return {"audience": one.audience if one.audience in told.get("ClientIDList", []) else "another"}
    return None


def _profile(access: Access, one: o.FargateProfile, _now: datetime) -> Facts | None:
    asked = {"clusterName": one.cluster, "fargateProfileName": one.profile_name}
    told = access.ask("eks", "describe_fargate_profile", **asked)
    if told is None:
        return None
    profile = told["fargateProfile"]
    selectors = [{"namespace": s["namespace"], "labels": s.get("labels", {})} for s in profile.get("selectors", [])]
    return {
        "status": profile["status"],
        "subnets": sorted(profile.get("subnets", [])),
        "selectors": selectors,
        "role": str(profile["podExecutionRoleArn"]).rsplit("/", 1)[1],
    }


def _entry(access: Access, one: o.AccessEntry, _now: datetime) -> Facts | None:
    """`principal` is a text by now: see `hub.actions.account_check`."""
    asked = {"clusterName": one.cluster, "principalArn": one.principal}
    told = access.ask("eks", "describe_access_entry", **asked)
    if told is None:
        return None
    policies = access.all("eks", "list_associated_access_policies", "associatedAccessPolicies", **asked)
    return {
        "groups": sorted(told["accessEntry"].get("kubernetesGroups", [])),
        "access policies": sorted(policy["policyArn"] for policy in policies),
    }


def _secret(access: Access, one: o.Secret, _now: datetime) -> Facts | None:
    """Whether it has a value; the value is never asked for."""
    told = access.ask("secretsmanager", "describe_secret", SecretId=one.secret_name)
    if told is None or "DeletedDate" in told:
        return None
    return {"value": "there" if told.get("VersionIdsToStages") else "none"}


def _certificate(access: Access, one: o.Certificate, now: datetime) -> Facts | None:
    listed = access.all("acm", "list_certificates", "CertificateSummaryList")
    mine = [found["CertificateArn"] for found in listed if found.get("DomainName") == one.domain]
    told = [access.ask("acm", "describe_certificate", CertificateArn=arn) or {} for arn in mine]
    certificates = [found["Certificate"] for found in told if found]
    if not certificates:
        return None
    good = [found for found in certificates if found["Status"] == "ISSUED"]
    best = max(good, key=lambda found: found["NotAfter"], default=None)
    if best is None:
        return {"status": certificates[0]["Status"]}
    return {"status": "ISSUED" if best["NotAfter"] - now >= _RENEWED else f"ends {best['NotAfter']:%Y-%m-%d}"}


def _logs(access: Access, one: o.LogGroup, _now: datetime) -> Facts | None:
    found = access.all("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=one.group_name)
    mine = next((group for group in found if group["logGroupName"] == one.group_name), None)
    return None if mine is None else {"days": mine.get("retentionInDays", "for ever")}


def _budget(access: Access, one: o.Budget, _now: datetime) -> Facts | None:
    told = access.ask("budgets", "describe_budget", AccountId=access.account(), BudgetName=one.budget_name)
    return None if told is None else {"dollars": round(float(told["Budget"]["BudgetLimit"]["Amount"]))}


def _repository(access: Access, one: o.Repository, _now: datetime) -> Facts | None:
    told = access.ask("ecr", "describe_repositories", repositoryNames=[one.repository_name])
    if told is None:
        return None
    (repository,) = told["repositories"]
    policy = access.ask("ecr", "get_repository_policy", repositoryName=one.repository_name)
    return {
        "policy": _document(policy["policyText"]) if policy else None,
        "tags": repository["imageTagMutability"],
        "scan on push": bool(repository.get("imageScanningConfiguration", {}).get("scanOnPush")),
    }


def _database(access: Access, one: o.Database, _now: datetime) -> Facts | None:
    told = access.ask("rds", "describe_db_instances", DBInstanceIdentifier=one.identifier)
    if told is None:
        return None
    (database,) = told["DBInstances"]
    return {
        "deletion protection": database["DeletionProtection"],
        "encrypted": database["StorageEncrypted"],
        "public": database["PubliclyAccessible"],
        "zones": 2 if database["MultiAZ"] else 1,
        "version": str(database["EngineVersion"]).partition(".")[0],
    }


def _cache(access: Access, one: o.Cache, _now: datetime) -> Facts | None:
    told = access.ask("elasticache", "describe_replication_groups", ReplicationGroupId=one.identifier)
    if told is None:
        return None
    (group,) = told["ReplicationGroups"]
    return {
        "encrypted": bool(group.get("AtRestEncryptionEnabled")),
        "TLS": bool(group.get("TransitEncryptionEnabled")),
        "status": group["Status"],
    }


def _readers() -> Iterator[tuple[type[o.Base], Callable[[Access, Any, datetime], Facts | None]]]:
    yield o.Role, _role
    yield o.IdentityProvider, _provider
    yield o.FargateProfile, _profile
    yield o.AccessEntry, _entry
    yield o.Secret, _secret
    yield o.Certificate, _certificate
    yield o.LogGroup, _logs
    yield o.Budget, _budget
    yield o.Repository, _repository
    yield o.Database, _database
    yield o.Cache, _cache
    yield o.Topic, topic
    yield o.Alarm, alarm
    yield o.Queue, queue
    yield o.QueuePolicy, queue_policy
    yield o.EventRule, event_rule


READ: Mapping[type[o.Base], Callable[[Access, Any, datetime], Facts | None]] = dict(_readers())
