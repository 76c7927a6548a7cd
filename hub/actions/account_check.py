"""An account compared with what is rendered for it: what is missing or another, and the command that repairs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import replace
from datetime import datetime
from typing import Literal

from generator.bootstrap.account import objects as o
from generator.bootstrap.account.facts import Facts, GroupRule, same, wanted
from generator.bootstrap.account.place import Place, aws_of
from generator.bootstrap.account.render import Account
from generator.errors import Fault, HubError, Reason, Stalled
from generator.model.environment import Environment
from hub.actions.account_files import written_back
from hub.actions.account_outcome import Checked, Difference, remedies
from hub.actions.account_record import wildcard
from hub.actions.account_repairs import making, repair, rule_command
from hub.adapters.account.access import Access
from hub.adapters.account.reading import READ, group_named, read, rules_of

QUOTA = "L-3032A538"
#: Fields that are an object's name in AWS, the first that it has.
_NAMES = (
    "role_name", "secret_name", "profile_name", "repository_name", "group_name", "budget_name", "topic_name",
    "alarm_name", "queue_name", "rule_name", "identifier", "domain", "url", "principal",
)  # fmt: skip


def check_account(account: Account, access: Access, clock: Callable[[], datetime]) -> tuple[Checked, ...]:
    """Every object of the account's stacks that can be compared, and what they need that is not theirs. Reads alone.

    What cannot be read is told as such, and never as missing. Raises `Stalled` (ClusterRefused) where the credentials
    are another account's, and what `Access` raises where nothing can be asked at all.
    """
    check_signed_in(account.environment, access)
    checked = list(_prerequisites(account, access, clock()))
    for stack in account.stacks:
        checked += _stack(stack, account, access, clock())
    if aws_of(account.environment).zone is not None and account.environment.spec.exposure.shards == 1:
        checked += wildcard(account.environment, access).checked
    return (*checked, *written_back(account, access))


def check_signed_in(environment: Environment, access: Access) -> None:
    """Raises `Stalled` (ClusterRefused) where the credentials are of another account than the environment's."""
    theirs, ours = access.account(), environment.spec.account
    if theirs != ours:
        remedy = f"sign in to {ours}, or name the environment whose account this is"
        message = f"these credentials are of account {theirs}; {environment.name} is in {ours}"
        raise Stalled(Reason.CLUSTER_REFUSED, Fault(message, remedy=remedy))


def _stack(stack: o.Stack, account: Account, access: Access, now: datetime) -> Iterator[Checked]:
    is_made = _is_made(stack, access)
    named = {one.name: name_of(one) for one in stack.objects if isinstance(one, o.Role | o.Queue | o.Topic)}
    place = Place.of(account.environment)
    for one in stack.objects:
        if isinstance(one, o.AccessEntry) and isinstance(one.principal, o.Made):
            path = next(
                role.path for role in stack.objects if isinstance(role, o.Role) and role.name == one.principal.of
            )
            yield _compared(
                (stack, is_made),
                replace(one, principal=place.role(f"{path[1:]}{named[one.principal.of]}")),
                named,
                access,
                now,
            )
        elif type(one) in READ:
            yield _compared((stack, is_made), one, named, access, now)
    yield from _groups(stack, is_made, access)


def _is_made(stack: o.Stack, access: Access) -> bool:
    """Whether CloudFormation has the stack; where that cannot be read, and with Terraform, it has not."""
    try:
        return access.ask("cloudformation", "describe_stacks", StackName=stack.name) is not None
    except HubError:
        return False


def name_of(one: o.Object) -> str:
    """What people call an object: its name in AWS."""
    for field in _NAMES:
        if hasattr(one, field):
            return str(getattr(one, field))
    return one.name


def _compared(
    made: tuple[o.Stack, bool], one: o.Object, named: Mapping[str, str], access: Access, now: datetime
) -> Checked:
    stack, is_made = made
    kind, name = type(one).__name__, name_of(one)
    try:
        found = read(access, one, now)
    except HubError as err:
        return Checked(stack.name, kind, name, "unread", why=err.words, repairs=remedies(err))
    if found is None:
        return Checked(stack.name, kind, name, "missing", repairs=making(stack, is_made=is_made))
    differences = tuple(_differences(wanted(one, named), found))
    if not differences:
        return Checked(stack.name, kind, name, "found")
    repairs = tuple(dict.fromkeys(step for d in differences for step in repair(stack, one, d.fact, d.wanted, d.found)))
    return Checked(stack.name, kind, name, "differs", differences, repairs=repairs)


def _differences(want: Facts, found: Facts) -> Iterator[Difference]:
    """Facts that are another; of a role also policies that nobody rendered."""
    for fact, value in want.items():
        if not same(value, found.get(fact)):
            yield Difference(fact, value, found.get(fact))
    for fact, value in found.items():
        if fact not in want and fact.startswith("policy "):
            yield Difference(fact, None, value)


