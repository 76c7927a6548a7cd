"""What keeps accounts from being rendered: files that do not fit one another, found all at once and before the rest.

Each environment's file has been read and checked by itself. Here it is held to the others, and to what AWS takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from generator.bootstrap.account.hub_pushes import DEAD, QUEUE_NAME_MOST, queue_name
from generator.bootstrap.account.place import PODS_ROLE, Place, split_role
from generator.bootstrap.account.preview_stack import counts_requests
from generator.errors import ConfigError, Fault, Location, Reason
from generator.model.aws_account import AwsAccount
from generator.model.environment import Environment
from generator.values.aws import partition_of
from generator.values.aws_limits import FARGATE_REGIONS
from generator.values.model_faults import Path, field_path

#: Where a value of an environment was written: (environment, path) → place.
Where = Callable[[str, Path], Location | None]
_EVERYWHERE = ("organization", "hub")
#: Roles that stacks make beside those that fields name, by what they are for.
_OWN_ROLES = {
    PODS_ROLE: "Fargate's pods",
    "rtb-preview-secrets": "previews' secrets",
    "rtb-argocd-secrets": "Argo CD's secrets",
}
_HUB_ROLES = {"rtb-hub-ci": "CI", "rtb-hub-secrets": "the hub's secrets"}


def refuse_unfit(chosen: Environment, environments: Sequence[Environment], where: Where) -> None:
    """Raise `ConfigError` (InvalidEnvironment) with every fault, in the order of the files, where there is any."""
    if chosen.spec.aws is None:
        message = "is missing: what stands there is in docs/MULTI_ACCOUNT_AWS.md"
        fault = Fault(message, where(chosen.name, ("spec",)), "spec.aws")
        raise ConfigError(Reason.INVALID_ENVIRONMENT, fault)
    faults = [
        Fault(message, where(name, path), field_path(path), allowed=allowed)
        for name, path, message, allowed in _unfit(environments)
    ]
    if faults:
        unique = dict.fromkeys(faults)
        ordered = sorted(unique, key=lambda f: (f.where.file, f.where.line, f.where.column) if f.where else ("", 0, 0))
        raise ConfigError(Reason.INVALID_ENVIRONMENT, ordered)


#: Environment, path of the field, what is wrong with it, and what is allowed.
Unfit = tuple[str, Path, str, str]


def _unfit(environments: Sequence[Environment]) -> Iterator[Unfit]:
    yield from _twice(environments)
    yield from _between(environments)
    yield from _counted(environments)
    for one in environments:
        if one.spec.aws is not None:
            yield from _by_itself(one, one.spec.aws)
            if one.spec.account == one.spec.aws.hub.account:
                yield from _of_the_hub(one, one.spec.aws)


def _twice(environments: Sequence[Environment]) -> Iterator[Unfit]:
    """Names of roles are an account's: two environments in one would make them twice."""
    accounts: dict[str, str] = {}
    issuers: dict[str, str] = {}
    for one in environments:
        first = accounts.setdefault(one.spec.account, one.name)
        if first != one.name:
            message = f"{one.spec.account} is {first}'s account as well: its roles have the same names"
            yield one.name, ("spec", "account"), message, "an account for each environment"
        if one.spec.aws is not None and (other := issuers.setdefault(one.spec.aws.oidc, one.name)) != one.name:
            message = f"is {other}'s cluster as well: roles would trust service accounts of another"
            yield one.name, ("spec", "aws", "oidc"), message, "the issuer of this environment's own cluster"


def _between(environments: Sequence[Environment]) -> Iterator[Unfit]:
    """Fields that mean the same thing everywhere, and the account that the hub is in."""
    given = [(one, one.spec.aws) for one in environments if one.spec.aws is not None]
    accounts = {one.spec.account for one in environments}
    for one, aws in given:
        first, as_first = given[0]
        for field in _EVERYWHERE:
            mine, theirs = getattr(aws, field), getattr(as_first, field)
            if mine != theirs:
                message = f"{_told(mine)} differs from {first.name}'s {_told(theirs)}"
                yield one.name, ("spec", "aws", field), message, "the same in every environment (base)"
        if aws.hub.account not in accounts:
            message = f"{aws.hub.account} is no environment's account"
            yield one.name, ("spec", "aws", "hub", "account"), message, ", ".join(sorted(accounts))
        if one.spec.region != first.spec.region and partition_of(one.spec.region) != partition_of(first.spec.region):
            message = f"{one.spec.region} is in another partition of AWS than {first.name}'s {first.spec.region}"
            yield one.name, ("spec", "region"), message, "one partition: roles of one trust nobody in another"


