"""Commands that repair an account, one for each difference: written for people, run by nobody here."""

from __future__ import annotations

from typing import Any

from generator.bootstrap.account import objects as o
from generator.bootstrap.account.facts import GroupRule
from hub.actions.account_commands import as_json, command
from hub.actions.account_telling import telling


def stack_command(stack: o.Stack) -> str:
    """Makes what a stack has and the account lacks."""
    return command("cloudformation", "deploy", "--stack-name", stack.name, "--template-file", f"{stack.name}.yaml",
                    "--capabilities", "CAPABILITY_NAMED_IAM")  # fmt: skip


def making(stack: o.Stack, *, is_made: bool) -> tuple[str, ...]:
    """How an object comes to be that is not there. CloudFormation makes nothing again of which it thinks that it is."""
    if not is_made:
        return (stack_command(stack),)
    first = (
        f"it was deleted past its stack: take it out of {stack.name}.yaml and deploy that, then deploy the whole again"
    )
    return (first, stack_command(stack))


def repair(stack: o.Stack, one: o.Object, fact: str, wanted: Any, found: Any) -> tuple[str, ...]:
    """What makes one fact of an object what it should be."""
    match one:
        case o.Role():
            return _role(stack, one, fact, wanted, found)
        case o.Repository(repository_name=name):
            about = {
                "policy": ("set-repository-policy", "--policy-text", as_json(wanted)),
                "tags": ("put-image-tag-mutability", "--image-tag-mutability", "IMMUTABLE"),
                "scan on push": (
                    "put-image-scanning-configuration",
                    "--image-scanning-configuration",
                    '{"scanOnPush": true}',
                ),
            }[fact]
            return (command("ecr", about[0], "--repository-name", name, *about[1:]),)
        case o.LogGroup():
            asked = ("--log-group-name", one.group_name, "--retention-in-days", str(one.days))
            return (command("logs", "put-retention-policy", *asked),)
        case o.Secret():
            asked = ("--secret-id", one.secret_name, "--secret-string", "file://value.json")
            return (command("secretsmanager", "put-secret-value", *asked),)
        case o.AccessEntry():
            return _entry(one, fact, found)
        case o.Certificate():
            return ("see that the record that ACM asks for is in the zone, and that the zone is the domain's",)
        case o.Database() if fact == "deletion protection":
            asked = ("--db-instance-identifier", one.identifier, "--deletion-protection", "--apply-immediately")
            return (command("rds", "modify-db-instance", *asked),)
        case o.Topic() | o.Alarm() | o.Queue() | o.QueuePolicy() | o.EventRule():
            return telling(stack, one, fact, found)
        case _:
            return (stack_command(stack),)


def _role(stack: o.Stack, one: o.Role, fact: str, wanted: Any, found: Any) -> tuple[str, ...]:
    role = ("--role-name", one.role_name)
    if fact == "trust":
        return (command("iam", "update-assume-role-policy", *role, "--policy-document", as_json(wanted)),)
    if fact == "attached policies":
        return tuple(command("iam", "detach-role-policy", *role, "--policy-arn", arn) for arn in found)
    if fact.startswith("policy "):
        name = ("--policy-name", fact.removeprefix("policy "))
        if wanted is None:
            return (command("iam", "delete-role-policy", *role, *name),)
        return (command("iam", "put-role-policy", *role, *name, "--policy-document", as_json(wanted)),)
    return (f"take the role away that is called {one.role_name}, then: {stack_command(stack)}",)


def _entry(one: o.AccessEntry, fact: str, found: Any) -> tuple[str, ...]:
    entry = ("--cluster-name", one.cluster, "--principal-arn", str(one.principal))
    if fact == "groups":
        return (command("eks", "update-access-entry", *entry, "--kubernetes-groups", *one.groups),)
    return tuple(command("eks", "disassociate-access-policy", *entry, "--policy-arn", arn) for arn in found)


def rule_command(group: str, rule: GroupRule, *, add: bool) -> str:
    """Adds or takes away one rule of a security group."""
    way = "ingress" if rule.direction == "in" else "egress"
    permission: dict[str, Any] = {"IpProtocol": rule.protocol}
    if rule.protocol != "-1":
        permission |= {"FromPort": rule.first, "ToPort": rule.last}
    if rule.peer.startswith("sg-"):
        permission["UserIdGroupPairs"] = [{"GroupId": rule.peer}]
    elif rule.peer.startswith("pl-"):
        permission["PrefixListIds"] = [{"PrefixListId": rule.peer}]
    elif ":" in rule.peer:
        permission["Ipv6Ranges"] = [{"CidrIpv6": rule.peer}]
    else:
        permission["IpRanges"] = [{"CidrIp": rule.peer}]
    verb = "authorize" if add else "revoke"
    asked = ("--group-id", group, "--ip-permissions", as_json([permission]))
    return command("ec2", f"{verb}-security-group-{way}", *asked)


def record_command(zone: str, batch: Any) -> str:
    """Changes records of a hosted zone."""
    return command("route53", "change-resource-record-sets", "--hosted-zone-id", zone, "--change-batch", as_json(batch))