def _groups(stack: o.Stack, is_made: bool, access: Access) -> Iterator[Checked]:
    """Security groups of the stack with their rules, and rules that it makes at others' groups.

    Rules that the load balancer controller adds come from groups. One from or to a network, and any other way out, is
    told where nobody rendered it.
    """
    ids: dict[str, str] = {}
    for one in stack.objects:
        if not isinstance(one, o.SecurityGroup):
            continue
        try:
            found = group_named(access, one.vpc, one.group_name)
            if found is None:
                yield Checked(
                    stack.name, "SecurityGroup", one.group_name, "missing", repairs=making(stack, is_made=is_made)
                )
                continue
            ids[one.name] = found
            there = rules_of(access, found)
        except HubError as err:
            yield Checked(stack.name, "SecurityGroup", one.group_name, "unread", why=err.words, repairs=remedies(err))
            continue
        want = {_rule(rule, "in", ids) for rule in one.into} | {_rule(rule, "out", ids) for rule in one.out}
        want |= {_rule(x.rule, x.direction, ids) for x in _openings(stack) if x.group == o.Made(one.name, "id")}
        strange = {rule for rule in there - want if rule.direction == "out" or not rule.peer.startswith("sg-")}
        yield _ruled(stack, ("SecurityGroup", one.group_name), found, want - there, strange)
    others: dict[str, list[o.Opening]] = {}
    for opening in _openings(stack):
        if isinstance(opening.group, str):
            others.setdefault(opening.group, []).append(opening)
    for group, openings in others.items():
        if any(isinstance(x.rule.group, o.Made) and x.rule.group.of not in ids for x in openings):
            continue  # told above: there is no group that these rules could be about
        try:
            there = rules_of(access, group)
        except HubError as err:
            yield Checked(stack.name, "Opening", group, "unread", why=err.words, repairs=remedies(err))
            continue
        want = {_rule(x.rule, x.direction, ids) for x in openings}
        yield _ruled(stack, ("Opening", group), group, want - there, set())


def _openings(stack: o.Stack) -> Iterator[o.Opening]:
    return (one for one in stack.objects if isinstance(one, o.Opening))


def _rule(rule: o.Rule, direction: Literal["in", "out"], ids: Mapping[str, str]) -> GroupRule:
    """`ids`: those of the stack's groups that there are."""
    peer = rule.group if rule.group is not None else rule.network
    assert peer is not None  # noqa: S101 - a rule has one of both
    return GroupRule(
        direction, rule.protocol, rule.first, rule.last, ids[peer.of] if isinstance(peer, o.Made) else peer
    )


def _ruled(
    stack: o.Stack, what: tuple[str, str], group: str, lacking: Set[GroupRule], strange: Set[GroupRule]
) -> Checked:
    kind, name = what
    add, take = sorted(lacking, key=str), sorted(strange, key=str)
    if not add and not take:
        return Checked(stack.name, kind, name, "found")
    differences = [Difference("rule", str(rule), None) for rule in add]
    differences += [Difference("rule", None, str(rule)) for rule in take]
    repairs = [rule_command(group, rule, add=True) for rule in add]
    repairs += [rule_command(group, rule, add=False) for rule in take]
    return Checked(stack.name, kind, name, "differs", tuple(differences), repairs=tuple(repairs))


def _prerequisites(account: Account, access: Access, now: datetime) -> Iterator[Checked]:
    """What is the platform's: the cluster, its OIDC provider, Fargate's quota."""
    spec, aws = account.environment.spec, aws_of(account.environment)
    name = spec.cluster.name
    try:
        told = access.ask("eks", "describe_cluster", name=name)
        if told is None:
            yield Checked("", "Cluster", name, "missing", repairs=("correct cluster.name or the account in the file",))
        else:
            cluster = told["cluster"]
            issuer = str(cluster.get("identity", {}).get("oidc", {}).get("issuer", "")).removeprefix("https://")
            network = cluster.get("resourcesVpcConfig", {})
            want = {"status": "ACTIVE", "version": spec.cluster.kubernetes, "issuer": aws.oidc, "vpc": aws.vpc}
            found = {
                "status": cluster["status"],
                "version": cluster.get("version"),
                "issuer": issuer,
                "vpc": network.get("vpcId"),
            }
            differences = tuple(_differences(want, found))
            fields = {"version": "cluster.kubernetes", "issuer": "aws.oidc", "vpc": "aws.vpc"}
            repairs = tuple(
                f"set {fields[d.fact]} to {d.found} in the environment's file"
                if d.fact in fields
                else f"wait until cluster {name} is ACTIVE"
                for d in differences
            )
            yield Checked("", "Cluster", name, "differs" if differences else "found", differences, repairs=repairs)
    except HubError as err:
        yield Checked("", "Cluster", name, "unread", why=err.words, repairs=remedies(err))
    yield _provider(aws.oidc, access, now)
    if "fargate" in spec.compute.allowed:
        yield _quota(spec.fargate.quota_vcpu, access)


def _provider(issuer: str, access: Access, now: datetime) -> Checked:
    one = o.IdentityProvider("Cluster", f"https://{issuer}", "sts.amazonaws.com")
    command = f"aws iam create-open-id-connect-provider --url https://{issuer} --client-id-list sts.amazonaws.com"
    try:
        found = READ[o.IdentityProvider](access, one, now)
    except HubError as err:
        return Checked("", "IdentityProvider", one.url, "unread", why=err.words, repairs=remedies(err))
    if found is None:
        return Checked("", "IdentityProvider", one.url, "missing", repairs=(command,))
    differences = tuple(_differences(wanted(one, {}), found))
    return Checked("", "IdentityProvider", one.url, "differs" if differences else "found", differences)


def _quota(needed: int, access: Access) -> Checked:
    name = f"Fargate vCPU ({QUOTA})"
    asked = f"aws service-quotas request-service-quota-increase --service-code fargate --quota-code {QUOTA}"
    try:
        told = access.ask("service-quotas", "get_service_quota", ServiceCode="fargate", QuotaCode=QUOTA)
    except HubError as err:
        return Checked("", "Quota", name, "unread", why=err.words, repairs=remedies(err))
    if told is None:
        return Checked("", "Quota", name, "unread", why="AWS tells no such quota in this region")
    value = int(told["Quota"]["Value"])
    if value >= needed:
        return Checked("", "Quota", name, "found")
    difference = Difference("vCPU", needed, value)
    return Checked("", "Quota", name, "differs", (difference,), repairs=(f"{asked} --desired-value {needed}",))