def _counted(environments: Sequence[Environment]) -> Iterator[Unfit]:
    """Requests are counted as one role of the hub's, where anything asks for it."""
    counted = [one for one in environments if counts_requests(one)]
    for one in environments:
        hub = one.spec.hub
        if hub is None:
            continue
        if hub.reconciler_role is not None and not counted:
            message = "no environment has requests counted as it"
            yield one.name, ("spec", "hub", "reconcilerRole"), message, "sleep.afterIdle of one, or neither"
        for other in counted if hub.reconciler_role is None else ():
            message = "requests to previews are counted as a role that the hub has not"
            yield other.name, ("spec", "sleep", "afterIdle"), message, f"hub.reconcilerRole in {one.name}"


def _told(value: object) -> str:
    if isinstance(value, str):
        return value
    tree: Mapping[str, str] = value.model_dump(mode="json", by_alias=True)  # type: ignore[attr-defined]
    return ", ".join(f"{key} {part}" for key, part in tree.items())


def _by_itself(one: Environment, aws: AwsAccount) -> Iterator[Unfit]:
    region = one.spec.region
    if "fargate" in one.spec.compute.allowed and region not in FARGATE_REGIONS:
        message = f"{region} has no Fargate that this release knows of"
        yield one.name, ("spec", "region"), message, ", ".join(sorted(FARGATE_REGIONS))
    if not aws.oidc.startswith(f"oidc.eks.{region}.{Place.of(one).suffix}/"):
        message = f"{aws.oidc} is of another region than the environment's {region}"
        yield one.name, ("spec", "aws", "oidc"), message, f"oidc.eks.{region}.{Place.of(one).suffix}/id/…"
    if aws.budget is not None and not aws.notify:
        yield one.name, ("spec", "aws", "budget"), "nobody is told of it", "addresses in aws.notify"
    if "spot" in one.spec.compute.allowed and aws.spot is None and one.spec.compute.default == "spot":
        yield one.name, ("spec", "compute", "default"), "spot has no nodes", "aws.spot beside it, or fargate"
    yield from _names(one, aws)


def _names(one: Environment, aws: AwsAccount) -> Iterator[Unfit]:
    """Each role of an account is named once: an account cannot have two of one name, whatever their paths."""
    named = list(_named_roles(one, aws))
    taken = dict(_OWN_ROLES)
    if one.spec.account == aws.hub.account:
        taken |= _HUB_ROLES
    for path, role, what in named:
        if role.lower() in taken:
            message = f"{role} is the name of the role of {taken[role.lower()]}"
            yield one.name, path, message, "another name: IAM tells no two roles apart by path or case"
        taken.setdefault(role.lower(), what)


def _named_roles(one: Environment, aws: AwsAccount) -> Iterator[tuple[Path, str, str]]:
    yield ("spec", "cluster", "roleArn"), split_role(one.spec.cluster.role_arn)[1], "the cluster's reader"
    if aws.spot is not None:
        yield ("spec", "aws", "spot", "nodeRole"), aws.spot.node_role, "Karpenter's nodes"
    if one.spec.account != aws.hub.account:
        return
    yield ("spec", "aws", "hub", "role"), aws.hub.role, "the hub"
    hub = one.spec.hub
    if hub is not None:
        roles = {
            "workerRole": hub.worker_role,
            "listenerRole": hub.listener_role,
            "reconcilerRole": hub.reconciler_role,
        }
        for field, arn in roles.items():
            if arn is not None:
                yield ("spec", "hub", field), split_role(arn)[1], f"the hub's {field.removesuffix('Role')}"


def _of_the_hub(one: Environment, aws: AwsAccount) -> Iterator[Unfit]:
    hub = one.spec.hub
    if hub is None:
        return
    wanted = Place.of(one).role(aws.hub.role)
    if hub.dashboard_role is not None and hub.dashboard_role != wanted:
        message = f"{hub.dashboard_role} is not who clusters' readers trust"
        yield one.name, ("spec", "hub", "dashboardRole"), message, wanted
    if hub.listener_role is not None and hub.ecr_queue is None:
        message = "there is no queue that the listener would read as it"
        yield one.name, ("spec", "hub", "listenerRole"), message, "ecrQueue beside it, or neither"
    if hub.ecr_queue is not None:
        found = hub.ecr_queue.split("/")
        region = found[2].split(".")[1]
        if (region, found[3]) != (one.spec.region, one.spec.account):
            message = f"{hub.ecr_queue} is of another account or region"
            yield one.name, ("spec", "hub", "ecrQueue"), message, f"one of {one.spec.account} in {one.spec.region}"
        if len(dead := queue_name(hub.ecr_queue) + DEAD) > QUEUE_NAME_MOST:
            message = f"the queue beside it for what fails would be called {dead}"
            allowed = f"a name of {QUEUE_NAME_MOST - len(DEAD)} characters at most"
            yield one.name, ("spec", "hub", "ecrQueue"), message, allowed
